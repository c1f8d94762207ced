"""Who is calling: a session's cookie or a bearer token, one statement each."""

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, func, literal_column, select, true, union

from app.access.models import ApiToken, KnownDevice, SecondFactor, SignInAttempt, SignInRules, User, UserSession
from app.access.rules import PAIR_LIMIT, WINDOW, Failure, token_hash
from app.access.sight import look_as
from app.access.standing import opens
from app.access.terms import SYSTEM, Actor, Origin, Power, Role, Viewer
from app.audit.models import AuditEvent
from app.db import Conn
from app.outbox.models import OutboxMessage
from app.outbox.terms import Channel
from app.statements import Kept

VIEWER = (
    User.id,
    User.login,
    User.name,
    User.role,
    User.scope,
    User.firm_id,
    User.unit,
    User.must_change_password,
    User.carrier_id,
    User.power,
)
MANY_UNREAD = 100  # counted no further: a page says 99+
# Beside the session, so that no page pays a round trip for it.
_UNREAD = (
    select(func.count())
    .select_from(
        select(literal_column("1"))
        .where(
            OutboxMessage.user_id == User.id,
            OutboxMessage.read_at.is_(None),
            OutboxMessage.channel == literal_column(f"'{Channel.INBOX.value}'"),
        )
        .limit(MANY_UNREAD)
        .correlate(User)
        .subquery()
    )
    .scalar_subquery()
    .label("unread")
)
# The database is told in the same statement: no page pays a round trip for that.
LOOKS = look_as(User.role, User.scope, User.firm_id, User.carrier_id)
_SESSION = Kept(
    select(*VIEWER, UserSession.seen_at, _UNREAD, LOOKS)
    .join(User, User.id == UserSession.user_id)
    .where(
        UserSession.token_hash == bindparam("hash"),
        UserSession.revoked_at.is_(None),
        UserSession.expires_at > bindparam("at"),
        UserSession.seen_at > bindparam("idle_since"),
        opens(bindparam("at")),
    ),
    looks=True,
)
_TOKEN = Kept(
    select(*VIEWER, ApiToken.used_at, ApiToken.read_only, LOOKS)
    .select_from(ApiToken)
    .join(User, User.id == ApiToken.user_id)
    .where(
        ApiToken.token_hash == bindparam("hash"),
        ApiToken.revoked_at.is_(None),
        ApiToken.expires_at > bindparam("at"),
        opens(bindparam("at")),
    ),
    looks=True,
)


_COUNTED = 500  # failures of an address: the work that it is asked for grows no further


@dataclass(frozen=True, slots=True)
class SignedIn:
    viewer: Viewer
    session_id: str
    seen_at: datetime | None  # None: a token that was never used
    unread: int = 0  # messages in the house, up to MANY_UNREAD
    read_only: bool = False  # a program's token that writes nothing


# Whoever does one of these to an account can sign in as it until the person has chosen a password of their own.
_HANDLING = ("user:record:created", "user:password:reset", "user:identity:linked")


async def handled_by(conn: Conn, user_id: uuid.UUID, people: Collection[uuid.UUID], *, since: datetime) -> str:
    """From the trail: through whose hand the account went since then, where that hand leads to one of `people`, or
    nothing. Who opened an account can sign in as it and open the next: a chain of them is one hand.
    """
    e = AuditEvent
    query = select(e.actor_id, e.object_id, e.actor_name).where(e.action.in_(_HANDLING), e.at >= since).order_by(e.at)
    hands = [(actor, uuid.UUID(account), name) for actor, account, name in await conn.execute(query) if actor]
    hands = [hand for hand in hands if hand[0] != SYSTEM.viewer.id]
    known, near = set[uuid.UUID](), set(people)
    while not near <= known:
        known |= near
        near = {one for actor, account, _ in hands if known & {actor, account} for one in (actor, account)}
    if user_id not in known:
        return ""
    return next((name for actor, account, name in reversed(hands) if user_id in (actor, account)), "")


def viewer_of(row: Any) -> Viewer:
    return Viewer(
        row.id,
        row.login,
        row.name,
        Role(row.role),
        row.scope,
        row.firm_id,
        row.unit,
        row.must_change_password,
        row.carrier_id,
        Power(row.power),
    )


def owner_of(user: Mapping[str, Any], origin: Origin) -> Actor:
    """The person of an account's row at the door, before there is a session."""
    role, power = Role(user["role"]), Power(user["power"])
    return Actor(Viewer(user["id"], user["login"], user["name"], role, power=power), origin)


async def signed_in_by_cookie(conn: Conn, token: str, *, at: datetime, idle: timedelta) -> SignedIn | None:
    key = token_hash(token)
    given = {"hash": key, "at": at, "idle_since": at - idle, "lasting": conn.lasting}
    row = (await conn.execute(_SESSION, given)).one_or_none()
    return SignedIn(viewer_of(row), key.hex()[:12], row.seen_at, row.unread) if row else None


async def signed_in_by_bearer(conn: Conn, token: str, *, at: datetime) -> SignedIn | None:
    key = token_hash(token)
    row = (await conn.execute(_TOKEN, {"hash": key, "at": at, "lasting": conn.lasting})).one_or_none()
    if row is None:
        return None
    # A program has no password to change: that the person's is for once only is asked of whoever signs in with it.
    viewer = replace(viewer_of(row), must_change_password=False)
    return SignedIn(viewer, f"token:{key.hex()[:12]}", row.used_at, read_only=row.read_only)


async def recent_failures(
    conn: Conn, *, login: str, ip: str, at: datetime, device: bytes | None = None, besides: uuid.UUID | None = None
) -> list[Failure]:
    """The newest that count for this account here: a flood from elsewhere, or of others, hides none of them."""
    a = SignInAttempt
    of_address, mine = a.ip == ip, a.login == login
    kinds = [(of_address, _COUNTED), (of_address & mine, PAIR_LIMIT)]
    if device:
        kinds.append((mine & (a.device == device), PAIR_LIMIT))
    these = (a.at > at - WINDOW, ~a.succeeded, *((a.id != besides,) if besides else ()))
    newest = (
        select(a.id, a.at, a.login, a.ip, a.device).where(*these, kind).order_by(a.at.desc()).limit(most)
        for kind, most in kinds
    )
    found = await conn.execute(union(*(select(one.subquery()) for one in newest)))
    return [Failure(*row) for _, *row in found]


async def known_device(conn: Conn, login: str, device: str) -> bytes | None:
    """As it is kept, when this account has been signed in from there before."""
    d = KnownDevice
    query = select(d.token_hash).join(User, User.id == d.user_id)
    query = query.where(User.login == login, d.token_hash == token_hash(device))
    return (await conn.execute(query)).scalar_one_or_none() if device else None


_ASKED = (SignInRules.factor_roles, SignInRules.one_session, SignInRules.profile)


async def sign_in_record(conn: Conn, login: str) -> Any:
    """The account, whether it has a second factor, and what signing in asks of everybody: one statement."""
    factor = SecondFactor.secret.is_not(None).label("has_factor")
    query = (
        select(User.__table__, factor, *_ASKED)
        .join_from(User, SecondFactor, SecondFactor.user_id == User.id, isouter=True)
        .join(SignInRules, true(), isouter=True)
        .where(User.login == login)
    )
    return (await conn.execute(query)).mappings().one_or_none()


async def user_by_login(conn: Conn, login: str) -> Any:
    return (await conn.execute(select(User.__table__).where(User.login == login))).mappings().one_or_none()


async def user_by_id(conn: Conn, user_id: uuid.UUID) -> Any:
    return (await conn.execute(select(User.__table__).where(User.id == user_id))).mappings().one_or_none()
