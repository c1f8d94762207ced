"""入孵申请 over JSON: a firm asks a carrier for a room; the carrier gives one or says why not."""

import uuid
from typing import Annotated

from fastapi import Depends, Query, Response

from app.access.terms import Permission, Role, Viewer
from app.carriers.tenancies import tenancy_by_id
from app.db import Conn
from app.errors import Invalid, NotFound
from app.firms.queries import firm_by_id
from app.incubation.applying import accept, application_by_id, applications_of, apply, asked_by, decline, take_back
from app.incubation.terms import Application
from app.web.api.answers import answer, part
from app.web.api.carrier_answers import tenancy_out
from app.web.api.carrier_schemas import TenancyOut
from app.web.api.carriers import Letter, carrier_in_sight, said
from app.web.api.deeds import Deed, doing, once_only
from app.web.api.entry_schemas import AcceptIn, DeclineIn, EntryIn, EntryList, EntryOut
from app.web.api.openapi import KEYED
from app.web.carrier_input import Reader, read_lease
from app.web.deps import ConnDep, LookupDep, TodayDep, guard
from app.web.entry_input import read_need

router = part("孵化载体")
SeeLetting = Annotated[Viewer, Depends(guard(Permission.CARRIER_LET))]
SeeOwn = Annotated[Viewer, Depends(guard(Permission.PORTAL))]
Asker = Annotated[Deed, Depends(doing(Permission.PORTAL))]


async def _shown(conn: Conn, entry_id: uuid.UUID, viewer: Viewer, *, status: int = 200) -> Response:
    found = await application_by_id(conn, entry_id, viewer=viewer)
    if found is None:
        raise NotFound
    return answer(_out(found), status=status)


def _out(a: Application) -> EntryOut:
    plain = {
        name: getattr(a, name) for name in EntryOut.model_fields if name not in ("from_", "area", "found", "state")
    }
    found = dict(a.found) if a.found else None
    area = f"{a.area:.2f}" if a.area is not None else None
    return EntryOut(**plain, **{"from": a.since}, area=area, found=found, state=a.state.value)


@router.post(
    "/carriers/{carrier_id}/entries", response_model=EntryOut, status_code=201, summary="申请入驻", openapi_extra=KEYED
)
@once_only
async def ask(carrier_id: uuid.UUID, body: EntryIn, deed: Asker, lookup: LookupDep) -> Response:
    """向本县的载体提出；载体看得到各项条件是否符合，看不到企业报过的数。"""
    firm = await firm_by_id(deed.conn, deed.viewer.firm_id, viewer=deed.viewer) if deed.viewer.firm_id else None
    if firm is None:
        raise NotFound
    raw = body.model_dump()
    try:
        need = read_need({**raw, "since": raw.pop("from_")})
        made = await apply(deed.conn, firm, carrier_id, need, policies=lookup.policies, by=deed.by, at=deed.at)
    except Invalid as error:
        raise said(error) from error
    return await _shown(deed.conn, made, deed.viewer, status=201)


@router.get("/entries", response_model=EntryList, summary="本企业提出的入驻申请，最近的在前")
async def own(conn: ConnDep, viewer: SeeOwn) -> Response:
    found = await asked_by(conn, viewer.firm_id) if viewer.firm_id else []
    return answer(EntryList(items=[_out(a) for a in found], next=None))


@router.get("/carriers/{carrier_id}/entries", response_model=EntryList, summary="载体收到的入驻申请，最近的在前")
async def received(
    carrier_id: uuid.UUID, conn: ConnDep, viewer: SeeLetting, limit: Annotated[int, Query(ge=1, le=200)] = 50
) -> Response:
    carrier = await carrier_in_sight(conn, carrier_id, viewer)
    return answer(EntryList(items=[_out(a) for a in await applications_of(conn, carrier.id, limit=limit)], next=None))


@router.post(
    "/entries/{entry_id}/accept", response_model=TenancyOut, status_code=201, summary="接收申请", openapi_extra=KEYED
)
@once_only
async def accepted(entry_id: uuid.UUID, body: AcceptIn, deed: Letter, lookup: LookupDep, today: TodayDep) -> Response:
    """安排房间即入驻。作为在孵企业而条件不符合的，须给出 ground。"""
    asked = await application_by_id(deed.conn, entry_id, viewer=deed.viewer)
    if asked is None or deed.viewer.role is Role.FIRM:
        raise NotFound
    raw = body.model_dump()
    raw |= {"since": raw.pop("from_"), "until": raw.pop("to"), "uscc": asked.uscc, "stage_target": asked.stage_target}
    try:
        lease, r = read_lease(raw), Reader(raw)
        ground = r.text("ground", longest=2000)
        r.done()
        made = await accept(deed.conn, asked.id, lease, ground=ground, policies=lookup.policies, by=deed.by, at=deed.at)
    except Invalid as error:
        raise said(error) from error
    found = await tenancy_by_id(deed.conn, made, viewer=deed.viewer)
    assert found is not None
    headers = {"etag": f'"{found.version}"', "location": f"/api/v1/tenancies/{found.id}"}
    return answer(tenancy_out(found, today), status=201, headers=headers)


@router.post("/entries/{entry_id}/decline", response_model=EntryOut, summary="不接收申请", openapi_extra=KEYED)
@once_only
async def declined(entry_id: uuid.UUID, body: DeclineIn, deed: Letter) -> Response:
    r = Reader(body.model_dump())
    reason = r.text("reason")
    r.done()
    await decline(deed.conn, entry_id, reason=reason, by=deed.by, at=deed.at)
    return await _shown(deed.conn, entry_id, deed.viewer)


@router.post("/entries/{entry_id}/withdraw", response_model=EntryOut, summary="撤回申请", openapi_extra=KEYED)
@once_only
async def withdrawn(entry_id: uuid.UUID, deed: Asker) -> Response:
    await take_back(deed.conn, entry_id, by=deed.by, at=deed.at)
    return await _shown(deed.conn, entry_id, deed.viewer)
