"""A list of services, events, mentors or investments brought in: what is known by day, title and holder is set right,
everything else is a new line."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from app.access.terms import Actor
from app.carriers.log_terms import LogEntry, LogKind, LogLine
from app.carriers.logs import logs_of
from app.carriers.noting import add_log, amend_log
from app.carriers.queries import lock_carrier
from app.carriers.terms import Carrier
from app.db import Conn
from app.errors import AppError, Invalid, NotFound
from app.exchange.terms import LineResult, RowOutcome

Same = tuple[date, str, UUID | None]


@dataclass(frozen=True, slots=True)
class LogReaders:
    """Which line a row is about; and what it says, with what is known already in the place of what it leaves empty.
    Raise Invalid by field."""

    same: Callable[[Mapping[str, Any]], Same]
    entry: Callable[[Mapping[str, Any], LogLine | None], LogEntry]


_EVERY = 100_000


async def bring_logs(
    conn: Conn,
    carrier: Carrier,
    kind: LogKind,
    rows: Sequence[tuple[int, Mapping[str, Any], str]],
    read: LogReaders,
    *,
    by: Actor,
    at: datetime,
) -> list[LineResult]:
    """`rows`: number, cells, and what of them cannot be read. A wrong row writes nothing; whether the others stay is
    the caller's. Under the carrier's lock, so that two lists of one carrier come one after the other."""
    held = await lock_carrier(conn, carrier.id, viewer=by.viewer)
    if held is None:
        raise NotFound
    known = await logs_of(conn, held.id, kind, since=date.min, until=date.max, limit=_EVERY)
    lines: dict[Same, LogLine] = {(one.on, one.title, one.holder): one for one in known}
    results, seen = [], dict[Same, int]()
    for number, raw, fault in rows:
        try:
            if fault:
                raise Invalid({"file": fault})
            same = read.same(raw)
            if earlier := seen.setdefault(same, number) != number and seen[same]:
                raise Invalid({"title": f"与第 {earlier} 行是同一条记录。"})
            async with conn.begin_nested():
                outcome = await _one(conn, held, raw, lines.get(same), read, by=by, at=at)
            said = ""
        except AppError as error:
            said = "".join(error.fields.values()) if isinstance(error, Invalid) else error.sentence
            outcome = RowOutcome.REJECTED
        results.append(LineResult(number, str(raw.get("title") or ""), str(raw.get("holder") or ""), outcome, said))
    return results


async def _one(
    conn: Conn,
    carrier: Carrier,
    raw: Mapping[str, Any],
    held: LogLine | None,
    read: LogReaders,
    *,
    by: Actor,
    at: datetime,
) -> RowOutcome:
    if held is None:
        await add_log(conn, carrier, read.entry(raw, None), by=by, at=at)
        return RowOutcome.CREATED
    again = read.entry(raw, held)
    done = await amend_log(conn, carrier, held.id, again, version=held.version, by=by, at=at)
    return RowOutcome.UPDATED if done else RowOutcome.UNCHANGED
