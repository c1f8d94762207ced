"""How long the trail is kept. Removing is an act of its own: its record is in the trail before anything goes."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from app.audit.service import Who, event_row, record
from app.config import SHORTEST_TRAIL
from app.db import Conn
from app.locks import Lock, hold

SHORTEST = timedelta(days=SHORTEST_TRAIL)  # the database's own trigger knows the same
REMOVED = "audit:trail:removed"
_BATCH = 5000


async def removed_through(conn: Conn) -> int:
    """The last number of what the trail says has been removed."""
    newest = text("SELECT max((after ->> 'through')::bigint) FROM audit_events WHERE action = :action")
    return int((await conn.execute(newest, {"action": REMOVED})).scalar_one() or 0)


async def decide_removal(conn: Conn, *, keep: timedelta, at: datetime, by: Who) -> None:
    """Writes down what is to go: whole seals, the oldest first, none that was made less than `keep` ago."""
    if keep < SHORTEST:
        raise ValueError("the trail is kept for six months at least")
    await hold(conn, Lock.SEALING)
    already = await removed_through(conn)
    due = text(
        "SELECT number, through, encode(hash, 'hex') AS hash, "
        "(SELECT sum(events) FROM audit_seals e WHERE e.through > :already AND e.number <= s.number) AS events "
        "FROM audit_seals s WHERE sealed_at <= :before AND through > :already "
        "AND NOT EXISTS (SELECT FROM audit_seals y WHERE y.number < s.number AND y.sealed_at > :before) "
        "ORDER BY number DESC LIMIT 1"
    )
    seal = (await conn.execute(due, {"before": at - keep, "already": already})).first()
    if seal is None:
        return
    after: dict[str, Any] = {"seal": seal.number, "through": seal.through, "hash": seal.hash, "count": int(seal.events)}
    event = event_row(
        "audit:trail:removed",
        by=by,
        at=at,
        object_type="audit",
        object_id="trail",
        object_label="审计记录",
        after=after,
    )
    await record(conn, event)


async def remove_some(conn: Conn) -> int:
    """A batch of what was decided on; 0 when nothing of it is left."""
    through = await removed_through(conn)
    if not through:
        return 0
    gone = text(
        "DELETE FROM audit_events WHERE number IN "
        "(SELECT number FROM audit_events WHERE number <= :through ORDER BY number LIMIT :rows)"
    )
    return (await conn.execute(gone, {"through": through, "rows": _BATCH})).rowcount
