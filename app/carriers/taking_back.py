"""What a list brought in, taken out again: only what nobody has touched since, and the trail says so."""

import uuid
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, exists, func, select

from app.access.terms import Actor
from app.carriers.clocks import without
from app.carriers.letting import lock_tenancy, must_be_open, write
from app.carriers.log_models import CarrierLog
from app.carriers.models import CarrierSpace, CarrierTeam, TenancyProposal, TenancyRow
from app.carriers.proposal_terms import ProposalState
from app.carriers.queries import hold_carriers, space_of
from app.carriers.recording import never, note, span, trace
from app.carriers.stay_terms import Happening, Tenancy
from app.carriers.terms import Carrier
from app.db import Conn
from app.errors import Conflict, NotFound, Stale

REASON = "撤销导入"
_T, _S, _M, _P, _L = TenancyRow, CarrierSpace, CarrierTeam, TenancyProposal, CarrierLog


async def remove_tenancy(conn: Conn, tenancy_id: uuid.UUID, *, version: int, by: Actor, at: datetime) -> None:
    """As if it had never been; its events stay, and with them what was known on any day until now. Raises NotFound,
    Stale, Conflict once something hangs on it."""
    held = await lock_tenancy(conn, tenancy_id, version, by=by)
    must_be_open(held)
    linked = held.team_id is not None and held.firm_id is not None  # the team's days are a firm's by now
    if held.previous_id is not None or linked or await _followed(conn, held):
        raise Conflict(f"{held.holder} 的这份租约已有后续的登记。")
    await note(conn, held.id, held.carrier_id, Happening.ENDED, never(), is_open=False, reason=REASON, by=by, at=at)
    await conn.execute(delete(_T).where(_T.id == held.id))
    await without(conn, held, by=by, at=at)
    if held.team_id is not None:
        await _forget_team(conn, held.team_id)
    said = {"tenant": held.holder, "uscc": held.uscc, "place": held.place, "since": held.since, "until": held.until}
    await trace(conn, (held.carrier_id, held.carrier_name), "tenancy:taken_back", said, by=by, at=at)


async def _followed(conn: Conn, held: Tenancy) -> bool:
    """A tenancy after it, or something its holder was served with in its days."""
    after = exists().where(_T.previous_id == held.id)
    whose = _L.team_id == held.team_id if held.team_id else _L.firm_id == held.firm_id
    served = exists().where(whose, _L.carrier_id == held.carrier_id, _L.struck_at.is_(None))
    served = served.where(_L.happened_on >= held.since)
    others = exists().where(_T.carrier_id == held.carrier_id, _T.id != held.id, ~func.isempty(_T.during))
    others = others.where(_T.team_id == held.team_id if held.team_id else _T.firm_id == held.firm_id)
    return bool((await conn.execute(select(after | (served & ~others)))).scalar_one())


async def _forget_team(conn: Conn, team_id: uuid.UUID) -> None:
    """One that came with the tenancy, and of which there is nothing else."""
    tables: tuple[Any, ...] = (_T, _P, _L)
    mine = [exists().where(table.team_id == team_id) for table in tables]
    await conn.execute(delete(_M).where(_M.id == team_id, _M.firm_id.is_(None), *(~one for one in mine)))


async def restore_lease(
    conn: Conn,
    tenancy_id: uuid.UUID,
    *,
    until: date | None,
    terms: Mapping[str, Any],
    version: int,
    by: Actor,
    at: datetime,
) -> None:
    """Its last day and agreement as they were. Raises NotFound, Stale, Conflict once it is over."""
    held = await lock_tenancy(conn, tenancy_id, version, by=by)
    since = must_be_open(held)
    during = span(since, until)
    await write(conn, held.id, {**terms, "during": during}, at=at)
    await note(conn, held.id, held.carrier_id, Happening.CHANGED, during, reason=REASON, by=by, at=at)
    before = {"until": held.until, "agreement_no": held.agreement_no}
    said = {"tenant": held.holder, "uscc": held.uscc, "place": held.place, "until": until}
    said |= {"agreement_no": terms.get("agreement_no", held.agreement_no)}
    await trace(conn, (held.carrier_id, held.carrier_name), "tenancy:taken_back", said, by=by, at=at, before=before)


async def forget_proposal(conn: Conn, proposal_id: uuid.UUID) -> None:
    """One that has been withdrawn, for a room or a team that goes with it."""
    gone = (_P.id == proposal_id, _P.state == ProposalState.WITHDRAWN.value)
    await conn.execute(delete(_P).where(*gone))


async def remove_space(
    conn: Conn, carrier: Carrier, space_id: uuid.UUID, *, version: int, by: Actor, at: datetime
) -> None:
    """Raises NotFound, Stale, Conflict once somebody has had it or is to have it."""
    await hold_carriers(conn, [carrier.id])
    held = await space_of(conn, carrier.id, space_id, lock=True)
    if held is None:
        raise NotFound
    if held.version != version:
        raise Stale("这个房间的资料导入之后被改过。")
    used = exists().where(_T.space_id == space_id) | exists().where(_P.space_id == space_id)
    if (await conn.execute(select(used))).scalar_one():
        raise Conflict(f"{held.place} 已经有租约或提议。")
    await conn.execute(delete(_S).where(_S.id == space_id))
    await trace(conn, (carrier.id, carrier.name), "space:taken_back", {"place": held.place}, by=by, at=at)
