"""Conditions by their place in a version: `3`, or `3-1` for the second part of the fourth. A change is a new text."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from pydantic import ValidationError

from app.errors import Invalid, NotFound, Refused
from app.policy.criteria import KINDS, BaseCriterion
from app.policy.criteria.grouping import Group
from app.policy.faults import reason
from app.policy.field_words import FIELDS
from app.policy.packs import Version

Criteria = tuple[BaseCriterion, ...]
Change = Callable[[list[BaseCriterion], int], None]
_DEEPEST = 8


def parse(place: str) -> list[int]:
    """Raises NotFound for what is no place."""
    steps = place.split("-")
    if len(steps) > _DEEPEST or not all(step.isascii() and step.isdigit() and len(step) < 4 for step in steps):
        raise NotFound("没有这一项条件。")
    return [int(step) for step in steps]


def at(version: Version, place: str) -> BaseCriterion:
    found: Sequence[BaseCriterion] = version.criteria
    criterion = None
    for step in parse(place):
        if step >= len(found):
            raise NotFound("没有这一项条件，可能已被移动或删去。")
        criterion = found[step]
        found = criterion.parts_of()
    assert criterion is not None
    return criterion


def made(kind: str, data: dict[str, Any], parts: Sequence[BaseCriterion] = ()) -> BaseCriterion:
    """Raises Invalid by the path of the field; what concerns the whole condition stands under the empty path."""
    model = KINDS[kind]
    whole = {"kind": kind, **data}
    if issubclass(model, Group):
        whole["criteria"] = list(parts) or [_to_be_written(str(data.get("code", "")))]
    try:
        return model.model_validate(whole)
    except ValidationError as error:
        raise Invalid(faults_of(error)) from error


def _to_be_written(code: str) -> dict[str, Any]:
    """A group has at least one part; until somebody says which, a person decides."""
    return {"kind": "manual", "code": f"{code}_1", "title": "（待写明）", "reason": "尚未写明，由专员判断。"}


def with_changed(version: Version, place: str, criterion: BaseCriterion) -> Version:
    def put(items: list[BaseCriterion], n: int) -> None:
        items[n] = criterion

    return _with(version, place, put)


def with_added(version: Version, under: str, criterion: BaseCriterion) -> Version:
    """As the last condition, or as the last part of the group at `under`."""
    if not under:
        return _checked(version, (*version.criteria, criterion))
    group = at(version, under)
    if not isinstance(group, Group):
        raise Refused("只有“任一项”或“同时满足”的条件才有组成部分。")
    grown = group.model_copy(update={"criteria": (*group.criteria, criterion)})
    return with_changed(version, under, grown)


def with_removed(version: Version, place: str) -> Version:
    return _with(version, place, lambda items, n: items.__delitem__(n))


def with_moved(version: Version, place: str, *, up: bool) -> Version:
    def swap(items: list[BaseCriterion], n: int) -> None:
        other = n - 1 if up else n + 1
        if 0 <= other < len(items):
            items[n], items[other] = items[other], items[n]

    return _with(version, place, swap)


def _with(version: Version, place: str, change: Change) -> Version:
    at(version, place)  # says so when it is not there
    return _checked(version, _changed(version.criteria, parse(place), change))


def _changed(criteria: Criteria, steps: Sequence[int], change: Change) -> Criteria:
    items = list(criteria)
    head, *rest = steps
    if not rest:
        change(items, head)
        if not items:
            raise Refused("这是最后一项，不能删去；不需要的话请删去上一级条件，或放弃这份草稿。")
        return tuple(items)
    group = items[head]
    items[head] = group.model_copy(update={"criteria": _changed(tuple(group.parts_of()), rest, change)})
    return tuple(items)


def _checked(version: Version, criteria: Criteria) -> Version:
    return rebuilt(version, criteria=criteria)


def rebuilt(version: Version, /, **changes: Any) -> Version:
    """The version with other parts, checked as a whole. Raises Invalid by the path of the field."""
    return made_version({**dict(version), **changes})


def made_version(data: dict[str, Any]) -> Version:
    try:
        return Version.model_validate(data)
    except ValidationError as error:
        raise Invalid(faults_of(error)) from error


def faults_of(error: ValidationError) -> dict[str, str]:
    """By the field's path, in the words that stand beside the fields on a page."""
    return {".".join(str(step) for step in fault["loc"]): _named(reason(fault)) for fault in reversed(error.errors())}


_NAME = re.compile(r"[a-z_]+")


def _named(sentence: str) -> str:
    """What comes after a colon are values, and they stay as they are."""
    said, colon, values = sentence.partition("：")
    return _NAME.sub(lambda found: FIELDS.get(found[0], found[0]), said) + colon + values
