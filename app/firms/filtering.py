"""Which firms a viewer can see, and which of them a filter means: the single gate every read goes through.

Conditions have a shape (`in_sight`, `matching`) and values that come with each execution (`values_of`): the pages that
are opened all day keep one statement per shape, because building a statement costs more than running it.
`visible_to` is both at once, for everything else.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, column, exists, false, func, literal_column, or_, select, table
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Date, Text

from app.access.personal import hidden_from
from app.access.terms import TOWN_DIGITS, Role, Viewer
from app.firms.models import Firm, FirmTag
from app.firms.nearness import answering, near_values, nearness_of
from app.firms.search import MARKS, called, without
from app.firms.terms import FirmFilter, FirmStatus
from app.personal.terms import Kind
from app.sealed import asked_marks, is_number
from app.text import is_code, key, query_grams
from app.vault import Vault

# `app.pipeline`'s own (Move), which lies above: known by name, as the answers are in `app.firms.nearness`.
_MOVES = table("moves", *(column(name) for name in ("firm_id", "to_tier", "effective_on", "override_reason")))
LAST_DATE: ColumnElement[Any] = literal_column("'infinity'::date")
TOUCH = func.coalesce(Firm.next_touch_on, LAST_DATE, type_=Date())  # as its index has it
_TOUCH_BY = bindparam("touch_by", type_=Date())
# What stands for a value in a condition: a parameter of that name, or the value itself.
Value = Callable[[str], Any]


_FOUND_BY = frozenset({*MARKS, Kind.PHONE})


@dataclass(frozen=True, slots=True)
class Sight:
    """How a viewer's view is bounded, without the bounds: "firm", "unit", "division", or "" for those who see none; and
    by what of a firm's people they find nothing, because they may not read it."""

    bound: str
    hidden: frozenset[Kind] = frozenset()


@dataclass(frozen=True, slots=True)
class Shape:
    """Which parts of a filter are set, without their values."""

    q: str  # "" not asked, "none" nothing to search by, "gram" is one gram itself, "some" are several
    called: bool  # what is looked for may be a telephone number, or the last digits of one
    tier: str  # "" | "none" | "one"
    region: str  # "" | "unit" | "division" | "none", which is no division at all
    officer: str  # "" | "none" | "one"
    status: str  # "active" | "all" | "one"
    park: bool
    direction: bool
    stale: bool
    stale_by: bool
    touch_by: bool
    overridden: bool
    tag: bool
    near: str  # "" no policy asked, else as in `app.firms.nearness`
    within: bool


def _bound(code: str) -> str:
    return "unit" if len(code) >= TOWN_DIGITS else "division"


def _until(prefix: str) -> str:
    return str(int(prefix) + 1)


def sight_of(viewer: Viewer) -> Sight:
    """Their own firm for a clerk, those of their division for the bureau's people."""
    if viewer.role is Role.FIRM:
        return Sight("firm" if viewer.firm_id else "")
    if viewer.role is Role.CARRIER or not is_code(viewer.scope):
        return Sight("")
    return Sight(_bound(viewer.scope), hidden_from(viewer) & _FOUND_BY)


def in_sight(sight: Sight, value: Value = bindparam) -> ColumnElement[bool]:
    """The condition of that shape; its values are in `values_of`."""
    if sight.bound == "firm":
        own: ColumnElement[bool] = Firm.id == value("sight_firm")
        return own
    if not sight.bound:
        return false()
    return below(Firm.region_code, sight.bound, "sight", value)


def below(column: Any, bound: str, name: str, value: Value = bindparam) -> ColumnElement[bool]:
    """Division codes below a prefix, as a range that an ordinary index serves in any collation."""
    if bound == "none":
        return false()
    if bound == "unit":
        whole: ColumnElement[bool] = column == value(f"{name}_from")
        return whole
    return and_(column >= value(f"{name}_from"), column < value(f"{name}_until"))


def visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """The firms a viewer can see."""
    return in_sight(sight_of(viewer), sight_values(viewer).__getitem__)


def sight_values(viewer: Viewer) -> dict[str, Any]:
    bounded = is_code(viewer.scope)
    return {
        "sight_firm": viewer.firm_id,
        "sight_from": viewer.scope,
        "sight_until": _until(viewer.scope) if bounded else "",
    }


def visible_prefix(viewer: Viewer) -> str:
    """The division code below which a viewer sees, for drop-downs; an impossible one for those who see none."""
    return viewer.scope if is_code(viewer.scope) else "-"


def shape_of(filters: FirmFilter) -> Shape:
    near = nearness_of(filters)
    return Shape(
        q=_search(filters.q),
        called=is_number(filters.q),
        tier=_one_or_none(filters.tier),
        region=_region(filters.region),
        officer=_one_or_none(filters.officer),
        status=filters.status if filters.status in (FirmStatus.ACTIVE.value, "all") else "one",
        park=bool(filters.park),
        direction=bool(filters.direction),
        stale=filters.stale,
        stale_by=bool(filters.stale_by),
        touch_by=bool(filters.touch_by),
        overridden=filters.overridden,
        tag=bool(filters.tag),
        near=near,
        within=near == "few" and bool(filters.within),
    )


def _search(q: str) -> str:
    grams = query_grams(q) if q else []
    if not grams:
        return "none" if q else ""
    return "gram" if grams == [key(q)] else "some"


def _region(code: str) -> str:
    if not code:
        return ""
    return _bound(code) if is_code(code) else "none"


def _one_or_none(value: str) -> str:
    return value if value in ("", "none") else "one"


# Written into the statement, not sent beside it: the planner must know whether a word is common, when a few rows read
# in any order hold enough hits, or rare, when only the index finds them.
_SEARCHED_GRAMS = bindparam("q_grams", type_=ARRAY(Text()), literal_execute=True)
_SEARCHED_CALLED = bindparam("q_called", type_=ARRAY(Text()), literal_execute=True)
_SEARCHED_TEXT = bindparam("q_pattern", type_=Text(), literal_execute=True)


def _written(name: str) -> Any:
    return bindparam(name, literal_execute=True)


def matching(sight: Sight, shape: Shape) -> list[ColumnElement[bool]]:
    """What a viewer sees of what a filter means.

    A search writes its divisions into the statement, too. With the sixth search for a word PostgreSQL would go over to
    a plan for any bounds at all, takes unknown bounds for narrow, and reads every hit of a word that everybody carries.
    """
    searched = shape.q in ("gram", "some")
    value: Value = _written if searched else bindparam
    conditions = [in_sight(sight, value), *_shaped(shape, value)]
    return [*conditions, _found(sight, shape)] if searched else conditions


def _found(sight: Sight, shape: Shape) -> ColumnElement[bool]:
    found: list[ColumnElement[bool]] = [Firm.search_grams.contains(_SEARCHED_GRAMS)]
    if shape.q == "some":
        # Grams narrow by index, LIKE settles what they leave open.
        found.append(Firm.search_text.like(_SEARCHED_TEXT))
    if sight.hidden & MARKS.keys():
        found.append(without(Firm.search_text, sight.hidden).like(_SEARCHED_TEXT))
    if shape.called and Kind.PHONE not in sight.hidden:
        return or_(and_(*found), Firm.search_grams.overlap(_SEARCHED_CALLED))
    return and_(*found)


def _shaped(shape: Shape, value: Value) -> list[ColumnElement[bool]]:
    conditions = _standing(shape)
    if shape.region:
        conditions.append(below(Firm.region_code, shape.region, "region", value))
    if shape.officer == "none":
        conditions.append(Firm.officer_id.is_(None))
    elif shape.officer:
        conditions.append(Firm.officer_id == bindparam("officer"))
    if shape.park:
        conditions.append(Firm.park == bindparam("park"))
    if shape.direction:
        conditions.append(Firm.direction == bindparam("direction"))
    if shape.tag:
        conditions.append(Firm.id.in_(select(FirmTag.firm_id).where(FirmTag.tag == bindparam("tag"))))
    if shape.q == "none":
        conditions.append(false())
    return conditions


def _standing(shape: Shape) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if shape.status == FirmStatus.ACTIVE:
        # A literal, not a parameter: only so can a generic plan use the partial indexes.
        conditions.append(literal_column("firms.status = 'active'"))
    elif shape.status != "all":
        conditions.append(Firm.status == bindparam("status"))
    if shape.tier == "none":
        conditions.append(Firm.tier.is_(None))
    elif shape.tier:
        conditions.append(Firm.tier == bindparam("tier"))
    if shape.stale:
        conditions.append(Firm.stale_on <= bindparam("today"))
    if shape.stale_by:
        conditions.append(Firm.stale_on <= bindparam("stale_by", type_=Date()))
    if shape.touch_by:
        conditions.append(TOUCH <= _TOUCH_BY)
    if shape.overridden:
        conditions.append(_brought_against_conditions())
    if shape.near:
        conditions.append(answering(Firm.id, Firm.tier, shape.near, within=shape.within))
    return conditions


def _brought_against_conditions() -> ColumnElement[bool]:
    moves = _MOVES.c
    here = and_(moves.firm_id == Firm.id, moves.to_tier == Firm.tier, moves.effective_on == Firm.tier_since)
    return exists().where(here, moves.override_reason.is_not(None))


def values_of(filters: FirmFilter, viewer: Viewer, *, vault: Vault, today: date) -> dict[str, Any]:
    """The values for `matching`, whichever of them the shape asks for."""
    wanted = key(filters.q)
    region = filters.region if is_code(filters.region) else ""
    return {
        **sight_values(viewer),
        "region_from": region,
        "region_until": _until(region) if region else "",
        "officer": _uuid(filters.officer),
        "park": filters.park,
        "direction": filters.direction,
        "tag": filters.tag,
        **near_values(filters),
        "status": filters.status,
        "tier": filters.tier,
        "today": today,
        "stale_by": _date(filters.stale_by),
        "touch_by": _date(filters.touch_by),
        "q_grams": query_grams(filters.q),
        "q_called": called(asked_marks(vault, filters.q)) if is_number(filters.q) else [],
        "q_pattern": "%" + wanted.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") + "%",
        "q_key": wanted,
        "q_code": wanted.upper(),
    }


def _date(value: str) -> date | None:
    return date.fromisoformat(value) if value else None


def _uuid(value: str) -> uuid.UUID:
    try:
        return uuid.UUID(value)
    except ValueError:
        return uuid.UUID(int=0)
