"""The second step of signing in: a code, or, where one is asked for and there is none, an authenticator bound first."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select

from app.access import factors
from app.access.models import HalfSignIn, User
from app.access.noticing import tell_owner
from app.access.queries import owner_of, sign_in_record
from app.access.rules import token_hash
from app.access.signing import Attempt, Browser, SignInResult, mark_succeeded, must_wait, open_session
from app.access.standing import opens
from app.audit.service import event_row, record
from app.db import Conn
from app.errors import NotFound
from app.vault import Vault


async def half_way(conn: Conn, token: str, *, at: datetime) -> Any:
    """Who has given the password in this browser and no more, as `sign_in_record`; None for nobody."""
    h = HalfSignIn
    login = select(User.login).join(h, h.user_id == User.id).where(h.token_hash == token_hash(token), h.expires_at > at)
    found = (await conn.execute(login.where(opens(at)))).scalar_one_or_none() if token else None
    return await sign_in_record(conn, found) if found else None


async def finish(
    conn: Conn,
    token: str,
    user: Mapping[str, Any],
    attempt: Attempt,
    typed: str,
    *,
    browser: Browser,
    vault: Vault,
    at: datetime,
) -> SignInResult:
    """A wrong code is counted with the wrong passwords of this address, and for the account by itself."""
    # Who has got so far has shown a password: what others at the address have failed is not this person's.
    if refused := await must_wait(conn, attempt, origin=browser.origin, at=at, worked=True):
        return refused
    by = owner_of(user, browser.origin)
    verdict = await factors.prove(conn, user["id"], typed, vault=vault, at=at)
    if not verdict.way:
        me = {"object_type": "user", "object_id": user["id"], "object_label": user["login"]}
        await record(conn, event_row("session:code:failed", by=by, at=at, succeeded=False, **me))
        if verdict.wrong == factors.WARNED_AT:
            told = f"有人知道您的口令，但连续 {verdict.wrong} 次没有通过两步验证"
            await tell_owner(conn, user["id"], told, by=by, at=at)
        return SignInResult(sentence=verdict.sentence, wait=verdict.wait)
    await mark_succeeded(conn, attempt)
    if verdict.way == factors.RECOVERY:
        left = (await factors.factor_of(conn, user["id"])).codes_left
        await tell_owner(conn, user["id"], f"您的账号用一个恢复码登录了，还剩 {left} 个", by=by, at=at)
    return await _come_in(conn, token, user, verdict.way, browser=browser, at=at)


async def bind_first(
    conn: Conn, token: str, user: Mapping[str, Any], typed: str, *, browser: Browser, vault: Vault, at: datetime
) -> tuple[SignInResult, list[str]]:
    """Binds what was offered and comes in. Raises Invalid, and NotFound where one is bound: that one must be proven."""
    if user["has_factor"]:
        raise NotFound
    codes = await factors.bind(conn, typed, vault=vault, by=owner_of(user, browser.origin), at=at)
    return await _come_in(conn, token, user, "totp", browser=browser, at=at), codes


async def _come_in(
    conn: Conn, token: str, user: Mapping[str, Any], way: str, *, browser: Browser, at: datetime
) -> SignInResult:
    done = await open_session(conn, user, browser=browser, at=at, way=way)
    await conn.execute(delete(HalfSignIn).where(HalfSignIn.token_hash == token_hash(token)))
    return done
