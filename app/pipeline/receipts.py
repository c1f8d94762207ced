"""A move's receipt: what was decided, by whom, and what the house knew at that moment."""

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Uuid, bindparam, select

from app.access.terms import Viewer
from app.db import Conn
from app.firms.filtering import Sight, in_sight, sight_of, sight_values
from app.firms.models import Firm
from app.pipeline.models import Move, MoveRequest
from app.pipeline.terms import MoveKind
from app.statements import Kept


@dataclass(frozen=True, slots=True)
class Receipt:
    """`asked_at` where a second person had to say yes; `assessment` as it was kept, which may be nothing."""

    id: uuid.UUID
    uscc: str
    firm_name: str
    region_code: str
    from_tier: str | None
    to_tier: str | None
    kind: MoveKind
    effective_on: date
    recorded_at: datetime
    actor_name: str
    approver_name: str | None
    reason: str
    override_reason: str | None
    assessment: dict[str, Any]
    asked_at: datetime | None


async def receipt_of(conn: Conn, move_id: uuid.UUID, *, viewer: Viewer) -> Receipt | None:
    """None out of sight, and for what still waits or was refused: only what happened has a receipt."""
    row = (await conn.execute(_receipt(sight_of(viewer)), {**sight_values(viewer), "move_id": move_id})).one_or_none()
    return Receipt(*(*row[:6], MoveKind(row[6]), *row[7:])) if row is not None else None


@lru_cache(maxsize=8)
def _receipt(sight: Sight) -> Kept:
    query = (
        select(
            Move.id,
            Firm.uscc,
            Firm.name,
            Firm.region_code,
            Move.from_tier,
            Move.to_tier,
            Move.kind,
            Move.effective_on,
            Move.recorded_at,
            Move.actor_name,
            Move.approver_name,
            Move.reason,
            Move.override_reason,
            Move.assessment,
            MoveRequest.requested_at,
        )
        .join(Firm, Firm.id == Move.firm_id)
        .outerjoin(MoveRequest, MoveRequest.id == Move.id)
        .where(Move.id == bindparam("move_id", type_=Uuid()), in_sight(sight))
    )
    return Kept(query)
