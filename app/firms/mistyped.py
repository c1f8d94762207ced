"""What a search may have meant when no firm bears what was typed: names that sound so, or differ in one character."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, literal_column, or_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Text

from app.access.terms import Viewer
from app.db import Conn
from app.firms.duplicates import core
from app.firms.filtering import Sight, in_sight, sight_of, sight_values
from app.firms.models import Firm
from app.firms.queries import firm_rows
from app.firms.terms import FirmRow, FirmStatus
from app.statements import Kept
from app.text import pinyin, query_grams

SHOWN = 8
_LONGEST = 12  # of what is compared character by character
_SPELT = func.concat(" ", Firm.name_pinyin, " ")


async def nearly(conn: Conn, q: str, *, viewer: Viewer, active: bool = False) -> list[FirmRow]:
    """The shortest names first; none for codes, telephones and initials, which sound like nothing."""
    wanted = core(q)
    if len(wanted) < 2 or wanted.isascii():
        return []
    return await _sounding(conn, wanted, viewer, active) or await _written(conn, wanted, viewer, active)


async def _sounding(conn: Conn, wanted: str, viewer: Viewer, active: bool) -> list[FirmRow]:
    """The initials of a name are among what it is found by, so an index leads to the few that are compared."""
    spelt, initials = pinyin(wanted)
    grams = query_grams(initials)
    if not grams:
        return []
    given = {**sight_values(viewer), "spelt": f"% {spelt} %", "grams": grams, "rows": SHOWN}
    return [FirmRow(*row) for row in await conn.execute(_by_sound(sight_of(viewer), active), given)]


@lru_cache(maxsize=16)
def _by_sound(sight: Sight, active: bool) -> Kept:
    grams = bindparam("grams", type_=ARRAY(Text()))
    sounds = and_(Firm.search_grams.contains(grams), _SPELT.like(bindparam("spelt", type_=Text())))
    return Kept(_shortest(sight, active, sounds))


async def _written(conn: Conn, wanted: str, viewer: Viewer, active: bool) -> list[FirmRow]:
    """Each character in turn may be another. What is left of the name on either side is looked up by its grams."""
    if not 3 <= len(wanted) <= _LONGEST:
        return []
    ways = [_but_one(wanted, n) for n in range(len(wanted))]
    query = _shortest(sight_of(viewer), active, or_(*(way for way in ways if way is not None)))
    given = {**sight_values(viewer), "rows": SHOWN}
    return [FirmRow(*row) for row in await conn.execute(query, given)]


def _but_one(wanted: str, n: int) -> ColumnElement[bool] | None:
    grams = [*query_grams(wanted[:n]), *query_grams(wanted[n + 1 :])]
    if not grams:
        return None
    return and_(Firm.search_grams.contains(grams), Firm.name_key.like(f"%{wanted[:n]}_{wanted[n + 1 :]}%"))


def _shortest(sight: Sight, active: bool, condition: ColumnElement[bool]) -> Select[Any]:
    standing = literal_column("firms.status = 'active'") if active else Firm.status != FirmStatus.MERGED.value
    order: Sequence[Any] = (func.length(Firm.name_key), Firm.name_pinyin, Firm.id)
    return firm_rows().where(in_sight(sight), standing, condition).order_by(*order).limit(bindparam("rows"))
