"""Which carriers a viewer can see: an operator its own, a firm those it is or was in, the bureau its division's."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, bindparam, false, select, union_all

from app.access.terms import TOWN_DIGITS, Role, Viewer
from app.carriers.models import CarrierRecord, CarrierTeam, TenancyRow
from app.firms.filtering import below, sight_values
from app.text import is_code

Value = Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Sight:
    """How a view is bounded, without the bounds: "own", "firm", "unit", "division", or "" for those who see none."""

    bound: str


def sight_of(viewer: Viewer) -> Sight:
    if viewer.role is Role.CARRIER:
        return Sight("own" if viewer.carrier_id else "")
    if viewer.role is Role.FIRM:
        return Sight("firm" if viewer.firm_id else "")
    if not is_code(viewer.scope):
        return Sight("")
    return Sight("unit" if len(viewer.scope) >= TOWN_DIGITS else "division")


def held_by(firm: Any, column: Any) -> CompoundSelect[Any]:
    """A column of the firm's own tenancies and of its team's before it was one; each by an index, as no OR would be."""
    t, m = TenancyRow, CarrierTeam
    own = select(column).where(t.firm_id == firm)
    return union_all(own, select(column).join(m, m.id == t.team_id).where(m.firm_id == firm))


def in_sight(sight: Sight, value: Value = bindparam) -> ColumnElement[bool]:
    """The condition of that shape; its values are in `values_for`."""
    if sight.bound == "own":
        own: ColumnElement[bool] = CarrierRecord.id == value("sight_carrier")
        return own
    if sight.bound == "firm":
        return CarrierRecord.id.in_(held_by(value("sight_firm"), TenancyRow.carrier_id))
    if not sight.bound:
        return false()
    return below(CarrierRecord.region_code, sight.bound, "sight", value)


def values_for(viewer: Viewer) -> dict[str, Any]:
    return {**sight_values(viewer), "sight_carrier": viewer.carrier_id}


def visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """The carriers a viewer can see."""
    values: Mapping[str, Any] = values_for(viewer)
    return in_sight(sight_of(viewer), values.__getitem__)
