"""A list of platforms brought in: by kind, level and name, so that the same list twice changes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select

from app.access.terms import Actor
from app.db import Conn
from app.errors import AppError, Invalid
from app.labels import Labelled
from app.platforms.models import PlatformRow
from app.platforms.queries import platform_by_id
from app.platforms.service import add_platform, amend_platform, entry_of
from app.platforms.terms import PlatformEntry


class Outcome(Labelled):
    ADDED = "added", "新增"
    CHANGED = "changed", "更新"
    SAME = "same", "不变"
    WRONG = "wrong", "错误"


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the list: the entry that it means, or what is wrong with it."""

    number: int
    name: str
    entry: PlatformEntry | None = None
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    number: int
    name: str
    outcome: Outcome
    fault: str = ""


async def bring(conn: Conn, lines: Sequence[Line], *, by: Actor, at: datetime) -> list[Result]:
    """Good rows go in, whatever becomes of the others."""
    return [await _one(conn, line, by=by, at=at) for line in lines]


async def _one(conn: Conn, line: Line, *, by: Actor, at: datetime) -> Result:
    if line.entry is None:
        return Result(line.number, line.name, Outcome.WRONG, line.fault)
    try:
        return Result(line.number, line.name, await _write(conn, line.entry, by=by, at=at))
    except Invalid as error:
        return Result(line.number, line.name, Outcome.WRONG, "".join(error.fields.values()))
    except AppError as error:
        return Result(line.number, line.name, Outcome.WRONG, error.sentence)


async def _write(conn: Conn, entry: PlatformEntry, *, by: Actor, at: datetime) -> Outcome:
    p = PlatformRow
    known = select(p.id).where(p.kind == entry.kind.value, p.level == entry.level.value, p.name == entry.name)
    found = (await conn.execute(known)).scalar_one_or_none()
    held = await platform_by_id(conn, found, viewer=by.viewer) if found else None
    if held is None:
        await add_platform(conn, entry, by=by, at=at)
        return Outcome.ADDED
    # A list says nothing of duties; those that were written down stay.
    whole = replace(entry, duties=entry_of(held).duties)
    done = await amend_platform(conn, held.id, whole, version=held.version, by=by, at=at)
    return Outcome.CHANGED if done else Outcome.SAME
