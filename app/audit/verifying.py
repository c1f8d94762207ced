"""Following the chain from its beginning, one seal at a time, to the first thing that is not as it was sealed."""

from dataclasses import dataclass

from sqlalchemy import text

from app.audit.keeping import removed_through
from app.audit.rules import BEGINNING, NOTHING, Fault, Seal, first_difference
from app.audit.sealing import entries, waiting
from app.db import Conn

_NEXT = text(
    "SELECT number, sealed_at, through, events, digests, former, hash FROM audit_seals WHERE number > :after "
    "ORDER BY number LIMIT 1"
)


@dataclass(frozen=True, slots=True)
class Verdict:
    seals: int
    events: int  # that were looked at
    removed_through: int
    head: str  # of the last good seal
    open_events: int = 0  # not sealed yet
    fault: Fault | None = None
    seal: int | None = None  # where the fault is
    event: int | None = None

    @property
    def sentence(self) -> str:
        if self.fault is None:
            return f"审计记录完好：{self.seals} 条封条，{self.events} 条记录，末条封条 {self.head or '（还没有）'}。"
        what = f"第 {self.event} 号记录" if self.event is not None else f"第 {self.seal} 条封条"
        where = f"（在第 {self.seal} 条封条里）" if self.event is not None else ""
        return f"审计记录不完好：{what}{where}{self.fault.label}。"


async def verify(conn: Conn, *, anchor: tuple[int, str] | None = None) -> Verdict:
    """`anchor` is a seal's number and hash as they were written down elsewhere: against one who made all seals anew."""
    removed = await removed_through(conn)
    seals, events, beyond = 0, 0, NOTHING
    former, head = BEGINNING, ""
    while (row := (await conn.execute(_NEXT, {"after": seals})).first()) is not None:
        seal = Seal(*row)
        found = await _fault_of(conn, seal, expected=seals + 1, former=former, beyond=beyond, removed=removed)
        if not found and anchor and anchor[0] == seal.number and anchor[1] != seal.hash.hex():
            found = Fault.ANCHOR, None
        if found:
            return Verdict(seals, events, removed, head, fault=found[0], seal=seal.number, event=found[1])
        seals, beyond, former, head = seal.number, seal.through, seal.hash, seal.head
        events += seal.events if seal.through > removed else 0
    if anchor and anchor[0] > seals:
        return Verdict(seals, events, removed, head, fault=Fault.GAP, seal=anchor[0])
    return Verdict(seals, events, removed, head, await waiting(conn))


async def _fault_of(
    conn: Conn, seal: Seal, *, expected: int, former: bytes, beyond: int, removed: int
) -> tuple[Fault, int | None] | None:
    if seal.number != expected:
        return Fault.GAP, None
    if not seal.right:
        return Fault.SEAL, None
    if seal.former != former or seal.through <= beyond:
        return Fault.LINK, None
    if seal.through <= removed:
        return None
    found = await entries(conn, beyond=beyond, through=seal.through, rows=seal.events + 1)
    return first_difference(seal.entries, found)


async def held(conn: Conn) -> int:
    """How many events a check of the chain looks at."""
    query = text("SELECT coalesce(sum(events), 0) FROM audit_seals WHERE through > :removed")
    return int((await conn.execute(query, {"removed": await removed_through(conn)})).scalar_one())
