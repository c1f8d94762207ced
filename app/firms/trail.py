"""The audit trail as far as a viewer may read it: what happened to firms in their sight, and what their people did."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Uuid, and_, case, cast, exists, func, or_, select

from app.access.models import User
from app.access.personal import hidden_from
from app.access.sight import beyond_sight
from app.access.terms import SYSTEM, Permission, Viewer
from app.audit import queries
from app.audit.models import AuditEvent
from app.audit.queries import Event
from app.audit.words import ACTION_LABELS
from app.db import Conn
from app.firms.filtering import matching, shape_of, sight_of, values_of, visible_to
from app.firms.models import Firm
from app.firms.terms import FirmFilter
from app.personal.masking import mask_keys
from app.personal.terms import Kind

_FIRM = "firm"
# What running accounts needs of the trail: the rest is the auditor's to read.
_OF_ACCOUNTS = ("user:%", "session:%", "setting:sign_in:%")
_WHY = ("ground", "reason", "note")
_MOST = 200  # of firms and accounts that part of a name stands for
# Inside the CASE because nothing else promises that only a firm's object is read as an id: an export is of a list.
_IS_FIRM = and_(AuditEvent.object_type == _FIRM, AuditEvent.object_id != "list")
_FIRM_ID = case((_IS_FIRM, cast(AuditEvent.object_id, Uuid())))


@dataclass(frozen=True, slots=True)
class News:
    at: datetime
    who: str
    action: str
    uscc: str
    firm_name: str

    @property
    def label(self) -> str:
        return ACTION_LABELS.get(self.action, self.action)


async def trail(
    conn: Conn,
    *,
    viewer: Viewer,
    object: str = "",
    actor: str = "",
    action: str = "",
    since: date | None = None,
    until: date | None = None,
    after: tuple[datetime, uuid.UUID] | None = None,
    limit: int = 100,
) -> Sequence[Event]:
    """Newest first. `object` and `actor` may be part of a name, or an id exactly.

    What changed in a firm stays hidden from those who only run the system.
    """
    objects = await _objects_named(conn, object, viewer) if object else ()
    actors = await _people_named(conn, actor) if actor else ()
    async with beyond_sight(conn):  # a firm that is out of sight would be one that is no more
        events = await queries.trail(
            conn,
            readable_by(viewer),
            objects=objects,
            actors=actors,
            action=action,
            since=since,
            until=until,
            after=after,
            limit=limit,
        )
    events = await _accounts_named(conn, events)
    hidden = hidden_from(viewer)
    if hidden:
        events = [replace(e, before=_masked(e.before, hidden), after=_masked(e.after, hidden)) for e in events]
    if viewer.may(Permission.FIRM_INTERNAL):
        return events
    return [_outwardly(e) for e in events]


async def _accounts_named(conn: Conn, events: Sequence[Event]) -> Sequence[Event]:
    """An account by its login, where the event has only which one it was."""
    unnamed = {uuid.UUID(e.object_id) for e in events if e.object_type == "user" and not e.object_label}
    if not unnamed:
        return events
    rows = await conn.execute(select(User.id, User.login).where(User.id.in_(unnamed)))
    logins = {str(user_id): login for user_id, login in rows}
    return [replace(e, object_label=e.object_label or logins.get(e.object_id, "")) for e in events]


def _masked(image: dict[str, Any] | None, hidden: Collection[Kind]) -> dict[str, Any] | None:
    return mask_keys(image, hidden) if image else image


def _outwardly(event: Event) -> Event:
    """Of a tenant what was done, without why: those are words about a firm."""
    if event.object_type == _FIRM:
        return replace(event, before=None, after=None)
    if event.object_type == "carrier" and event.after:
        return replace(event, after={k: v for k, v in event.after.items() if k not in _WHY})
    return event


async def _people_named(conn: Conn, part: str) -> list[str]:
    """Names and logins: a failed sign-in has only what was typed. Accounts are few: looking at each is cheap."""
    wanted = func.lower(part)
    alike = (func.strpos(func.lower(User.name), wanted) > 0) | (func.strpos(User.login, wanted) > 0)
    found = await conn.execute(select(User.name, User.login).where(alike).order_by(User.login).limit(_MOST))
    house = [SYSTEM.viewer.name] if part in SYSTEM.viewer.name else []
    return [part, *house, *(word for row in found for word in row)]


async def _objects_named(conn: Conn, part: str, viewer: Viewer) -> list[str]:
    """What was named so exactly, the firms that a search for it finds, as tenants by their code, and the accounts."""
    wanted = FirmFilter(q=part, status="all")
    firms = select(Firm.id, Firm.uscc).where(*matching(sight_of(viewer), shape_of(wanted))).limit(_MOST)
    found = (await conn.execute(firms, values_of(wanted, viewer, vault=conn.vault, today=date.min))).all()
    alike = (func.strpos(User.name, part) > 0) | (func.strpos(User.login, func.lower(part)) > 0)
    accounts = (await conn.execute(select(User.id).where(alike).limit(_MOST))).scalars()
    return [part, *(str(word) for row in found for word in row), *map(str, accounts)]


def readable_by(viewer: Viewer) -> ColumnElement[bool]:
    """A firm's events go with the firm; everything else, and what became of a firm that is no more, with its actor. Of
    all that an administrator reads what concerns accounts and signing in, and what is in their own name."""
    known = exists().where(Firm.id == _FIRM_ID)
    there = or_(exists().where(Firm.id == _FIRM_ID, visible_to(viewer)), and_(~known, _done_by_people_of(viewer)))
    if viewer.may(Permission.AUDIT_READ):
        return there
    accounts = or_(*(AuditEvent.action.like(kind) for kind in _OF_ACCOUNTS))
    return and_(there, or_(accounts, AuditEvent.actor_id == viewer.id))


def _done_by_people_of(viewer: Viewer) -> ColumnElement[bool]:
    """The house's own acts and those of accounts without a division concern everybody; a clerk goes with the firm."""
    return or_(AuditEvent.actor_id.is_(None), exists().where(User.id == AuditEvent.actor_id, people_of(viewer)))


def people_of(viewer: Viewer) -> ColumnElement[bool]:
    clerk_in_sight = exists().where(Firm.id == User.firm_id, visible_to(viewer))
    within = or_(User.scope == "", func.starts_with(User.scope, viewer.scope))
    return or_(and_(User.firm_id.is_(None), within), clerk_in_sight)


_NEWEST = 2000  # a roster of a hundred thousand rows leaves as many lines; the page shows what people did of late
_NEWS = ("at", "id", "actor_id", "actor_name", "action", "object_type", "object_id")
_FIELDS_ONLY = "firm:record:%"


async def news(conn: Conn, *, viewer: Viewer, since: datetime, mine: bool, limit: int = 12) -> list[News]:
    """What others have done with firms in sight, newest first; `mine`: with those that the viewer looks after."""
    recent = (
        select(*(getattr(AuditEvent, name) for name in _NEWS))
        .where(AuditEvent.at >= since)
        .order_by(AuditEvent.at.desc(), AuditEvent.id.desc())
        .limit(_NEWEST)
        .cte("recent")
        .prefix_with("MATERIALIZED")
    )
    about = case((and_(recent.c.object_type == _FIRM, recent.c.object_id != "list"), cast(recent.c.object_id, Uuid())))
    query = (
        select(recent.c.at, recent.c.actor_name, recent.c.action, Firm.uscc, Firm.name)
        .join(Firm, Firm.id == about)
        .where(visible_to(viewer), recent.c.actor_id != viewer.id, recent.c.action.not_like(_FIELDS_ONLY))
        .order_by(recent.c.at.desc(), recent.c.id.desc())
        .limit(limit)
    )
    if mine:
        query = query.where(Firm.officer_id == viewer.id)
    return [News(*row) for row in await conn.execute(query)]


async def who_was_faster(conn: Conn, firm_id: uuid.UUID) -> str:
    """By whom a record is as it is now; of what no event of that moment tells, nobody is named."""
    now = select(Firm.updated_at).where(Firm.id == firm_id).scalar_subquery()
    of_firm = (AuditEvent.object_type == _FIRM, AuditEvent.object_id == str(firm_id))
    query = select(AuditEvent.actor_name).where(*of_firm, AuditEvent.at == now).order_by(AuditEvent.number.desc())
    return (await conn.execute(query.limit(1))).scalar_one_or_none() or "别人"
