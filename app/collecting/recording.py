"""What every step of a collection leaves in the trail of its carrier; what a firm says is in the firm's own."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.access.terms import Actor
from app.audit.service import event_row, record
from app.collecting.terms import Round
from app.db import Conn


async def trace(conn: Conn, held: Round, action: str, said: Mapping[str, Any], *, by: Actor, at: datetime) -> None:
    row = event_row(
        f"carrier:collection:{action}",
        by=by,
        at=at,
        object_type="carrier",
        object_id=held.carrier_id,
        object_label=held.carrier_name,
        after={"period": held.period.label, **{k: v for k, v in said.items() if v not in ("", None)}},
    )
    await record(conn, row)
