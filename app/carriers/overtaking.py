"""Proposals for a room that somebody else has got: over at once, and whoever waits hears it."""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import String, and_, cast, func, select, update

from app.access.sight import beyond_sight
from app.access.terms import Actor, Role
from app.carriers.models import TenancyProposal, TenancyRow
from app.carriers.proposal_terms import OVERTAKEN, Proposal, ProposalState
from app.carriers.proposals import answerers, named_inside, operators_of, waiting_for
from app.carriers.queries import hold_carriers, space_of
from app.carriers.recording import trace
from app.carriers.stay_terms import Tenancy
from app.carriers.tenancies import taken
from app.carriers.terms import Space
from app.clock import business_day
from app.db import Conn
from app.outbox.writing import notice, post

_P, _T = TenancyProposal, TenancyRow


async def overtake(
    conn: Conn,
    space: Space,
    tenancy: Tenancy,
    *,
    since: date,
    besides: uuid.UUID | None = None,
    by: Actor,
    at: datetime,
) -> None:
    """Those for days of the tenancy from `since` on; `besides`: the one that is agreed to by it. One to whom the room
    has gone without waiting for its yes is as if confirmed."""
    if not space.exclusive:
        return
    last = tenancy.until or date.max
    async with beyond_sight(conn):  # a firm that says yes ends the proposals to others, and is told of none
        waiting = await waiting_for(conn, space.id, today=business_day(at), lock=True)
        over = [p for p in waiting if p.id != besides and p.since <= last and since <= (p.until or date.max)]
        for one in over:
            await conn.execute(update(_P).where(_P.id == one.id).values(**_end(one, tenancy), decided_at=at))
    for one in over:
        said = {"uscc": one.uscc, "about": one.place, "reason": _end(one, tenancy)["refusal"]}
        step = f"proposal:{_end(one, tenancy)['state']}"
        await trace(conn, (one.carrier_id, one.carrier_name), step, said, by=by, at=at)
        if one.uscc != tenancy.uscc:
            await _tell(conn, one, at=at)


async def left_over(conn: Conn, *, today: date) -> list[tuple[uuid.UUID, uuid.UUID]]:
    """Rooms, each behind its carrier, that still wait for a yes for days that are let: from before letting a room ended
    what else was proposed for it."""
    asked = func.daterange(_P.since, _P.until, cast("[]", String))
    let = and_(_T.space_id == _P.space_id, _T.exclusive, _T.during.op("&&")(asked))
    states = [ProposalState.WAITING.value, ProposalState.REFUSED.value]
    query = select(_P.carrier_id, _P.space_id).join(_T, let).where(_P.state.in_(states), _P.closes_on >= today)
    rows = await conn.execute(query.distinct().order_by(*query.selected_columns))
    return [(carrier, space) for carrier, space in rows if space]


async def overtake_left(conn: Conn, carrier_id: uuid.UUID, space_id: uuid.UUID, *, by: Actor, at: datetime) -> None:
    await hold_carriers(conn, [carrier_id])
    space = await space_of(conn, carrier_id, space_id, lock=True)
    if space is None:
        return
    for tenancy in await taken(conn, space.id, since=date.min, until=None):
        if tenancy.since is not None:
            await overtake(conn, space, tenancy, since=tenancy.since, by=by, at=at)


def _end(one: Proposal, tenancy: Tenancy) -> dict[str, Any]:
    if one.uscc == tenancy.uscc:
        return {"state": ProposalState.CONFIRMED.value, "refusal": "", "tenancy_id": tenancy.id}
    return {"state": ProposalState.LAPSED.value, "refusal": OVERTAKEN}


async def _tell(conn: Conn, one: Proposal, *, at: datetime) -> None:
    """Its operator, the same whether somebody said no; and who was asked, unless the answer was no."""
    firm = f"{one.carrier_name}对贵企业的入驻提议（{one.place}）已失效：{OVERTAKEN}，需要的请与载体联系"

    def others(name: str) -> str:
        return f"{one.place} 已租出，对 {name} 的入驻提议随之失效"

    async with beyond_sight(conn):
        known = await named_inside(conn, one.carrier_id, [one.uscc])
    own = others(known.get(one.uscc, one.called))
    to = [(person, own, "/carrier#h-proposals") for person in await operators_of(conn, one.carrier_id)]
    if one.state is ProposalState.WAITING:
        for person, role, name in await answerers(conn, one.uscc, one.region_code):
            to.append((person, firm, "/portal") if role is Role.FIRM else (person, others(name), "/carriers/proposals"))
    notices = [
        notice("tenancy_overtaken", f"{one.id}", to=person, subject=said, at=at, page=page) for person, said, page in to
    ]
    await post(conn, *notices)
