"""What falls due: windows' dates, tasks, certificates; and who has not filed in a window that is about to end."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Date, Text, and_, case, column, func, literal, null, or_, select, true, values
from sqlalchemy.dialects.postgresql import distinct_on

from app.access.models import User
from app.digests.frames import ACTIVE, Frame, facts, firms
from app.digests.terms import FILING_WITHIN, LAPSE_WITHIN, SOON, Facts, Listing, Words
from app.filings.models import ApplicationEventRow, ApplicationRow, FilingWindow, ProgrammeRow, WindowVersionRow
from app.filings.queries import visible_to as windows_visible_to
from app.filings.rules import LIVE
from app.filings.stages import Stage
from app.filings.terms import DEADLINES, Milestone
from app.firms.filtering import visible_to
from app.firms.models import Firm
from app.recognitions.models import Certificate
from app.recognitions.terms import CertificateKind
from app.work.models import FirmTask
from app.work.terms import Owner


def due(frame: Frame) -> Sequence[Listing]:
    until = frame.on + SOON
    return [_milestones(frame), *_tasks(frame), _lapsing(frame, "due-certificates", "证书到期", frame.on, until)]


def lapsing(frame: Frame) -> Sequence[Listing]:
    until = frame.on + LAPSE_WITHIN
    return [_lapsing(frame, "lapsing", "半年内到期、还没有新证", frame.on, until)]


def _windows(frame: Frame) -> Any:
    """Each window as its latest version of then had it."""
    v = WindowVersionRow
    latest = (
        select(v.window_id, v.state, *(getattr(v, m.value) for m in Milestone))
        .where(v.at <= frame.known_at)
        .ext(distinct_on(v.window_id))
        .order_by(v.window_id, v.version.desc())
        .subquery("then")
    )
    name = func.concat(FilingWindow.year, " 年", ProgrammeRow.label, FilingWindow.label)
    return (
        select(FilingWindow.id, name.label("name"), ProgrammeRow.rank, *(latest.c[m.value] for m in Milestone))
        .join(latest, latest.c.window_id == FilingWindow.id)
        .join(ProgrammeRow, ProgrammeRow.code == FilingWindow.programme)
        .where(windows_visible_to(frame.viewer), latest.c.state.in_([s.value for s in LIVE]))
        .subquery("w")
    )


def _milestones(frame: Frame) -> Listing:
    w = _windows(frame)
    dates = values(column("milestone", Text()), column("day", Date()), name="dates").data(
        [(literal(m.label, Text()), w.c[m.value]) for m in DEADLINES]
    )
    each = dates.lateral("each")
    query = (
        select(
            null().cast(Text()).label("uscc"),
            w.c.name,
            null().cast(Text()).label("region"),
            facts(window=w.c.id, what=each.c.milestone, on=each.c.day),
        )
        .select_from(w.join(each, true()))
        .where(each.c.day.between(frame.on, frame.on + SOON))
    )
    return Listing("due-windows", "申报截止日", query, (each.c.day, w.c.rank, w.c.id, each.c.milestone), _say_day)


def _say_day(of: Facts, words: Words) -> str:
    return f"{of['what']} {of['on']}"


def _tasks(frame: Frame) -> list[Listing]:
    t = FirmTask
    open_then = and_(t.created_at <= frame.known_at, or_(t.closed_at.is_(None), t.closed_at > frame.known_at))
    query = (
        firms(of={"title": t.title, "on": t.due_on, "owner": t.owner, "who": User.name})
        .join(t, t.firm_id == Firm.id)
        .outerjoin(User, User.id == t.officer_id)
        .where(visible_to(frame.viewer), open_then)
    )
    order = (t.due_on, t.id)
    soon = query.where(t.due_on.between(frame.on, frame.on + SOON))
    return [
        Listing("due-tasks", "待办到期", soon, order, _say_task, "/work?whose=all"),
        Listing("late-tasks", "待办逾期", query.where(t.due_on < frame.on), order, _say_task, "/work?whose=all&late=1"),
    ]


def _say_task(of: Facts, words: Words) -> str:
    whose = f"（{Owner.FIRM.label}答应的）" if of["owner"] == Owner.FIRM else ""
    return f"{of['on']} {of['title']}{whose}，{of['who'] or '没有责任人'}"


def _lapsing(frame: Frame, key: str, label: str, begins: Any, until: Any) -> Listing:
    """With no younger certificate of the kind beside it, and not revoked by the day."""
    c, younger = Certificate, Certificate.__table__.alias("younger")
    renewed = select(younger.c.id).where(
        younger.c.firm_id == c.firm_id,
        younger.c.kind == c.kind,
        younger.c.expires_on > c.expires_on,
        younger.c.recorded_at <= frame.known_at,
    )
    query = (
        firms(of={"kind": c.kind, "number": c.number, "on": c.expires_on})
        .join(c, c.firm_id == Firm.id)
        .where(
            visible_to(frame.viewer),
            ACTIVE,
            c.expires_on.between(begins, until),
            c.recorded_at <= frame.known_at,
            or_(c.revoked_on.is_(None), c.revoked_on > frame.on),
            ~renewed.exists(),
        )
    )
    return Listing(key, label, query, (c.expires_on, c.firm_id, c.id), _say_certificate)


def _say_certificate(of: Facts, words: Words) -> str:
    kind = dict(CertificateKind.options()).get(of["kind"], of["kind"])
    return f"{kind}证书 {of['number']}，{of['on']} 到期"


def unfiled(frame: Frame) -> Sequence[Listing]:
    """Listed in a window that can still be filed in, and not submitted: its stage goes back over later events."""
    w, a, e = _windows(frame), ApplicationRow, ApplicationEventRow
    later = (
        select(e.from_stage)
        .where(e.application_id == a.id, e.to_stage.is_not(None), e.from_stage.is_not(None), e.at > frame.known_at)
        .order_by(e.at, e.id)
        .limit(1)
        .correlate(a)
        .scalar_subquery()
    )
    stage: ColumnElement[Any] = func.coalesce(later, a.stage)
    query = (
        firms(of={"window": w.c.id, "filing": w.c.name, "on": w.c.firm_due, "stage": stage, "application": a.id})
        .join(a, a.firm_id == Firm.id)
        .join(w, w.c.id == a.window_id)
        .where(
            visible_to(frame.viewer),
            ACTIVE,
            a.created_at <= frame.known_at,
            w.c.firm_due.between(frame.on, frame.on + FILING_WITHIN),
            stage.in_([Stage.TARGET.value, Stage.PREPARING.value]),
        )
    )
    return [
        Listing("unfiled", "列入了还没提交", query, (w.c.firm_due, case((stage == "target", 0), else_=1), a.id), _say)
    ]


def _say(of: Facts, words: Words) -> str:
    return f"{of['filing']}，{Stage(of['stage']).label}，{of['on']} 截止"
