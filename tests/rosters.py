"""Rosters for tests: workbooks of a few lines, and the whole way of one into the registry."""

import io
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import xlsxwriter

from app.access.terms import Actor
from app.db import Database
from app.exchange import queries, service
from app.exchange.jobs import run_waiting_imports
from app.exchange.queries import Batch
from app.files.store import FileStore
from tests.harness import NOON

DATA = Path(__file__).parent / "data"
NAME, CODE = "企业名称", "统一社会信用代码"


def workbook(*sheets: Sequence[Sequence[Any]], names: Sequence[str] = ()) -> bytes:
    """Each sheet a list of rows; a string that begins with "=" becomes a formula, as a person would type it."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        for index, rows in enumerate(sheets):
            page = book.add_worksheet(names[index] if names else None)
            for row, cells in enumerate(rows):
                for column, cell in enumerate(cells):
                    if cell is not None:
                        page.write(row, column, cell)
    return out.getvalue()


def roster(*firms: Mapping[str, Any]) -> bytes:
    """A workbook with one header row and a line a firm, by column title."""
    titles = list(dict.fromkeys(title for firm in firms for title in firm))
    return workbook([titles, *([firm.get(title) for title in titles] for firm in firms)])


async def uploaded(
    database: Database, files: FileStore, data: bytes, *, by: Actor, name: str = "名册.xlsx", at: datetime = NOON
) -> uuid.UUID:
    sha256 = await files.put(data)
    async with database.transaction() as conn:
        return await service.upload(conn, sha256=sha256, size=len(data), filename=name, by=by, at=at)


async def checked(
    database: Database, files: FileStore, data: bytes, *, by: Actor, name: str = "名册.xlsx", at: datetime = NOON
) -> Batch:
    batch_id = await uploaded(database, files, data, by=by, name=name, at=at)
    await run_waiting_imports(database, files, at=at)
    return await batch(database, batch_id)


async def confirmed(database: Database, files: FileStore, done: Batch, *, by: Actor, at: datetime = NOON) -> Batch:
    async with database.transaction() as conn:
        await service.confirm(conn, done.id, by=by, at=at)
    await run_waiting_imports(database, files, at=at)
    return await batch(database, done.id)


async def imported(
    database: Database, files: FileStore, data: bytes, *, by: Actor, name: str = "名册.xlsx", at: datetime = NOON
) -> Batch:
    preview = await checked(database, files, data, by=by, name=name, at=at)
    return await confirmed(database, files, preview, by=by, at=at)


async def batch(database: Database, batch_id: uuid.UUID) -> Batch:
    async with database.reading() as conn:
        found = await queries.batch_by_id(conn, batch_id, viewer=None)
    assert found is not None
    return found


async def rows(database: Database, batch_id: uuid.UUID, outcome: str = "") -> list[queries.BatchRow]:
    async with database.reading() as conn:
        return await queries.rows_of(conn, batch_id, outcome=outcome, limit=None)
