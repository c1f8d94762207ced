"""Carriers over JSON: the list with occupancy, one carrier, its spaces and its tenancies, any day's occupancy."""

import uuid
from datetime import date
from typing import Annotated, Any

from fastapi import Depends, Query, Response

from app.access.terms import Permission, Viewer
from app.carriers import listing, queries, service, spaces, tenancies
from app.carriers.occupancy import fills
from app.carriers.terms import AREA_LABELS, Carrier, Fill
from app.db import Conn
from app.errors import Invalid, NotFound
from app.firms import cursors
from app.firms.terms import Sort
from app.web.api.answers import answer, part
from app.web.api.carrier_answers import fill_out, space_out, tenancy_out
from app.web.api.carrier_schemas import (
    CarrierDetail,
    CarrierIn,
    CarrierList,
    CarrierOut,
    CarrierPatch,
    FillOut,
    SpaceIn,
    SpaceList,
    SpaceOut,
    TenancyList,
)
from app.web.api.deeds import Deed, doing, once_only
from app.web.api.if_match import IfMatch, version_needed
from app.web.api.openapi import KEYED
from app.web.carrier_input import read_carrier, read_changed_on, read_space
from app.web.deps import ConnDep, TodayDep, guard

router = part("孵化载体", "/carriers")
Read = Annotated[Viewer, Depends(guard(Permission.CARRIER_READ))]
Keeper = Annotated[Deed, Depends(doing(Permission.CARRIER_KEEP))]
Letter = Annotated[Deed, Depends(doing(Permission.CARRIER_LET))]
_EMPTY = Fill()
# What the API calls a field that a form calls otherwise.
_SAID = {"since": "from", "until": "to", "region": "region_code"}


def said(error: Invalid) -> Invalid:
    return Invalid({_SAID.get(name, name): words for name, words in error.fields.items()}, error.sentence)


async def carrier_in_sight(conn: Conn, carrier_id: uuid.UUID, viewer: Viewer) -> Carrier:
    found = await queries.carrier_by_id(conn, carrier_id, viewer=viewer)
    if found is None:
        raise NotFound
    return found


async def shown(conn: Conn, carrier_id: uuid.UUID, viewer: Viewer, today: date, *, status: int = 200) -> Response:
    c = await carrier_in_sight(conn, carrier_id, viewer)
    fill = (await fills(conn, [c.id], on=today, today=today)).get(c.id, _EMPTY)
    plain = {f: getattr(c, f) for f in CarrierDetail.model_fields if f not in ("occupancy", "areas")}
    areas = {name: str(v) if (v := getattr(c.areas, name)) is not None else None for name in AREA_LABELS}
    headers = {"etag": f'"{c.version}"'}
    if status == 201:
        headers["location"] = f"/api/v1/carriers/{c.id}"
    body = CarrierDetail(**plain, areas=areas, occupancy=fill_out(fill, today))
    return answer(body, status=status, headers=headers)


@router.get("", response_model=CarrierList, summary="管辖范围内的载体，附使用率")
async def carriers(
    conn: ConnDep,
    today: TodayDep,
    viewer: Read,
    q: Annotated[str, Query(max_length=60)] = "",
    kind: Annotated[str, Query(max_length=20)] = "",
    region: Annotated[str, Query(max_length=12)] = "",
    state: Annotated[str, Query(max_length=12, description="operating（缺省）、closed、all")] = "operating",
    on: Annotated[date | None, Query(description="哪一天的使用率，缺省今天")] = None,
    cursor: Annotated[str, Query(max_length=300)] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    filters = listing.CarrierFilter(q, kind, region, state)
    after = cursors.decode(cursor, Sort.NAME) if cursor else None
    day = on or today
    found, more = await listing.list_carriers(
        conn, filters, viewer=viewer, on=day, today=today, after=after, limit=limit
    )
    items = [
        CarrierOut(
            id=c.id,
            name=c.name,
            kind=c.kind.value,
            level=c.level.value,
            region_code=c.region_code,
            operator=c.operator,
            state=c.state.value,
            occupancy=fill_out(c.fill, day),
        )
        for c in found
    ]
    return answer(CarrierList(items=items, next=cursors.encode(*more) if more else None))


@router.post("", response_model=CarrierDetail, status_code=201, summary="登记载体", openapi_extra=KEYED)
@once_only
async def register(body: CarrierIn, deed: Keeper) -> Response:
    raw = {**body.model_dump(), "region": body.region_code or deed.viewer.scope}
    try:
        made = await service.register(deed.conn, read_carrier(raw, today=deed.today), by=deed.by, at=deed.at)
    except Invalid as error:
        raise said(error) from error
    return await shown(deed.conn, made, deed.viewer, deed.today, status=201)


@router.get("/{carrier_id}", response_model=CarrierDetail, summary="一个载体")
async def read(carrier_id: uuid.UUID, conn: ConnDep, today: TodayDep, viewer: Read) -> Response:
    return await shown(conn, carrier_id, viewer, today)


@router.patch("/{carrier_id}", response_model=CarrierDetail, summary="修改载体资料", openapi_extra=KEYED)
@once_only
async def edit(carrier_id: uuid.UUID, body: CarrierPatch, deed: Keeper, if_match: IfMatch = None) -> Response:
    held = await carrier_in_sight(deed.conn, carrier_id, deed.viewer)
    version = version_needed(if_match)
    given = body.model_dump(exclude_unset=True)
    kept: dict[str, Any] = {f: getattr(held, f) for f in CarrierPatch.model_fields if hasattr(held, f)}
    kept |= {f"area_{name}": getattr(held.areas, name) for name in AREA_LABELS}
    raw = {**kept, **given}
    raw["region"] = raw.pop("region_code")
    try:
        entry, changed_on = read_carrier(raw, today=deed.today), read_changed_on(given, today=deed.today)
        await service.edit(deed.conn, held.id, entry, version=version, changed_on=changed_on, by=deed.by, at=deed.at)
    except Invalid as error:
        raise said(error) from error
    return await shown(deed.conn, held.id, deed.viewer, deed.today)


@router.get("/{carrier_id}/occupancy", response_model=FillOut, summary="任何一天的使用率")
async def occupancy(
    carrier_id: uuid.UUID,
    conn: ConnDep,
    today: TodayDep,
    viewer: Read,
    on: date | None = None,
    known_on: Annotated[date | None, Query(description="按当天晚上已登记的内容算；缺省按现在")] = None,
) -> Response:
    await carrier_in_sight(conn, carrier_id, viewer)
    day = on or today
    found = await fills(conn, [carrier_id], on=day, today=today, known_on=known_on)
    return answer(fill_out(found.get(carrier_id, _EMPTY), day))


@router.get("/{carrier_id}/spaces", response_model=SpaceList, summary="载体的房间和工位区")
async def list_spaces(
    carrier_id: uuid.UUID,
    conn: ConnDep,
    viewer: Read,
    closed: Annotated[bool, Query(description="连同已停用的")] = False,
) -> Response:
    await carrier_in_sight(conn, carrier_id, viewer)
    found = await queries.spaces_of(conn, carrier_id, closed=closed)
    return answer(SpaceList(items=[space_out(s) for s in found], next=None))


@router.post("/{carrier_id}/spaces", response_model=SpaceOut, status_code=201, summary="新增房间", openapi_extra=KEYED)
@once_only
async def open_space(carrier_id: uuid.UUID, body: SpaceIn, deed: Letter) -> Response:
    carrier = await carrier_in_sight(deed.conn, carrier_id, deed.viewer)
    made = await spaces.add_space(deed.conn, carrier, read_space(body.model_dump()), by=deed.by, at=deed.at)
    space = await queries.space_of(deed.conn, carrier.id, made)
    assert space is not None
    return answer(space_out(space), status=201, headers={"etag": f'"{space.version}"'})


@router.get("/{carrier_id}/tenancies", response_model=TenancyList, summary="载体的租约，最近的在前")
async def list_tenancies(
    carrier_id: uuid.UUID,
    conn: ConnDep,
    today: TodayDep,
    viewer: Read,
    on: Annotated[date | None, Query(description="只要这一天在内的")] = None,
    cursor: Annotated[str, Query(max_length=300)] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 100,
) -> Response:
    await carrier_in_sight(conn, carrier_id, viewer)
    if on is not None:
        inside = await tenancies.tenancies_on(conn, carrier_id, on=on, today=today)
        return answer(TenancyList(items=[tenancy_out(t, today) for t in inside], next=None))
    after = cursors.decode(cursor, Sort.REGISTERED) if cursor else None
    found = await tenancies.tenancies_of(conn, carrier_id, after=after, limit=limit + 1)
    shown = found[:limit]
    more = cursors.encode(shown[-1].since, shown[-1].id) if len(found) > limit else None
    return answer(TenancyList(items=[tenancy_out(t, today) for t in shown], next=more))
