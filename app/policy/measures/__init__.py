"""Every quantity that a criterion may compare, by name."""

from app.policy.measures import carrier, firm, rights  # noqa: F401 - each enters its measures in the list
from app.policy.registry import MEASURES, Lever, Measure

__all__ = ["MEASURES", "Lever", "Measure"]
