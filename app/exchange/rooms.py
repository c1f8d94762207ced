"""A carrier's list brought in: a row is a room, and whoever is in it. By the house's own acts, one after the other."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from app.access.terms import Actor, Role
from app.carriers.letting import change, renew
from app.carriers.place_rules import Place, place_key
from app.carriers.proposal_terms import ProposalState
from app.carriers.proposals import named_inside, proposals_of
from app.carriers.queries import lock_carrier, space_of, spaces_of
from app.carriers.spaces import add_space, amend_space, joined_places
from app.carriers.stay_terms import Lease, Tenancy, Terms
from app.carriers.tenancies import taken
from app.carriers.terms import Carrier, Space, SpaceEntry
from app.clock import business_day
from app.db import Conn
from app.errors import AppError, Invalid, NotFound, Refused
from app.exchange.terms import LineResult, RowOutcome, plain
from app.incubation.asking import propose
from app.incubation.entering import enter
from app.policy.policies import Policies

_UNHELD = frozenset({ProposalState.WAITING, ProposalState.REFUSED})


@dataclass(frozen=True, slots=True)
class RoomLine:
    number: int
    place: Place
    raw: Mapping[str, Any]
    fault: str = ""  # a cell that cannot be read at all


@dataclass(frozen=True, slots=True)
class Readers:
    """What a row says, with what is known already in the place of what it leaves empty. Raise Invalid by field."""

    space: Callable[[Mapping[str, Any], Space | None], SpaceEntry]
    lease: Callable[[Mapping[str, Any], uuid.UUID], Lease | None]
    again: Callable[[Mapping[str, Any], Tenancy], Lease]
    ground: Callable[[Mapping[str, Any]], str]  # on which one is let in whom the conditions of entry do not suit


async def bring(
    conn: Conn,
    carrier: Carrier,
    lines: Sequence[RoomLine],
    readers: Readers,
    *,
    policies: Policies,
    by: Actor,
    at: datetime,
) -> list[LineResult]:
    """Under the carrier's lock, so that two lists of one carrier come one after the other. A wrong row writes nothing;
    whether the others stay is the caller's."""
    held = await lock_carrier(conn, carrier.id, viewer=by.viewer)
    if held is None:
        raise NotFound
    spaces = _by_place(await spaces_of(conn, carrier.id, closed=True))
    run, results = _Run(conn, held, readers, policies, by, at, spaces, {}), []
    for line in lines:
        shown, holder = " ".join(part for part in line.place if part), str(line.raw.get("holder") or "")
        known, faults = dict(run.spaces), dict[str, str]()
        run.deeds = []
        try:
            async with conn.begin_nested():
                outcome, said = await run.one(line)
        except AppError as error:
            run.spaces, run.deeds = known, []  # a room that this row opened is gone with it
            faults = error.fields if isinstance(error, Invalid) else {}
            why = "；".join(error.reasons) if isinstance(error, Refused) else ""
            outcome, said = RowOutcome.REJECTED, "".join(faults.values()) or error.sentence + why
        who = holder or str(line.raw.get("uscc") or "")
        results.append(LineResult(line.number, shown, who, outcome, said, faults, run.deeds))
    names = await named_inside(conn, held.id, [result.who for result in results if len(result.who) == 18])
    return [replace(result, who=names.get(result.who.upper(), result.who)) for result in results]


@dataclass
class _Run:
    conn: Conn
    carrier: Carrier
    readers: Readers
    policies: Policies
    by: Actor
    at: datetime
    spaces: dict[Place, Space]
    seen: dict[tuple[Any, ...], int]
    deeds: list[Mapping[str, Any]] = field(default_factory=list)  # of the row at hand

    async def one(self, line: RoomLine) -> tuple[RowOutcome, str]:
        if line.fault:
            raise Invalid({"file": line.fault})
        first, room, room_id = await self._room(line)
        second, said = await self._lease(line, room_id)
        both = {first, second}
        outcome = next((o for o in (RowOutcome.CREATED, RowOutcome.UPDATED) if o in both), RowOutcome.UNCHANGED)
        return outcome, "；".join(part for part in (room, said) if part)

    async def _room(self, line: RoomLine) -> tuple[RowOutcome, str, uuid.UUID]:
        """As it is kept, however the list spells it."""
        held = self.spaces.get(line.place) or self.spaces.get(place_key(*line.place))
        entry = self.readers.space(line.raw, held)
        if held is None:
            made = await add_space(self.conn, self.carrier, entry, by=self.by, at=self.at)
            self.deeds.append({"space": str(made), "version": 1})
            opened = await space_of(self.conn, self.carrier.id, made)
            assert opened is not None
            self.spaces = self.spaces | _by_place([opened])
            return RowOutcome.CREATED, "新增房间" if entry.opened_on else "新增房间（一直就有）", made
        entry = replace(entry, building=held.building, floor=held.floor, room=held.room)
        done = await amend_space(self.conn, self.carrier, held.id, entry, version=held.version, by=self.by, at=self.at)
        if done:
            before = plain({name: getattr(held, name) for name in SpaceEntry.__dataclass_fields__})
            self.deeds.append(_changed("space", held.id, held.version, held.version + 1, before=before))
            self.spaces = _by_place(await spaces_of(self.conn, self.carrier.id, closed=True))
        called = place_key(*line.place) == place_key(held.building, held.floor, held.room)
        said = [*([] if called else [f"已合并，即 {held.place}"]), *(["改房间资料"] if done else [])]
        return RowOutcome.UPDATED if done else RowOutcome.UNCHANGED, "，".join(said), held.id

    async def _lease(self, line: RoomLine, space_id: uuid.UUID) -> tuple[RowOutcome, str]:
        lease = self.readers.lease(line.raw, space_id)
        if lease is None:
            return RowOutcome.UNCHANGED, ""
        who = (space_id, lease.uscc or (lease.team.name if lease.team else ""), lease.since)
        if earlier := self.seen.setdefault(who, line.number) != line.number and self.seen[who]:
            raise Invalid({"room": f"与第 {earlier} 行是同一份租约。"})
        there = await taken(self.conn, space_id, since=lease.since, until=lease.since)
        held = next((t for t in there if (t.since, t.uscc or t.team_name) == (lease.since, who[1])), None)
        if held is not None:
            return await self._again(held, self.readers.again(line.raw, held))
        if lease.uscc and self.by.viewer.role is Role.CARRIER:
            return await self._propose(lease)
        ground = self.readers.ground(line.raw)
        made = await enter(
            self.conn, self.carrier, lease, ground=ground, policies=self.policies, by=self.by, at=self.at
        )
        self.deeds.append({"tenancy": str(made), "version": 1})
        return RowOutcome.CREATED, "办理入驻"

    async def _propose(self, lease: Lease) -> tuple[RowOutcome, str]:
        """What the operator hears is the same whether there is such a firm, and whether it agrees."""
        today = business_day(self.at)
        for p in await proposals_of(self.conn, self.carrier.id):
            waits = p.state in _UNHELD and p.closes_on >= today
            if waits and (p.uscc, p.space_id) == (lease.uscc, lease.space_id):
                return RowOutcome.UNCHANGED, "已提议入驻，等企业或主管部门确认"
        made = await propose(self.conn, self.carrier, lease, by=self.by, at=self.at)
        self.deeds.append({"proposal": str(made)})
        return RowOutcome.CREATED, "提议入驻，企业或主管部门确认后生效"

    async def _again(self, held: Tenancy, lease: Lease) -> tuple[RowOutcome, str]:
        if held.ended_on is not None:
            if lease.until == held.until:
                return RowOutcome.UNCHANGED, ""
            raise Invalid({"until": f"{held.holder} 的这份租约已于 {held.ended_on} 登记退出。"})
        if (lease.seats, lease.incubates) != (held.seats, held.clock_since is not None):
            raise Invalid({"seats": "已登记的租约不能用表格改工位数和是否在孵，请在租约页办理。"})
        done, version = [], held.version
        if lease.until != held.until:
            await renew(self.conn, held.id, until=lease.until, version=version, by=self.by, at=self.at)
            done, version = [f"续租至 {lease.until}"], version + 1
        terms = Terms(**{name: getattr(lease, name) for name in Terms.__dataclass_fields__})
        if await change(self.conn, held.id, terms, version=version, by=self.by, at=self.at):
            done, version = [*done, "改协议内容"], version + 1
        if done:
            before = plain({name: getattr(held, name) for name in ("until", *Terms.__dataclass_fields__)})
            self.deeds.append(_changed("tenancy", held.id, held.version, version, before=before))
        return (RowOutcome.UPDATED if done else RowOutcome.UNCHANGED), "，".join(done)


def _by_place(ever: Sequence[Space]) -> dict[Place, Space]:
    """As each is spelled, by what all spellings of it have in common, and by the names of those joined with it."""
    exact = {(s.building, s.floor, s.room): s for s in ever if s.closed_on is None}
    return joined_places(ever) | {place_key(*place): s for place, s in exact.items()} | exact


def _changed(what: str, which: uuid.UUID, was: int, version: int, *, before: Mapping[str, Any]) -> Mapping[str, Any]:
    return {what: str(which), "was": was, "version": version, "before": before}
