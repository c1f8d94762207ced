"""What an authority recognised a carrier as, what it owes by when, what has changed of it, and its end, over JSON."""

import uuid
from typing import Any

from fastapi import Response

from app.carriers import service
from app.carriers.queries import changes_of, duties_of, titles_of
from app.carriers.terms import Duty, DutyKind, Title
from app.db import Conn
from app.web.api.answers import answer, part
from app.web.api.carrier_keeping_schemas import (
    CarrierChangeList,
    CarrierChangeOut,
    CarrierDutyIn,
    CarrierDutyList,
    CarrierDutyOut,
    CarrierTitleIn,
    CarrierTitleList,
    CarrierTitleOut,
)
from app.web.api.carrier_schemas import CarrierDetail
from app.web.api.carriers import Keeper, Letter, Read, carrier_in_sight, shown
from app.web.api.deeds import once_only
from app.web.api.if_match import IfMatch, version_needed
from app.web.api.openapi import KEYED
from app.web.deps import ConnDep
from app.web.keeping_input import read_duty, read_title

router = part("孵化载体", "/carriers/{carrier_id}")


def _title(one: Title) -> CarrierTitleOut:
    said: dict[str, Any] = {name: getattr(one, name) for name in CarrierTitleOut.model_fields}
    return CarrierTitleOut(**said | {"level": one.level.value})


def _duty(one: Duty) -> CarrierDutyOut:
    said: dict[str, Any] = {name: getattr(one, name, "") for name in CarrierDutyOut.model_fields}
    return CarrierDutyOut(**said | {"kind": one.kind.value, "done_by": one.doer_name})


@router.get("/titles", response_model=CarrierTitleList, summary="载体的认定和备案")
async def titles(carrier_id: uuid.UUID, conn: ConnDep, viewer: Read) -> Response:
    carrier = await carrier_in_sight(conn, carrier_id, viewer)
    return answer(CarrierTitleList(items=[_title(one) for one in await titles_of(conn, carrier.id)], next=None))


@router.post("/titles", response_model=CarrierTitleOut, status_code=201, summary="登记认定或备案", openapi_extra=KEYED)
@once_only
async def add_title(carrier_id: uuid.UUID, body: CarrierTitleIn, deed: Keeper) -> Response:
    """写了有效期止的，到期复核记入应办事项；同名的认定接上以后，前一份的复核自动办结。"""
    carrier = await carrier_in_sight(deed.conn, carrier_id, deed.viewer)
    entry = read_title(body.model_dump(), today=deed.today)
    made = await service.add_title(deed.conn, carrier, entry, by=deed.by, at=deed.at)
    found = next(one for one in await titles_of(deed.conn, carrier.id) if one.id == made)
    return answer(_title(found), status=201)


@router.get("/duties", response_model=CarrierDutyList, summary="载体的应办事项，没有办的在前")
async def duties(carrier_id: uuid.UUID, conn: ConnDep, viewer: Read) -> Response:
    carrier = await carrier_in_sight(conn, carrier_id, viewer)
    return answer(CarrierDutyList(items=[_duty(one) for one in await duties_of(conn, carrier.id)], next=None))


@router.post("/duties", response_model=CarrierDutyOut, status_code=201, summary="登记应办事项", openapi_extra=KEYED)
@once_only
async def add_duty(carrier_id: uuid.UUID, body: CarrierDutyIn, deed: Keeper) -> Response:
    carrier = await carrier_in_sight(deed.conn, carrier_id, deed.viewer)
    what, due_on, basis = read_duty(body.model_dump(), today=deed.today)
    by, at = deed.by, deed.at
    made = await service.add_duty(deed.conn, carrier, DutyKind.OTHER, what, due_on, basis, by=by, at=at)
    return await _one(deed.conn, carrier.id, made, status=201)


@router.post("/duties/{duty_id}/settle", response_model=CarrierDutyOut, summary="应办事项今天办结", openapi_extra=KEYED)
@once_only
async def settle(carrier_id: uuid.UUID, duty_id: uuid.UUID, deed: Letter) -> Response:
    carrier = await carrier_in_sight(deed.conn, carrier_id, deed.viewer)
    await service.settle_duty(deed.conn, carrier, duty_id, on=deed.today, by=deed.by, at=deed.at)
    return await _one(deed.conn, carrier.id, duty_id)


async def _one(conn: Conn, carrier_id: uuid.UUID, duty_id: uuid.UUID, *, status: int = 200) -> Response:
    found = next(one for one in await duties_of(conn, carrier_id) if one.id == duty_id)
    return answer(_duty(found), status=status)


@router.get("/changes", response_model=CarrierChangeList, summary="须报告的变更，最近的在前")
async def changes(carrier_id: uuid.UUID, conn: ConnDep, viewer: Read) -> Response:
    carrier = await carrier_in_sight(conn, carrier_id, viewer)
    found = [
        CarrierChangeOut(changed_on=c.changed_on, what=c.what, before=c.before, after=c.after, by=c.actor_name, at=c.at)
        for c in await changes_of(conn, carrier.id)
    ]
    return answer(CarrierChangeList(items=found, next=None))


@router.post("/close", response_model=CarrierDetail, summary="今天起停止运营", openapi_extra=KEYED)
@once_only
async def close(carrier_id: uuid.UUID, deed: Keeper, if_match: IfMatch = None) -> Response:
    """还有租约没有登记退出的回答 409。"""
    carrier = await carrier_in_sight(deed.conn, carrier_id, deed.viewer)
    version = version_needed(if_match)
    await service.close(deed.conn, carrier.id, on=deed.today, version=version, by=deed.by, at=deed.at)
    return await shown(deed.conn, carrier.id, deed.viewer, deed.today)
