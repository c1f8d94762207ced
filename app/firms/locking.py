"""Firms under lock: many by their codes, for imports, what is out of sight only as a fact; or one against a merge."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import any_, bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Text, Uuid

from app.access.terms import Viewer
from app.db import Conn
from app.errors import NotFound
from app.firms.filtering import visible_to
from app.firms.models import Firm
from app.firms.queries import details
from app.firms.terms import FirmDetail


@dataclass(frozen=True, slots=True)
class Known:
    firms: dict[str, FirmDetail]
    hidden: frozenset[str]  # codes that are registered where the viewer cannot see them


async def known_by_code(conn: Conn, codes: Sequence[str], *, viewer: Viewer, lock: bool = False) -> Known:
    """With `lock` nobody else can change or move the firms until the transaction ends."""
    wanted = Firm.uscc == any_(bindparam("codes", type_=ARRAY(Text())))
    given = {"codes": list(codes)}
    if lock:
        # In the order of codes, so that two that lock many firms cannot wait for each other.
        held = select(Firm.id).where(wanted, visible_to(viewer)).order_by(Firm.uscc).with_for_update(key_share=True)
        await conn.execute(held, given)
    # Most rows of a first roster are of firms that nobody knows yet: one look at an index says so.
    found = {
        r.uscc: r.seen
        for r in await conn.execute(select(Firm.uscc, visible_to(viewer).label("seen")).where(wanted), given)
    }
    seen = {"codes": [code for code, visible in found.items() if visible]}
    firms = {f.uscc: f for f in await details(conn, wanted, parameters=seen)} if seen["codes"] else {}
    return Known(firms, frozenset(found.keys() - firms.keys()))


async def lock_by_id(conn: Conn, ids: Sequence[uuid.UUID], *, viewer: Viewer) -> dict[uuid.UUID, FirmDetail]:
    wanted = Firm.id == any_(bindparam("ids", type_=ARRAY(Uuid())))
    given = {"ids": list(ids)}
    held = select(Firm.id).where(wanted, visible_to(viewer)).order_by(Firm.uscc).with_for_update()
    await conn.execute(held, given)
    return {f.id: f for f in await details(conn, wanted, visible_to(viewer), parameters=given)}


async def as_it_stands(conn: Conn, firm: FirmDetail) -> FirmDetail:
    """With the status it has once a merge that is under way has ended; none begins before the transaction does.

    The weakest lock that a merge waits for: two who write about one firm do not wait for each other.
    """
    held = select(Firm.status).where(Firm.id == firm.id).with_for_update(read=True, key_share=True)
    status = (await conn.execute(held)).scalar_one_or_none()
    if status is None:
        raise NotFound
    return replace(firm, status=status)
