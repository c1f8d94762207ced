"""Who comes into a carrier over JSON: at once by an officer, or by a proposal that the firm or an officer agrees to."""

import uuid
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from app.access.terms import Actor, Permission, Role, Viewer
from app.carriers import letting, moving, proposing, tenancies
from app.carriers.occupancy import fills
from app.carriers.proposals import before_firm, before_officers, locked, proposals_of
from app.carriers.terms import Fill
from app.db import Conn
from app.errors import Invalid, NotFound
from app.firms import cursors
from app.firms.queries import firm_by_id
from app.firms.terms import Sort
from app.text.uscc import check
from app.web.api.answers import PROBLEMS, answer
from app.web.api.carrier_answers import fill_out, proposal_out, tenancy_out
from app.web.api.carrier_schemas import FillOut, LinkIn, ProposalList, ProposalOut, RefusalIn, TenancyIn, TenancyOut
from app.web.api.carriers import Letter, carrier_in_sight, said
from app.web.api.openapi import KEYED
from app.web.carrier_input import Reader, read_lease
from app.web.deps import ClockDep, ConnDep, TodayDep, acting, guard
from app.web.forms import clean_text
from app.web.idempotency import KeyDep, once

router = APIRouter(tags=["孵化载体"], responses=PROBLEMS)
SeeLetting = Annotated[Viewer, Depends(guard(Permission.CARRIER_LET))]
SeeAsked = Annotated[Viewer, Depends(guard(Permission.CARRIER_AGREE))]
Answerer = Annotated[Actor, Depends(acting(Permission.CARRIER_AGREE))]
_PROPOSED: dict[int | str, dict[str, object]] = {
    202: {"model": ProposalOut, "description": "载体运营提出的，等企业或主管部门确认；有没有这家企业，回答都一样"}
}


@router.post(
    "/carriers/{carrier_id}/tenancies",
    response_model=TenancyOut,
    status_code=201,
    summary="办理入驻",
    openapi_extra=KEYED,
    responses=_PROPOSED,
)
async def admit(
    carrier_id: uuid.UUID,
    body: TenancyIn,
    conn: ConnDep,
    clock: ClockDep,
    today: TodayDep,
    actor: Letter,
    key: KeyDep,
) -> Response:
    """独用房间在任何一天只租给一家：已有人的回答 409，说明是谁、到哪天。"""
    at = clock.now()
    async with once(conn, key, viewer=actor.viewer, at=at) as slot:
        if slot.replayed is not None:
            return slot.replayed
        carrier = await carrier_in_sight(conn, carrier_id, actor.viewer)
        raw = body.model_dump()
        raw |= {"since": raw.pop("from_"), "until": raw.pop("to")}
        try:
            lease = read_lease(raw)
            if lease.uscc and actor.viewer.role is Role.CARRIER:
                asked = await proposing.propose(conn, carrier, lease, by=actor, at=at)
                return slot.keep(await _proposed(conn, asked, actor.viewer, today, status=202))
            made = await letting.admit(conn, carrier, lease, by=actor, at=at)
        except Invalid as error:
            raise said(error) from error
        found = await tenancies.tenancy_by_id(conn, made, viewer=actor.viewer)
        assert found is not None
        headers = {"etag": f'"{found.version}"', "location": f"/api/v1/tenancies/{found.id}"}
        return slot.keep(answer(tenancy_out(found, today), status=201, headers=headers))


@router.post(
    "/carriers/{carrier_id}/teams/{team_id}/link",
    response_model=FillOut,
    summary="团队注册为企业",
    openapi_extra=KEYED,
    responses=_PROPOSED,
)
async def link_team(
    carrier_id: uuid.UUID,
    team_id: uuid.UUID,
    body: LinkIn,
    conn: ConnDep,
    clock: ClockDep,
    today: TodayDep,
    actor: Letter,
    key: KeyDep,
) -> Response:
    at = clock.now()
    async with once(conn, key, viewer=actor.viewer, at=at) as slot:
        if slot.replayed is not None:
            return slot.replayed
        carrier = await carrier_in_sight(conn, carrier_id, actor.viewer)
        r = Reader(body.model_dump())
        on, code = r.day("on") or today, check(r.text("uscc"))
        if code.errors:
            r.faults["uscc"] = code.errors[0]
        r.done()
        if actor.viewer.role is Role.CARRIER:
            asked = await proposing.propose_link(conn, carrier, team_id, uscc=code.code, on=on, by=actor, at=at)
            return slot.keep(await _proposed(conn, asked, actor.viewer, today, status=202))
        await moving.link_team(conn, carrier, team_id, uscc=code.code, on=on, by=actor, at=at)
        found = (await fills(conn, [carrier.id], on=today, today=today)).get(carrier.id, Fill())
        return slot.keep(answer(fill_out(found, today)))


async def _proposed(conn: Conn, proposal_id: uuid.UUID, viewer: Viewer, today: date, *, status: int = 200) -> Response:
    found = await locked(conn, proposal_id, viewer=viewer)
    if found is None:
        raise NotFound
    return answer(proposal_out(found, viewer, today), status=status)


@router.get("/carriers/{carrier_id}/proposals", response_model=ProposalList, summary="载体提出的入驻，最近的在前")
async def of_carrier(
    carrier_id: uuid.UUID,
    conn: ConnDep,
    today: TodayDep,
    viewer: SeeLetting,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    carrier = await carrier_in_sight(conn, carrier_id, viewer)
    found = await proposals_of(conn, carrier.id, limit=limit)
    return answer(ProposalList(items=[proposal_out(p, viewer, today) for p in found], next=None))


@router.get("/proposals", response_model=ProposalList, summary="等本企业或本辖区答复的入驻提议")
async def asked(
    conn: ConnDep,
    today: TodayDep,
    viewer: SeeAsked,
    cursor: Annotated[str, Query(max_length=300)] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    if viewer.role is Role.FIRM:
        firm = await firm_by_id(conn, viewer.firm_id, viewer=viewer) if viewer.firm_id else None
        own = await before_firm(conn, firm.uscc, today=today) if firm else []
        return answer(ProposalList(items=[proposal_out(p, viewer, today) for p in own], next=None))
    after = cursors.decode(cursor, Sort.REGISTERED) if cursor else None
    found = await before_officers(conn, viewer=viewer, today=today, after=after, limit=limit + 1)
    shown = [one.proposal for one in found[:limit]]
    more = cursors.encode(shown[-1].closes_on, shown[-1].id) if len(found) > limit else None
    return answer(ProposalList(items=[proposal_out(p, viewer, today) for p in shown], next=more))


@router.post("/proposals/{proposal_id}/confirm", response_model=ProposalOut, summary="确认入驻", openapi_extra=KEYED)
async def confirm(
    proposal_id: uuid.UUID, conn: ConnDep, clock: ClockDep, today: TodayDep, actor: Answerer, key: KeyDep
) -> Response:
    at = clock.now()
    async with once(conn, key, viewer=actor.viewer, at=at) as slot:
        if slot.replayed is not None:
            return slot.replayed
        await proposing.confirm(conn, proposal_id, by=actor, at=at)
        return slot.keep(await _proposed(conn, proposal_id, actor.viewer, today))


@router.post("/proposals/{proposal_id}/refuse", response_model=ProposalOut, summary="不同意入驻", openapi_extra=KEYED)
async def refuse(
    proposal_id: uuid.UUID,
    body: RefusalIn,
    conn: ConnDep,
    clock: ClockDep,
    today: TodayDep,
    actor: Answerer,
    key: KeyDep,
) -> Response:
    """载体看不到是谁、为什么没有同意：对它一直是等待确认，到期作废。"""
    at = clock.now()
    async with once(conn, key, viewer=actor.viewer, at=at) as slot:
        if slot.replayed is not None:
            return slot.replayed
        reason = clean_text("reason", body.reason, longest=200)
        await proposing.refuse(conn, proposal_id, reason=reason, by=actor, at=at)
        return slot.keep(await _proposed(conn, proposal_id, actor.viewer, today))


@router.post("/proposals/{proposal_id}/withdraw", response_model=ProposalOut, summary="撤回提议", openapi_extra=KEYED)
async def withdraw(
    proposal_id: uuid.UUID, conn: ConnDep, clock: ClockDep, today: TodayDep, actor: Letter, key: KeyDep
) -> Response:
    at = clock.now()
    async with once(conn, key, viewer=actor.viewer, at=at) as slot:
        if slot.replayed is not None:
            return slot.replayed
        await proposing.withdraw(conn, proposal_id, by=actor, at=at)
        return slot.keep(await _proposed(conn, proposal_id, actor.viewer, today))
