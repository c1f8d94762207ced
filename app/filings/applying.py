"""Applications step by step: listed, brought on, checked, recommended, decided. Each step is an event."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from app.access.terms import Actor, Permission
from app.clock import business_day
from app.db import Conn, new_id
from app.errors import Conflict, Forbidden, Invalid, NotFound, Refused
from app.filings.happening import Trace, leave, lock, write
from app.filings.models import ApplicationRow, FilingWindow
from app.filings.queries import programme_by_code, window_by_id
from app.filings.stages import DECIDED, Application, Happening, Stage, obstacles, step_fields
from app.filings.terms import Programme, Window
from app.firms.locking import known_by_code
from app.firms.terms import FirmDetail, FirmStatus
from app.recognitions.models import Certificate
from app.recognitions.registering import NewCertificate, register

_FIRST_TIME = "first_time"


@dataclass(frozen=True, slots=True)
class Step:
    """Where to, on which day it happened, why. `certificate` comes with a recognition that has its number."""

    to: Stage
    expected: int | None
    on: date
    reason: str = ""
    certificate: NewCertificate | None = None


async def list_firms(
    conn: Conn, window_id: uuid.UUID, codes: Sequence[str], *, by: Actor, at: datetime
) -> list[uuid.UUID]:
    """Puts firms into a window as targets. Raises NotFound, Invalid, Conflict; nothing is kept of a list that fails."""
    window = await window_by_id(conn, window_id, viewer=by.viewer)
    if window is None:
        raise NotFound
    programme = await programme_by_code(conn, window.programme)
    if programme.applicants != "firm":
        raise Refused(f"{programme.label}由孵化载体申报，不能列入企业。")
    # Under the firms' locks, so that two officers cannot put one firm into two batches.
    known = await known_by_code(conn, codes, viewer=by.viewer, lock=True)
    firms = [known.firms[code] for code in codes if code in known.firms]
    if len(firms) < len(codes) or not firms:
        raise NotFound("没有这家企业，或它不在您的管辖范围内。")
    await _refuse_those_in(conn, window, programme, firms)
    held = await _holders(conn, programme, firms)
    made = []
    for firm in firms:
        check = [_FIRST_TIME] if _checks_first_time(programme) and firm.id not in held else []
        made.append(await _put_in(conn, window, firm, check, by=by, at=at))
    return made


async def _refuse_those_in(conn: Conn, window: Window, programme: Programme, firms: Sequence[FirmDetail]) -> None:
    """Active firms that are in no window they may not be in twice."""
    for firm in firms:
        if firm.status != FirmStatus.ACTIVE:
            raise Refused(f"{firm.name} 已不在存续状态，不能列入。")
    a, w = ApplicationRow, FilingWindow
    query = select(a.firm_id, w.label, w.id).join(w, w.id == a.window_id)
    elsewhere = (w.programme == window.programme) & (w.year == window.year) & (a.stage != Stage.WITHDRAWN.value)
    query = query.where(a.firm_id.in_([f.id for f in firms]), (w.id == window.id) | elsewhere)
    names = {f.id: f.name for f in firms}
    for firm_id, label, where in await conn.execute(query):
        if where == window.id:
            raise Conflict(f"{names[firm_id]} 已经在这个窗口里。")
        if programme.once_a_year:
            raise Conflict(f"{names[firm_id]} 已列入 {window.year} 年{label}；{programme.short}每年只能申报一次。")


def _checks_first_time(programme: Programme) -> bool:
    return any(check["code"] == _FIRST_TIME for check in programme.field_checks)


async def _holders(conn: Conn, programme: Programme, firms: Sequence[FirmDetail]) -> set[uuid.UUID]:
    """Those that ever held the programme's title: for the others it is the first time."""
    query = select(Certificate.firm_id).where(
        Certificate.firm_id.in_([f.id for f in firms]), Certificate.kind == programme.certificate
    )
    return set((await conn.execute(query)).scalars())


async def _put_in(
    conn: Conn, window: Window, firm: FirmDetail, check: list[str], *, by: Actor, at: datetime
) -> uuid.UUID:
    made = new_id()
    row = {
        "id": made,
        "window_id": window.id,
        "firm_id": firm.id,
        "stage": Stage.TARGET.value,
        "officer_id": firm.officer_id,
        "check_reasons": check,
        "created_at": at,
        "updated_at": at,
    }
    await conn.execute(insert(ApplicationRow).values(row))
    listed = Trace(Happening.LISTED, Stage.TARGET)
    await leave(conn, (made, firm.id, firm.name), window, listed, before=None, by=by, at=at)
    return made


async def advance(conn: Conn, application_id: uuid.UUID, step: Step, *, by: Actor, at: datetime) -> Application:
    """Returns the application as it was. Raises NotFound, Forbidden, Stale, Invalid by field, Refused with reasons."""
    held = await lock(conn, application_id, step.expected, by=by)
    application, window, programme = held.application, held.window, held.programme
    if step.to in DECIDED and not by.viewer.may(Permission.FILING_KEEP):
        raise Forbidden("推荐和认定结果由局里的专员登记。")
    wrong = step_fields(
        application.stage,
        step.to,
        on=step.on,
        reason=step.reason,
        submitted_on=application.submitted_on,
        dates=window.dates,
        today=business_day(at),
    )
    if wrong:
        raise Invalid(wrong)
    labels = {str(c["code"]): str(c["label"]) for c in programme.field_checks}
    against = obstacles(
        application,
        step.to,
        state=window.state,
        materials=programme.materials,
        reasons=labels,
        said=step.reason,
    )
    if against:
        raise Refused(f"{application.firm_name} 还不能到“{step.to.label}”。", reasons=against)
    changed: dict[str, Any] = {"stage": step.to.value}
    if step.to is Stage.SUBMITTED and application.stage in (Stage.TARGET, Stage.PREPARING):
        changed["submitted_on"] = step.on
    detail: dict[str, Any] = {"on": step.on.isoformat()}
    if step.to is Stage.RECOGNISED and step.certificate is not None:
        await register(conn, application.uscc, step.certificate, by=by, at=at)
        detail["number"] = step.certificate.number
    await write(conn, held, changed, Trace(Happening.MOVED, step.to, step.reason, detail), by=by, at=at)
    return application
