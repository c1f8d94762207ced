"""A list of services, events, mentors or investments brought in: what is known by day, title and holder is set right,
everything else is a new line. However many rows, it takes a handful of statements."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from app.access.terms import Actor
from app.carriers.log_terms import Holder, LogEntry, LogKind, LogLine
from app.carriers.logs import Known, known_of, logs_of
from app.carriers.noting import add_logs, amend_logs, checked, entry_of
from app.carriers.queries import lock_carrier
from app.carriers.terms import Carrier
from app.clock import business_day
from app.db import Conn
from app.errors import AppError, Invalid, NotFound
from app.exchange.terms import LineResult, RowOutcome, plain

Same = tuple[date, str, UUID | None]


@dataclass(frozen=True, slots=True)
class LogReaders:
    """Which line a row is about; and what it says, with what is known already in the place of what it leaves empty.
    Raise Invalid by field."""

    same: Callable[[Mapping[str, Any], Known], Same]
    entry: Callable[[Mapping[str, Any], Known, LogLine | None], LogEntry]


_EVERY = 100_000


@dataclass
class _Run:
    known: Known
    lines: Mapping[Same, LogLine]
    today: date
    read: LogReaders
    seen: dict[Same, int] = field(default_factory=dict)

    def one(
        self, number: int, raw: Mapping[str, Any], fault: str
    ) -> tuple[RowOutcome, LogLine | None, LogEntry, Holder | None]:
        """Raises AppError."""
        if fault:
            raise Invalid({"file": fault})
        same = self.read.same(raw, self.known)
        if earlier := self.seen.setdefault(same, number) != number and self.seen[same]:
            raise Invalid({"title": f"与第 {earlier} 行是同一条记录。"})
        held = self.lines.get(same)
        entry = self.read.entry(raw, self.known, held)
        if held is not None and entry_of(held) == entry:
            return RowOutcome.UNCHANGED, held, entry, None
        outcome = RowOutcome.UPDATED if held else RowOutcome.CREATED
        return outcome, held, entry, checked(entry, self.known, today=self.today)

    def named(self, raw: Mapping[str, Any]) -> tuple[str, str]:
        """The day and what it was, and for whom: by name where the row has the code of one of the carrier's own."""
        try:
            on, title, holder = self.read.same(raw, self.known)
        except AppError:
            return f"{raw.get('on') or ''} {raw.get('title') or ''}".strip(), str(raw.get("holder") or "")
        return f"{on} {title}", next((h.name for h in self.known.holders if h.id == holder), "")


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
    lines = await logs_of(conn, held.id, kind, since=date.min, until=date.max, limit=_EVERY)
    same = {(one.on, one.title, one.holder): one for one in lines}
    run = _Run(await known_of(conn, held.id), same, business_day(at), read)
    results: list[LineResult] = []
    new: list[tuple[int, LogEntry, Holder | None]] = []
    amended: list[tuple[int, LogLine, LogEntry, Holder | None]] = []
    for number, raw, fault in rows:
        faults: Mapping[str, str] = {}
        said = ""
        try:
            outcome, line, entry, holder = run.one(number, raw, fault)
        except AppError as error:
            outcome, faults = RowOutcome.REJECTED, error.fields if isinstance(error, Invalid) else {}
            said = "".join(faults.values()) or error.sentence
        else:
            if outcome is RowOutcome.CREATED:
                new.append((len(results), entry, holder))
            elif outcome is RowOutcome.UPDATED and line is not None:
                amended.append((len(results), line, entry, holder))
        results.append(LineResult(number, *run.named(raw), outcome, said, faults))
    made = await add_logs(conn, held, [(entry, holder) for _, entry, holder in new], by=by, at=at)
    await amend_logs(conn, held, [(line, entry, holder) for _, line, entry, holder in amended], by=by, at=at)
    for (place, _, _), log_id in zip(new, made, strict=True):
        results[place] = results[place].doing({"log": str(log_id), "version": 1})
    for place, line, _, _ in amended:
        deed = {"log": str(line.id), "was": line.version, "version": line.version + 1, "before": _before(line)}
        results[place] = results[place].doing(deed)
    return results


def _before(line: LogLine) -> dict[str, Any]:
    return plain({name: getattr(line, name) for name in LogEntry.__dataclass_fields__})
