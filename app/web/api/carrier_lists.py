"""A carrier's lists in over JSON: uploaded and looked at, taken in whole, taken back."""

import uuid
from typing import Annotated

from fastapi import Depends, Form, Query, Response, UploadFile
from fastapi import File as FormFile

from app.access.sight import SeenBy
from app.access.terms import Permission, Viewer
from app.db import Conn
from app.errors import Invalid
from app.exchange import carrier_batches, service
from app.exchange.queries import batches_of, rows_of
from app.exchange.terms import BatchKind
from app.sheets import MAX_FILE, SheetError
from app.web.api.answers import answer, part
from app.web.api.carriers import Letter, carrier_in_sight
from app.web.api.deeds import once_only
from app.web.api.import_schemas import BatchList, BatchOut, CarrierRowList, CarrierRowOut
from app.web.api.imports import batch_out
from app.web.api.openapi import KEYED
from app.web.carrier_lists import MOST, keep, look, read_again, take
from app.web.deps import ConnDep, DatabaseDep, FilesDep, LookupDep, guard
from app.web.idempotency import once
from app.web.later import Later
from app.web.log_list import source_of

router = part("孵化载体", "/carriers/{carrier_id}/imports")
Reader = Annotated[Viewer, Depends(guard(Permission.CARRIER_LET))]
_KINDS = tuple(kind.value for kind in BatchKind if kind.of_carrier)
_SAID = "、".join(_KINDS)


def _kind(value: str) -> BatchKind:
    if value not in _KINDS:
        raise Invalid({"kind": f"kind 为 {_SAID}。"})
    return BatchKind(value)


async def _shown(
    conn: Conn, carrier_id: uuid.UUID, batch_id: uuid.UUID, viewer: Viewer, *, status: int = 200
) -> Response:
    carrier = await carrier_in_sight(conn, carrier_id, viewer)
    batch = await carrier_batches.in_sight(conn, carrier, batch_id, viewer=viewer)
    headers = {"location": f"/api/v1/carriers/{carrier_id}/imports/{batch_id}"} if status == 201 else {}
    return answer(batch_out(batch), status=status, headers=headers)


@router.get("", response_model=BatchList, summary="这个载体的一种清单的导入，最近的在前")
async def list_batches(
    carrier_id: uuid.UUID,
    conn: ConnDep,
    viewer: Reader,
    kind: Annotated[str, Query(max_length=20, description=_SAID)] = BatchKind.ROOMS.value,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    carrier = await carrier_in_sight(conn, carrier_id, viewer)
    found = await batches_of(conn, carrier.id, _kind(kind), viewer=viewer, limit=limit)
    return answer(BatchList(items=[batch_out(b) for b in found], next=None))


@router.post(
    "",
    response_model=BatchOut,
    status_code=201,
    summary="上传一份清单并检查（multipart/form-data）",
    openapi_extra=KEYED,
)
async def upload(
    carrier_id: uuid.UUID,
    deed: Letter,
    lookup: LookupDep,
    database: DatabaseDep,
    files: FilesDep,
    file: Annotated[UploadFile, FormFile(description=f".xlsx、.xls、.csv，不超过 {MAX_FILE >> 20} MB、{MOST:,} 行")],
    kind: Annotated[str, Form(max_length=20, description=_SAID)] = BatchKind.ROOMS.value,
) -> Response:
    """列名与网页上的模板相同。什么也没有写入：逐行看会怎样（/rows），再确认；有错的行时不能确认。"""
    carrier = await carrier_in_sight(deed.conn, carrier_id, deed.viewer)
    source, house = source_of(_kind(kind), deed.viewer, lookup.policies), SeenBy(database, deed.viewer)
    given = (await file.read(MAX_FILE + 1), file.filename or "")

    async def work() -> Response:
        try:
            looked = await look(carrier, source, given, house, files, by=deed.by, at=deed.at)
        except SheetError as error:
            raise Invalid({"file": str(error)}) from error
        async with house.transaction() as own, once(own, deed.key, viewer=deed.viewer, at=deed.at) as slot:
            if slot.replayed is not None:
                return slot.replayed
            made = await keep(own, carrier, source, looked, by=deed.by, at=deed.at)
            return slot.keep(await _shown(own, carrier.id, made, deed.viewer, status=201))

    return Later(work)


@router.get("/{batch_id}", response_model=BatchOut, summary="一次导入")
async def read(carrier_id: uuid.UUID, batch_id: uuid.UUID, conn: ConnDep, viewer: Reader) -> Response:
    return await _shown(conn, carrier_id, batch_id, viewer)


@router.get("/{batch_id}/rows", response_model=CarrierRowList, summary="逐行结果，按文件里的先后")
async def rows(
    carrier_id: uuid.UUID,
    batch_id: uuid.UUID,
    conn: ConnDep,
    viewer: Reader,
    outcome: Annotated[str, Query(max_length=20, description="created、updated、unchanged、rejected")] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[int, Query(ge=0, le=1 << 30)] = 0,
) -> Response:
    carrier = await carrier_in_sight(conn, carrier_id, viewer)
    batch = await carrier_batches.in_sight(conn, carrier, batch_id, viewer=viewer)
    found = await rows_of(conn, batch.id, outcome=outcome, after=cursor, limit=limit + 1)
    items = [
        CarrierRowOut(
            row=r.row_no,
            outcome=r.outcome.value,
            what=r.values["what"],
            who=r.name,
            said=r.values["said"],
            messages=[dict(m) for m in r.messages],
        )
        for r in found[:limit]
    ]
    return answer(CarrierRowList(items=items, next=str(items[-1].row) if len(found) > limit else None))


@router.post("/{batch_id}/confirm", response_model=BatchOut, summary="确认导入", openapi_extra=KEYED)
async def confirm(
    carrier_id: uuid.UUID, batch_id: uuid.UUID, deed: Letter, lookup: LookupDep, database: DatabaseDep, files: FilesDep
) -> Response:
    """整份写入或一行都不写；检查之后有了变动的回答 409。"""
    carrier = await carrier_in_sight(deed.conn, carrier_id, deed.viewer)
    batch = await carrier_batches.in_sight(deed.conn, carrier, batch_id, viewer=deed.viewer)
    source, house = source_of(batch.kind, deed.viewer, lookup.policies), SeenBy(database, deed.viewer)

    async def work() -> Response:
        lines = await read_again(files, source, batch)
        async with house.transaction() as own, once(own, deed.key, viewer=deed.viewer, at=deed.at) as slot:
            if slot.replayed is not None:
                return slot.replayed
            await take(own, carrier, source, batch, lines, by=deed.by, at=deed.at)
            return slot.keep(await _shown(own, carrier.id, batch.id, deed.viewer))

    return Later(work)


@router.post("/{batch_id}/discard", response_model=BatchOut, summary="放弃", openapi_extra=KEYED)
@once_only
async def discard(carrier_id: uuid.UUID, batch_id: uuid.UUID, deed: Letter) -> Response:
    carrier = await carrier_in_sight(deed.conn, carrier_id, deed.viewer)
    await service.discard(deed.conn, batch_id, by=deed.by, at=deed.at, carrier_id=carrier.id)
    return await _shown(deed.conn, carrier.id, batch_id, deed.viewer)


@router.post("/{batch_id}/undo", response_model=BatchOut, summary="撤销导入", openapi_extra=KEYED)
@once_only
async def undo(carrier_id: uuid.UUID, batch_id: uuid.UUID, deed: Letter) -> Response:
    """当场撤销；之后又有变动的行不动，sentence 里列出。"""
    carrier = await carrier_in_sight(deed.conn, carrier_id, deed.viewer)
    await carrier_batches.take_back(deed.conn, carrier, batch_id, by=deed.by, at=deed.at)
    return await _shown(deed.conn, carrier.id, batch_id, deed.viewer)
