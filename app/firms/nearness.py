"""Which firms are near to a policy: the part of the one filter that reads the policies' latest answers."""

from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, bindparam, column, false, literal_column, select, table
from sqlalchemy.types import Numeric, SmallInteger, Text, Uuid

from app.firms.terms import FirmFilter, Near

# The table is `app.assessments`' own (FirmAssessment), and only that domain writes it. The one filter of all lists has
# to read it here, below that domain, so it is known by name.
_ANSWERS = table(
    "assessments",
    column("firm_id", Uuid()),
    column("policy", Text()),
    column("outcome", Text()),
    column("missed", SmallInteger()),
    column("shortfall", Numeric()),
)
_OUTCOMES = {"met": "met", "data": "unknown", "manual": "manual", "few": "not_met"}
PERCENTS = {str(n): Decimal(n) / 100 for n in range(1, 101)}


def nearness_of(filters: FirmFilter) -> str:
    """ "" not asked, "any" answer at all, "met", "data", "manual", "few" missed, or "none", which is no nearness."""
    if not filters.policy:
        return ""
    if not filters.near:
        return "any"
    if filters.near not in {near.value for near in Near} or (filters.within and filters.within not in PERCENTS):
        return "none"
    return "few" if Near(filters.near).most else filters.near


def answering(firm_id: Any, near: str, *, within: bool) -> ColumnElement[bool]:
    if near == "none":
        return false()
    answers = _ANSWERS.c
    query = select(answers.firm_id).where(answers.policy == bindparam("policy"))
    if near != "any":
        # A literal, so that a generic plan knows how common the outcome is.
        query = query.where(answers.outcome == literal_column(f"'{_OUTCOMES[near]}'"))
    if near == "few":
        query = query.where(answers.missed <= bindparam("near_most"))
    if within:
        query = query.where(answers.shortfall <= bindparam("near_within"))
    chosen: ColumnElement[bool] = firm_id.in_(query)
    return chosen


def near_values(filters: FirmFilter) -> dict[str, Any]:
    return {
        "policy": filters.policy,
        "near_most": Near(filters.near).most if nearness_of(filters) == "few" else None,
        "near_within": PERCENTS.get(filters.within),
    }
