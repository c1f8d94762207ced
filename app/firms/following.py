"""Firms that somebody follows: who hears of one, and which one hears of."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import any_, bindparam, delete, exists, func, select, tuple_
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.types import Uuid

from app.access.models import User
from app.access.terms import PERMISSIONS, Actor, Permission, Role, Viewer
from app.audit.service import event_row, record
from app.db import Conn
from app.errors import Invalid
from app.firms.filtering import visible_to
from app.firms.models import Firm, FirmFollow
from app.firms.terms import FirmDetail

PAGE = 50
MOST = 500  # of one person: whoever follows everything reads nothing
# Whoever works with firms. Written into the statement of a move, too.
FOLLOWERS = tuple(role.value for role in Role if Permission.FIRM_NOTE in PERMISSIONS[role])


def colleague_of_firm() -> Any:
    """An account of the bureau's people, still in use, that can open the firm."""
    within = func.starts_with(Firm.region_code, User.scope)
    return User.active & User.role.in_(FOLLOWERS) & (User.scope != "") & within


async def follow(conn: Conn, firm: FirmDetail, *, by: Actor, at: datetime) -> bool:
    """False when one follows it already. Raises Invalid when it would be too many."""
    mine = select(func.count()).select_from(FirmFollow).where(FirmFollow.user_id == by.viewer.id)
    if (await conn.execute(mine)).scalar_one() >= MOST:
        raise Invalid({"uscc": f"最多关注 {MOST} 家，请先取消一些不再关注的。"})
    row = {"firm_id": firm.id, "user_id": by.viewer.id, "since": at}
    if not (await conn.execute(insert(FirmFollow).values(row).on_conflict_do_nothing())).rowcount:
        return False
    await _note(conn, "followed", firm, by=by, at=at)
    return True


async def unfollow(conn: Conn, firm: FirmDetail, *, by: Actor, at: datetime) -> bool:
    f = FirmFollow
    gone = delete(f).where(f.firm_id == firm.id, f.user_id == by.viewer.id)
    if not (await conn.execute(gone)).rowcount:
        return False
    await _note(conn, "unfollowed", firm, by=by, at=at)
    return True


async def _note(conn: Conn, verb: str, firm: FirmDetail, *, by: Actor, at: datetime) -> None:
    about = event_row(
        f"firm:record:{verb}", by=by, at=at, object_type="firm", object_id=firm.id, object_label=firm.name
    )
    await record(conn, about)


async def follows(conn: Conn, firm_id: uuid.UUID, *, viewer: Viewer) -> bool:
    f = FirmFollow
    query = select(exists().where(f.firm_id == firm_id, f.user_id == viewer.id))
    return bool((await conn.execute(query)).scalar_one())


async def followers(
    conn: Conn, ids: Collection[uuid.UUID], *, but: Collection[uuid.UUID | None] = ()
) -> list[tuple[uuid.UUID, uuid.UUID]]:
    """(firm, person) of everybody who follows one of them and can still open it; `but` those who know."""
    if not ids:
        return []
    f = FirmFollow
    these = f.firm_id == any_(bindparam("ids", type_=ARRAY(Uuid())))
    query = (
        select(f.firm_id, f.user_id)
        .join(Firm, Firm.id == f.firm_id)
        .join(User, User.id == f.user_id)
        .where(these, colleague_of_firm())
        .order_by(f.firm_id, f.user_id)
    )
    rows = (await conn.execute(query, {"ids": list(ids)})).all()
    return [(firm_id, user_id) for firm_id, user_id in rows if user_id not in but]


@dataclass(frozen=True, slots=True)
class Followed:
    firm_id: uuid.UUID
    uscc: str
    name: str
    tier: str | None
    stale_on: date | None
    next_touch_on: date | None
    since: datetime


async def followed_by(
    conn: Conn, *, viewer: Viewer, after: tuple[datetime, uuid.UUID] | None = None, limit: int = PAGE
) -> list[Followed]:
    """What the viewer follows and can still open, the latest first. One more than `limit` says that there are more."""
    f = FirmFollow
    query = (
        select(Firm.id, Firm.uscc, Firm.name, Firm.tier, Firm.stale_on, Firm.next_touch_on, f.since)
        .join(Firm, Firm.id == f.firm_id)
        .where(f.user_id == viewer.id, visible_to(viewer))
        .order_by(f.since.desc(), f.firm_id.desc())
        .limit(limit + 1)
    )
    if after:
        query = query.where(tuple_(f.since, f.firm_id) < after)
    return [Followed(*row) for row in await conn.execute(query)]
