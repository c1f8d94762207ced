"""A firm's accounts, the invitations that are open, and who asks for an account."""

import uuid
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import any_, cast, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Uuid

from app.access.models import User
from app.access.rules import token_hash
from app.access.sight import beyond_sight
from app.access.terms import TOWN_DIGITS, Role, Viewer
from app.clerks.models import ClerkInvitation, ClerkRequest
from app.clerks.terms import AskedState, Clerk, Invitation, Request
from app.db import Conn
from app.firms.filtering import visible_to
from app.firms.models import Firm
from app.sealed import shown
from app.vault import Vault

Of = TypeVar("Of", Clerk, Invitation, Request)
_CLERK = (User.id, User.login, User.name, User.email, User.signatory, User.last_sign_in_at)
_INVITATION: tuple[Any, ...] = tuple(
    Firm.name if name == "firm_name" else getattr(ClerkInvitation, name) for name in Invitation.__dataclass_fields__
)
_REQUEST: tuple[Any, ...] = tuple(
    Firm.name if name == "firm_name" else getattr(ClerkRequest, name) for name in Request.__dataclass_fields__
)


async def clerks_of(conn: Conn, firm_id: uuid.UUID) -> list[Clerk]:
    """Those who can sign in, the signatory first."""
    query = (
        select(*_CLERK)
        .where(User.firm_id == firm_id, User.role == Role.FIRM.value, User.active)
        .order_by(User.signatory.desc(), User.created_at, User.id)
    )
    vault = conn.vault
    found: Any = await conn.execute(query)
    return [_opened(vault, "users", Clerk(*row)) for row in found]


async def clerk_ids_of(conn: Conn, firms: Collection[uuid.UUID]) -> dict[uuid.UUID, list[uuid.UUID]]:
    """By firm, those who can sign in."""
    mine = User.firm_id == any_(cast(list(firms), ARRAY(Uuid())))
    query = select(User.firm_id, User.id).where(mine, User.role == Role.FIRM.value, User.active).order_by(User.id)
    found: dict[uuid.UUID, list[uuid.UUID]] = {}
    rows: Any = await conn.execute(query)
    for firm_id, user_id in rows:
        found.setdefault(firm_id, []).append(user_id)
    return found


async def invitations_of(conn: Conn, firm_id: uuid.UUID, *, at: datetime) -> list[Invitation]:
    """Those that still open an account, newest first."""
    query = _invitations().where(ClerkInvitation.firm_id == firm_id, *_open(at))
    vault = conn.vault
    found = await conn.execute(query.order_by(ClerkInvitation.created_at.desc()))
    return [_opened(vault, "clerk_invitations", Invitation(*row)) for row in found]


async def invitation_by_token(conn: Conn, token: str, *, at: datetime) -> Invitation | None:
    """None for a token that was never given, was used, was revoked or is too old: nobody is told which."""
    query = _invitations().where(ClerkInvitation.token_hash == token_hash(token), *_open(at))
    async with beyond_sight(conn):  # whoever has the link is nobody yet
        row = (await conn.execute(query)).one_or_none()
    return _opened(conn.vault, "clerk_invitations", Invitation(*row)) if row else None


def _invitations() -> Any:
    return select(*_INVITATION).join(Firm, Firm.id == ClerkInvitation.firm_id)


def _open(at: datetime) -> tuple[Any, ...]:
    i = ClerkInvitation
    return (i.used_at.is_(None), i.revoked_at.is_(None), i.expires_at > at)


async def waiting_requests(conn: Conn, *, viewer: Viewer) -> list[Request]:
    """Oldest first. Those whose code is in no registry are shown to who registers firms for the whole county."""
    query = _requests(viewer).where(ClerkRequest.state == AskedState.WAITING.value).order_by(ClerkRequest.created_at)
    async with beyond_sight(conn):
        return [_request(row, conn.vault) for row in await conn.execute(query.limit(200))]


async def request_by_id(conn: Conn, request_id: uuid.UUID, *, viewer: Viewer) -> Request | None:
    query = _requests(viewer).where(ClerkRequest.id == request_id).with_for_update(of=ClerkRequest.__table__)
    async with beyond_sight(conn):
        row = (await conn.execute(query)).one_or_none()
    return _request(row, conn.vault) if row else None


def _requests(viewer: Viewer) -> Any:
    """Looks past the policies: a firm that is out of sight would be one that is in no registry."""
    sight = visible_to(viewer)
    if len(viewer.scope) < TOWN_DIGITS:
        sight = or_(sight, Firm.id.is_(None))
    return select(*_REQUEST).outerjoin(Firm, Firm.uscc == ClerkRequest.uscc).where(sight)


def _request(row: Any, vault: Vault) -> Request:
    named = dict(zip(Request.__dataclass_fields__, row, strict=True))
    request = _opened(vault, "clerk_requests", Request(**{**named, "state": AskedState(named["state"])}))
    return replace(request, phone=shown(vault, request.phone, column="clerk_requests.phone", row=request.id))


def _opened(vault: Vault, table: str, one: Of) -> Of:
    return replace(one, email=shown(vault, one.email or "", column=f"{table}.email", row=one.id))
