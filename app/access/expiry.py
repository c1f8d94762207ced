"""An account may have a last day: its person and the administrators hear of it before, then it opens nothing."""

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from app.access.models import ApiToken, User
from app.access.noticing import tell_owner
from app.access.powers import may_handle
from app.access.queries import user_by_id
from app.access.rules import last_day, lasts_until
from app.access.service import put_active
from app.access.standing import opens
from app.access.terms import HELD, PERMISSIONS, SYSTEM, Actor, Permission, Power, Role
from app.audit.service import event_row, record
from app.clock import business_day
from app.db import Conn
from app.errors import Invalid, NotFound, Stale
from app.outbox.models import OutboxMessage
from app.outbox.writing import Row, notice, post

# Our own numbers: days left when it is told, once for each.
TOLD = (14, 3)
TOKEN_TOLD = 7
_U, _T = User, ApiToken
_CHANGED = "这个账号的到期日刚被别人改过，没有保存；请重新打开这一页，看过现在的再改。"


def must_lie_ahead(day: date | None, *, at: datetime) -> None:
    """Raises Invalid: to end an account at once is to disable it."""
    if day is not None and day < business_day(at):
        raise Invalid({"valid_until": "到期日不能早于今天；立即停用请用“停用”。"})


async def set_last_day(
    conn: Conn, user_id: uuid.UUID, day: date | None, *, seen: str | None = None, by: Actor, at: datetime
) -> bool:
    """None: until somebody disables it; `seen`: the day that was there when the form was opened, as it was shown.
    False when nothing differs. Raises NotFound, Invalid, Forbidden, Stale."""
    user = await user_by_id(conn, user_id)
    if user is None:
        raise NotFound
    may_handle(user, by=by)
    if user_id == by.viewer.id:
        raise Invalid({"valid_until": "不能定自己账号的到期日。"})
    if seen is not None and seen != _said(user["valid_until"])["valid_until"]:
        raise Stale(_CHANGED)
    must_lie_ahead(day, at=at)
    until = lasts_until(day) if day else None
    if until == user["valid_until"]:
        return False
    same = (_U.id == user_id, _U.valid_until.is_not_distinct_from(user["valid_until"]))
    if (await conn.execute(update(_U).where(*same).values(valid_until=until))).rowcount == 0:
        raise Stale(_CHANGED)
    set_ = event_row(
        "user:expiry:set",
        by=by,
        at=at,
        object_type="user",
        object_id=user_id,
        object_label=user["login"],
        before=_said(user["valid_until"]),
        after=_said(until),
    )
    await record(conn, set_)
    sentence = f"您的账号用到 {day} 为止" if day else "您的账号不再有到期日"
    await tell_owner(conn, user_id, f"{sentence}（由{by.viewer.name}设定）", by=by, at=at)
    return True


def _said(until: datetime | None) -> dict[str, str]:
    return {"valid_until": str(last_day(until)) if until else ""}


async def see_to_expiry(conn: Conn, *, at: datetime) -> int:
    """Every hour: what has come to its end is disabled, what soon will be is told."""
    over = select(_U.id, _U.login, _U.valid_until).where(_U.active, _U.valid_until <= at).order_by(_U.id)
    rows: Sequence[Any] = (await conn.execute(over.with_for_update())).all()
    for row in rows:
        await put_active(conn, row.id, False, at=at)
        ended = event_row("user:record:expired", by=SYSTEM, at=at, object_type="user", object_id=row.id)
        await record(conn, {**ended, "object_label": row.login, "after": _said(row.valid_until)})
    await _tell_of_accounts(conn, at)
    await _tell_of_tokens(conn, at)
    return len(rows)


async def _tell_of_accounts(conn: Conn, at: datetime) -> None:
    soon = (opens(at), _U.valid_until <= at + timedelta(days=max(TOLD)))
    query = select(_U.id, _U.login, _U.name, _U.valid_until).where(*soon).order_by(_U.login)
    ending: dict[tuple[date, int], list[Any]] = defaultdict(list)
    for row in await conn.execute(query):
        left = min(step for step in TOLD if row.valid_until <= at + timedelta(days=step))
        ending[last_day(row.valid_until), left].append(row)
    keepers = await _keepers(conn) if ending else []
    heard = await _heard_of(conn, keepers)
    for (day, left), people in ending.items():
        subject = f"您的账号用到 {day} 为止，此后不能登录；还要用的，请告诉本单位的系统管理员"
        own = (notice("account_expiring", f"own:{day}:{left}", to=p.id, subject=subject, at=at) for p in people)
        await post(conn, *own)
        # Of those that this keeper has not been told of: one who was given the same day later, and to a keeper who was
        # appointed later, everybody.
        fresh = {k: [p for p in people if f"{day}:{left}:{p.id}" not in heard[k]] for k in keepers}
        await post(conn, *(_to_keeper(k, day, left, several, at) for k, several in fresh.items() if several))


def _to_keeper(keeper: uuid.UUID, day: date, left: int, people: Sequence[Any], at: datetime) -> Row:
    names = "、".join(f"{p.name}（{p.login}）" for p in people[:5]) + ("等" if len(people) > 5 else "")
    subject = f"{len(people)} 个账号用到 {day} 为止：{names}；还要用的，请改到期日"
    of = [f"{day}:{left}:{p.id}" for p in people]
    more = {"page": "/admin/users?standing=expiring", "of": " ".join(of)}
    return notice("account_expiring", f"keeper:{of[0]}", to=keeper, subject=subject, at=at, **more)


async def _heard_of(conn: Conn, keepers: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, set[str]]:
    of = OutboxMessage.payload["of"].astext
    mine = (OutboxMessage.user_id.in_(keepers), OutboxMessage.kind == "account_expiring", of.is_not(None))
    heard: dict[uuid.UUID, set[str]] = defaultdict(set)
    for keeper, said in await conn.execute(select(OutboxMessage.user_id, of).where(*mine)):
        heard[keeper].update(said.split())
    return heard


async def _keepers(conn: Conn) -> list[uuid.UUID]:
    roles = [role.value for role, held in PERMISSIONS.items() if Permission.USER_ADMIN in held]
    query = select(_U.id, _U.role, _U.power).where(_U.role.in_(roles), _U.active).order_by(_U.id)
    rows = (await conn.execute(query)).all()
    return [r.id for r in rows if Permission.USER_ADMIN in HELD[Power(r.power)][Role(r.role)]]


async def _tell_of_tokens(conn: Conn, at: datetime) -> None:
    soon = (_T.expires_at > at, _T.expires_at <= at + timedelta(days=TOKEN_TOLD))
    # One that was for a few days only has said so when it was made.
    long = _T.expires_at - _T.created_at > timedelta(days=TOKEN_TOLD)
    query = select(_T.token_hash, _T.user_id, _T.label, _T.expires_at).join(_U, _U.id == _T.user_id)
    mine = query.where(_T.revoked_at.is_(None), *soon, long, opens(at))
    rows = (await conn.execute(mine.order_by(_T.token_hash))).all()
    told = (
        notice(
            "token_expiring",
            row.token_hash.hex()[:12],
            to=row.user_id,
            subject=f"访问令牌“{row.label or '命令行发放'}”将在 {business_day(row.expires_at)} 到期，请换新的",
            page="/account/tokens",
            at=at,
        )
        for row in rows
    )
    await post(conn, *told)
