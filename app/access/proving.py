"""Who is signed in proves once more to be who they are, before a change that would lock them out of their account.

Counted like the tries of a sign-in, so that a browser left open is no place to guess a password in.
"""

from datetime import datetime

from app.access import factors
from app.access.passwords import verify
from app.access.queries import user_by_id
from app.access.signing import Attempt, announce, mark_succeeded, must_wait
from app.access.terms import Actor
from app.db import Conn
from app.errors import Invalid
from app.locks import Lock, try_hold_part
from app.vault import Vault

_BUSY = "这个账号的另一个请求正在核对，请稍后再试。"


async def must_know_password(
    conn: Conn,
    typed: str,
    *,
    field: str = "password",
    by: Actor,
    at: datetime,
    device: str = "",
    cheap: bool = False,
) -> None:
    """`device`: what the browser's cookie says. Raises Invalid; whoever calls answers it and does not let it rise, so
    that the try stays counted."""
    attempt = await _counted(conn, field, by=by, at=at, device=device)
    user = await user_by_id(conn, by.viewer.id)
    if not await verify(typed, user["password_hash"], cheap=cheap):
        raise Invalid({field: "现在的口令不对。"})
    await mark_succeeded(conn, attempt)


async def must_prove(conn: Conn, typed: str, *, vault: Vault, by: Actor, at: datetime) -> None:
    """By a code, where there is a second factor. Raises Invalid, as above."""
    if (await factors.factor_of(conn, by.viewer.id)).bound_at is None:
        return
    verdict = await factors.prove(conn, by.viewer.id, typed, vault=vault, at=at)
    if not verdict.way:
        raise Invalid({"code": verdict.sentence})


async def _counted(conn: Conn, field: str, *, by: Actor, at: datetime, device: str) -> Attempt:
    # Of many at the same moment, each would see none of the others' tries.
    if not await try_hold_part(conn, Lock.PROVING, str(by.viewer.id)):
        raise Invalid({field: _BUSY})
    attempt = await announce(conn, login=by.viewer.login, origin=by.origin, at=at, device=device)
    if refused := await must_wait(conn, attempt, origin=by.origin, at=at, worked=True):
        raise Invalid({field: refused.sentence})
    return attempt
