"""Bulk acts of many firms at work: one transaction for every few hundred, so that nobody waits long for a firm, and a
worker that dies leaves what it has done as done and the rest to the next."""

import logging
import time
import uuid
from datetime import datetime, timedelta

from sqlalchemy import Uuid, delete, select, text, update

from app.access.queries import user_by_id
from app.access.standing import still_opens
from app.access.terms import SYSTEM, Actor, Origin, Role, Viewer
from app.assessments.policies import load_policies
from app.bulk.doing import Kit
from app.bulk.lines import leave_rest
from app.bulk.models import BulkAct, BulkLine
from app.bulk.queries import Act, act_by_id
from app.bulk.service import fail_undo, finish, step
from app.bulk.terms import ActState, LineOutcome
from app.db import Conn, Database
from app.errors import AppError, Conflict
from app.firms.terms import MAIN_LADDER
from app.outages import is_outage
from app.pipeline.queries import load_ladders
from app.workdays.queries import load_calendar

log = logging.getLogger("tidu.bulk")
LEASE = timedelta(seconds=60)
PREVIEWS_KEPT = timedelta(days=7)
_O = LineOutcome
# What an act that cannot go on leaves its other lines as.
_REST = {
    ActState.CHECKING: ([_O.UNCHECKED], _O.REFUSED),
    ActState.APPLYING: ([_O.CHANGES, _O.ASKS], _O.LEFT),
}
_AGAIN = "其余的还没有撤销，可以再撤销一次。"
_FAILED = "办到这里时系统出错，其余的没有办；已记录，请联系系统管理员。"
_CLAIM = text(
    """
UPDATE bulk_acts SET lease_until = :until
WHERE id = (
  SELECT id FROM bulk_acts
  WHERE state IN ('checking', 'applying', 'undoing') AND (lease_until IS NULL OR lease_until < :at)
  ORDER BY created_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
) RETURNING id
"""
).columns(id=Uuid())


async def claim(conn: Conn, *, at: datetime) -> uuid.UUID | None:
    """The oldest act that waits, or whose worker has died."""
    found: uuid.UUID | None = (await conn.execute(_CLAIM, {"at": at, "until": at + LEASE})).scalar_one_or_none()
    return found


async def run_waiting_acts(database: Database, *, at: datetime) -> int:
    """Returns how many acts were worked on."""
    began, worked = time.monotonic(), 0
    while True:
        now = at + timedelta(seconds=time.monotonic() - began)
        async with database.transaction() as conn:
            act_id = await claim(conn, at=now)
        if act_id is None:
            return worked
        worked += 1
        await _work_through(database, act_id, at=now)


async def _work_through(database: Database, act_id: uuid.UUID, *, at: datetime) -> None:
    began = time.monotonic()
    async with database.reading() as conn:
        ladder = (await load_ladders(conn))[MAIN_LADDER]
        kit = Kit(ladder, await load_policies(conn), await load_calendar(conn))
    while True:
        now = at + timedelta(seconds=time.monotonic() - began)
        try:
            async with database.transaction() as conn:
                act = await act_by_id(conn, act_id, viewer=None, lock=True)
                if act is None or not act.state.busy:
                    return
                by = await actor_of(conn, act, at=now)
                await conn.execute(update(BulkAct).where(BulkAct.id == act_id).values(lease_until=now + LEASE))
                if not await step(conn, act, kit=kit, by=by, at=now):
                    return
        except AppError as error:
            sentence = str(error)
        except Exception as error:
            if is_outage(error):
                raise  # the lease runs out, and the act is taken up where it stands
            log.exception("bulk act %s could not go on", act_id)
            sentence = _FAILED
        else:
            continue
        await _give_up(database, act_id, sentence, at=now)
        return


async def _give_up(database: Database, act_id: uuid.UUID, sentence: str, *, at: datetime) -> None:
    """What was done stays done, and can be taken back; the rest is named with the reason. Of an undoing the rest
    stays as it was done, so that it can be asked for again."""
    async with database.transaction() as conn:
        act = await act_by_id(conn, act_id, viewer=None, lock=True)
        if act is None or not act.state.busy:
            return
        if act.state is ActState.UNDOING:
            await fail_undo(conn, act, sentence=f"{sentence}{_AGAIN}", at=at)
            return
        outcomes, to = _REST[act.state]
        await leave_rest(conn, act_id, outcomes, to=to, reason=sentence)
        await finish(conn, act, by=SYSTEM, at=at, sentence=sentence)


async def actor_of(conn: Conn, act: Act, *, at: datetime) -> Actor:
    """Who prepared it, or asked for its undoing, with the rights they have now. Raises Conflict when none are left."""
    user_id = act.undone_by if act.state is ActState.UNDOING else act.created_by
    user = await user_by_id(conn, user_id) if user_id else None
    if user is None or not still_opens(user, at):
        raise Conflict("办理人的账号已停用，其余的没有办。")
    viewer = Viewer(user["id"], user["login"], user["name"], Role(user["role"]), user["scope"], unit=user["unit"])
    if not viewer.may(act.kind.permission):
        raise Conflict("办理人已没有这项权限，其余的没有办。")
    return Actor(viewer, Origin(request_id=str(act.id)))


async def waiting_acts(conn: Conn, *, at: datetime) -> int:
    """How many a worker would take up."""
    busy = BulkAct.state.in_([s.value for s in ActState if s.busy])
    free = BulkAct.lease_until.is_(None) | (BulkAct.lease_until < at)
    return len((await conn.execute(select(BulkAct.id).where(busy, free))).all())


async def forget_previews(conn: Conn, *, at: datetime) -> int:
    """Previews that nobody has confirmed for days: their firms have changed since anyway."""
    old = (BulkAct.state == ActState.PREVIEW.value) & (BulkAct.created_at < at - PREVIEWS_KEPT)
    discarded = update(BulkAct).where(old).values(state=ActState.DISCARDED.value, lease_until=None)
    # The act first: one that is confirmed just now keeps its lines.
    gone = (await conn.execute(discarded.returning(BulkAct.id))).scalars().all()
    if gone:
        await conn.execute(delete(BulkLine).where(BulkLine.act_id.in_(gone)))
    return len(gone)
