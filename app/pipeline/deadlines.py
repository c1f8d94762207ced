"""The next date of each firm on the board: what is due of it, read with its card."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Date,
    FromClause,
    Uuid,
    and_,
    bindparam,
    case,
    column,
    func,
    literal_column,
    or_,
    select,
    table,
)

from app.filings.models import ApplicationRow, FilingWindow, ProgrammeRow
from app.filings.queries import divisions_over
from app.filings.rules import LIVE
from app.filings.stages import ENDED, Stage
from app.firms.nearness import reachable, striving
from app.pipeline.terms import Deadline, DueMatter
from app.recognitions.models import Certificate
from app.recognitions.terms import CertificateKind

WINDOWS_WITHIN, LAPSE_WITHIN = timedelta(days=120), timedelta(days=180)
MOST_MISSED = 2
WIDTH = 5  # how many columns they are
# `app.work`'s own, which lies above: known by name, as the moves are in `app.firms.filtering`.
_COLUMNS = ("state", "due_on")
_TASKS = table("firm_tasks", column("firm_id", Uuid()), *(column(name) for name in _COLUMNS))
_NEEDS = table("firm_needs", column("firm_id", Uuid()), *(column(name) for name in _COLUMNS))
_TODAY, INTERNAL = bindparam("today", type_=Date()), bindparam("internal", type_=Boolean())
_THROUGH = {Stage.SUBMITTED, Stage.RECOMMENDED, *ENDED}
# What can be filed in at all: a handful, found once for all the cards.
_OPEN = (
    select(
        FilingWindow.id,
        FilingWindow.region,
        FilingWindow.firm_due,
        ProgrammeRow.policy,
        (ProgrammeRow.short + FilingWindow.label).label("words"),
    )
    .join(ProgrammeRow, ProgrammeRow.code == FilingWindow.programme)
    .where(
        FilingWindow.state.in_([literal_column(f"'{state.value}'") for state in sorted(LIVE)]),
        FilingWindow.firm_due.between(_TODAY, bindparam("windows_until", type_=Date())),
        ProgrammeRow.applicants == literal_column("'firm'"),
    )
    .cte("open_windows")
    .prefix_with("MATERIALIZED")
)


def values(*, today: date, internal: bool) -> dict[str, Any]:
    """`internal`: tasks, needs and agreed days are the bureau's own, shown to its people alone."""
    return {
        "today": today,
        "internal": internal,
        "windows_until": today + WINDOWS_WITHIN,
        "lapse_until": today + LAPSE_WITHIN,
    }


@dataclass(frozen=True, slots=True)
class Dated:
    """Whose dates are asked: columns of `source`, the policy that leads on, and whether the firm is close to it."""

    source: FromClause
    id: Any
    tier: Any
    region_code: Any
    next_touch_on: Any
    sought: Any
    close: ColumnElement[bool]


def close(answer: Any) -> ColumnElement[bool]:
    """As in `app.work.agenda`, and whoever meets everything; `answer` has the columns of a kept answer."""
    few = and_(answer.outcome == literal_column("'not_met'"), answer.missed <= MOST_MISSED)
    return or_(answer.outcome == literal_column("'met'"), and_(few, reachable(answer.shortfall)))


def columns(firm: Dated) -> tuple[ColumnElement[Any], ...]:
    """The nearest day of every matter; `of_row` picks the first of them."""
    near = and_(firm.close, striving(firm.id, firm.tier, firm.sought, _TODAY))
    return (
        case((INTERNAL, firm.next_touch_on), else_=None).label("touch_on"),
        _work(_TASKS, firm).label("task_on"),
        _work(_NEEDS, firm).label("need_on"),
        _lapse(firm).label("lapse"),
        case((near, _window(firm)), else_=_window(firm, within=True)).label("window"),
    )


def of_row(row: Sequence[Any]) -> Deadline | None:
    touch, task, need, lapse, window = row
    found = [
        Deadline(day, matter)
        for day, matter in ((task, DueMatter.TASK), (need, DueMatter.NEED), (touch, DueMatter.TOUCH))
        if day
    ]
    for said, matter in ((window, DueMatter.WINDOW), (lapse, DueMatter.LAPSE)):
        if said:
            found.append(Deadline(date.fromisoformat(said[0]), matter, said[1]))
    return min(found, key=lambda d: d.day, default=None)


def _work(desk: Any, firm: Dated) -> Any:
    mine = (desk.c.firm_id == firm.id, desk.c.state == literal_column("'open'"), INTERNAL)
    return select(func.min(desk.c.due_on, type_=Date())).where(*mine).correlate(firm.source).scalar_subquery()


def _lapse(firm: Dated) -> Any:
    """The first certificate that runs out soon and has no younger one of its kind beside it.

    A 科技型中小企业 number ends with the year for everybody, so it tells no firm from another.
    """
    c, younger = Certificate.__table__.alias("lapsing").c, Certificate.__table__.alias("younger").c
    renewed = select(younger.id).where(
        younger.firm_id == c.firm_id, younger.kind == c.kind, younger.expires_on > c.expires_on
    )
    first = (
        select(func.json_build_array(c.expires_on, c.kind))
        .where(
            c.firm_id == firm.id,
            c.kind != literal_column(f"'{CertificateKind.TECH_SME.value}'"),
            c.expires_on.between(_TODAY, bindparam("lapse_until", type_=Date())),
            c.revoked_on.is_(None),
            ~renewed.exists(),
        )
        .order_by(c.expires_on, c.kind)
        .limit(1)
    )
    return first.correlate(firm.source).scalar_subquery()


def _window(firm: Dated, *, within: bool = False) -> Any:
    """The first window for the next step in which the firm has not filed; `within`: and in which it is."""
    w, filed = _OPEN.c, ApplicationRow.__table__
    its = and_(filed.c.window_id == w.id, filed.c.firm_id == firm.id)
    here = select(func.json_build_array(w.firm_due, w.words)).select_from(_OPEN.join(filed, its, isouter=not within))
    through: list[Any] = [literal_column(f"'{stage.value}'") for stage in sorted(_THROUGH)]
    first = here.where(
        w.policy == firm.sought,
        w.region.in_(divisions_over(firm.region_code)),
        or_(filed.c.stage.is_(None), filed.c.stage.not_in(through)),
    )
    return first.order_by(w.firm_due, w.id).limit(1).correlate(firm.source).scalar_subquery()
