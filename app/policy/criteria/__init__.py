"""The kinds of criteria. A new kind is one small class in one of these modules."""

from app.policy.criteria import comparing, grouping, holding, judging, scoring, standing  # noqa: F401 - each enters its kinds
from app.policy.criteria.base import KINDS, BaseCriterion, Finding

__all__ = ["KINDS", "BaseCriterion", "Finding"]
