"""Accounts, their passwords, sessions and tokens. Each act leaves its audit row in the same transaction."""

import re
import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import delete, insert, update

from app.access.devices import forget_devices
from app.access.models import (
    AccessDenial,
    ApiToken,
    CalendarFeed,
    HalfSignIn,
    IdempotencyKey,
    PasswordLink,
    SignInAttempt,
    User,
    UserSession,
)
from app.access.noticing import tell_of_hand
from app.access.passwords import hash_password
from app.access.powers import are_separated, ask_for_grant, makes_only, may_handle, separate, waits_after_reset
from app.access.queries import user_by_id, user_by_login
from app.access.rules import lasts_until, one_time_until, token_hash
from app.access.setting_password import faults_of, set_password
from app.access.terms import SYSTEM, TOWN_DIGITS, Actor, Power, Role
from app.audit.service import event_row, record
from app.config import SHORTEST_TRAIL
from app.db import Conn, new_id
from app.errors import Invalid, NotFound, Waiting
from app.sealed import seal
from app.text import is_code

_LOGIN = re.compile(r"[a-z][a-z0-9_.-]{1,39}")
_NEEDS_SCOPE = {Role.TOWN, Role.OFFICER, Role.MANAGER}


@dataclass(frozen=True, slots=True)
class Account:
    login: str
    name: str
    role: Role
    scope: str = ""
    unit: str = ""
    email: str | None = None
    firm_id: uuid.UUID | None = None
    carrier_id: uuid.UUID | None = None  # an operator may wait for its carrier
    power: Power = Power.SOLE  # of an administrator
    last_day: date | None = None  # after which it opens nothing


async def add_user(
    conn: Conn,
    account: Account,
    *,
    password: str,
    must_change: bool = True,
    by: Actor = SYSTEM,
    at: datetime,
    cheap: bool = False,
) -> uuid.UUID:
    """Raises Invalid by field."""
    if faults := await _faults(conn, account, password):
        raise Invalid(faults)
    user_id, waits = new_id(), makes_only(by)
    power = await _power_of(conn, account, by=by, at=at)
    await conn.execute(
        insert(User).values(
            id=user_id,
            power=power.value,
            active=not waits,
            awaits_grant=waits,
            login=account.login,
            name=account.name.strip(),
            role=account.role.value,
            scope=account.scope,
            unit=account.unit,
            email=seal(conn.vault, "users.email", user_id, account.email or "") or None,
            firm_id=account.firm_id,
            carrier_id=account.carrier_id,
            password_hash=await hash_password(password, cheap=cheap),
            password_changed_at=at,
            must_change_password=must_change,
            password_expires_at=one_time_until(at) if must_change else None,
            valid_until=lasts_until(account.last_day) if account.last_day else None,
            created_at=at,
        )
    )
    created = event_row(
        "user:record:created",
        by=by,
        at=at,
        object_type="user",
        object_id=user_id,
        object_label=account.login,
        after={"role": account.role.value, "scope": account.scope}
        | _bound(account.carrier_id)
        | _said(power, account.last_day),
    )
    await record(conn, created)
    if waits:
        await ask_for_grant(conn, user_id, account.login, by=by, at=at)
    opened = {"id": user_id, "login": account.login, "name": account.name.strip(), "role": account.role.value}
    await tell_of_hand(conn, opened, "开通", by=by, at=at)
    return user_id


async def _faults(conn: Conn, account: Account, password: str) -> dict[str, str]:
    faults: dict[str, str] = {}
    if not _LOGIN.fullmatch(account.login):
        faults["login"] = "账号用小写字母开头，2 到 40 个小写字母、数字或 . _ -。"
    elif await user_by_login(conn, account.login) is not None:
        faults["login"] = "这个账号已经有了。"
    if not account.name.strip():
        faults["name"] = "请填写姓名。"
    faults |= _bound_faults(account)
    if wrong := await faults_of(conn, password, login=account.login):
        faults["password"] = wrong
    return faults


async def _power_of(conn: Conn, account: Account, *, by: Actor, at: datetime) -> Power:
    if account.role is not Role.ADMIN:
        return Power.SOLE
    if account.power is Power.SECURITY:
        if not await are_separated(conn):
            await separate(conn, by=by, at=at)
        return Power.SECURITY
    return Power.SYSTEM if await are_separated(conn) else Power.SOLE


def _said(power: Power, last_day: date | None) -> dict[str, str]:
    said = {"power": power.value} if power is not Power.SOLE else {}
    return said | ({"valid_until": str(last_day)} if last_day else {})


def _bound_faults(account: Account) -> dict[str, str]:
    """What of division, firm and carrier does not go with the role."""
    faults: dict[str, str] = {}
    if account.role in _NEEDS_SCOPE and not is_code(account.scope):
        faults["scope"] = "这个角色要有管辖的行政区划代码，如 440783。"
    elif account.scope and not is_code(account.scope):
        faults["scope"] = "管辖范围要用行政区划代码，如 440783。"
    elif account.role is Role.TOWN and len(account.scope) < TOWN_DIGITS:
        faults["scope"] = "镇街专员请选一个镇街或园区。"
    if account.role is Role.FIRM and account.firm_id is None:
        faults["uscc"] = "填报员要绑定一家企业，请填写它的信用代码。"
    if account.carrier_id is not None and account.role is not Role.CARRIER:
        faults["carrier"] = "只有载体运营的账号绑定载体。"
    return faults


async def bind_carrier(
    conn: Conn, user_id: uuid.UUID, carrier_id: uuid.UUID | None, *, by: Actor, at: datetime
) -> bool:
    """Which carrier an operator runs, from its next page on; None: no longer any. False when nothing differs."""
    user = await user_by_id(conn, user_id)
    if user is None or user["role"] != Role.CARRIER.value:
        raise NotFound
    if user["carrier_id"] == carrier_id:
        return False
    await conn.execute(update(User).where(User.id == user_id).values(carrier_id=carrier_id))
    bound = event_row(
        "user:carrier:bound",
        by=by,
        at=at,
        object_type="user",
        object_id=user_id,
        object_label=user["login"],
        before=_bound(user["carrier_id"]),
        after=_bound(carrier_id),
    )
    await record(conn, bound)
    return True


def _bound(carrier_id: uuid.UUID | None) -> dict[str, str]:
    return {"carrier": str(carrier_id)} if carrier_id else {}


async def set_active(conn: Conn, user_id: uuid.UUID, active: bool, *, by: Actor, at: datetime) -> None:
    """A disabled account's sessions and tokens end at once."""
    if user_id == by.viewer.id:
        raise Invalid({"active": "不能停用自己的账号。"})
    user = await user_by_id(conn, user_id)
    if user is None:
        raise NotFound
    may_handle(user, by=by)
    if active and user["awaits_grant"]:
        raise Waiting("这个账号还没有授权，要由安全管理员来办。")
    if active and user["valid_until"] is not None and user["valid_until"] <= at:
        raise Invalid({"active": "这个账号已到期，请先改到期日。"})
    await put_active(conn, user_id, active, at=at)
    verb = "enabled" if active else "disabled"
    await record(conn, event_row(f"user:record:{verb}", by=by, at=at, object_type="user", object_id=user_id))


async def close_account(conn: Conn, *, by: Actor, at: datetime) -> None:
    """One's own, for good: an administrator may open it again."""
    await put_active(conn, by.viewer.id, False, at=at)
    closed = event_row("user:record:closed", by=by, at=at, object_type="user", object_id=by.viewer.id)
    await record(conn, {**closed, "object_label": by.viewer.login})


async def put_active(conn: Conn, user_id: uuid.UUID, active: bool, *, at: datetime) -> None:
    # Who cannot sign in cannot sign for a firm either; the place is free for another.
    values = {"active": active} if active else {"active": active, "signatory": False}
    if (await conn.execute(update(User).where(User.id == user_id).values(**values))).rowcount == 0:
        raise NotFound
    if not active:
        await end_access(conn, user_id, at=at)


async def reset_password(
    conn: Conn, user_id: uuid.UUID, password: str, *, by: Actor = SYSTEM, at: datetime, cheap: bool = False
) -> None:
    """A one-time password handed over by an administrator; the person must change it at the next log-in."""
    user = await user_by_id(conn, user_id)
    if user is None:
        raise NotFound
    may_handle(user, by=by)
    await set_password(conn, user, password, at=at, one_time=True, cheap=cheap)
    await end_access(conn, user_id, at=at)
    if waits_after_reset(user, by=by):
        # A disabled one too, or whoever resets it would only have to disable it first and enable it afterwards.
        await conn.execute(update(User).where(User.id == user_id).values(active=False, awaits_grant=True))
        await ask_for_grant(conn, user_id, user["login"], by=by, at=at)
    reset = event_row(
        "user:password:reset", by=by, at=at, object_type="user", object_id=user_id, object_label=user["login"]
    )
    await record(conn, reset)
    await tell_of_hand(conn, user, "重设口令", by=by, at=at)


async def forget_old(conn: Conn, *, at: datetime) -> int:
    """Attempts, sessions and answers to repeated requests that nobody needs any more. The trail is never among them."""
    old = (
        delete(SignInAttempt).where(SignInAttempt.at < at - timedelta(days=1)),
        delete(UserSession).where(UserSession.expires_at < at - timedelta(days=7)),
        delete(HalfSignIn).where(HalfSignIn.expires_at < at),
        delete(ApiToken).where(ApiToken.expires_at < at - timedelta(days=90)),
        delete(PasswordLink).where(PasswordLink.expires_at < at - timedelta(days=2)),
        delete(AccessDenial).where(AccessDenial.hour < at - timedelta(days=SHORTEST_TRAIL)),
        delete(IdempotencyKey).where(IdempotencyKey.created_at < at - timedelta(days=2)),
    )
    return sum([(await conn.execute(statement)).rowcount for statement in old]) + await forget_devices(conn, at=at)


async def end_access(conn: Conn, user_id: uuid.UUID, *, at: datetime, except_token: str = "") -> None:
    """Every way in that was opened under the old password: sessions, tokens, calendars and links in letters."""
    await end_sessions(conn, user_id, at=at, except_token=except_token)
    tokens = update(ApiToken).where(ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None))
    await conn.execute(tokens.values(revoked_at=at))
    feeds = update(CalendarFeed).where(CalendarFeed.user_id == user_id, CalendarFeed.revoked_at.is_(None))
    await conn.execute(feeds.values(revoked_at=at))
    links = update(PasswordLink).where(PasswordLink.user_id == user_id, PasswordLink.ended_at.is_(None))
    await conn.execute(links.values(ended_at=at))


async def end_sessions(conn: Conn, *people: uuid.UUID, at: datetime, except_token: str = "") -> int:
    """Those of a browser, whole and half. Returns how many whole ones ended."""
    await conn.execute(delete(HalfSignIn).where(HalfSignIn.user_id.in_(people)))
    sessions = update(UserSession).where(UserSession.user_id.in_(people), UserSession.revoked_at.is_(None))
    if except_token:
        sessions = sessions.where(UserSession.token_hash != token_hash(except_token))
    return (await conn.execute(sessions.values(revoked_at=at))).rowcount
