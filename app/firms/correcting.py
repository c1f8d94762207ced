"""A person says that a number or an address of theirs is written wrong, or is another by now."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import text

from app.access.sight import beyond_sight
from app.access.terms import Actor
from app.db import Conn
from app.errors import Invalid, Waiting
from app.firms.erasing import condition_of, given_for, hold_firms, kept_in, kind_of, masked, note_answer
from app.firms.erasures import waits_for
from app.firms.search import refresh_search
from app.locks import Lock, hold
from app.sealed import seal, unseal
from app.text import numbers_in

# What a letter or a link to an account goes by is for its owner and the administrators: whoever could put another
# address there could have the account. What was signed, closed or sent stays as it was.
CORRECTED = ("contacts", "carriers")
_BETWEEN = "、"


async def correct(conn: Conn, value: str, new: str, *, reason: str, by: Actor, at: datetime) -> int:
    """In how many places. Raises Invalid for what is of another kind, or the same; Waiting for what is to be erased."""
    kind = kind_of(value)
    if kind_of(new) is not kind or numbers_in(new) == numbers_in(value):
        raise Invalid({"new": "请写另一个同类的：电话换电话，邮箱换邮箱。"})
    await hold(conn, Lock.ERASING)
    if await waits_for(conn, value):
        raise Waiting("已经有人要求抹去它，在等第二个人同意；答复之后再更正。")
    counts: dict[str, int] = {}
    async with beyond_sight(conn):
        await hold_firms(conn, value)
        for held in kept_in(kind):
            if held.table in CORRECTED:
                counts[held.table] = await _put(conn, held.table, held.column, condition_of(held), value, new, at)
    said = {"to": masked(new)}
    await note_answer(conn, "person:data:corrected", masked(value), counts, reason, by=by, at=at, more=said)
    return sum(counts.values())


async def _put(conn: Conn, table: str, column: str, condition: str, value: str, new: str, at: datetime) -> int:
    owner = "firm_id" if table == "contacts" else "id"
    query = f"SELECT id, {owner} AS owner, {column} AS sealed FROM {table} WHERE {condition} ORDER BY id FOR UPDATE"  # noqa: S608
    rows = (await conn.execute(text(query), given_for(conn, value))).all()
    for row in rows:
        plain = _with(unseal(conn.vault, row.sealed, column=f"{table}.{column}", row=row.id), value, new)
        put = text(f"UPDATE {table} SET {column} = :text WHERE id = :id")  # noqa: S608
        await conn.execute(put, {"text": seal(conn.vault, f"{table}.{column}", row.id, plain), "id": row.id})
    if rows:
        owners: Mapping[str, Any] = {"ids": list({row.owner for row in rows}), "at": at}
        # Whoever has an old form open must not write the old number back.
        whose = "firms" if table == "contacts" else "carriers"
        touched = f"UPDATE {whose} SET version = version + 1, updated_at = :at WHERE id = ANY(:ids)"  # noqa: S608
        await conn.execute(text(touched), owners)
        if table == "contacts":
            await refresh_search(conn, owners["ids"])
    return len(rows)


def _with(plain: str, value: str, new: str) -> str:
    """One of several numbers gives way, and the others stay."""
    if "@" in plain:
        return new
    parts = plain.replace("，", _BETWEEN).replace("；", _BETWEEN).replace("/", _BETWEEN).split(_BETWEEN)
    kept = [new if numbers_in(part) == numbers_in(value) else part.strip() for part in parts]
    return _BETWEEN.join(kept) if new in kept else new
