"""Rows of firms as they are written: one statement for many, wherever that can be."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import any_, bindparam, text, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Uuid

from app.db import Conn
from app.firms.models import Firm


async def insert_rows(conn: Conn, rows: Sequence[Mapping[str, Any]]) -> None:
    """All in one statement: the trigger that keeps the counters runs once and adds a line a tier, not a line a firm."""
    names = ", ".join(rows[0])
    statement = text(
        f"INSERT INTO firms ({names}) "  # noqa: S608  # names of our own columns
        f"SELECT {names} FROM jsonb_populate_recordset(NULL::firms, CAST(:rows AS jsonb))"
    )
    await conn.execute(statement, {"rows": orjson.dumps(rows, default=str).decode()})


async def update_rows(
    conn: Conn, names: tuple[str, ...], rows: Sequence[Mapping[str, Any]], *, at: datetime | None
) -> None:
    """Firms that all get the same are written in one statement, however many. Without `at` they are not new again."""
    touched = {"updated_at": at} if at else {}
    values = [tuple(row[n] for n in names) for row in rows]
    if len(set(values)) == 1:
        same = dict(zip(names, values[0], strict=True))
        these = Firm.id == any_(bindparam("ids", type_=ARRAY(Uuid())))
        one = update(Firm).where(these).values(**same, version=Firm.version + 1, **touched)
        await conn.execute(one, {"ids": [row["b_id"] for row in rows]})
        return
    several = (
        update(Firm.__table__)  # type: ignore[arg-type]
        .where(Firm.id == bindparam("b_id"))
        .values({**{n: bindparam(n) for n in names}, "version": Firm.version + 1, **touched})
    )
    await conn.execute(several, rows)
