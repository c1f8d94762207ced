"""Which firms a viewer can see, and which of them a filter means: the single gate every read goes through."""

import uuid
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, false, literal_column, select, type_coerce
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Text

from app.access.terms import Role, Viewer
from app.firms.models import Firm, FirmTag
from app.firms.terms import FirmFilter, FirmStatus
from app.text import key, query_grams


def within(column: Any, prefix: str) -> ColumnElement[bool]:
    """Division codes below `prefix`, as a range that an ordinary index serves in any collation."""
    if len(prefix) >= 9:
        whole: ColumnElement[bool] = column == prefix
        return whole
    return and_(column >= prefix, column < str(int(prefix) + 1))


def visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """The firms a viewer can see: their own for a clerk, those of their division for the bureau's people."""
    if viewer.role is Role.FIRM:
        return Firm.id == viewer.firm_id if viewer.firm_id else false()
    if viewer.role is Role.CARRIER or not viewer.scope.isdigit():
        return false()
    return within(Firm.region_code, viewer.scope)


def visible_prefix(viewer: Viewer) -> str:
    """The division code below which a viewer sees, for drop-downs; an impossible one for those who see none."""
    return viewer.scope if viewer.scope.isdigit() else "-"


def matching(filters: FirmFilter, *, today: date) -> list[ColumnElement[bool]]:
    conditions = _standing(filters, today)
    if filters.region.isdigit():
        conditions.append(within(Firm.region_code, filters.region))
    if filters.officer == "none":
        conditions.append(Firm.officer_id.is_(None))
    elif filters.officer:
        conditions.append(Firm.officer_id == _uuid(filters.officer))
    if filters.park:
        conditions.append(Firm.park == filters.park)
    if filters.direction:
        conditions.append(Firm.direction == filters.direction)
    if filters.tag:
        tagged = select(FirmTag.firm_id).where(FirmTag.tag == filters.tag)
        conditions.append(Firm.id.in_(tagged))
    if filters.q:
        conditions.append(containing(filters.q))
    return conditions


def _standing(filters: FirmFilter, today: date) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if filters.status == FirmStatus.ACTIVE:
        # A literal, not a parameter: only so can a generic plan use the partial indexes.
        conditions.append(literal_column("firms.status = 'active'"))
    elif filters.status != "all":
        conditions.append(Firm.status == filters.status)
    if filters.tier == "none":
        conditions.append(Firm.tier.is_(None))
    elif filters.tier:
        conditions.append(Firm.tier == filters.tier)
    if filters.stale:
        conditions.append(Firm.stale_on <= today)
    return conditions


def containing(q: str) -> ColumnElement[bool]:
    """Search document contains `q`: grams narrow by index, LIKE settles what they leave open."""
    wanted = key(q)
    grams = query_grams(q)
    if not grams:
        return false()
    pattern = "%" + wanted.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") + "%"
    return and_(Firm.search_grams.contains(type_coerce(grams, ARRAY(Text()))), Firm.search_text.like(pattern))


def _uuid(value: str) -> uuid.UUID:
    try:
        return uuid.UUID(value)
    except ValueError:
        return uuid.UUID(int=0)
