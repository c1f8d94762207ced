"""One row an act, written in the act's own transaction: a write that cannot be audited does not happen."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import insert

from app.audit.models import AuditEvent
from app.db import Conn, new_id
from app.personal.masking import without_numbers


class Who(Protocol):
    """What the trail needs to know of an actor; `app.access.terms.Actor` offers it."""

    @property
    def audit_fields(self) -> Mapping[str, Any]: ...


def event_row(
    action: str,
    *,
    by: Who,
    at: datetime,
    object_type: str,
    object_id: UUID | str,
    object_label: str = "",
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    succeeded: bool = True,
) -> dict[str, Any]:
    return {
        "id": new_id(),
        "at": at,
        "action": action,
        "object_type": object_type,
        "object_id": str(object_id),
        "object_label": object_label,
        "before": without_numbers(before) if before is not None else None,
        "after": without_numbers(after) if after is not None else None,
        "succeeded": succeeded,
        **by.audit_fields,
    }


async def record(conn: Conn, *rows: Mapping[str, Any]) -> None:
    if rows:
        await conn.execute(insert(AuditEvent), list(rows))
