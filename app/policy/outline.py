"""A version in words: every condition with what it asks, from which article and how far that can be trusted."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from app.policy import fields as f
from app.policy.criteria import BaseCriterion
from app.policy.criteria.scoring import Item
from app.policy.field_words import KINDS, grade_words
from app.policy.fields import Field, fields_of
from app.policy.figures import Unit
from app.policy.packs import Version
from app.policy.registry import MEASURES
from app.policy.terms import Grade, grade_of
from app.policy.wording import path_label, shown_in

_APART = frozenset({"title", "code", "cite", "grade", "hint", "cases", "criteria", "examples"})


_RATES = ("rate", "enhanced_rate", "manufacturing_rate", "tech_sme_rate")


@dataclass(frozen=True, slots=True)
class Words:
    """The unit in which each limit is written, and the names of what codes stand for."""

    units: Mapping[str, Unit]
    names: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Line:
    """One field as it stands; `key` is the same for the same field of another version."""

    key: str
    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Condition:
    """`place` leads to it from the version: `3`, or `3-1` for the second part of the fourth."""

    place: str
    code: str
    title: str
    kind: str
    asks: str
    cite: str
    grade: str
    official: bool
    hint: str
    cases: str
    lines: tuple[Line, ...]
    depth: int = 0
    group: bool = False
    first: bool = False
    last: bool = False


def unconfirmed(version: Version) -> list[str]:
    """What an administrator still has to compare with the official page before going live."""
    told = []
    source = version.source
    if not source.confirmed:
        told.append(f"版本来源的等级是“{grade_words(source.grade)}”，还没有人对照官方页面核对过。")
    told += [
        f"“{one.title}”的来源等级是“{one.grade}”。"
        for one in conditions(version)
        if one.grade and not one.official and one.grade != grade_words(source.grade)
    ]
    if not source.url and version.official:
        told.append("没有登记官方页面的地址。")
    return told


def conditions(version: Version) -> list[Condition]:
    """All of them, each group followed by its parts."""
    return list(_conditions(version.criteria, "", 0))


def _conditions(criteria: tuple[BaseCriterion, ...], above: str, depth: int) -> Iterator[Condition]:
    for n, criterion in enumerate(criteria):
        place = f"{above}{n}"
        yield Condition(
            place=place,
            code=criterion.code,
            title=criterion.title,
            kind=KINDS.get(criterion.known_as, criterion.known_as),
            asks=criterion.asks(),
            cite=criterion.cite,
            grade=grade_words(criterion.grade),
            official=grade_of(criterion.grade) is Grade.OFFICIAL,
            hint=criterion.hint,
            cases="、".join(case.label for case in criterion.cases),
            lines=tuple(line for line in lines(criterion) if line.key.split(".")[0] not in _APART),
            depth=depth,
            group=bool(criterion.parts_of()),
            first=n == 0,
            last=n == len(criteria) - 1,
        )
        yield from _conditions(tuple(criterion.parts_of()), f"{place}-", depth + 1)


def lines(part: BaseModel, words: Words | None = None) -> Iterator[Line]:
    """Every field that is set. A row of a table is one line."""
    words = words_of(part, words)
    for field in fields_of(type(part)):
        value = getattr(part, field.name)
        if value == type(part).model_fields[field.name].default or value in (None, "", ()):
            continue
        if field.control == f.PART:
            yield from (Line(f"{field.name}.{one.key}", one.label, one.text) for one in lines(value, words))
        elif field.control == f.ROWS:
            for n, row in enumerate(value):
                name = getattr(row, "title", "") or f"第 {n + 1} 行"
                yield Line(f"{field.name}.{getattr(row, 'code', n)}", f"{field.label} · {name}", _row(row, words))
        elif field.control != f.PARTS:
            yield Line(field.name, field.label, shown(field, value, words))


def _row(row: BaseModel, words: Words) -> str:
    """A band as 净资产增长率 不低于 35%：9–10 分, any other row field by field."""
    low, high = getattr(row, "low", None), getattr(row, "high", None)
    told = {one.key: one for one in lines(row, words) if one.key not in ("title", "code", "low", "high")}
    measure = told.pop("measure").text + " " if low is not None and "measure" in told else ""
    rest = "；".join(one.text if "." in one.key else f"{one.label} {one.text}" for one in told.values())
    if low is None:
        return rest
    points = f"{low} 分" if high in (None, low) else f"{low}–{high} 分"
    return f"{measure}{rest}：{points}" if told else f"其余：{points}"


def words_of(part: BaseModel | Mapping[str, Any], above: Words | None = None) -> Words:
    """A row without a measure of its own has its table's."""
    units, names = (dict(above.units), dict(above.names)) if above else (dict.fromkeys(_RATES, Unit.RATIO), {})
    get = part.get if isinstance(part, Mapping) else lambda name, _="": getattr(part, name, "")
    for source, limits in (("measure", ("at_least", "above", "at_most", "below")), ("by", ("up_to", "under"))):
        if (name := get(source, "")) in MEASURES:
            units |= dict.fromkeys(limits, MEASURES[name].unit)
    for table in ("items", "criteria"):
        rows = get(table, ())
        names |= {row.code: row.title for row in rows if isinstance(row, BaseCriterion | Item)}
    return Words(units, names)


def shown(field: Field, value: Any, words: Words) -> str:
    told = _SHOWN.get(field.control)
    if told is not None:
        return told(field, value, words)
    return dict(field.options).get(value, str(value))


def _number(field: Field, value: Any, words: Words) -> str:
    unit = words.units.get(field.name)
    return shown_in(unit, value) if unit else f"{value:f}"


def _named(value: Any, words: Words) -> str:
    return "、".join(words.names.get(one) or path_label(one) for one in value)


_SHOWN: Mapping[str, Callable[[Field, Any, Words], str]] = {
    f.YES_NO: lambda _, value, __: "是" if value else "否",
    f.NUMBER: _number,
    f.SEVERAL: lambda field, value, _: "、".join(dict(field.options).get(one, str(one)) for one in value),
    f.WORDS: lambda _, value, words: _named(value, words),
    f.PAIRS: lambda _, value, words: "；".join(_named(group, words) for group in value),
    f.DATA: lambda _, value, __: json.dumps(value, ensure_ascii=False, default=str),
}
