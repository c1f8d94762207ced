"""One tenancy over JSON: read, renewed, given more months, moved on, ended, graduated."""

import uuid
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from app.access.terms import Actor, Permission, Viewer
from app.carriers import letting, moving
from app.carriers.stay_terms import Tenancy
from app.carriers.tenancies import tenancy_by_id
from app.db import Conn
from app.errors import Invalid, NotFound
from app.incubation.graduating import Graduation, graduate
from app.web.api.answers import PROBLEMS, answer
from app.web.api.carrier_answers import tenancy_out
from app.web.api.carrier_schemas import EndIn, GraduateIn, LimitIn, RenewIn, TenancyOut, TransferIn
from app.web.api.carriers import said
from app.web.api.if_match import IfMatch, version_needed, version_of
from app.web.api.openapi import KEYED
from app.web.carrier_input import Reader, read_ending
from app.web.deps import ClockDep, ConnDep, LookupDep, TodayDep, acting, guard
from app.web.idempotency import KeyDep, once

router = APIRouter(prefix="/tenancies/{tenancy_id}", tags=["孵化载体"], responses=PROBLEMS)
Read = Annotated[Viewer, Depends(guard(Permission.CARRIER_READ))]
Letter = Annotated[Actor, Depends(acting(Permission.CARRIER_LET))]


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
async def renew(
    tenancy_id: uuid.UUID,
    body: RenewIn,
    conn: ConnDep,
    clock: ClockDep,
    today: TodayDep,
    actor: Letter,
    key: KeyDep,
    if_match: IfMatch = None,
) -> Response:
    at = clock.now()
    async with once(conn, key, viewer=actor.viewer, at=at) as slot:
        if slot.replayed is not None:
            return slot.replayed
        await _held(conn, tenancy_id, actor.viewer)
        version = version_needed(if_match)
        r = Reader({"until": body.to})
        until = r.day("until", required="请填写新的租期止。")
        try:
            r.done()
            await letting.renew(conn, tenancy_id, until=until, version=version, by=actor, at=at)
        except Invalid as error:
            raise said(error) from error
        return slot.keep(await _shown(conn, tenancy_id, actor.viewer, today))


@router.post("/extend", response_model=TenancyOut, summary="延长孵化期限", openapi_extra=KEYED)
async def extend(
    tenancy_id: uuid.UUID,
    body: LimitIn,
    conn: ConnDep,
    clock: ClockDep,
    today: TodayDep,
    actor: Letter,
    key: KeyDep,
    if_match: IfMatch = None,
) -> Response:
    at = clock.now()
    async with once(conn, key, viewer=actor.viewer, at=at) as slot:
        if slot.replayed is not None:
            return slot.replayed
        await _held(conn, tenancy_id, actor.viewer)
        version, reason = version_needed(if_match), Reader(body.model_dump()).text("reason")
        await letting.extend(conn, tenancy_id, months=body.months, reason=reason, version=version, by=actor, at=at)
        return slot.keep(await _shown(conn, tenancy_id, actor.viewer, today))


@router.post(
    "/transfer", response_model=TenancyOut, status_code=201, summary="转到另一个房间或载体", openapi_extra=KEYED
)
async def transfer(
    tenancy_id: uuid.UUID,
    body: TransferIn,
    conn: ConnDep,
    clock: ClockDep,
    today: TodayDep,
    actor: Letter,
    key: KeyDep,
    if_match: IfMatch = None,
) -> Response:
    """回答的是新租约；原租约在前一天结束，previous_id 指向它。"""
    at = clock.now()
    async with once(conn, key, viewer=actor.viewer, at=at) as slot:
        if slot.replayed is not None:
            return slot.replayed
        await _held(conn, tenancy_id, actor.viewer)
        version, r = version_needed(if_match), Reader({**body.model_dump(), "until": body.to})
        onward = moving.Onward(
            body.carrier,
            body.space,
            r.day("on") or today,
            r.day("until"),
            body.seats,
            r.text("agreement_no"),
            r.text("note", longest=2000),
        )
        try:
            r.done()
            made = await moving.transfer(conn, tenancy_id, onward, version=version, by=actor, at=at)
        except Invalid as error:
            raise said(error) from error
        return slot.keep(await _shown(conn, made, actor.viewer, today, status=201))


@router.post("/end", response_model=TenancyOut, summary="登记退出", openapi_extra=KEYED)
async def end(
    tenancy_id: uuid.UUID,
    body: EndIn,
    conn: ConnDep,
    clock: ClockDep,
    today: TodayDep,
    actor: Letter,
    key: KeyDep,
    if_match: IfMatch = None,
) -> Response:
    at = clock.now()
    async with once(conn, key, viewer=actor.viewer, at=at) as slot:
        if slot.replayed is not None:
            return slot.replayed
        await _held(conn, tenancy_id, actor.viewer)
        ending = read_ending(body.model_dump(), today=today)
        await letting.end(conn, tenancy_id, ending, version=version_of(if_match), by=actor, at=at)
        return slot.keep(await _shown(conn, tenancy_id, actor.viewer, today))


@router.post("/graduate", response_model=TenancyOut, summary="毕业", openapi_extra=KEYED)
async def graduated(
    tenancy_id: uuid.UUID,
    body: GraduateIn,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    today: TodayDep,
    actor: Letter,
    key: KeyDep,
    if_match: IfMatch = None,
) -> Response:
    """按国科发区〔2018〕300号 第九条检查；不符合的回答 409 并逐条说明，数据不足的须给出 ground。"""
    at = clock.now()
    async with once(conn, key, viewer=actor.viewer, at=at) as slot:
        if slot.replayed is not None:
            return slot.replayed
        await _held(conn, tenancy_id, actor.viewer)
        r = Reader(body.model_dump())
        asked = Graduation(r.day("on") or today, r.text("ground", longest=2000), r.text("note", longest=2000))
        r.done()
        version = version_of(if_match)
        await graduate(conn, tenancy_id, asked, policies=lookup.policies, version=version, by=actor, at=at)
        return slot.keep(await _shown(conn, tenancy_id, actor.viewer, today))
