"""Firms that may be one and the same: by what a name is once place and legal form are taken off, and by its sound."""

import re
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

from sqlalchemy import ColumnElement, Text, bindparam, func, literal_column, select, union
from sqlalchemy.dialects.postgresql import ARRAY, array

from app.access.terms import Viewer
from app.db import Conn
from app.firms.apart import told_apart
from app.firms.filtering import visible_to
from app.firms.models import Firm, FormerName
from app.text import key, pinyin, query_grams

SIMILAR, HOMOPHONE = "名称相近", "名称同音"
_ACTIVE: ColumnElement[bool] = literal_column("firms.status = 'active'")
_GROUPS = 500  # of one sound or one core; whose firms have all been told apart make room for others
ALIKE = Fraction(1, 2)  # of their pairs of characters that two cores must share
SHOWN, _CANDIDATES, _GRAMS, _TWINS = 8, 100, 10, 100
# The database reads the same three: it takes off from all names at once what Python takes off from one.
_PLACE = "^(?:中国|广东省?|江门市?|开平市?|恩平市?|台山市?|鹤山市?|新会区?|蓬江区?|江海区?)+"
_FORM = "(?:集团)?(?:股份)?(?:有限责任公司|有限公司|公司|合伙企业|工厂|厂|店|中心)$"
_BRACKETS = "（[^）]*）"


@dataclass(frozen=True, slots=True)
class Alike:
    uscc: str
    name: str
    region_code: str
    status: str
    why: str

    @property
    def exact(self) -> bool:
        return self.why not in (SIMILAR, HOMOPHONE)


@dataclass(frozen=True, slots=True)
class Twins:
    one: tuple[str, str]  # code, name
    other: tuple[str, str]
    why: str


def core(name: str) -> str:
    """开平市长兴卫浴有限公司 → 长兴卫浴. What is left of nothing else is the name itself."""
    cut = key(re.sub(_FORM, "", re.sub(_PLACE, "", re.sub(_BRACKETS, "", name))))
    return cut if len(cut) >= 2 else key(name)


def likeness(one: str, other: str) -> Fraction:
    """Of two cores: the share of neighbouring pairs that they have in common (Dice), 0 to 1."""
    a, b = (Counter(x + y for x, y in pairwise(text)) for text in (one, other))
    return Fraction(2 * (a & b).total(), max(1, a.total() + b.total()))


_BY_GRAM = select(func.unnest(bindparam("grams", type_=ARRAY(Text()))).label("gram")).subquery("asked")


async def alike(conn: Conn, *, name: str, uscc: str, viewer: Viewer, apart_from: str = "") -> list[Alike]:
    """Firms in sight that a new one may be: the same code, the same name now or formerly, a similar name.

    Bounded however common the words are: a few of the hits of each pair of characters are compared in full.
    """
    wanted = core(name)
    grams = query_grams(wanted)[:_GRAMS]
    columns = (Firm.uscc, Firm.name, Firm.region_code, Firm.status)
    seen = visible_to(viewer), Firm.uscc != apart_from
    # One look at an index each: joined by OR, the registry would be read whole.
    same = union(
        select(Firm.id).where(Firm.uscc == uscc),
        select(Firm.id).where(Firm.name_key == key(name)),
        select(FormerName.firm_id).where(FormerName.name_key == key(name)),
        select(Firm.id).where(literal_column("firms.status = 'active'"), Firm.name_pinyin == pinyin(name)[0]),
    ).subquery("same")
    exact = select(*columns).join(same, same.c.id == Firm.id).where(*seen).order_by(Firm.id)
    found = [Alike(*(*row, _why(row, name, uscc))) for row in await conn.execute(exact.limit(SHOWN))]
    if not grams:
        return found
    holding = (
        select(*columns)
        .where(Firm.search_grams.contains(array([_BY_GRAM.c.gram])), *seen)
        .limit(_CANDIDATES)
        .lateral("holding")
    )
    rows = await conn.execute(
        select(holding).select_from(_BY_GRAM.join(holding, literal_column("true"))), {"grams": grams}
    )
    known = {one.uscc for one in found}
    near = {row.uscc: row for row in rows if row.uscc not in known}
    scored = sorted(
        ((likeness(wanted, core(row.name)), row) for row in near.values()), key=lambda s: (-s[0], s[1].name)
    )
    return [*found, *(Alike(*(*row, SIMILAR)) for score, row in scored if score >= ALIKE)][:SHOWN]


def _why(row: Any, name: str, uscc: str) -> str:
    if row.uscc == uscc:
        return "信用代码相同"
    if key(row.name) == key(name):
        return "名称相同"
    return HOMOPHONE if pinyin(row.name)[0] == pinyin(name)[0] else "曾用这个名称"


async def twins(conn: Conn, *, viewer: Viewer) -> list[Twins]:
    """Pairs of active firms in sight that sound the same, of which one carries the name that the other gave up, or
    whose names are the same but for place and legal form; none that somebody has told apart."""
    one, other = Firm.__table__.alias("one"), Firm.__table__.alias("other")
    sounds = (
        select(Firm.name_pinyin)
        .where(_ACTIVE, visible_to(viewer))
        .group_by(Firm.name_pinyin)
        .having(func.count() > 1)
        .order_by(Firm.name_pinyin)
        .limit(_GROUPS)
        .cte("sounds")
    )
    mine = select(Firm.id).where(_ACTIVE, visible_to(viewer))
    apart = told_apart(one.c.id, other.c.id)
    same = (
        select(one.c.uscc, one.c.name, other.c.uscc, other.c.name)
        .select_from(sounds.join(one, one.c.name_pinyin == sounds.c.name_pinyin))
        .join(other, (other.c.name_pinyin == one.c.name_pinyin) & (other.c.id > one.c.id))
        .where(one.c.id.in_(mine), other.c.id.in_(mine), ~apart)
        .order_by(one.c.name_pinyin, one.c.id, other.c.id)
        .limit(_TWINS)
    )
    gave_up = (
        select(one.c.uscc, one.c.name, other.c.uscc, other.c.name)
        .select_from(FormerName.__table__)
        .join(one, one.c.name_key == FormerName.name_key)
        .join(other, (other.c.id == FormerName.firm_id) & (other.c.id != one.c.id))
        .where(one.c.id.in_(mine), other.c.id.in_(mine), ~apart)
        .order_by(one.c.name_pinyin, one.c.id, other.c.id)
        .limit(_TWINS)
    )
    found = [
        Twins((a, n), (b, m), "名称相同" if key(n) == key(m) else HOMOPHONE) for a, n, b, m in await conn.execute(same)
    ]
    found += [Twins((a, n), (b, m), "后者曾用名与前者相同") for a, n, b, m in await conn.execute(gave_up)]
    found += [Twins((a, n), (b, m), SIMILAR) for a, n, b, m in await conn.execute(_same_core(viewer))]
    pairs: dict[frozenset[str], Twins] = {}
    for pair in found:
        pairs.setdefault(frozenset((pair.one[0], pair.other[0])), pair)
    return list(pairs.values())[:_TWINS]


def _same_core(viewer: Viewer) -> Any:
    def off(text: Any, pattern: str, *flags: str) -> Any:
        return func.regexp_replace(text, pattern, "", *flags)

    cut = off(off(off(Firm.name, _BRACKETS, "g"), _PLACE), _FORM)
    bare = select(Firm.id, Firm.uscc, Firm.name, func.lower(cut).label("core")).where(_ACTIVE, visible_to(viewer))
    cores = bare.cte("cores").prefix_with("MATERIALIZED")
    shared = (
        select(cores.c.core)
        .where(func.char_length(cores.c.core) > 1)
        .group_by(cores.c.core)
        .having(func.count() > 1)
        .order_by(cores.c.core)
        .limit(_GROUPS)
        .cte("shared")
    )
    one, other = cores.alias("one"), cores.alias("other")
    return (
        select(one.c.uscc, one.c.name, other.c.uscc, other.c.name)
        .select_from(shared.join(one, one.c.core == shared.c.core))
        .join(other, (other.c.core == one.c.core) & (other.c.id > one.c.id))
        .where(~told_apart(one.c.id, other.c.id))
        .order_by(one.c.core, one.c.id, other.c.id)
        .limit(_TWINS)
    )
