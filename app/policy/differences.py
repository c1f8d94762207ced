"""Two versions side by side: condition by condition, field by field, before and after."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from app.labels import Labelled
from app.policy.outline import Condition, Line, conditions, lines
from app.policy.packs import Version

Row = tuple[str, str, str]  # the field's label, before, after


class Fate(Labelled):
    ADDED = "added", "新增"
    REMOVED = "removed", "删去"
    CHANGED = "changed", "改动"
    SAME = "same", "不变"


@dataclass(frozen=True, slots=True)
class Difference:
    title: str
    fate: Fate
    rows: tuple[Row, ...] = ()
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Comparison:
    head: tuple[Row, ...]
    conditions: tuple[Difference, ...]

    @property
    def changed(self) -> list[Difference]:
        return [one for one in self.conditions if one.fate is not Fate.SAME]


def compare(before: Version, after: Version) -> Comparison:
    return Comparison(
        head=tuple(row for row in _rows(list(lines(before)), list(lines(after))) if row[1] != row[2]),
        conditions=tuple(_compared(_by_path(before), _by_path(after))),
    )


def _by_path(version: Version) -> dict[str, Condition]:
    """A part's code counts within its group only."""
    found: dict[str, Condition] = {}
    path: list[str] = []
    for condition in conditions(version):
        path[condition.depth :] = [condition.code]
        found["/".join(path)] = condition
    return found


def _compared(before: Mapping[str, Condition], after: Mapping[str, Condition]) -> Iterator[Difference]:
    for path, now in after.items():
        was = before.get(path)
        rows = _rows(_all_lines(was) if was else [], _all_lines(now))
        changed = tuple(row for row in rows if row[1] != row[2])
        fate = Fate.ADDED if was is None else Fate.CHANGED if changed else Fate.SAME
        yield Difference(now.title, fate, changed, now.depth)
    for path, was in before.items():
        if path not in after:
            yield Difference(was.title, Fate.REMOVED, tuple(_rows(_all_lines(was), [])), was.depth)


def _all_lines(condition: Condition) -> list[Line]:
    said = {
        "title": ("名称", condition.title),
        "kind": ("条件的种类", condition.kind),
        "cite": ("依据条款", condition.cite),
        "grade": ("来源等级", condition.grade),
        "hint": ("怎样才能满足", condition.hint),
        "cases": ("适用情形", condition.cases),
    }
    return [*condition.lines, *(Line(key, label, text) for key, (label, text) in said.items() if text)]


def _rows(before: Sequence[Line], after: Sequence[Line]) -> list[Row]:
    was, now = {line.key: line for line in before}, {line.key: line for line in after}
    keys = dict.fromkeys((*now, *was))
    return [
        ((now.get(key) or was[key]).label, was[key].text if key in was else "", now[key].text if key in now else "")
        for key in keys
    ]
