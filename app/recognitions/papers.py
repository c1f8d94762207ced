"""The evidence of a title changes: who is verifying it has seen another, and what was verified is verified again."""

import uuid
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select, update

from app.access.terms import Actor
from app.db import Conn
from app.firms.queries import firm_by_id
from app.recognitions import queries, rights
from app.recognitions.claiming import claim
from app.recognitions.models import Certificate, IpRightRow, TitleClaim
from app.recognitions.terms import ClaimKind, ClaimState


async def held_body(
    conn: Conn, firm_id: uuid.UUID, kind: ClaimKind, object_id: uuid.UUID, *, today: date
) -> Mapping[str, Any] | None:
    """What the ledger says of it now."""
    if kind is ClaimKind.IP_RIGHT:
        return next((rights.body_of(r) for r in await rights.rights_of(conn, firm_id) if r.id == object_id), None)
    held = await queries.held_by(conn, firm_id, today=today)
    return next((queries.body_of(c) for c in held if c.id == object_id), None)


async def named_in_ledger(
    conn: Conn, firm_id: uuid.UUID, kind: ClaimKind, object_id: uuid.UUID
) -> Mapping[str, Any] | None:
    """All that a claim says that brings nothing but more to see."""
    model: Any = Certificate if kind is ClaimKind.CERTIFICATE else IpRightRow
    query = select(model.kind, model.number).where(model.id == object_id, model.firm_id == firm_id)
    row = (await conn.execute(query)).one_or_none()
    return {"kind": row.kind, "number": row.number} if row else None


async def papers_changed(
    conn: Conn, firm_id: uuid.UUID, kind: ClaimKind, object_id: uuid.UUID, *, added: bool, by: Actor, at: datetime
) -> None:
    """In the transaction of the change. What is taken off was never verified, so that alone asks nobody to look again.

    Raises Conflict, Refused as a claim does.
    """
    c = TitleClaim
    waiting = (func.coalesce(c.target_id, c.id) == object_id, c.kind == kind.value, c.state == ClaimState.WAITING.value)
    seen = update(c).where(*waiting).values(version=c.version + 1).returning(c.id)
    if (await conn.execute(seen)).first() or not added:
        return
    firm = await firm_by_id(conn, firm_id, viewer=by.viewer)
    named = await named_in_ledger(conn, firm_id, kind, object_id)
    if firm is not None and named is not None:
        await claim(conn, firm, kind, named, target=object_id, by=by, at=at)


async def hold_waiting(conn: Conn, object_id: uuid.UUID) -> None:
    """It is not verified until what is done with its evidence is over; and one who is deciding just now comes first."""
    c = TitleClaim
    query = select(c.id).where(func.coalesce(c.target_id, c.id) == object_id, c.state == ClaimState.WAITING.value)
    await conn.execute(query.with_for_update())
