"""A tenancy by agreement: an operator proposes it by the firm's code, the firm or an officer in its stead answers.

Whether there is a firm of that code is never looked at for the answer to an operator, so that nobody learns by typing
codes which firms there are, which have an account, or which of them said no.
"""

import uuid
from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from app.access.terms import Actor, Role
from app.carriers.letting import NO_MORE, admit, check_lease
from app.carriers.models import TenancyProposal
from app.carriers.moving import link_team
from app.carriers.proposal_terms import OVERTAKEN, PROPOSED_A_DAY, Asked, Proposal, ProposalState, days_of
from app.carriers.proposals import answerers, locked, named_inside, operators_of
from app.carriers.queries import carrier_asking, lock_carrier, team_of
from app.carriers.recording import trace
from app.carriers.stay_terms import Lease, SpecialField
from app.carriers.taking import free, hold_space
from app.carriers.terms import Carrier, CarrierState
from app.clerks.queries import clerks_of
from app.clock import business_day
from app.db import Conn, new_id
from app.errors import Conflict, Invalid, NotFound, Refused, TooMany
from app.firms.queries import firm_by_id, firm_by_uscc
from app.outbox.writing import notice, post
from app.text.uscc import check

Suited = Callable[[Carrier, Lease], Awaitable[Lease]]
_P = TenancyProposal
_TERMS = ("seats", "incubates", "special_field", "rent_reduced", "agreement_no", "agreement_on", "stage_target")
_OTHER_DAY = "提议的注册日期与贵企业登记的成立日期不同；请与载体核对，由它改正以后重新提出。"
_MISTYPED = "这个信用代码的校验码不对，请对照营业执照再核对；代码确实如此的，请主管部门登记这家企业、直接办理。"
_GONE = "现在办不了（房间可能已经租出）；请与载体联系，由它重新提出。"


async def propose(
    conn: Conn, carrier: Carrier, lease: Lease, *, called: str = "", by: Actor, at: datetime
) -> uuid.UUID:
    """It holds no space until it is agreed to. `called`: the firm's name where its operator knows it.

    Raises Invalid by field, Conflict when the space is taken, TooMany.
    """
    today = business_day(at)
    space = await hold_space(conn, carrier.id, lease.space_id, since=lease.since, until=lease.until, today=today)
    check_lease(space, lease)
    await free(conn, space, seats=lease.seats, since=lease.since, until=lease.until)
    about: dict[str, Any] = {"space_id": space.id, "team_id": None, "since": lease.since, "until": lease.until}
    terms = {name: getattr(lease, name) for name in _TERMS} | ({"called": called} if called else {})
    return await _ask(conn, carrier, lease.uscc, {**about, "terms": terms}, space.place, by=by, at=at)


async def propose_link(
    conn: Conn,
    carrier: Carrier,
    team_id: uuid.UUID,
    *,
    uscc: str,
    on: date,
    called: str = "",
    by: Actor,
    at: datetime,
) -> uuid.UUID:
    """That a team has become the firm of that code. Raises NotFound, Conflict, Invalid, TooMany."""
    team = await team_of(conn, carrier.id, team_id)
    if team is None:
        raise NotFound
    if team.firm_id is not None:
        raise Conflict(f"团队“{team.name}”已在 {team.linked_on} 登记为企业。")
    if on > business_day(at):
        raise Invalid({"on": "注册日期不能晚于今天。"})
    terms = {"called": called} if called else {}
    about: dict[str, Any] = {"space_id": None, "team_id": team.id, "since": on, "until": None, "terms": terms}
    return await _ask(conn, carrier, uscc, about, team.name, by=by, at=at)


async def _ask(
    conn: Conn, carrier: Carrier, uscc: str, about: Mapping[str, Any], what: str, *, by: Actor, at: datetime
) -> uuid.UUID:
    today = business_day(at)
    # Of a firm that is known to be inside its code is known, too; of any other nothing but the code itself is judged.
    if check(uscc).warnings and not await named_inside(conn, carrier.id, [uscc]):
        raise Invalid({"uscc": _MISTYPED})
    # One carrier's proposals come one after the other, or a burst of them would pass the count.
    held = await lock_carrier(conn, carrier.id, viewer=by.viewer)
    if held is None or held.state is CarrierState.CLOSED:
        raise Conflict(f"这个载体已经停止运营，{NO_MORE}。")
    lately = select(func.count()).where(_P.carrier_id == carrier.id, _P.created_at > at - timedelta(days=1))
    if (await conn.execute(lately)).scalar_one() >= PROPOSED_A_DAY:
        raise TooMany(f"一个载体一天最多提出 {PROPOSED_A_DAY} 份，请明天再提，或请主管部门直接办理。")
    same = (_P.carrier_id == carrier.id, _P.uscc == uscc)
    over = (_P.state.in_([ProposalState.WAITING.value, ProposalState.REFUSED.value]), _P.closes_on < today)
    await conn.execute(update(_P).where(*same, *over).values(state=ProposalState.LAPSED.value))
    due_on, closes_on = days_of(today)
    row = {"id": new_id(), "carrier_id": carrier.id, "uscc": uscc, **about, "proposer_name": by.viewer.name}
    row |= {"created_at": at, "due_on": due_on, "closes_on": closes_on}
    written = insert(_P).values(row).on_conflict_do_nothing().returning(_P.id)
    made: uuid.UUID | None = (await conn.execute(written)).scalar_one_or_none()
    if made is None:
        raise Conflict("同样的提议已经在等确认。")
    said = {"uscc": uscc, "about": what, "since": about["since"], "until": about["until"]}
    await trace(conn, (carrier.id, carrier.name), "proposal:made", said, by=by, at=at)
    asks = "提议登记团队“{what}”已注册为{who}" if about["team_id"] else "提议 {who} 入驻（{what}）"
    notices = []
    for person, role, name in await answerers(conn, uscc, carrier.region_code):
        own = role is Role.FIRM
        then, page = (f"请在 {due_on} 前答复", "/portal") if own else ("等主管部门核对确认", "/carriers/proposals")
        told = f"{carrier.name}{asks.format(what=what, who='贵企业' if own else name)}，{then}"
        notices.append(notice("tenancy_proposed", f"{made}", to=person, subject=told, at=at, page=page))
    await post(conn, *notices)
    return made


async def confirm(conn: Conn, proposal_id: uuid.UUID, *, suited: Suited, by: Actor, at: datetime) -> uuid.UUID | None:
    """The tenancy that it makes; None where a team has become the firm. `suited`: the lease, once its tenant has been
    looked at. Raises NotFound, Conflict, Refused."""
    proposal = await _answerable(conn, proposal_id, room=True, by=by, at=at)
    firm = await firm_by_uscc(conn, proposal.uscc, viewer=by.viewer)
    if firm is None:
        raise Refused(f"您的管辖范围内没有 {proposal.uscc}；核对后先在企业库新增这家企业，再确认。")
    carrier = await carrier_asking(conn, proposal.carrier_id)
    made, lease = None, await suited(carrier, lease_of(proposal)) if proposal.team_id is None else None
    try:
        async with conn.begin_nested():
            if proposal.team_id is not None:
                on = proposal.since
                await link_team(conn, carrier, proposal.team_id, uscc=proposal.uscc, on=on, by=by, at=at)
            elif lease is not None:
                made = await admit(conn, carrier, lease, by=by, at=at)
    except (Conflict, Refused, Invalid) as error:
        if by.viewer.role is not Role.FIRM:
            raise
        # Why it cannot be had says who has it, which is the carrier's to know and no other firm's.
        raise Conflict(_OTHER_DAY if proposal.team_id and isinstance(error, Invalid) else _GONE) from error
    await _decide(conn, proposal, ProposalState.CONFIRMED, by=by, at=at, tenancy_id=made)
    for person in await operators_of(conn, carrier.id):
        way = {"tenancy": str(made)} if made else {"page": "/carrier"}
        about = f"团队“{proposal.team_name}”注册为" if proposal.team_id else f"{proposal.place} 入驻"
        told = f"{about} {firm.name} 的提议已获确认"
        await post(conn, notice("tenancy_agreed", f"{proposal.id}", to=person, subject=told, at=at, **way))
    return made


async def refuse(conn: Conn, proposal_id: uuid.UUID, *, reason: str, by: Actor, at: datetime) -> None:
    """Its operator is not told: to it, it goes on waiting until its last day. Raises NotFound, Conflict."""
    proposal = await _answerable(conn, proposal_id, by=by, at=at)
    await _decide(conn, proposal, ProposalState.REFUSED, by=by, at=at, refusal=reason)


async def withdraw(conn: Conn, proposal_id: uuid.UUID, *, by: Actor, at: datetime) -> bool:
    """By its operator, of whom it is the same whether somebody said no. False when it was withdrawn already."""
    proposal = await locked(conn, proposal_id, viewer=by.viewer)
    if proposal is None:
        raise NotFound
    if proposal.state is ProposalState.WITHDRAWN:
        return False
    if proposal.state is ProposalState.CONFIRMED:
        raise Conflict("这份提议已经确认；入驻后要退出的请办退出。")
    values = {"state": ProposalState.WITHDRAWN.value}
    await conn.execute(update(_P).where(_P.id == proposal.id).values(values))
    carrier = (proposal.carrier_id, proposal.carrier_name)
    await trace(conn, carrier, "proposal:withdrawn", {"uscc": proposal.uscc}, by=by, at=at)
    return True


def lease_of(proposal: Proposal) -> Lease:
    terms = {name: value for name, value in proposal.terms.items() if name in _TERMS}
    special, signed = terms.get("special_field"), terms.get("agreement_on")
    terms |= {"special_field": SpecialField(special) if special else None}
    terms |= {"agreement_on": date.fromisoformat(signed) if signed else None}
    assert proposal.space_id is not None
    return Lease(proposal.space_id, proposal.since, proposal.until, uscc=proposal.uscc, proposal=proposal.id, **terms)


async def _answerable(conn: Conn, proposal_id: uuid.UUID, *, room: bool = False, by: Actor, at: datetime) -> Proposal:
    proposal, today = await locked(conn, proposal_id, viewer=by.viewer, room=room), business_day(at)
    if proposal is None:
        raise NotFound
    if proposal.overtaken:
        raise Conflict(f"{OVERTAKEN}，这份提议已失效；请与载体联系，由它重新提出。")
    if not proposal.open(today):
        raise Conflict("这份提议已经有人答复、撤回或过期，请刷新后再看。")
    if by.viewer.role is Role.FIRM:
        if by.viewer.firm_id is None or await firm_by_id(conn, by.viewer.firm_id, viewer=by.viewer) is None:
            raise NotFound
        return proposal
    firm = await firm_by_uscc(conn, proposal.uscc, viewer=by.viewer)
    asked = Asked(proposal, firm.name if firm else "", bool(firm and await clerks_of(conn, firm.id)))
    if not asked.officers_turn(today):
        till = f"{asked.firm_name} 有填报账号，{proposal.due_on} 前由企业自己答复"
        raise Conflict(f"{till}；有协议原件的，可以直接办理入驻。")
    return proposal


async def _decide(
    conn: Conn,
    proposal: Proposal,
    state: ProposalState,
    *,
    by: Actor,
    at: datetime,
    refusal: str = "",
    tenancy_id: uuid.UUID | None = None,
) -> None:
    decided = {"state": state.value, "decided_at": at, "decider_name": by.viewer.name, "refusal": refusal}
    await conn.execute(update(_P).where(_P.id == proposal.id).values(**decided, tenancy_id=tenancy_id))
    said = {"uscc": proposal.uscc, "about": proposal.place or proposal.team_name, "reason": refusal}
    carrier = (proposal.carrier_id, proposal.carrier_name)
    await trace(conn, carrier, f"proposal:{state.value}", said, by=by, at=at)
