"""Reads of the trail: by object for a firm's page, by filter for administrators and auditors."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Boolean, ColumnElement, and_, any_, bindparam, literal_column, select, tuple_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Text

from app.audit.models import AuditEvent
from app.audit.words import ACTION_LABELS
from app.clock import BUSINESS_ZONE
from app.db import Conn
from app.statements import Kept


@dataclass(frozen=True, slots=True)
class Event:
    id: uuid.UUID
    at: datetime
    actor_name: str
    actor_role: str
    action: str
    object_type: str
    object_id: str
    object_label: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    succeeded: bool
    ip: str
    session_id: str
    request_id: str
    number: int  # in the order of which events are sealed

    @property
    def label(self) -> str:
        return ACTION_LABELS.get(self.action, self.action)


_COLUMNS: tuple[Any, ...] = tuple(getattr(AuditEvent, f) for f in Event.__dataclass_fields__)


# Written out: a value that is bound meets no partial index and none of an expression.
_OF_CARRIER: ColumnElement[bool] = literal_column("audit_events.object_type = 'carrier'", Boolean())
_TENANT: ColumnElement[str] = literal_column("(audit_events.after ->> 'uscc')", Text())
_EVENTS = Kept(
    select(*_COLUMNS)
    .where(AuditEvent.object_type == bindparam("object_type"), AuditEvent.object_id == bindparam("object_id"))
    .order_by(AuditEvent.at.desc())
    .limit(bindparam("rows"))
)


async def events_of(conn: Conn, object_type: str, object_id: str, *, limit: int) -> list[Event]:
    values = {"object_type": object_type, "object_id": object_id, "rows": limit}
    return [Event(*row) for row in (await conn.execute(_EVENTS, values)).all()]


async def trail(
    conn: Conn,
    readable: ColumnElement[bool],
    *,
    objects: Sequence[str] = (),
    actors: Sequence[str] = (),
    action: str = "",
    since: date | None = None,
    until: date | None = None,
    after: tuple[datetime, uuid.UUID] | None = None,
    limit: int = 100,
) -> Sequence[Event]:
    """Newest first, keyset by (at, id); `readable` says which events the reader may see.

    `objects` are ids, labels or the codes of carriers' tenants, `actors` names or logins, each exactly as recorded;
    none of them means all.
    """
    query = select(*_COLUMNS).where(readable)
    if objects:
        named = bindparam("objects", list(objects), type_=ARRAY(Text()))
        tenant = and_(_OF_CARRIER, any_(named) == _TENANT)
        query = query.where((AuditEvent.object_id == any_(named)) | (AuditEvent.object_label == any_(named)) | tenant)
    if actors:
        query = query.where(AuditEvent.actor_name == any_(bindparam("actors", list(actors), type_=ARRAY(Text()))))
    if action:
        query = query.where(AuditEvent.action == action)
    if since:
        query = query.where(AuditEvent.at >= datetime.combine(since, time(), BUSINESS_ZONE))
    if until:
        query = query.where(AuditEvent.at < datetime.combine(until + timedelta(days=1), time(), BUSINESS_ZONE))
    if after:
        query = query.where(tuple_(AuditEvent.at, AuditEvent.id) < after)
    query = query.order_by(AuditEvent.at.desc(), AuditEvent.id.desc()).limit(limit + 1)
    return [Event(*row) for row in (await conn.execute(query)).all()]
