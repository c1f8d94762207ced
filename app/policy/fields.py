"""The parts of a version as fields that people read and fill in, taken from the models themselves.

So a new kind of condition, or a new field of one, can be read, compared and edited as soon as it has a word.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from app.labels import Labelled
from app.policy.criteria import BaseCriterion
from app.policy.field_words import FIELDS, GRADES, HINTS, VALUES, grade_words
from app.policy.figures import EVENTS, FLAGS, Level
from app.policy.registry import MEASURES

# TEXT one line, PROSE several; CHOICE one of a list, SEVERAL of one; WORDS any, PAIRS groups of them; ROWS of models;
# PARTS conditions in a condition; DATA as JSON; PART a model of its own.
TEXT, PROSE, NUMBER, WHOLE, DAY, YES_NO = "text", "prose", "number", "whole", "day", "yes_no"
CHOICE, SEVERAL, WORDS, PAIRS, ROWS, PARTS, DATA, PART = (
    *("choice", "several", "words", "pairs", "rows", "parts", "data", "part"),
)
_FIRST = ("title", "code", "measure", "by", "up_to", "under", "most", "judgement")
_LAST = ("or_better", "cite", "grade", "hint", "cases")
_PROSE = frozenset({"hint", "note", "reason"})
Options = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    label: str
    control: str
    options: Options = ()
    model: type[BaseModel] | None = None
    required: bool = False
    hint: str = ""


@lru_cache(maxsize=64)
def fields_of(model: type[BaseModel]) -> tuple[Field, ...]:
    """In the model's order, a condition's own kind left out."""
    names = [name for name in model.model_fields if name != "kind"]
    if model.__module__.startswith("app.policy.criteria"):
        # What it is, then what it asks, then where that stands written.
        names.sort(key=lambda name: _FIRST.index(name) if name in _FIRST else 99 if name in _LAST else 50)
    return tuple(_field(model, name) for name in names)


def _field(model: type[BaseModel], name: str) -> Field:
    info = model.model_fields[name]
    control, options, inner = _control(name, info.annotation)
    own = f"{model.__name__}.{name}"
    label = FIELDS.get(own) or FIELDS.get(name, name)
    hint = HINTS.get(own) or HINTS.get(name, "") if inner is None else ""
    return Field(name, label, control, options, inner, info.is_required(), hint)


def _control(name: str, kind: Any) -> tuple[str, Options, type[BaseModel] | None]:
    if name in _LISTS:
        return (SEVERAL if get_origin(kind) is tuple else CHOICE), _LISTS[name](), None
    kind = _not_none(kind)
    if isinstance(kind, type) and issubclass(kind, Enum | BaseModel):
        return (CHOICE, _options(kind), None) if issubclass(kind, Enum) else (PART, (), kind)
    if get_origin(kind) is Literal:
        words = VALUES.get(name, {})
        return CHOICE, tuple((value, words.get(value, value)) for value in get_args(kind)), None
    if get_origin(kind) is tuple:
        return _of_many(get_args(kind)[0])
    if get_origin(kind) is dict:
        return DATA, (), None
    return _SIMPLE.get(kind, PROSE if name in _PROSE else TEXT), (), None


_SIMPLE = {Decimal: NUMBER, int: WHOLE, bool: YES_NO, date: DAY}


def _of_many(inner: Any) -> tuple[str, Options, type[BaseModel] | None]:
    inner = _not_none(inner)
    if inner is str:
        return WORDS, (), None
    if inner is int:
        return DATA, (), None
    if isinstance(inner, type) and issubclass(inner, Enum):
        return SEVERAL, _options(inner), None
    if isinstance(inner, type) and issubclass(inner, BaseModel):
        return (PARTS, (), None) if issubclass(inner, BaseCriterion) else (ROWS, (), inner)
    return PAIRS, (), None


def _not_none(kind: Any) -> Any:
    """`X` of `X | None`, and the model inside an annotation."""
    if get_origin(kind) in (Union, UnionType):
        return next(one for one in get_args(kind) if one is not NoneType)
    return kind.__origin__ if hasattr(kind, "__metadata__") else kind


def _options(kind: type[Enum]) -> Options:
    return tuple(kind.options()) if issubclass(kind, Labelled) else tuple((str(m.value), m.name) for m in kind)


def _measures() -> Options:
    return tuple((name, measure.label) for name, measure in sorted(MEASURES.items(), key=lambda pair: pair[1].label))


# Fields whose values come from a list that the models know only by a check, or not at all.
_LISTS: Mapping[str, Any] = {
    "measure": _measures,
    "by": _measures,
    "flags": lambda: tuple(FLAGS.items()),
    "events": lambda: tuple(EVENTS.items()),
    "levels": lambda: tuple(Level.options()),
    "grade": lambda: tuple((grade, grade_words(grade)) for grade in GRADES),
}
