"""Closing the trail: finished events get a seal, in the order of their numbers. Nobody who writes waits for it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, text

from app.audit.models import AuditSeal
from app.audit.rules import BEGINNING, NOTHING, SEAL_MOST, Entry, Seal, hash_of, packed
from app.db import Conn
from app.locks import Lock, try_hold
from app.statements import Kept

# All that an event says, in one form: JSON in the database's own writing, the moment in microseconds.
_DIGEST = """sha256(convert_to(jsonb_build_array(number, id, (extract(epoch FROM at) * 1000000)::bigint, actor_id,
  actor_name, actor_role, action, object_type, object_id, object_label, before, after, succeeded, ip, session_id,
  request_id)::text, 'UTF8'))"""
_ENTRIES = Kept(
    text(
        f"SELECT number, {_DIGEST} AS digest FROM audit_events WHERE number > :beyond AND number <= :through "  # noqa: S608
        "ORDER BY number LIMIT :rows"
    )
)
_HEAD = text(
    "SELECT number, sealed_at, through, events, digests, former, hash FROM audit_seals ORDER BY number DESC LIMIT 1"
)
_DRAWN = text("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM audit_events_number")


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment of the trail: every number up to `through` was drawn by a transaction older than `before`."""

    through: int
    before: int


async def entries(conn: Conn, *, beyond: int, through: int, rows: int) -> list[Entry]:
    values = {"beyond": beyond, "through": through, "rows": rows}
    return [Entry(number, digest) for number, digest in (await conn.execute(_ENTRIES, values)).all()]


async def head(conn: Conn) -> Seal | None:
    row = (await conn.execute(_HEAD)).first()
    return Seal(*row) if row else None


async def take_mark(conn: Conn) -> Mark | None:
    """None when everything that was drawn is sealed. The number is read before the transaction's id is drawn."""
    drawn: int = (await conn.execute(_DRAWN)).scalar_one()
    last = await head(conn)
    if drawn <= (last.through if last else 0):
        return None
    before: str = (await conn.execute(text("SELECT pg_current_xact_id()::text"))).scalar_one()
    return Mark(drawn, int(before))


async def is_settled(conn: Conn, mark: Mark) -> bool:
    """Whether every transaction that may hold one of the mark's numbers has ended."""
    oldest: str = (await conn.execute(text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text"))).scalar_one()
    return int(oldest) >= mark.before


async def is_foreign(conn: Conn, mark: Mark) -> bool:
    """Whether the mark was taken on another server: this one has not come as far. So it is after a restore."""
    newest: str = (await conn.execute(text("SELECT pg_snapshot_xmax(pg_current_snapshot())::text"))).scalar_one()
    return int(newest) <= mark.before


async def seal_one(conn: Conn, mark: Mark, *, at: datetime) -> Seal | None:
    """The next seal up to a settled mark; None when nothing is left, or another is sealing."""
    if not await try_hold(conn, Lock.SEALING):
        return None
    last = await head(conn)
    number, beyond, former = (last.number, last.through, last.hash) if last else (0, NOTHING, BEGINNING)
    found = await entries(conn, beyond=beyond, through=mark.through, rows=SEAL_MOST)
    if not found:
        return None
    through = found[-1].number if len(found) == SEAL_MOST else mark.through
    digests = packed(found)
    hashed = hash_of(number + 1, at=at, through=through, digests=digests, former=former)
    seal = Seal(number + 1, at, through, len(found), digests, former, hashed)
    await conn.execute(insert(AuditSeal), {name: getattr(seal, name) for name in Seal.__dataclass_fields__})
    return seal


async def waiting(conn: Conn) -> int:
    """How many events have no seal yet."""
    beyond = "coalesce((SELECT max(through) FROM audit_seals), :nothing)"
    query = text(f"SELECT count(*) FROM audit_events WHERE number > {beyond}")  # noqa: S608
    return int((await conn.execute(query, {"nothing": NOTHING})).scalar_one())
