"""The second factor of an account: bound, proven, renewed, taken away. Each act leaves its audit row."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from app.access.factor_rules import (
    code_wait,
    is_recovery,
    new_recovery_codes,
    new_secret,
    read_code,
    recovery_hash,
    step_of,
)
from app.access.models import RecoveryCode, SecondFactor
from app.access.noticing import tell_owner
from app.access.queries import user_by_login
from app.access.service import end_sessions
from app.access.terms import SYSTEM, Actor
from app.audit.service import event_row, record
from app.db import Conn
from app.errors import Invalid
from app.vault import Unreadable, Vault

OFFERED = timedelta(minutes=15)  # so long a picture that was shown may be bound
WARNED_AT = 5  # wrong codes in a row, after which the owner hears of it
RECOVERY = "recovery"
WRONG = "验证码不对，或已经用过；请看手机上现在显示的。"
_NOT_BOUND = "验证码不对。请核对手机的时间，再输入现在显示的验证码。"
_BUSY = "正在核对这个账号的另一个验证码，请稍后再试。"
_CLOSED = "这台服务器打不开您的验证器密钥，请用恢复码登录，并告诉系统管理员。"


@dataclass(frozen=True, slots=True)
class Factor:
    """`bound_at` None: there is none."""

    bound_at: datetime | None
    codes_left: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """Which way it was proven, or the sentence that says why not."""

    way: str = ""
    sentence: str = ""
    wait: int = 0
    wrong: int = 0


async def factor_of(conn: Conn, user_id: uuid.UUID) -> Factor:
    left = select(func.count()).where(RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))
    query = select(SecondFactor.confirmed_at, left.scalar_subquery()).where(SecondFactor.user_id == user_id)
    row = (await conn.execute(query)).one_or_none()
    return Factor(*row) if row else Factor(None, 0)


async def offer(conn: Conn, user_id: uuid.UUID, *, vault: Vault, at: datetime) -> str:
    """A new secret to be bound; what is bound already counts until it is."""
    secret = new_secret()
    sealed = vault.seal(secret.encode(), about=_about(user_id))
    write = upsert(SecondFactor).values(user_id=user_id, pending=sealed, pending_at=at)
    changed = {"pending": write.excluded.pending, "pending_at": write.excluded.pending_at}
    await conn.execute(write.on_conflict_do_update(index_elements=["user_id"], set_=changed))
    return secret


async def offered(conn: Conn, user_id: uuid.UUID, *, vault: Vault, at: datetime) -> str:
    """The secret that waits to be bound, or nothing."""
    query = select(SecondFactor.pending).where(SecondFactor.user_id == user_id, SecondFactor.pending_at > at - OFFERED)
    sealed = (await conn.execute(query)).scalar_one_or_none()
    try:
        return vault.open(sealed, about=_about(user_id)).decode() if sealed else ""
    except Unreadable:
        return ""


async def bind(conn: Conn, typed: str, *, vault: Vault, keep_token: str = "", by: Actor, at: datetime) -> list[str]:
    """Binds what was offered and ends every other session. Returns the recovery codes, which nobody can be told again.
    Raises Invalid."""
    user_id = by.viewer.id
    await conn.execute(select(SecondFactor.user_id).where(SecondFactor.user_id == user_id).with_for_update())
    secret = await offered(conn, user_id, vault=vault, at=at)
    if not secret:
        raise Invalid({"code": "这个二维码已经过期，请重新开始。"})
    step = step_of(secret, read_code(typed), at=at, after=0)
    if step is None:
        raise Invalid({"code": _NOT_BOUND})
    held = await factor_of(conn, user_id)
    values: dict[str, Any] = {"secret": SecondFactor.pending, "confirmed_at": at, "last_step": step}
    values |= {"pending": None, "pending_at": None, "wrong": 0, "wrong_at": None}
    await conn.execute(update(SecondFactor).where(SecondFactor.user_id == user_id).values(**values))
    codes = await _renew(conn, user_id, at)
    await end_sessions(conn, user_id, at=at, except_token=keep_token)
    await _note(conn, "changed" if held.bound_at else "bound", by=by, at=at)
    told = "您的账号换了验证器（两步验证）" if held.bound_at else "您的账号开启了两步验证"
    await tell_owner(conn, user_id, told, by=by, at=at)
    return codes


async def prove(conn: Conn, user_id: uuid.UUID, typed: str, *, vault: Vault, at: datetime) -> Verdict:
    """Uses a code up. Never raises for a wrong one: that it was tried must be kept."""
    # Whoever is at it holds the row: a second one at the same moment is turned away and waits on no connection.
    mine = select(SecondFactor.__table__).where(SecondFactor.user_id == user_id, SecondFactor.secret.is_not(None))
    row = (await conn.execute(mine.with_for_update(skip_locked=True))).mappings().one_or_none()
    if row is None:
        return Verdict(sentence=_BUSY)
    code = read_code(typed)
    if is_recovery(code):
        return await _prove_by_recovery(conn, user_id, code, at)
    if wait := code_wait(row["wrong"], row["wrong_at"], at=at):
        return Verdict(sentence=f"验证码错得太多，请 {-(-wait // 60)} 分钟后再试，或用恢复码。", wait=wait)
    try:
        secret = vault.open(row["secret"], about=_about(user_id)).decode()
    except Unreadable:
        return Verdict(sentence=_CLOSED)
    step = step_of(secret, code, at=at, after=row["last_step"])
    if step is None:
        return await _wrong(conn, user_id, row["wrong"] + 1, WRONG, at)
    done = update(SecondFactor).where(SecondFactor.user_id == user_id)
    await conn.execute(done.values(last_step=step, wrong=0, wrong_at=None))
    return Verdict(way="totp")


async def _prove_by_recovery(conn: Conn, user_id: uuid.UUID, code: str, at: datetime) -> Verdict:
    used = update(RecoveryCode).where(
        RecoveryCode.user_id == user_id,
        RecoveryCode.code_hash == recovery_hash(user_id, code),
        RecoveryCode.used_at.is_(None),
    )
    if (await conn.execute(used.values(used_at=at))).rowcount == 0:
        return Verdict(sentence="恢复码不对，或已经用过。")
    return Verdict(way=RECOVERY)


async def _wrong(conn: Conn, user_id: uuid.UUID, wrong: int, sentence: str, at: datetime) -> Verdict:
    tried = update(SecondFactor).where(SecondFactor.user_id == user_id)
    await conn.execute(tried.values(wrong=wrong, wrong_at=at))
    return Verdict(sentence=sentence, wrong=wrong)


async def renew_codes(conn: Conn, *, by: Actor, at: datetime) -> list[str]:
    """The former ones end."""
    codes = await _renew(conn, by.viewer.id, at)
    await _note(conn, "renewed", by=by, at=at)
    return codes


async def _renew(conn: Conn, user_id: uuid.UUID, at: datetime) -> list[str]:
    codes = new_recovery_codes()
    await conn.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    rows = [{"user_id": user_id, "code_hash": recovery_hash(user_id, code), "created_at": at} for code in codes]
    await conn.execute(insert(RecoveryCode), rows)
    return codes


async def remove(conn: Conn, *, keep_token: str, by: Actor, at: datetime) -> None:
    await drop(conn, by.viewer.id)
    await end_sessions(conn, by.viewer.id, at=at, except_token=keep_token)
    await _note(conn, "removed", by=by, at=at)
    await tell_owner(conn, by.viewer.id, "您的账号关闭了两步验证", by=by, at=at)


async def take_away(conn: Conn, login: str, *, by: Actor = SYSTEM, at: datetime) -> bool:
    """By whoever runs the server, when there is no second person to ask. False when there was none."""
    user = await user_by_login(conn, login)
    if user is None or (await factor_of(conn, user["id"])).bound_at is None:
        return False
    await drop(conn, user["id"])
    await end_sessions(conn, user["id"], at=at)
    me = {"object_type": "user", "object_id": user["id"], "object_label": login}
    await record(conn, event_row("user:factor_reset:done", by=by, at=at, **me))
    await tell_owner(conn, user["id"], "您的两步验证已在服务器上重置", by=by, at=at)
    return True


async def drop(conn: Conn, user_id: uuid.UUID) -> None:
    # In the order in which `prove` takes them: a code that is given just now waits or is waited for.
    for table in (SecondFactor, RecoveryCode):
        await conn.execute(delete(table).where(table.user_id == user_id))


async def reseal(conn: Conn, vault: Vault) -> int:
    """Everything under the first key. Returns how many were not; raises Unreadable for what no key opens."""
    columns = select(SecondFactor.user_id, SecondFactor.secret, SecondFactor.pending).with_for_update()
    changed = 0
    for user_id, *sealed in (await conn.execute(columns)).all():
        about = _about(user_id)
        old = {n: v for n, v in zip(("secret", "pending"), sealed, strict=True) if v and not vault.is_current(v)}
        if old:
            values = {name: vault.seal(vault.open(value, about=about), about=about) for name, value in old.items()}
            await conn.execute(update(SecondFactor).where(SecondFactor.user_id == user_id).values(**values))
            changed += 1
    return changed


def _about(user_id: uuid.UUID) -> str:
    return f"second_factor:{user_id}"


async def _note(conn: Conn, verb: str, *, by: Actor, at: datetime) -> None:
    me = by.viewer
    done = event_row(f"user:factor:{verb}", by=by, at=at, object_type="user", object_id=me.id, object_label=me.login)
    await record(conn, done)
