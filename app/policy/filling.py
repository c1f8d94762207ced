"""A part of a version as a form holds it, all text, and back again.

`Filled` mirrors the model: a text for a field, a list of texts for several, a list of `Filled` for a table's rows. What
a person typed stays as it was typed until it is read.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from pydantic import BaseModel

from app.policy import amounts
from app.policy import fields as f
from app.policy.fields import Field, fields_of
from app.policy.outline import Words, words_of
from app.text import DateError, halve, normalise, parse_date

Filled = dict[str, Any]
LONGEST = 2000
LONGEST_DATA = 20_000
_APART = "、，,\n"


def filled(part: BaseModel, above: Words | None = None) -> Filled:
    """As a form shows it first."""
    words, model = words_of(part, above), type(part)
    found: Filled = {}
    for one in fields_of(model):
        value = getattr(part, one.name)
        if one.control == f.PART:
            found[one.name] = filled(value, words) if value is not None else {}
        elif one.control == f.ROWS:
            found[one.name] = [filled(row, words) for row in value]
        elif one.control == f.SEVERAL:
            found[one.name] = [str(each) for each in value]
        elif one.control != f.PARTS:
            found[one.name] = "" if value is None else _text(one, value, words)
    return found


def begun(model: type[BaseModel]) -> Filled:
    """As a form for something new shows it: what the model takes where nothing is said."""
    found: Filled = {}
    for one in fields_of(model):
        usual = model.model_fields[one.name].default
        if isinstance(usual, bool):
            found[one.name] = "yes" if usual else "no"
        elif isinstance(usual, str):
            found[one.name] = str(usual)
    return found


def _text(one: Field, value: Any, words: Words) -> str:
    if one.control == f.NUMBER and isinstance(value, Decimal):
        return amounts.typed(words.units.get(one.name), value)
    if one.control == f.YES_NO:
        return "yes" if value else "no"
    if one.control == f.WORDS:
        return "、".join(value)
    if one.control == f.PAIRS:
        return "\n".join("、".join(group) for group in value)
    if one.control == f.DATA:
        return json.dumps(value, ensure_ascii=False, indent=2, default=str) if value else ""
    return str(value)


@dataclass
class Reading:
    """What a form said as a pack would say it, and what could not be understood, by the field's path."""

    data: dict[str, Any] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)


def read(model: type[BaseModel], said: Filled, *, was: Filled | None = None) -> Reading:
    """A text that is as it `was` stays so to the last character, however it was written then."""
    reading = Reading()
    reading.data = _read(model, said, was or {}, "", words_of(_Said(said)), reading.faults)
    return reading


class _Said(dict[str, Any]):
    """What was chosen, to know the units by; the rows have no names here."""

    def get(self, name: str, default: Any = "") -> Any:
        value = super().get(name, default)
        return value if isinstance(value, str) else default


def _read(
    model: type[BaseModel], said: Filled, was: Filled, above: str, words: Words, faults: dict[str, str]
) -> dict[str, Any]:
    """Fields that are empty are left out, so that they get what the model says; the model asks for what it needs."""
    found: dict[str, Any] = {}
    for one in fields_of(model):
        path, value, before = f"{above}{one.name}", said.get(one.name), was.get(one.name)
        if one.model is not None:
            whole = isinstance(value, list)
            parts = value if isinstance(value, list) else [value] if value else []
            olds = before if isinstance(before, list) else [before or {}]
            read_parts = [
                _read(
                    one.model,
                    part,
                    olds[n] if n < len(olds) else {},
                    f"{path}.{n}." if whole else f"{path}.",
                    words_of(_Said(part), words),
                    faults,
                )
                for n, part in enumerate(parts)
            ]
            if read_parts:
                found[one.name] = read_parts if whole else read_parts[0]
        elif value and (isinstance(value, list) or (value == before and one.control in (f.TEXT, f.PROSE))):
            found[one.name] = value
        elif isinstance(value, str) and value.strip() and one.control not in (f.PARTS, f.SEVERAL):
            try:
                found[one.name] = _READ.get(one.control, _line)(one, value, words)
            except ValueError as wrong:
                faults[path] = str(wrong)
    return found


def _line(one: Field, value: str, _: Words) -> str:
    return normalise(value, longest=LONGEST, lines=one.control == f.PROSE)


def _number(one: Field, value: str, words: Words) -> str:
    return f"{amounts.read(words.units.get(one.name), value):f}"


def _whole(_: Field, value: str, __: Words) -> int:
    text = halve(value)
    if not text.isascii() or not text.isdigit() or len(text) > 6:
        raise ValueError("请写成整数。")
    return int(text)


def _day(_: Field, value: str, __: Words) -> str:
    try:
        return parse_date(value).isoformat()
    except DateError as error:
        raise ValueError(str(error)) from error


def _words(_: Field, value: str, __: Words) -> list[str]:
    text = value
    for mark in _APART:
        text = text.replace(mark, "\n")
    return [word for line in text.split("\n") if (word := normalise(line, longest=100))]


def _pairs(one: Field, value: str, words: Words) -> list[list[str]]:
    return [group for line in value.split("\n") if (group := _words(one, line, words))]


def _data(_: Field, value: str, __: Words) -> Any:
    if len(value) > LONGEST_DATA:
        raise ValueError(f"最多 {LONGEST_DATA} 个字。")
    try:
        return json.loads(value, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise ValueError(f"不是能读懂的 JSON：第 {error.lineno} 行第 {error.colno} 个字处。") from error
    except RecursionError as error:
        raise ValueError("JSON 嵌套太深。") from error


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} 不是数。")


_READ: Mapping[str, Callable[[Field, str, Words], Any]] = {
    f.NUMBER: _number,
    f.WHOLE: _whole,
    f.DAY: _day,
    f.YES_NO: lambda _, value, __: value == "yes",
    f.CHOICE: lambda _, value, __: value,
    f.WORDS: _words,
    f.PAIRS: _pairs,
    f.DATA: _data,
}
