"""What every step of the work leaves behind: a line in the firm's trail, and word to whoever has something to do."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from app.access.terms import Actor
from app.audit.service import event_row, record
from app.db import Conn
from app.firms.following import followers
from app.firms.terms import FirmDetail
from app.outbox.writing import notice, post


async def trace(
    conn: Conn,
    firm: FirmDetail,
    action: str,
    said: Mapping[str, Any],
    *,
    by: Actor,
    at: datetime,
    before: Mapping[str, Any] | None = None,
) -> None:
    await record(conn, trace_row(firm, action, said, by=by, at=at, before=before))


def trace_row(
    firm: FirmDetail,
    action: str,
    said: Mapping[str, Any],
    *,
    by: Actor,
    at: datetime,
    before: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    return event_row(
        f"firm:{action}",
        by=by,
        at=at,
        object_type="firm",
        object_id=firm.id,
        object_label=firm.name,
        before=_plain(before) if before is not None else None,
        after=_plain(said),
    )


def _plain(said: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value if isinstance(value, int) else str(value) for name, value in said.items() if value is not None}


async def tell(
    conn: Conn,
    firm: FirmDetail,
    given: Sequence[tuple[uuid.UUID | None, str, str]],
    *,
    by: Actor,
    at: datetime,
) -> None:
    """(whom, which thing in which version, what it is): what one gives oneself is no news."""
    rows = [
        notice(
            "work_given",
            which,
            to=whom,
            subject=f"{by.viewer.name} 交给您：{firm.name}，{what}",
            at=at,
            uscc=firm.uscc,
        )
        for whom, which, what in given
        if whom is not None and whom != by.viewer.id
    ]
    await post(conn, *rows)


async def tell_followers(
    conn: Conn, firm: FirmDetail, said: str, *, key: str, page: str, know: Sequence[uuid.UUID | None], at: datetime
) -> None:
    """Once each; `know`: who has written it, or has been told already."""
    subject = f"您关注的 {firm.name} {said}"
    found = await followers(conn, [firm.id], but=know)
    await post(conn, *(notice("followed", key, to=i, subject=subject, at=at, page=page) for _, i in found))
