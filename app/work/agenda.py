"""Whom to see about first: what is due, gathered in one statement, each source by an index in its own order.

Every source gives its most pressing few; what orders them among each other is `ranking`.
"""

import uuid
from collections.abc import Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    Numeric,
    SmallInteger,
    Text,
    Uuid,
    any_,
    bindparam,
    case,
    func,
    literal_column,
    null,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY

from app.access.terms import Role, Viewer
from app.assessments.models import FirmAssessment
from app.clock import BUSINESS_ZONE
from app.db import Conn
from app.filings.models import ApplicationRow, FilingWindow, ProgrammeRow
from app.filings.rules import LIVE
from app.filings.terms import Window
from app.firms.filtering import TOUCH, Sight, in_sight, sight_of, sight_values
from app.firms.models import Firm, FirmNote
from app.firms.nearness import reachable, striving
from app.recognitions.models import Certificate
from app.statements import Kept
from app.work.models import FirmNeed, FirmTask, FirmVisit
from app.work.terms import Candidate, Matter, Numbers, Signal

EACH = 30  # of every source
SOON, WINDOWS_WITHIN, LAPSE_WITHIN = timedelta(days=7), timedelta(days=120), timedelta(days=180)
MOST_MISSED = 2
_ME, _TODAY, _SOON = bindparam("me", type_=Uuid()), bindparam("today", type_=Date()), bindparam("soon", type_=Date())
# Literals, so that a generic plan sees that the partial indexes serve.
_ACTIVE: ColumnElement[bool] = literal_column("firms.status = 'active'")


def _signal(matter: Matter, day: Any, said: Any = "", **more: Any) -> tuple[Any, ...]:
    return (
        literal_column(f"'{matter.value}'").cast(Text()).label("matter"),
        day.label("day"),
        (said if said != "" else literal_column("''")).cast(Text()).label("said"),
        more.get("policy", null()).cast(Text()).label("policy"),
        more.get("missed", null()).cast(SmallInteger()).label("missed"),
        more.get("shortfall", null()).cast(Numeric()).label("shortfall"),
    )


def _work(seen: ColumnElement[bool]) -> list[Any]:
    """What lies on one's own desk, whoever looks after the firm."""
    tasks = (
        select(FirmTask.firm_id, *_signal(Matter.TASK, FirmTask.due_on, _task_words()))
        .join(Firm, Firm.id == FirmTask.firm_id)
        .where(literal_column("firm_tasks.state = 'open'"), FirmTask.officer_id == _ME, FirmTask.due_on <= _SOON, seen)
        .order_by(FirmTask.due_on, FirmTask.id)
        .limit(EACH)
    )
    needs = (
        select(FirmNeed.firm_id, *_signal(Matter.NEED, FirmNeed.due_on, FirmNeed.kind))
        .join(Firm, Firm.id == FirmNeed.firm_id)
        .where(literal_column("firm_needs.state = 'open'"), FirmNeed.officer_id == _ME, seen)
        .where(or_(FirmNeed.due_on <= _SOON, FirmNeed.due_on.is_(None)))
        .order_by(FirmNeed.due_on, FirmNeed.id)
        .limit(EACH)
    )
    return [tasks, needs]


def _task_words() -> ColumnElement[Any]:
    return case((FirmTask.owner == "firm", "企业答应的“" + FirmTask.title + "”"), else_="“" + FirmTask.title + "”")


def _silent(own: list[ColumnElement[bool]]) -> list[Any]:
    touches = (
        select(Firm.id, *_signal(Matter.TOUCH, Firm.next_touch_on))
        .where(_ACTIVE, TOUCH <= _TODAY, *own)
        .order_by(TOUCH, Firm.id)
        .limit(EACH)
    )
    stale = (
        select(Firm.id, *_signal(Matter.STALE, Firm.stale_on))
        .where(_ACTIVE, Firm.tier.is_not(None), Firm.stale_on <= _TODAY, *own)
        .order_by(Firm.stale_on, Firm.id)
        .limit(EACH)
    )
    return [touches, stale]


def _near(own: list[ColumnElement[bool]]) -> Any:
    """Nearest first for each window that a firm can still file in, and is not in yet."""
    window = (
        select(
            FilingWindow.id,
            FilingWindow.firm_due,
            ProgrammeRow.policy,
            (ProgrammeRow.short + FilingWindow.label).label("words"),
        )
        .join(ProgrammeRow, ProgrammeRow.code == FilingWindow.programme)
        .where(
            FilingWindow.id == any_(bindparam("windows", type_=ARRAY(Uuid()))),
            FilingWindow.firm_due.between(_TODAY, bindparam("windows_until", type_=Date())),
            ProgrammeRow.applicants == "firm",
            ProgrammeRow.policy.is_not(None),
        )
        .subquery("w")
    )
    filed: Any = (
        select(literal_column("1"))
        .where(ApplicationRow.window_id == window.c.id, ApplicationRow.firm_id == FirmAssessment.firm_id)
        .correlate(window, FirmAssessment)
    )
    a = FirmAssessment
    nearest = (
        select(a.firm_id, a.missed, a.shortfall)
        .join(Firm, Firm.id == a.firm_id)
        .where(
            a.policy == window.c.policy,
            literal_column("assessments.outcome = 'not_met'"),
            a.missed <= MOST_MISSED,
            reachable(a.shortfall),
            striving(a.firm_id, Firm.tier, window.c.policy, _TODAY),
            _ACTIVE,
            ~filed.exists(),
            *own,
        )
        .order_by(a.missed, a.shortfall, a.firm_id)
        .limit(EACH)
        .lateral("nearest")
    )
    day, words, policy = window.c.firm_due, window.c.words, window.c.policy
    more = {"policy": policy, "missed": nearest.c.missed, "shortfall": nearest.c.shortfall}
    return select(nearest.c.firm_id, *_signal(Matter.NEAR, day, words, **more)).select_from(
        window.join(nearest, true())
    )


def _lapsing(own: list[ColumnElement[bool]]) -> Any:
    """高企 certificates with no younger one beside them."""
    younger = Certificate.__table__.alias("younger")
    renewed = select(younger.c.id).where(
        younger.c.firm_id == Certificate.firm_id,
        younger.c.kind == Certificate.kind,
        younger.c.expires_on > Certificate.expires_on,
    )
    return (
        select(Certificate.firm_id, *_signal(Matter.LAPSING, Certificate.expires_on, Certificate.number))
        .join(Firm, Firm.id == Certificate.firm_id)
        .where(
            Certificate.kind == "hnte",
            Certificate.expires_on.between(_TODAY, bindparam("lapse_until", type_=Date())),
            Certificate.revoked_on.is_(None),
            ~renewed.exists(),
            _ACTIVE,
            *own,
        )
        .order_by(Certificate.expires_on, Certificate.firm_id)
        .limit(EACH)
    )


def last_contact() -> Any:
    """Of a firm: the day of its last visit or note."""
    visited = (
        select(FirmVisit.visited_on)
        .where(FirmVisit.firm_id == Firm.id, FirmVisit.struck_at.is_(None))
        .order_by(FirmVisit.visited_on.desc(), FirmVisit.id.desc())
        .limit(1)
    )
    noted = select(func.max(FirmNote.at)).where(FirmNote.firm_id == Firm.id)
    last_noted = func.timezone(BUSINESS_ZONE.key, noted.correlate(Firm).scalar_subquery()).cast(Date())
    on: Any = func.greatest(visited.correlate(Firm).scalar_subquery(), last_noted, type_=Date())
    return on


@lru_cache(maxsize=16)
def _gathered(sight: Sight, mine: bool) -> Kept:
    """`mine`: of those whom the person looks after; a lapsing certificate of nobody's firm is everybody's matter."""
    seen = in_sight(sight)
    own = [seen, Firm.officer_id == _ME] if mine else [seen]
    lapsing = [seen, or_(Firm.officer_id == _ME, Firm.officer_id.is_(None))] if mine else [seen]
    sources = [*_work(seen), *_silent(own), _near(own), _lapsing(lapsing)]
    found = union_all(*(source.subquery().select() for source in sources)).cte("found").prefix_with("MATERIALIZED")
    columns = ("matter", "day", "said", "policy", "missed", "shortfall")
    firms = (
        select(
            Firm.id,
            Firm.uscc,
            Firm.name,
            Firm.tier,
            Firm.tier_since,
            last_contact().label("last_contact_on"),
            *(found.c[name] for name in columns),
        )
        .select_from(found.join(Firm.__table__, Firm.id == found.c.firm_id))
        .subquery("firms_found")
    )
    mine_alone = _numbers(seen).subquery("mine")
    return Kept(select(mine_alone.c.numbers, *firms.c).select_from(mine_alone.outerjoin(firms, true())))


def _counted(*conditions: Any, of: Any) -> Any:
    return select(func.count()).select_from(of).where(*conditions).scalar_subquery()


def _numbers(seen: ColumnElement[bool]) -> Any:
    mine = [_ACTIVE, Firm.officer_id == _ME, seen]
    tasks = FirmTask.__table__.join(Firm.__table__, Firm.id == FirmTask.firm_id)
    needs = FirmNeed.__table__.join(Firm.__table__, Firm.id == FirmNeed.firm_id)
    my_tasks = [literal_column("firm_tasks.state = 'open'"), FirmTask.officer_id == _ME, seen]
    my_needs = [literal_column("firm_needs.state = 'open'"), FirmNeed.officer_id == _ME, seen]
    visits = [FirmVisit.visitor_id == _ME, FirmVisit.struck_at.is_(None)]
    return select(
        func.json_build_array(
            _counted(*mine, of=Firm),
            _counted(*mine, Firm.stale_on <= _TODAY, of=Firm),
            _counted(*mine, TOUCH <= _TODAY, of=Firm),
            _counted(*my_tasks, of=tasks),
            _counted(*my_tasks, FirmTask.due_on < _TODAY, of=tasks),
            _counted(*my_needs, of=needs),
            _counted(*my_needs, FirmNeed.due_on < _TODAY, of=needs),
            _counted(*visits, FirmVisit.visited_on >= bindparam("month", type_=Date()), of=FirmVisit),
        ).label("numbers")
    )


async def agenda_of(
    conn: Conn, windows: Sequence[Window], *, viewer: Viewer, today: date
) -> tuple[list[Candidate], Numbers]:
    """Each firm once, with all that is due about it; and one's own numbers. `windows` are those in sight."""
    values = {
        **sight_values(viewer),
        "me": viewer.id,
        "today": today,
        "month": today.replace(day=1),
        "soon": today + SOON,
        "windows_until": today + WINDOWS_WITHIN,
        "lapse_until": today + LAPSE_WITHIN,
        "windows": [w.id for w in windows if w.state in LIVE],
    }
    rows: Sequence[Any] = (await conn.execute(_gathered(sight_of(viewer), viewer.role is Role.OFFICER), values)).all()
    firms: dict[uuid.UUID, tuple[Any, list[Signal]]] = {}
    for _, firm_id, *more in rows:
        if firm_id is None:  # nothing is due: the numbers come alone
            continue
        matter, day, said, policy, missed, shortfall = more[5:]
        signal = Signal(Matter(matter), day, said, policy or "", missed, shortfall)
        firms.setdefault(firm_id, (more[:5], []))[1].append(signal)
    found = [Candidate(*(firm_id, *about, tuple(signals))) for firm_id, (about, signals) in firms.items()]
    return found, Numbers(*rows[0][0])
