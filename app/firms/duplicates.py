"""Firms that may be one and the same: by what a name is once place and legal form are taken off, and by its sound."""

import re
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

from sqlalchemy import Text, bindparam, func, literal_column, select, union
from sqlalchemy.dialects.postgresql import ARRAY, array

from app.access.terms import Viewer
from app.db import Conn
from app.firms.filtering import visible_to
from app.firms.models import Firm, FormerName
from app.text import key, pinyin, query_grams

SIMILAR, HOMOPHONE = "名称相近", "名称同音"
ALIKE = Fraction(1, 2)  # of their pairs of characters that two cores must share
SHOWN, _CANDIDATES, _GRAMS, _TWINS = 8, 100, 10, 100
_PLACE = re.compile(r"^(?:中国|广东省?|江门市?|开平市?|恩平市?|台山市?|鹤山市?|新会区?|蓬江区?|江海区?)+")
_FORM = re.compile(r"(?:集团)?(?:股份)?(?:有限责任公司|有限公司|公司|合伙企业|工厂|厂|店|中心)(?:（.*）)?$")
_BRACKETS = re.compile(r"（[^）]*）")


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
    bare = _BRACKETS.sub("", name)
    cut = key(_FORM.sub("", _PLACE.sub("", bare)))
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
    """Pairs of active firms in sight that sound the same, or of which one carries the name that the other gave up."""
    one, other = Firm.__table__.alias("one"), Firm.__table__.alias("other")
    sounds = (
        select(Firm.name_pinyin)
        .where(literal_column("firms.status = 'active'"), visible_to(viewer))
        .group_by(Firm.name_pinyin)
        .having(func.count() > 1)
        .order_by(Firm.name_pinyin)
        .limit(_TWINS)
        .cte("sounds")
    )
    mine = select(Firm.id).where(literal_column("firms.status = 'active'"), visible_to(viewer))
    same = (
        select(one.c.uscc, one.c.name, other.c.uscc, other.c.name)
        .select_from(sounds.join(one, one.c.name_pinyin == sounds.c.name_pinyin))
        .join(other, (other.c.name_pinyin == one.c.name_pinyin) & (other.c.id > one.c.id))
        .where(one.c.id.in_(mine), other.c.id.in_(mine))
        .order_by(one.c.name_pinyin, one.c.id, other.c.id)
        .limit(_TWINS)
    )
    gave_up = (
        select(one.c.uscc, one.c.name, other.c.uscc, other.c.name)
        .select_from(FormerName.__table__)
        .join(one, one.c.name_key == FormerName.name_key)
        .join(other, (other.c.id == FormerName.firm_id) & (other.c.id != one.c.id))
        .where(one.c.id.in_(mine), other.c.id.in_(mine))
        .order_by(one.c.name_pinyin, one.c.id, other.c.id)
        .limit(_TWINS)
    )
    pairs = [
        Twins((a, n), (b, m), "名称相同" if key(n) == key(m) else HOMOPHONE) for a, n, b, m in await conn.execute(same)
    ]
    known = {frozenset((t.one[0], t.other[0])) for t in pairs}
    pairs += [
        Twins((a, n), (b, m), "后者曾用名与前者相同")
        for a, n, b, m in await conn.execute(gave_up)
        if frozenset((a, b)) not in known
    ]
    return pairs[:_TWINS]
