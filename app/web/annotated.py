"""Workbooks of lists that go out: empty to be filled in, or as they came, their faulty cells red and with a reason."""

import asyncio
from collections.abc import Collection
from datetime import datetime

from fastapi import Response

from app.access.sight import SeenBy
from app.access.terms import Actor, Viewer
from app.db import Conn, Database
from app.errors import Conflict
from app.exchange.columns import NAMES
from app.exchange.examining import Bureau
from app.exchange.listing import LISTS
from app.exchange.naming import names_for
from app.exchange.queries import Batch, said_of
from app.exchange.reporting import notes_for
from app.exchange.template import write_template
from app.exchange.terms import BatchKind
from app.files.store import Files
from app.sheets import SheetError
from app.sheets.isolated import annotate_isolated, in_turn
from app.web.downloads import XLSX, attachment
from app.web.later import Later
from app.web.lookups import Lookup
from app.web.noting import note_taken


async def template_file(kind: BatchKind, lookup: Lookup, viewer: Viewer) -> Response:
    names = names_for(lookup.reference, lookup.main, scope=viewer.scope)
    bureau = Bureau(lookup.reference, lookup.main, lookup.calendar, lookup.policies, names)
    data = await asyncio.to_thread(write_template, kind, bureau, scope=viewer.scope)
    return attachment(data, f"{kind.label}模板.xlsx", XLSX)


async def annotated_batch(
    conn: Conn, database: Database, files: Files, batch: Batch, *, by: Actor, at: datetime
) -> Response:
    """Raises Conflict while there is nothing to say of it."""
    if batch.state.busy or "header_row" not in batch.sheet:
        raise Conflict("这一批还没有检查完，或者没有可以标注的内容。")
    names = LISTS[batch.kind].names if batch.kind in LISTS else NAMES
    return await annotated_file(conn, database, files, batch, names, by=by, at=at)


async def annotated_file(
    conn: Conn, database: Database, files: Files, batch: Batch, names: Collection[str], *, by: Actor, at: datetime
) -> Response:
    messages = {said.row_no: said.messages for said in await said_of(conn, batch.id)}
    name = f"{batch.filename.rpartition('.')[0]}-原因.xlsx"
    notes = notes_for(batch.sheet["name"], batch.sheet["header_row"], batch.sheet["columns"], messages, names)

    async def annotate() -> Response:
        try:
            async with files.on_disk(batch.sha256) as path:
                data = await in_turn(annotate_isolated, path, batch.filename, notes)
        except SheetError as error:
            raise Conflict(str(error)) from error
        async with SeenBy(database, by.viewer).transaction() as own:
            await note_taken(own, name, "import", batch.id, by=by, at=at)
        return attachment(data, name, XLSX)

    return Later(annotate)
