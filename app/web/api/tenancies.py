"""One tenancy over JSON: read, renewed, given more months, moved on, ended, graduated."""

import uuid
from datetime import date
from typing import Annotated

from fastapi import Depends, Response

from app.access.terms import Permission, Viewer
from app.carriers import extending, letting, moving
from app.carriers.stay_terms import Tenancy
from app.carriers.tenancies import tenancy_by_id
from app.db import Conn
from app.errors import Invalid, NotFound
from app.incubation.graduating import Graduation, graduate
from app.incubation.leaving import leave
from app.incubation.reopening import reopen
from app.web.api.answers import answer, part
from app.web.api.carrier_answers import tenancy_out
from app.web.api.carrier_schemas import EndIn, GraduateIn, LimitIn, RenewIn, ReopenIn, TenancyOut, TransferIn
from app.web.api.carriers import said
from app.web.api.deeds import Deed, doing, once_only
from app.web.api.if_match import IfMatch, version_needed
from app.web.api.openapi import KEYED
from app.web.carrier_input import Reader, read_ending
from app.web.deps import ConnDep, LookupDep, TodayDep, guard

router = part("孵化载体", "/tenancies/{tenancy_id}")
Read = Annotated[Viewer, Depends(guard(Permission.CARRIER_READ))]
Letter = Annotated[Deed, Depends(doing(Permission.CARRIER_LET))]
Keeper = Annotated[Deed, Depends(doing(Permission.CARRIER_KEEP))]


async def _held(conn: Conn, tenancy_id: uuid.UUID, viewer: Viewer) -> Tenancy:
    found = await tenancy_by_id(conn, tenancy_id, viewer=viewer)
    if found is None:
        raise NotFound
    return found


async def _shown(conn: Conn, tenancy_id: uuid.UUID, viewer: Viewer, today: date, *, status: int = 200) -> Response:
    found = await _held(conn, tenancy_id, viewer)
    headers = {"etag": f'"{found.version}"'}
    if status == 201:
        headers["location"] = f"/api/v1/tenancies/{found.id}"
    return answer(tenancy_out(found, today), status=status, headers=headers)


@router.get("", response_model=TenancyOut, summary="一份租约")
async def read(tenancy_id: uuid.UUID, conn: ConnDep, today: TodayDep, viewer: Read) -> Response:
    return await _shown(conn, tenancy_id, viewer, today)


@router.post("/renew", response_model=TenancyOut, summary="续租", openapi_extra=KEYED)
@once_only
async def renew(tenancy_id: uuid.UUID, body: RenewIn, deed: Letter, if_match: IfMatch = None) -> Response:
    await _held(deed.conn, tenancy_id, deed.viewer)
    version = version_needed(if_match)
    r = Reader({"until": body.to})
    until = r.day("until", required="请填写新的租期止。")
    try:
        r.done()
        await letting.renew(deed.conn, tenancy_id, until=until, version=version, by=deed.by, at=deed.at)
    except Invalid as error:
        raise said(error) from error
    return await _shown(deed.conn, tenancy_id, deed.viewer, deed.today)


@router.post("/extend", response_model=TenancyOut, summary="延长孵化期限", openapi_extra=KEYED)
@once_only
async def extend(tenancy_id: uuid.UUID, body: LimitIn, deed: Letter, if_match: IfMatch = None) -> Response:
    await _held(deed.conn, tenancy_id, deed.viewer)
    version, reason = version_needed(if_match), Reader(body.model_dump()).text("reason")
    await extending.extend(
        deed.conn, tenancy_id, months=body.months, reason=reason, version=version, by=deed.by, at=deed.at
    )
    return await _shown(deed.conn, tenancy_id, deed.viewer, deed.today)


@router.post(
    "/transfer", response_model=TenancyOut, status_code=201, summary="转到另一个房间或载体", openapi_extra=KEYED
)
@once_only
async def transfer(tenancy_id: uuid.UUID, body: TransferIn, deed: Letter, if_match: IfMatch = None) -> Response:
    """回答的是新租约；原租约在前一天结束，previous_id 指向它。"""
    await _held(deed.conn, tenancy_id, deed.viewer)
    version, r = version_needed(if_match), Reader({**body.model_dump(), "until": body.to})
    onward = moving.Onward(
        body.carrier,
        body.space,
        r.day("on") or deed.today,
        r.day("until"),
        body.seats,
        r.text("agreement_no"),
        r.text("note", longest=2000),
        r.text("late"),
    )
    try:
        r.done()
        made = await moving.transfer(deed.conn, tenancy_id, onward, version=version, by=deed.by, at=deed.at)
    except Invalid as error:
        raise said(error) from error
    return await _shown(deed.conn, made, deed.viewer, deed.today, status=201)


@router.post("/end", response_model=TenancyOut, summary="登记退出", openapi_extra=KEYED)
@once_only
async def end(tenancy_id: uuid.UUID, body: EndIn, deed: Letter, if_match: IfMatch = None) -> Response:
    await _held(deed.conn, tenancy_id, deed.viewer)
    ending = read_ending(body.model_dump(), today=deed.today)
    await leave(deed.conn, tenancy_id, ending, version=version_needed(if_match), by=deed.by, at=deed.at)
    return await _shown(deed.conn, tenancy_id, deed.viewer, deed.today)


@router.post("/graduate", response_model=TenancyOut, summary="毕业", openapi_extra=KEYED)
@once_only
async def graduated(
    tenancy_id: uuid.UUID, body: GraduateIn, deed: Letter, lookup: LookupDep, if_match: IfMatch = None
) -> Response:
    """按国科发区〔2018〕300号 第九条检查；不符合的回答 409 并逐条说明，数据不足的须给出 ground。"""
    await _held(deed.conn, tenancy_id, deed.viewer)
    r = Reader(body.model_dump())
    said = (r.text("ground", longest=2000), r.text("note", longest=2000), r.text("late"))
    asked = Graduation(r.day("on") or deed.today, *said)
    r.done()
    version = version_needed(if_match)
    await graduate(deed.conn, tenancy_id, asked, policies=lookup.policies, version=version, by=deed.by, at=deed.at)
    return await _shown(deed.conn, tenancy_id, deed.viewer, deed.today)


@router.post("/reopen", response_model=TenancyOut, summary="撤销毕业", openapi_extra=KEYED)
@once_only
async def reopened(tenancy_id: uuid.UUID, body: ReopenIn, deed: Keeper, if_match: IfMatch = None) -> Response:
    """恢复到毕业以前的租期，同时毕业的几份一起恢复；房间已租给别人、毕业后的情况已有人登记的回答 409。"""
    await _held(deed.conn, tenancy_id, deed.viewer)
    r = Reader(body.model_dump())
    reason = r.text("reason")
    r.done()
    version = version_needed(if_match)
    await reopen(deed.conn, tenancy_id, reason=reason, version=version, by=deed.by, at=deed.at)
    return await _shown(deed.conn, tenancy_id, deed.viewer, deed.today)
