"""What every step leaves behind: a line in the trail, and of a tenancy its interval as it stands from then on."""

import uuid
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import insert
from sqlalchemy.dialects.postgresql import Range

from app.access.terms import Actor
from app.audit.service import event_row, record
from app.carriers.models import TenancyEventRow
from app.carriers.stay_terms import Happening
from app.db import Conn, new_id


async def trace(
    conn: Conn,
    carrier: tuple[uuid.UUID, str],
    action: str,
    said: Mapping[str, Any],
    *,
    by: Actor,
    at: datetime,
    before: Mapping[str, Any] | None = None,
) -> None:
    """`carrier`: its id and name."""
    await record(conn, event_of(carrier, action, said, by=by, at=at, before=before))


def event_of(
    carrier: tuple[uuid.UUID, str],
    action: str,
    said: Mapping[str, Any],
    *,
    by: Actor,
    at: datetime,
    before: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    return event_row(
        f"carrier:{action}",
        by=by,
        at=at,
        object_type="carrier",
        object_id=carrier[0],
        object_label=carrier[1],
        before=_plain(before) if before is not None else None,
        after=_plain(said),
    )


def _plain(said: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v if isinstance(v, int) else str(v) for k, v in said.items() if v is not None and v != ""}


def span(since: date, until: date | None) -> Range[date]:
    """Both days inclusive, as people write a lease; stored up to the day after."""
    return Range(since, until + timedelta(days=1) if until else None)


def never() -> Range[date]:
    return Range(empty=True)


async def note(
    conn: Conn,
    tenancy_id: uuid.UUID,
    carrier_id: uuid.UUID,
    kind: Happening,
    during: Range[date],
    *,
    is_open: bool = True,
    reason: str = "",
    detail: Mapping[str, Any] | None = None,
    by: Actor,
    at: datetime,
) -> None:
    row = {
        "id": new_id(),
        "tenancy_id": tenancy_id,
        "carrier_id": carrier_id,
        "kind": kind.value,
        "during": during,
        "open": is_open,
        "reason": reason,
        "detail": _plain(detail or {}),
        "actor_id": by.viewer.id if by.viewer.login else None,
        "actor_name": by.viewer.name,
        "at": at,
    }
    await conn.execute(insert(TenancyEventRow).values(row))
