"""An application under its lock, and what every step on it leaves behind: a version, an event, a row of the trail."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update

from app.access.terms import Actor
from app.audit.service import event_row, record
from app.db import Conn, new_id
from app.errors import NotFound, Stale
from app.filings.applications import application_of, applications
from app.filings.models import ApplicationEventRow, ApplicationRow
from app.filings.queries import programme_by_code, window_by_id
from app.filings.stages import Application, Happening, Stage
from app.filings.terms import Programme, Window
from app.firms.filtering import visible_to


@dataclass(frozen=True, slots=True)
class Held:
    """What a step looks at: the application as the lock found it, its window and its programme."""

    application: Application
    window: Window
    programme: Programme


@dataclass(frozen=True, slots=True)
class Trace:
    kind: Happening
    to: Stage | None = None
    reason: str = ""
    detail: dict[str, Any] | None = None


async def lock(conn: Conn, application_id: uuid.UUID, expected: int | None, *, by: Actor) -> Held:
    """Raises NotFound out of sight, Stale when somebody changed it since the version that was seen."""
    query = applications().where(ApplicationRow.id == application_id, visible_to(by.viewer))
    row = (await conn.execute(query.with_for_update(of=ApplicationRow))).one_or_none()
    window = await window_by_id(conn, row.window_id, viewer=by.viewer) if row else None
    if row is None or window is None:
        raise NotFound
    application = application_of(row)
    if expected is not None and expected != application.version:
        raise Stale(await _changed_by(conn, application))
    return Held(application, window, await programme_by_code(conn, window.programme))


async def _changed_by(conn: Conn, application: Application) -> str:
    e = ApplicationEventRow
    query = select(e.actor_name).where(e.application_id == application.id)
    who = (await conn.execute(query.order_by(e.at.desc(), e.id.desc()).limit(1))).scalar_one()
    said = f"{who} 已改过 {application.firm_name} 的申报，现在是“{application.stage.label}”"
    return f"{said}；您的修改没有保存，请看过再办。"


async def write(conn: Conn, held: Held, changed: dict[str, Any], trace: Trace, *, by: Actor, at: datetime) -> None:
    application = held.application
    await conn.execute(
        update(ApplicationRow)
        .where(ApplicationRow.id == application.id)
        .values(**changed, version=application.version + 1, updated_at=at)
    )
    whose = (application.id, application.firm_id, application.firm_name)
    await leave(conn, whose, held.window, trace, before=application.stage, by=by, at=at)


async def leave(
    conn: Conn,
    whose: tuple[uuid.UUID, uuid.UUID, str],
    window: Window,
    trace: Trace,
    *,
    before: Stage | None,
    by: Actor,
    at: datetime,
) -> None:
    """The event, and the firm's row in the trail. `whose` is the application, the firm and its name."""
    application_id, firm_id, firm_name = whose
    audit, moved = by.audit_fields, trace.to is not None
    row = {
        "id": new_id(),
        "application_id": application_id,
        "kind": trace.kind.value,
        "from_stage": before.value if moved and before else None,
        "to_stage": trace.to.value if trace.to else None,
        "at": at,
        "actor_id": audit["actor_id"],
        "actor_name": audit["actor_name"],
        "reason": trace.reason,
        "detail": trace.detail or {},
    }
    await conn.execute(insert(ApplicationEventRow).values(row))
    said = {"window": window.name, **(trace.detail or {})}
    if trace.to:
        said["stage"] = trace.to.value
    if trace.reason:
        said["reason"] = trace.reason
    done = event_row(
        f"firm:application:{trace.kind.value}",
        by=by,
        at=at,
        object_type="firm",
        object_id=firm_id,
        object_label=firm_name,
        before={"stage": before.value} if moved and before else None,
        after=said,
    )
    await record(conn, done)
