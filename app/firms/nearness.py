"""Which firms are near to a policy: the part of the one filter that reads the policies' latest answers."""

from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ColumnElement,
    and_,
    bindparam,
    cast,
    column,
    exists,
    false,
    func,
    literal_column,
    or_,
    select,
    table,
)
from sqlalchemy.types import Date, Integer, Numeric, SmallInteger, Text, Uuid

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
_TITLES = table(
    "certificates", *(column(name) for name in ("firm_id", "kind", "issued_on", "expires_on", "revoked_on"))
)
_TIERS = table("tiers", *(column(name) for name in ("ladder", "code", "policy", "rank")))
# What the column can hold: so far is a condition that cannot be met by the next year's filing, whatever is done.
OUT_OF_REACH = Decimal(99999)
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


def striving(firm_id: Any, tier: Any, policy: Any, today: Any) -> ColumnElement[bool]:
    """The firm has the title still ahead of it: holds no certificate of that kind through the year, and stands on no
    tier as high. One that lapses within the year is to be had anew.
    """
    held, last_day = _TITLES.c, func.make_date(cast(func.date_part("year", today), Integer), 12, 31)
    holds = exists().where(
        held.firm_id == firm_id,
        held.kind == policy,
        held.issued_on <= today,
        held.expires_on >= last_day,
        or_(held.revoked_on.is_(None), held.revoked_on > today),
    )
    # What leads on to a tier (瞪羚培育) is behind whoever has reached it.
    reached, sought = _TIERS.alias("reached").c, _TIERS.alias("sought").c
    as_high = select(reached.code).where(
        reached.ladder == "main",
        sought.ladder == "main",
        sought.policy == func.regexp_replace(policy, "_seed$", ""),
        reached.rank >= sought.rank,
    )
    return and_(~holds, func.coalesce(tier, "").not_in(as_high))


def answering(firm_id: Any, tier: Any, near: str, *, within: bool) -> ColumnElement[bool]:
    if near == "none":
        return false()
    answers = _ANSWERS.c
    query = select(answers.firm_id).where(answers.policy == bindparam("policy"))
    if near != "any":
        # A literal, so that a generic plan knows how common the outcome is.
        query = query.where(answers.outcome == literal_column(f"'{_OUTCOMES[near]}'"))
    if near == "few":
        query = query.where(answers.missed <= bindparam("near_most"), reachable(answers.shortfall))
    if within:
        query = query.where(answers.shortfall <= bindparam("near_within"))
    chosen: ColumnElement[bool] = firm_id.in_(query)
    if near in ("any", "met"):
        return chosen
    return and_(chosen, striving(firm_id, tier, bindparam("policy", type_=Text()), bindparam("today", type_=Date())))


def reachable(shortfall: Any) -> ColumnElement[bool]:
    return or_(shortfall.is_(None), shortfall < OUT_OF_REACH)


def near_values(filters: FirmFilter) -> dict[str, Any]:
    return {
        "policy": filters.policy,
        "near_most": Near(filters.near).most if nearness_of(filters) == "few" else None,
        "near_within": PERCENTS.get(filters.within),
    }
