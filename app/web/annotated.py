"""A list that came in, going back with its faulty cells red and a column that says why."""

from collections.abc import Collection

from fastapi import Response

from app.db import Conn
from app.errors import Conflict
from app.exchange.queries import Batch, said_of
from app.exchange.reporting import notes_for
from app.files.store import Files
from app.sheets import SheetError
from app.sheets.isolated import annotate_isolated, in_turn
from app.web.downloads import XLSX, attachment
from app.web.later import Later


async def annotated_file(conn: Conn, files: Files, batch: Batch, names: Collection[str]) -> Response:
    messages = {said.row_no: said.messages for said in await said_of(conn, batch.id)}
    notes = notes_for(batch.sheet["name"], batch.sheet["header_row"], batch.sheet["columns"], messages, names)

    async def annotate() -> Response:
        try:
            async with files.on_disk(batch.sha256) as path:
                data = await in_turn(annotate_isolated, path, batch.filename, notes)
        except SheetError as error:
            raise Conflict(str(error)) from error
        return attachment(data, f"{batch.filename.rpartition('.')[0]}-原因.xlsx", XLSX)

    return Later(annotate)
