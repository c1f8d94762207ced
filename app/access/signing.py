"""Signing in and out: each try is counted before it is made, and each end of one is in the trail."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert, select, update

from app.access.denials import watch_lockouts
from app.access.devices import note_device
from app.access.models import HalfSignIn, SignInAttempt, User, UserSession
from app.access.passwords import verify
from app.access.queries import known_device, owner_of, recent_failures, sign_in_record
from app.access.rules import ONE_TIME_HOURS, WINDOW, is_worn_out, last_day, new_token, token_hash, wait_seconds
from app.access.service import end_sessions
from app.access.sign_in_terms import PasswordProfile
from app.access.standing import opens
from app.access.terms import Actor, Origin, Role, Viewer
from app.audit.models import AuditEvent
from app.audit.service import event_row, record
from app.db import Conn, new_id
from app.errors import Conflict
from app.locks import Lock, try_hold_part

_REFUSED, _ADDRESS = "session:sign_in:refused", "address"
OIDC = "oidc"
HALF_WAY = timedelta(minutes=10)  # from the password to the code
_NOTED_REFUSALS = 5  # accounts, for one address within one window


@dataclass(frozen=True, slots=True)
class SignInResult:
    """A token, or that of a sign-in whose second step is to come, or the sentence that refuses one without telling
    whether the account exists."""

    token: str = ""
    half: str = ""
    must_bind: bool = False  # the second step is to bind an authenticator first
    sentence: str = ""
    wait: int = 0
    failures: int = 0  # of the address, where work would let this account be tried
    must_change: bool = False


@dataclass(frozen=True, slots=True)
class Browser:
    """What somebody signs in with, and for how long. `device`: what its cookie says, "" for a program."""

    origin: Origin
    user_agent: str
    lifetime: timedelta
    device: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    id: uuid.UUID
    login: str
    device: bytes | None = None  # one that this account has been signed in from


async def announce(conn: Conn, *, login: str, origin: Origin, at: datetime, device: str = "") -> Attempt:
    """Counts a try as failed before it is made, in a transaction of its own.

    Otherwise forty tries at the same moment would each see none of the others, and all be let through.
    """
    tried = login.strip().lower()[:40]
    attempt = Attempt(new_id(), tried, await known_device(conn, tried, device))
    row = {"id": attempt.id, "login": tried, "ip": origin.ip, "at": at, "succeeded": False, "device": attempt.device}
    await conn.execute(insert(SignInAttempt).values(row))
    return attempt


async def sign_in(
    conn: Conn,
    attempt: Attempt,
    *,
    password: str,
    browser: Browser,
    at: datetime,
    worked: bool = False,
    cheap: bool = False,
) -> SignInResult:
    """`worked`: the browser has done what `app.access.proof` asks."""
    login, origin = attempt.login, browser.origin
    if refused := await must_wait(conn, attempt, origin=origin, at=at, worked=worked):
        return refused
    user = await sign_in_record(conn, login)
    good = await verify(password, user["password_hash"] if user else None, cheap=cheap)
    if (sentence := refusal(user if good else None, at)) or user is None:
        failed = event_row(
            "session:sign_in:failed",
            by=_stranger(login, origin),
            at=at,
            object_type="login",
            object_id=login,
            after={"why": sentence} if good else None,
            succeeded=False,
        )
        await record(conn, {**failed, "actor_role": ""})  # who it was is not known, so neither is the role
        return SignInResult(sentence=sentence)
    await mark_succeeded(conn, attempt)
    return await after_first_step(conn, user, browser=browser, at=at)


async def after_first_step(
    conn: Conn, user: Mapping[str, Any], *, browser: Browser, at: datetime, way: str = ""
) -> SignInResult:
    """In, or on to the second step. `user`: as `sign_in_record` gives it."""
    asked = user["has_factor"] or user["role"] in (user["factor_roles"] or ())
    if asked:
        return SignInResult(half=await _half(conn, user["id"], at), must_bind=not user["has_factor"])
    return await open_session(conn, user, browser=browser, at=at, way=way)


async def must_wait(
    conn: Conn, attempt: Attempt, *, origin: Origin, at: datetime, worked: bool = False
) -> SignInResult | None:
    """The refusal, where there is one; a try that was not made does not make the wait any longer."""
    login, ip = attempt.login, origin.ip
    earlier = await recent_failures(conn, login=login, ip=ip, at=at, device=attempt.device, besides=attempt.id)
    wait = wait_seconds(earlier, login=login, ip=ip, at=at, worked=worked, device=attempt.device)
    if not wait:
        return None
    await conn.execute(delete(SignInAttempt).where(SignInAttempt.id == attempt.id))
    await _note_refused(conn, login=login, origin=origin, wait=wait, at=at)
    helps = not (worked or attempt.device or wait_seconds(earlier, login=login, ip=ip, at=at, worked=True))
    failures = sum(one.ip == ip for one in earlier) if helps else 0
    return SignInResult(sentence=f"尝试次数过多，请 {-(-wait // 60)} 分钟后再试。", wait=wait, failures=failures)


async def mark_succeeded(conn: Conn, attempt: Attempt) -> None:
    await conn.execute(update(SignInAttempt).where(SignInAttempt.id == attempt.id).values(succeeded=True))


async def _half(conn: Conn, user_id: uuid.UUID, at: datetime) -> str:
    token = new_token()
    row = {"token_hash": token_hash(token), "user_id": user_id, "created_at": at, "expires_at": at + HALF_WAY}
    await conn.execute(insert(HalfSignIn).values(row))
    return token


async def open_session(
    conn: Conn,
    user: Mapping[str, Any],
    *,
    browser: Browser,
    at: datetime,
    way: str = "",
) -> SignInResult:
    """`way`: what was proven besides the password, or instead of it. `user`: as `sign_in_record` gives it. Raises
    Conflict for an account that has changed since."""
    # Who came by another server's word has shown no password that could be worn out.
    must_change = user["must_change_password"] or (way != OIDC and _is_worn_out(user, at))
    # The person first, as everybody does who ends somebody's access; and of two who come in at once the second ends the
    # first one's session.
    values = {"last_sign_in_at": at, "must_change_password": must_change}
    # What was proven must still hold: a password that was reset just now, an account that was disabled, lets nobody in.
    same = (User.id == user["id"], opens(at), User.password_hash == user["password_hash"])
    if (await conn.execute(update(User).where(*same).values(**values))).rowcount == 0:
        raise Conflict("这个账号刚刚有变动，没有登录；请重新登录。")
    ended = await end_sessions(conn, user["id"], at=at) if user["one_session"] else 0
    token = new_token()
    await conn.execute(
        insert(UserSession).values(
            token_hash=token_hash(token),
            user_id=user["id"],
            created_at=at,
            seen_at=at,
            expires_at=at + browser.lifetime,
            ip=browser.origin.ip,
            user_agent=browser.user_agent[:200],
        )
    )
    actor = owner_of(user, browser.origin)
    after: dict[str, Any] = ({"by" if way == OIDC else "factor": way} if way else {}) | (
        {"sessions_ended": ended} if ended else {}
    )
    if browser.device:
        new = await note_device(conn, browser.device, user_agent=browser.user_agent, by=actor, at=at)
        after |= {"new_device": True} if new else {}
    done = event_row(
        "session:sign_in:done",
        by=actor,
        at=at,
        object_type="user",
        object_id=user["id"],
        object_label=user["login"],
        after=after or None,
    )
    await record(conn, done)
    return SignInResult(token=token, must_change=must_change)


def _is_worn_out(user: Mapping[str, Any], at: datetime) -> bool:
    profile = PasswordProfile(user["profile"]) if user["profile"] else PasswordProfile.DENGBAO
    return is_worn_out(user["password_changed_at"] or user["created_at"], profile=profile, at=at)


def refusal(user: Any, at: datetime) -> str:
    """Why somebody may not come in. Only who knows the password is told more than that something is wrong."""
    if user is None:
        return "账号或口令不对。"
    return "".join(shut(user, at))


def shut(user: Mapping[str, Any], at: datetime) -> tuple[str, str]:
    """Why an account lets nobody in, as anybody may say it, and how that goes on to whoever stands at the door with
    the right password; nothing of one that does."""
    if user["awaits_grant"]:
        why = "这个账号还没有授权，要等安全管理员核对以后才能登录"
        return why, "；口令没有错，请先问本单位的安全管理员。"
    ended = user["valid_until"]
    if ended is not None and ended <= at:
        return f"这个账号用到 {last_day(ended)} 为止，已经到期", "，请联系本单位的系统管理员。"
    if not user["active"]:
        return "这个账号已停用", "，请联系本单位的系统管理员。"
    until = user["password_expires_at"]
    if until is not None and until <= at:
        return f"一次性口令已过期（{ONE_TIME_HOURS} 小时内有效）", "，请联系本单位的系统管理员重置。"
    return "", ""


def _stranger(login: str, origin: Origin) -> Actor:
    return Actor(Viewer(uuid.UUID(int=0), "", login, Role.FIRM), origin)


async def _note_refused(conn: Conn, *, login: str, origin: Origin, wait: int, at: datetime) -> None:
    """Tries during a lockout leave a row for each account and few for each address: no flood fills the trail.

    Two tries from one address at the same moment leave one row between them, and neither waits for the other.
    """
    if not await try_hold_part(conn, Lock.REFUSALS, origin.ip):
        return
    query = select(AuditEvent.object_label).where(
        AuditEvent.object_id == origin.ip,
        AuditEvent.object_type == _ADDRESS,
        AuditEvent.action == _REFUSED,
        AuditEvent.at > at - WINDOW,
    )
    noted = list((await conn.execute(query)).scalars())
    if login in noted or len(noted) >= _NOTED_REFUSALS:
        return
    refused = event_row(
        _REFUSED,
        by=_stranger(login, origin),
        at=at,
        object_type=_ADDRESS,
        object_id=origin.ip,
        object_label=login,
        after={"wait": wait},
        succeeded=False,
    )
    await record(conn, {**refused, "actor_role": ""})
    await watch_lockouts(conn, _REFUSED, login=login, ip=origin.ip, at=at)


async def sign_out(conn: Conn, token: str, *, by: Actor, at: datetime) -> None:
    await conn.execute(update(UserSession).where(UserSession.token_hash == token_hash(token)).values(revoked_at=at))
    await record(conn, event_row("session:sign_out:done", by=by, at=at, object_type="user", object_id=by.viewer.id))
