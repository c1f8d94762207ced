"""The audit trail as far as a viewer may read it: what happened to firms in their sight, and what their people did."""

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from sqlalchemy import ColumnElement, Uuid, and_, case, cast, exists, func, or_

from app.access.models import User
from app.access.terms import Permission, Viewer
from app.audit import queries
from app.audit.models import AuditEvent
from app.audit.queries import Event
from app.db import Conn
from app.firms.filtering import visible_to
from app.firms.models import Firm

_FIRM = "firm"
# Inside the CASE because nothing else promises that only a firm's object is read as an id: an export is of a list.
_IS_FIRM = and_(AuditEvent.object_type == _FIRM, AuditEvent.object_id != "list")
_FIRM_ID = case((_IS_FIRM, cast(AuditEvent.object_id, Uuid())))


async def trail(
    conn: Conn,
    *,
    viewer: Viewer,
    object_id: str = "",
    actor: str = "",
    since: date | None = None,
    after: tuple[datetime, uuid.UUID] | None = None,
    limit: int = 100,
) -> Sequence[Event]:
    """As `app.audit.queries.trail`; what changed in a firm stays hidden from those who only run the system."""
    events = await queries.trail(
        conn, readable_by(viewer), object_id=object_id, actor=actor, since=since, after=after, limit=limit
    )
    if viewer.may(Permission.FIRM_INTERNAL):
        return events
    return [replace(e, before=None, after=None) if e.object_type == _FIRM else e for e in events]


def readable_by(viewer: Viewer) -> ColumnElement[bool]:
    """A firm's events go with the firm; everything else, and what became of a firm that is no more, with its actor."""
    known = exists().where(Firm.id == _FIRM_ID)
    return or_(exists().where(Firm.id == _FIRM_ID, visible_to(viewer)), and_(~known, _done_by_people_of(viewer)))


def _done_by_people_of(viewer: Viewer) -> ColumnElement[bool]:
    """The house's own acts and those of accounts without a division concern everybody; a clerk goes with the firm."""
    clerk_in_sight = exists().where(Firm.id == User.firm_id, visible_to(viewer))
    within = or_(User.scope == "", func.starts_with(User.scope, viewer.scope))
    whose = or_(and_(User.firm_id.is_(None), within), clerk_in_sight)
    return or_(AuditEvent.actor_id.is_(None), exists().where(User.id == AuditEvent.actor_id, whose))
