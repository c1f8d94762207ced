"""What the list of firms shows beside their own row, for whoever asked for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Text, case, func, literal_column, select

from app.assessments.models import FirmAssessment
from app.firms.models import Firm
from app.pipeline import deadlines
from app.pipeline.board import sought_from
from app.pipeline.deadlines import Dated
from app.pipeline.terms import Ladder
from app.recognitions.models import Certificate
from app.reports.models import YearlyReport
from app.reports.terms import COUNTED
from app.views.terms import ListColumn
from app.work.agenda import last_contact

_C = ListColumn
_STATES = ", ".join(f"'{state.value}'" for state in COUNTED)


@dataclass(frozen=True)
class Wanted:
    """The columns in their order; `steps` are the tiers and the policies that lead on from them."""

    asked: tuple[ListColumn, ...]
    steps: tuple[tuple[str, str], ...]
    today: date
    internal: bool

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Wanted) and self._shape == other._shape

    def __hash__(self) -> int:
        return hash(self._shape)

    @property
    def _shape(self) -> tuple[Any, ...]:
        return (self.asked, self.steps)

    def columns(self) -> Sequence[ColumnElement[Any]]:
        return [part for column in self.asked for part in self._parts(column)]

    def values(self) -> Mapping[str, Any]:
        return deadlines.values(today=self.today, internal=self.internal)

    def by_column(self, beside: Sequence[Any]) -> dict[ListColumn, Any]:
        """What a row has beside it, by what was asked."""
        found, rest = {}, list(beside)
        for column in self.asked:
            width = deadlines.WIDTH if column is _C.DUE else 1
            parts, rest = rest[:width], rest[width:]
            found[column] = deadlines.of_row(parts) if column is _C.DUE else parts[0]
        return found

    def _parts(self, column: ListColumn) -> tuple[ColumnElement[Any], ...]:
        return _dates(self.steps) if column is _C.DUE else (_PLAIN[column],)


def wanted(asked: Sequence[ListColumn], ladder: Ladder, *, today: date, internal: bool) -> Wanted | None:
    """None where the rows themselves hold all that was asked for."""
    more = tuple(column for column in asked if column is _C.DUE or column in _PLAIN)
    steps = tuple((code, sought_from(ladder, code)) for code in ("", *(tier.code for tier in ladder.tiers)))
    return Wanted(more, steps, today, internal) if more else None


def _dates(steps: Sequence[tuple[str, str]]) -> tuple[ColumnElement[Any], ...]:
    tier, a = func.coalesce(Firm.tier, "", type_=Text()), FirmAssessment
    sought = case(*((tier == code, policy) for code, policy in steps), else_="")
    near = select(a.firm_id).where(a.firm_id == Firm.id, a.policy == sought, deadlines.close(a))
    source = Firm.__table__
    firm = Dated(
        source, Firm.id, Firm.tier, Firm.region_code, Firm.next_touch_on, sought, near.correlate(source).exists()
    )
    return deadlines.columns(firm)


def _latest_figures() -> Any:
    y = YearlyReport
    latest = (
        select(func.json_build_array(y.year, y.figures))
        .where(y.firm_id == Firm.id, literal_column(f"yearly_reports.state IN ({_STATES})"))
        .order_by(y.year.desc(), y.version.desc())
        .limit(1)
    )
    return latest.correlate(Firm.__table__).scalar_subquery()


def _certificate() -> Any:
    c = Certificate
    last = select(func.max(c.expires_on)).where(c.firm_id == Firm.id, c.kind == "hnte", c.revoked_on.is_(None))
    return last.correlate(Firm.__table__).scalar_subquery()


_PLAIN: Mapping[ListColumn, Any] = {
    _C.FIELD: Firm.high_tech_field,
    _C.DIRECTION: Firm.direction,
    _C.REGISTERED: Firm.registered_on,
    _C.TOUCH: Firm.next_touch_on,
    _C.CONTACT: last_contact(),
    _C.CERTIFICATE: _certificate(),
    _C.REVENUE: _latest_figures(),
    _C.INTENSITY: _latest_figures(),
}
