"""One room over JSON: set right, closed, opened again, made one with the other row of the same room."""

import uuid

from fastapi import Response

from app.carriers import joining, spaces
from app.carriers.queries import space_of
from app.db import Conn
from app.errors import NotFound
from app.web.api.answers import answer, part
from app.web.api.carrier_answers import space_out
from app.web.api.carrier_schemas import JoinIn, SpaceCloseIn, SpaceIn, SpaceOut
from app.web.api.carriers import Letter, carrier_in_sight
from app.web.api.deeds import once_only
from app.web.api.if_match import IfMatch, version_needed
from app.web.api.openapi import KEYED
from app.web.carrier_input import Reader, read_space

router = part("孵化载体", "/carriers/{carrier_id}/spaces/{space_id}")


async def _shown(conn: Conn, carrier_id: uuid.UUID, space_id: uuid.UUID) -> Response:
    found = await space_of(conn, carrier_id, space_id)
    if found is None:
        raise NotFound
    return answer(space_out(found), headers={"etag": f'"{found.version}"'})


@router.put("", response_model=SpaceOut, summary="修改房间", openapi_extra=KEYED)
@once_only
async def amend(
    carrier_id: uuid.UUID, space_id: uuid.UUID, body: SpaceIn, deed: Letter, if_match: IfMatch = None
) -> Response:
    """整条写入；出租过的房间不能改面积、用法、工位数。If-Match 的值为房间的 version。"""
    carrier = await carrier_in_sight(deed.conn, carrier_id, deed.viewer)
    await _shown(deed.conn, carrier.id, space_id)
    version, entry = version_needed(if_match), read_space(body.model_dump())
    await spaces.amend_space(deed.conn, carrier, space_id, entry, version=version, by=deed.by, at=deed.at)
    return await _shown(deed.conn, carrier.id, space_id)


@router.post("/close", response_model=SpaceOut, summary="停用房间", openapi_extra=KEYED)
@once_only
async def close(carrier_id: uuid.UUID, space_id: uuid.UUID, body: SpaceCloseIn, deed: Letter) -> Response:
    """还有人在里面的回答 409；以前各天的使用率不变。"""
    carrier, r = await carrier_in_sight(deed.conn, carrier_id, deed.viewer), Reader(body.model_dump())
    on = r.day("on") or deed.today
    r.done()
    await spaces.close_space(deed.conn, carrier, space_id, on=on, by=deed.by, at=deed.at)
    return await _shown(deed.conn, carrier.id, space_id)


@router.post("/reopen", response_model=SpaceOut, summary="恢复启用停用错的房间", openapi_extra=KEYED)
@once_only
async def reopen(carrier_id: uuid.UUID, space_id: uuid.UUID, deed: Letter) -> Response:
    """停用的第一天过去以后、同一间房又登记过一间的，回答 409，写明怎么办；以前各天的使用率不变。"""
    carrier = await carrier_in_sight(deed.conn, carrier_id, deed.viewer)
    await spaces.reopen_space(deed.conn, carrier, space_id, by=deed.by, at=deed.at)
    return await _shown(deed.conn, carrier.id, space_id)


@router.post("/join", response_model=SpaceOut, summary="合并同一间房的两条登记", openapi_extra=KEYED)
@once_only
async def join(
    carrier_id: uuid.UUID, space_id: uuid.UUID, body: JoinIn, deed: Letter, if_match: IfMatch = None
) -> Response:
    """留下先登记的那一条，回答的是它；租约、经过和等确认的提议都归它。两条都有人的日子回答 409，写明是哪几天。
    合并以后不能撤销。"""
    carrier = await carrier_in_sight(deed.conn, carrier_id, deed.viewer)
    await _shown(deed.conn, carrier.id, space_id)
    version = version_needed(if_match)
    kept = await joining.join(
        deed.conn,
        carrier,
        space_id,
        body.other,
        version=version,
        other_version=body.other_version,
        same=body.same,
        by=deed.by,
        at=deed.at,
    )
    return await _shown(deed.conn, carrier.id, kept.id)
