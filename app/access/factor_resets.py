"""Somebody has lost the authenticator and the recovery codes: one asks that it be taken away, another does it."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, update

from app.access.factors import drop, factor_of
from app.access.models import FactorReset, User
from app.access.noticing import tell_owner
from app.access.powers import may_handle
from app.access.queries import handled_by, user_by_id
from app.access.second_person import IN_HAND, must_be_in_other_hands
from app.access.service import end_sessions
from app.access.sign_in_terms import ResetState
from app.access.terms import HELD, PERMISSIONS, Actor, Permission, Power, Role
from app.audit.service import event_row, record
from app.db import Conn, new_id
from app.errors import Conflict, Forbidden, Invalid, NotFound, Waiting
from app.outbox.writing import notice, post

OPEN = timedelta(hours=72)
LONGEST_REASON = 200


@dataclass(frozen=True, slots=True)
class Asked:
    id: uuid.UUID
    user_id: uuid.UUID
    name: str
    login: str
    role: Role
    reason: str
    asker_id: uuid.UUID
    asker_name: str
    asked_at: datetime
    expires_at: datetime
    handler: str  # who has opened the account or reset its password of late, where that was whoever asks


async def ask(conn: Conn, user_id: uuid.UUID, reason: str, *, by: Actor, at: datetime) -> None:
    """Raises NotFound, Invalid, Waiting."""
    user = await user_by_id(conn, user_id)
    if user is None or (await factor_of(conn, user_id)).bound_at is None:
        raise NotFound
    may_handle(user, by=by)
    if user_id == by.viewer.id:
        raise Invalid({"reason": "自己的两步验证在“两步验证”页里换绑，不能由自己申请重置。"})
    if not reason:
        raise Invalid({"reason": "请写明为什么重置、怎样核实了是本人。"})
    await _close_old(conn, at)
    waiting = select(FactorReset.id).where(FactorReset.user_id == user_id, FactorReset.state == ResetState.WAITING)
    if (await conn.execute(waiting)).first():
        raise Waiting("这个账号的重置申请已经在等第二人了。")
    row: dict[str, Any] = {"id": new_id(), "user_id": user_id, "reason": reason, "asker_id": by.viewer.id}
    row |= {"asker_name": by.viewer.name, "asked_at": at, "expires_at": at + OPEN}
    await conn.execute(insert(FactorReset).values(row))
    await _note(conn, "asked", user, reason, by=by, at=at)
    subject = f"{by.viewer.name}申请重置{user['name']}（{user['login']}）的两步验证，请第二人核实"
    key = str(row["id"])
    people = await _second_people(conn, {by.viewer.id, user_id})
    rows = (
        notice("factor_reset_asked", key, to=p, subject=subject, page="/admin/factor-resets", at=at) for p in people
    )
    await post(conn, *rows)


async def _second_people(conn: Conn, besides: set[uuid.UUID]) -> Sequence[uuid.UUID]:
    roles = [role.value for role, held in PERMISSIONS.items() if Permission.FACTOR_RESET in held]
    query = select(User.id, User.role, User.power).where(User.role.in_(roles), User.active, User.id.not_in(besides))
    rows = (await conn.execute(query.order_by(User.id))).all()
    return [r.id for r in rows if Permission.FACTOR_RESET in HELD[Power(r.power)][Role(r.role)]]


async def waiting_resets(conn: Conn, *, at: datetime) -> list[Asked]:
    r = FactorReset
    query = (
        select(r.id, r.user_id, User.name, User.login, User.role, r.reason, r.asker_id, r.asker_name, r.asked_at)
        .add_columns(r.expires_at)
        .join(User, User.id == r.user_id)
        .where(r.state == ResetState.WAITING, r.expires_at > at)
        .order_by(r.asked_at, r.id)
    )
    found = []
    rows: Sequence[Any] = (await conn.execute(query)).all()
    for row in rows:
        hand = await handled_by(conn, row.user_id, {row.asker_id}, since=at - IN_HAND)
        found.append(Asked(**{**row._mapping, "role": Role(row.role)}, handler=hand))
    return found


async def decide(conn: Conn, reset_id: uuid.UUID, agreed: bool, *, by: Actor, at: datetime) -> None:
    """The second person's answer. Raises NotFound, Forbidden, Conflict."""
    r = FactorReset
    row = (await conn.execute(select(r.__table__).where(r.id == reset_id).with_for_update())).mappings().one_or_none()
    if row is None or row["expires_at"] <= at:
        raise NotFound("没有这个申请，或者已经过期。")
    if row["state"] != ResetState.WAITING:
        raise Conflict(f"{row['decider_name']}已经答复过这个申请。")
    if by.viewer.id in (row["asker_id"], row["user_id"]):
        raise Forbidden("要由申请人和账号本人以外的第二人来定。")
    asked_and_owner = frozenset({row["asker_id"], row["user_id"]})
    if agreed:
        await must_be_in_other_hands(conn, asked_and_owner, whose="申请人", by=by, at=at)
    state = ResetState.DONE if agreed else ResetState.REFUSED
    values = {"state": state, "decider_name": by.viewer.name, "decided_at": at}
    await conn.execute(update(r).where(r.id == reset_id).values(**values))
    user = await user_by_id(conn, row["user_id"])
    if agreed:
        await drop(conn, row["user_id"])
        await end_sessions(conn, row["user_id"], at=at)
        sentence = f"您的两步验证已重置：{row['asker_name']}申请，{by.viewer.name}同意"
        await tell_owner(conn, row["user_id"], sentence, by=by, at=at)
    await _note(conn, "done" if agreed else "refused", user, row["reason"], by=by, at=at)


async def _close_old(conn: Conn, at: datetime) -> None:
    old = update(FactorReset).where(FactorReset.state == ResetState.WAITING, FactorReset.expires_at <= at)
    await conn.execute(old.values(state=ResetState.REFUSED, decided_at=at))


async def _note(conn: Conn, verb: str, user: Any, reason: str, *, by: Actor, at: datetime) -> None:
    done = event_row(
        f"user:factor_reset:{verb}",
        by=by,
        at=at,
        object_type="user",
        object_id=user["id"],
        object_label=user["login"],
        after={"reason": reason},
    )
    await record(conn, done)
