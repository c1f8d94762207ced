"""Rosters in: upload, preview, confirm, watch, undo. The work itself is the worker's."""

import uuid
from typing import Annotated, Any

from fastapi import Depends, File, Form, Query, Request, Response, UploadFile

from app.access.terms import Actor, Permission, Viewer
from app.errors import NotFound
from app.exchange import queries, service
from app.exchange.queries import Batch
from app.exchange.terms import BatchKind
from app.files.naming import clean_name
from app.sheets import MAX_FILE, SheetError, kind_of
from app.web.annotated import annotated_batch, template_file
from app.web.deps import ClockDep, ConnDep, DatabaseDep, FilesDep, LookupDep, acting, guard
from app.web.htmx import see_other
from app.web.officer.import_views import batch_view, outcome_said, outcome_tabs, row_view
from app.web.routing import Router
from app.web.templating import fragment, page

router = Router()
Reader = Annotated[Viewer, Depends(guard(Permission.FIRM_IMPORT))]
Importer = Annotated[Actor, Depends(acting(Permission.FIRM_IMPORT))]


@router.get("/imports")
async def list_page(
    request: Request,
    viewer: Reader,
    conn: ConnDep,
    before: uuid.UUID | None = None,
    of: Annotated[str, Query(max_length=20)] = BatchKind.FIRMS.value,
) -> Response:
    """`of`: which kind of list the form begins with, after a faulty one of it."""
    return await _list(request, conn, viewer, before=before, of=kind_named(of))


async def _list(
    request: Request,
    conn: ConnDep,
    viewer: Viewer,
    *,
    before: uuid.UUID | None = None,
    error: str = "",
    status: int = 200,
    of: BatchKind = BatchKind.FIRMS,
) -> Response:
    found = await queries.list_batches(conn, viewer=viewer, before=before, limit=queries.PAGE + 1)
    shown = found[: queries.PAGE]
    context: dict[str, Any] = {
        "batches": [batch_view(b) for b in shown],
        "next_href": f"/imports?before={shown[-1].id}" if len(found) > len(shown) else None,
        "prev_href": "/imports" if before else None,
        "error": error,
        "max_mb": MAX_FILE >> 20,
        "kinds": [kind for kind in BatchKind if not kind.of_carrier and viewer.may(service.needed(kind))],
        "of": of,
    }
    return page(request, "officer/imports/list.html", title="导入", status=status, **context)


@router.post("/imports")
async def upload(
    request: Request,
    conn: ConnDep,
    files: FilesDep,
    clock: ClockDep,
    actor: Importer,
    kind: Annotated[str, Form(max_length=20)] = BatchKind.FIRMS.value,
    file: Annotated[UploadFile | None, File()] = None,
) -> Response:
    of = kind_named(kind)
    if file is None or not file.filename:
        return await _list(request, conn, actor.viewer, error="请选择要上传的文件。", status=422, of=of)
    name = clean_name(file.filename)
    # One byte more than is taken is enough to know that it is too much.
    data = await file.read(MAX_FILE + 1)
    try:
        kind_of(data, name)
    except SheetError as error:
        return await _list(request, conn, actor.viewer, error=str(error), status=422, of=of)
    sha256 = await files.put(data)
    at = clock.now()
    batch_id = await service.upload(conn, sha256=sha256, size=len(data), filename=name, kind=of, by=actor, at=at)
    return see_other(request, f"/imports/{batch_id}")


@router.get("/imports/template.xlsx")
async def template(
    lookup: LookupDep, viewer: Reader, kind: Annotated[str, Query(max_length=20)] = BatchKind.FIRMS.value
) -> Response:
    return await template_file(kind_named(kind), lookup, viewer)


def kind_named(value: str) -> BatchKind:
    if value not in {kind.value for kind in BatchKind if not kind.of_carrier}:
        raise NotFound("没有这一种表。")
    return BatchKind(value)


async def _in_sight(conn: ConnDep, batch_id: uuid.UUID, viewer: Viewer) -> Batch:
    batch = await queries.batch_by_id(conn, batch_id, viewer=viewer)
    if batch is None:
        raise NotFound
    return batch


@router.get("/imports/{batch_id}")
async def batch_page(
    request: Request,
    batch_id: uuid.UUID,
    viewer: Reader,
    conn: ConnDep,
    outcome: Annotated[str, Query(max_length=20)] = "",
    after: Annotated[int, Query(ge=0, le=1 << 30)] = 0,
) -> Response:
    batch = await _in_sight(conn, batch_id, viewer)
    here = f"/imports/{batch_id}"
    rows = []
    if not batch.state.busy:
        rows = await queries.rows_of(conn, batch_id, outcome=outcome, after=after, limit=queries.PAGE + 1)
    more = len(rows) > queries.PAGE
    shown = rows[: queries.PAGE]
    chosen = f"outcome={outcome}&" if outcome else ""
    context: dict[str, Any] = {
        "batch": batch_view(batch),
        "rows": [row_view(r, batch) for r in shown],
        "tabs": outcome_tabs(batch, outcome),
        "next_href": f"{here}?{chosen}after={shown[-1].row_no}" if more else None,
        "prev_href": f"{here}?{chosen.rstrip('&')}".rstrip("?") if after else None,
        "can_confirm": batch.created_by == viewer.id,
    }
    return page(request, "officer/imports/batch.html", title=f"导入 {batch.filename}", **context)


@router.get("/imports/{batch_id}/progress")
async def progress(request: Request, batch_id: uuid.UUID, viewer: Reader, conn: ConnDep) -> Response:
    """What the page asks for every second while the worker is at it; at the end it loads itself anew."""
    batch = await _in_sight(conn, batch_id, viewer)
    if not batch.state.busy:
        return see_other(request, f"/imports/{batch_id}", outcome_said(batch))
    return fragment(request, "officer/imports/_progress.html", batch=batch_view(batch))


@router.post("/imports/{batch_id}/confirm")
async def confirm(request: Request, batch_id: uuid.UUID, conn: ConnDep, clock: ClockDep, actor: Importer) -> Response:
    await service.confirm(conn, batch_id, by=actor, at=clock.now())
    return see_other(request, f"/imports/{batch_id}", "已确认，正在导入")


@router.post("/imports/{batch_id}/discard")
async def discard(request: Request, batch_id: uuid.UUID, conn: ConnDep, clock: ClockDep, actor: Importer) -> Response:
    batch = await service.discard(conn, batch_id, by=actor, at=clock.now())
    return see_other(request, "/imports", f"已放弃 {batch.filename}")


@router.post("/imports/{batch_id}/undo")
async def undo(request: Request, batch_id: uuid.UUID, conn: ConnDep, clock: ClockDep, actor: Importer) -> Response:
    await service.ask_undo(conn, batch_id, by=actor, at=clock.now())
    return see_other(request, f"/imports/{batch_id}", "正在撤销")


@router.get("/imports/{batch_id}/annotated.xlsx")
async def annotated(
    batch_id: uuid.UUID, actor: Importer, conn: ConnDep, database: DatabaseDep, files: FilesDep, clock: ClockDep
) -> Response:
    """The workbook that came in, with its faulty cells red and a column that says why."""
    batch = await _in_sight(conn, batch_id, actor.viewer)
    return await annotated_batch(conn, database, files, batch, by=actor, at=clock.now())
