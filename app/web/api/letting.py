"""Who comes into a carrier over JSON: at once by an officer, or by a proposal that the firm or an officer agrees to."""

import uuid
from datetime import date
from typing import Annotated

from fastapi import Depends, Query, Response

from app.access.terms import Permission, Role, Viewer
from app.carriers import moving, proposing, tenancies
from app.carriers.occupancy import fills
from app.carriers.proposals import before_firm, before_officers, locked, proposals_of
from app.carriers.terms import Fill
from app.db import Conn
from app.errors import Invalid, NotFound
from app.firms import cursors
from app.firms.queries import firm_by_id
from app.firms.terms import Sort
from app.incubation import asking
from app.incubation.entering import agree, enter
from app.text.uscc import check
from app.web.api.answers import answer, part
from app.web.api.carrier_answers import fill_out, proposal_out, tenancy_out
from app.web.api.carrier_schemas import (
    AgreeIn,
    FillOut,
    LinkIn,
    ProposalList,
    ProposalOut,
    RefusalIn,
    TenancyIn,
    TenancyOut,
)
from app.web.api.carriers import Letter, carrier_in_sight, said
from app.web.api.deeds import Deed, doing, once_only
from app.web.api.openapi import KEYED
from app.web.carrier_input import Reader, read_lease
from app.web.deps import ConnDep, LookupDep, TodayDep, guard
from app.web.forms import clean_text

router = part("孵化载体")
SeeLetting = Annotated[Viewer, Depends(guard(Permission.CARRIER_LET))]
SeeAsked = Annotated[Viewer, Depends(guard(Permission.CARRIER_AGREE))]
Answerer = Annotated[Deed, Depends(doing(Permission.CARRIER_AGREE))]
_NO_GROUND = AgreeIn()
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
@once_only
async def admit(carrier_id: uuid.UUID, body: TenancyIn, deed: Letter, lookup: LookupDep) -> Response:
    """独用房间在任何一天只租给一家：已有人的回答 409，说明是谁、到哪天。不符合在孵条件又没有 ground 的也回答 409。"""
    carrier = await carrier_in_sight(deed.conn, carrier_id, deed.viewer)
    raw = body.model_dump()
    raw |= {"since": raw.pop("from_"), "until": raw.pop("to")}
    try:
        lease = read_lease(raw)
        if lease.uscc and deed.viewer.role is Role.CARRIER:
            asked = await asking.propose(deed.conn, carrier, lease, by=deed.by, at=deed.at)
            return await _proposed(deed.conn, asked, deed.viewer, deed.today, status=202)
        ground, policies = clean_text("ground", body.ground, longest=2000), lookup.policies
        made = await enter(deed.conn, carrier, lease, ground=ground, policies=policies, by=deed.by, at=deed.at)
    except Invalid as error:
        raise said(error) from error
    found = await tenancies.tenancy_by_id(deed.conn, made, viewer=deed.viewer)
    assert found is not None
    headers = {"etag": f'"{found.version}"', "location": f"/api/v1/tenancies/{found.id}"}
    return answer(tenancy_out(found, deed.today), status=201, headers=headers)


@router.post(
    "/carriers/{carrier_id}/teams/{team_id}/link",
    response_model=FillOut,
    summary="团队注册为企业",
    openapi_extra=KEYED,
    responses=_PROPOSED,
)
@once_only
async def link_team(carrier_id: uuid.UUID, team_id: uuid.UUID, body: LinkIn, deed: Letter) -> Response:
    carrier = await carrier_in_sight(deed.conn, carrier_id, deed.viewer)
    r = Reader(body.model_dump())
    on, code = r.day("on") or deed.today, check(r.text("uscc"))
    if code.errors:
        r.faults["uscc"] = code.errors[0]
    r.done()
    if deed.viewer.role is Role.CARRIER:
        asked = await asking.propose_link(deed.conn, carrier, team_id, uscc=code.code, on=on, by=deed.by, at=deed.at)
        return await _proposed(deed.conn, asked, deed.viewer, deed.today, status=202)
    await moving.link_team(deed.conn, carrier, team_id, uscc=code.code, on=on, by=deed.by, at=deed.at)
    found = (await fills(deed.conn, [carrier.id], on=deed.today, today=deed.today)).get(carrier.id, Fill())
    return answer(fill_out(found, deed.today))


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
@once_only
async def confirm(proposal_id: uuid.UUID, deed: Answerer, lookup: LookupDep, body: AgreeIn = _NO_GROUND) -> Response:
    """提为在孵企业而不符合条件的回答 409 并逐条说明；主管部门可以写明 ground 再确认，企业自己不可以。"""
    ground = clean_text("ground", body.ground, longest=2000)
    await agree(deed.conn, proposal_id, ground=ground, policies=lookup.policies, by=deed.by, at=deed.at)
    return await _proposed(deed.conn, proposal_id, deed.viewer, deed.today)


@router.post("/proposals/{proposal_id}/refuse", response_model=ProposalOut, summary="不同意入驻", openapi_extra=KEYED)
@once_only
async def refuse(proposal_id: uuid.UUID, body: RefusalIn, deed: Answerer) -> Response:
    """载体看不到是谁、为什么没有同意：对它一直是等待确认，到期作废。"""
    reason = clean_text("reason", body.reason, longest=200)
    await proposing.refuse(deed.conn, proposal_id, reason=reason, by=deed.by, at=deed.at)
    return await _proposed(deed.conn, proposal_id, deed.viewer, deed.today)


@router.post("/proposals/{proposal_id}/withdraw", response_model=ProposalOut, summary="撤回提议", openapi_extra=KEYED)
@once_only
async def withdraw(proposal_id: uuid.UUID, deed: Letter) -> Response:
    await proposing.withdraw(deed.conn, proposal_id, by=deed.by, at=deed.at)
    return await _proposed(deed.conn, proposal_id, deed.viewer, deed.today)
