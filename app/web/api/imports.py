"""Lists in over JSON: uploaded, previewed row by row, confirmed, taken back. The work itself is the worker's."""

import uuid
from typing import Annotated, Any

from fastapi import Depends, Form, Query, Response, UploadFile
from fastapi import File as FormFile

from app.access.terms import Actor, Permission, Viewer
from app.db import Conn
from app.errors import Invalid, NotFound
from app.exchange import queries, service
from app.exchange.queries import Batch
from app.exchange.terms import BatchKind
from app.files.naming import clean_name
from app.sheets import MAX_FILE, SheetError, kind_of
from app.web.annotated import annotated_batch, template_file
from app.web.api.answers import answer, part
from app.web.api.deeds import Deed, doing, once_only
from app.web.api.import_schemas import BatchList, BatchOut, RowList, RowOut
from app.web.api.openapi import KEYED
from app.web.deps import ClockDep, ConnDep, DatabaseDep, FilesDep, LookupDep, acting, guard
from app.web.downloads import XLSX

_FILTERS = "created、updated、unchanged、rejected、warned；撤销之后还有 back（已撤销）、left（没有撤销）"
_WORKBOOK: dict[int | str, dict[str, Any]] = {
    200: {"content": {XLSX: {"schema": {"type": "string", "format": "binary"}, "example": "PK…"}}}
}
router = part("导入", "/imports")
Reader = Annotated[Viewer, Depends(guard(Permission.FIRM_IMPORT))]
Importer = Annotated[Deed, Depends(doing(Permission.FIRM_IMPORT))]


def batch_out(b: Batch) -> BatchOut:
    return BatchOut(
        id=b.id,
        kind=b.kind.value,
        filename=b.filename,
        state=b.state.value,
        creator=b.creator_name,
        created_at=b.created_at,
        applied_at=b.applied_at,
        undone_at=b.undone_at,
        done=b.done,
        total=b.total,
        **b.counts,
        unknown_columns=list(b.sheet.get("unknown", [])),
        sentence=b.sentence,
    )


async def _one(conn: Conn, batch_id: uuid.UUID, viewer: Viewer) -> Batch:
    batch = await queries.batch_by_id(conn, batch_id, viewer=viewer)
    if batch is None:
        raise NotFound
    return batch


async def _shown(deed: Deed, batch_id: uuid.UUID, *, status: int = 200) -> Response:
    return answer(batch_out(await _one(deed.conn, batch_id, deed.viewer)), status=status)


@router.get("", response_model=BatchList, summary="导入，最近的在前")
async def list_batches(
    conn: ConnDep,
    viewer: Reader,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: uuid.UUID | None = None,
) -> Response:
    found = await queries.list_batches(conn, viewer=viewer, before=cursor, limit=limit + 1)
    more = str(found[limit - 1].id) if len(found) > limit else None
    return answer(BatchList(items=[batch_out(b) for b in found[:limit]], next=more))


@router.post(
    "", response_model=BatchOut, status_code=201, summary="上传一份表（multipart/form-data）", openapi_extra=KEYED
)
@once_only
async def upload(
    deed: Importer,
    files: FilesDep,
    file: Annotated[UploadFile, FormFile(description=f".xlsx、.xls、.csv，不超过 {MAX_FILE >> 20} MB")],
    kind: Annotated[str, Form(max_length=20, description="firms、contacts、certificates、moves")] = "firms",
) -> Response:
    """收下之后由后台检查；state 到 preview 时可以看逐行结果，再确认。"""
    of = _kind(kind)
    name = clean_name(file.filename or "")
    data = await file.read(MAX_FILE + 1)
    try:
        kind_of(data, name)
    except SheetError as error:
        raise Invalid({"file": str(error)}) from error
    sha256 = await files.put(data)
    made = await service.upload(
        deed.conn, sha256=sha256, size=len(data), filename=name, kind=of, by=deed.by, at=deed.at
    )
    return await _shown(deed, made, status=201)


def _kind(said: str) -> BatchKind:
    if said not in {k.value for k in BatchKind if not k.of_carrier}:
        raise Invalid({"kind": "kind 为 firms、contacts、certificates 或 moves。"})
    return BatchKind(said)


@router.get(
    "/template.xlsx",
    summary="一种表的模板：说明、单位、下拉选项、模板版本",
    response_class=Response,
    responses=_WORKBOOK,
)
async def template(
    lookup: LookupDep,
    viewer: Reader,
    kind: Annotated[str, Query(max_length=20, description="firms、contacts、certificates、moves")] = "firms",
) -> Response:
    return await template_file(_kind(kind), lookup, viewer)


@router.get("/{batch_id}", response_model=BatchOut, summary="一次导入，办到了哪一步")
async def read(batch_id: uuid.UUID, conn: ConnDep, viewer: Reader) -> Response:
    return answer(batch_out(await _one(conn, batch_id, viewer)))


@router.get("/{batch_id}/rows", response_model=RowList, summary="逐行结果，按文件里的先后")
async def rows(
    batch_id: uuid.UUID,
    conn: ConnDep,
    viewer: Reader,
    outcome: Annotated[str, Query(max_length=20, description=_FILTERS)] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[int, Query(ge=0, le=1 << 30)] = 0,
) -> Response:
    batch = await _one(conn, batch_id, viewer)
    found = await queries.rows_of(conn, batch_id, outcome=outcome, after=cursor, limit=limit + 1)
    items = [
        RowOut(
            row=r.row_no,
            outcome=r.outcome.value,
            end=batch.end_of(r),
            uscc=r.uscc,
            name=r.name,
            changes=[dict(c) for c in r.changes],
            messages=[dict(m) for m in r.messages],
        )
        for r in found[:limit]
    ]
    return answer(RowList(items=items, next=str(items[-1].row) if len(found) > limit else None))


@router.get(
    "/{batch_id}/annotated.xlsx",
    summary="原来的表，有错的格子标红并写明原因",
    response_class=Response,
    responses=_WORKBOOK,
)
async def annotated(
    batch_id: uuid.UUID,
    conn: ConnDep,
    database: DatabaseDep,
    by: Annotated[Actor, Depends(acting(Permission.FIRM_IMPORT))],
    files: FilesDep,
    clock: ClockDep,
) -> Response:
    """改好之后整份再传一次，已导入的不会重复，只补没成功的。"""
    batch = await _one(conn, batch_id, by.viewer)
    return await annotated_batch(conn, database, files, batch, by=by, at=clock.now())


@router.post("/{batch_id}/confirm", response_model=BatchOut, summary="确认导入", openapi_extra=KEYED)
@once_only
async def confirm(batch_id: uuid.UUID, deed: Importer) -> Response:
    await service.confirm(deed.conn, batch_id, by=deed.by, at=deed.at)
    return await _shown(deed, batch_id)


@router.post("/{batch_id}/discard", response_model=BatchOut, summary="放弃", openapi_extra=KEYED)
@once_only
async def discard(batch_id: uuid.UUID, deed: Importer) -> Response:
    await service.discard(deed.conn, batch_id, by=deed.by, at=deed.at)
    return await _shown(deed, batch_id)


@router.post("/{batch_id}/undo", response_model=BatchOut, summary="撤销导入", openapi_extra=KEYED)
@once_only
async def undo(batch_id: uuid.UUID, deed: Importer) -> Response:
    """由后台撤销；之后又有变动的不动，sentence 里列出。"""
    await service.ask_undo(deed.conn, batch_id, by=deed.by, at=deed.at)
    return await _shown(deed, batch_id)
