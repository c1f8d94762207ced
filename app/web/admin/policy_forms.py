"""A part of a version as a form on a page: its fields by name, its tables' rows, and the buttons that change them.

A field's name is its path, `f.items.2.bands.0.low`, which is also its id: so an error leads to it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from pydantic import BaseModel
from starlette.datastructures import FormData

from app.errors import Invalid
from app.policy import fields as f
from app.policy.fields import Field, fields_of
from app.policy.filling import Filled

PREFIX = "f."
_MOST_FIELDS = 1000
_MOST_ROWS = 60
_SHORT = frozenset({f.TEXT, f.NUMBER, f.WHOLE, f.DAY, f.CHOICE, f.WORDS})
_YES_NO = [("", "未填写"), ("yes", "是"), ("no", "否")]


@dataclass(frozen=True, slots=True)
class RowView:
    id: str
    title: str
    fields: list["FieldView"]
    first: bool
    last: bool


@dataclass(frozen=True, slots=True)
class FieldView:
    """`shape`: line, prose, select, several, data, rows, table or part."""

    name: str
    label: str
    shape: str
    value: str = ""
    values: tuple[str, ...] = ()
    options: tuple[tuple[str, str], ...] = ()
    hint: str = ""
    error: str = ""
    required: bool = False
    rows: tuple[RowView, ...] = ()


def fields_for(
    model: type[BaseModel], said: Filled, faults: Mapping[str, str], *, leave_out: frozenset[str] = frozenset()
) -> list[FieldView]:
    return list(_views(model, said, faults, PREFIX, leave_out))


def _views(
    model: type[BaseModel], said: Filled, faults: Mapping[str, str], above: str, leave_out: frozenset[str]
) -> Iterator[FieldView]:
    in_row = any(step.isdigit() for step in above.split("."))
    for field in fields_of(model):
        if field.name in leave_out or field.control == f.PARTS:
            continue
        name = f"{above}{field.name}"
        same: dict[str, Any] = {
            "name": name,
            "label": field.label,
            "hint": "" if in_row else field.hint,  # once a page is enough
            "error": faults.get(name.removeprefix(PREFIX), ""),
            "required": field.required,
        }
        value = said.get(field.name, "")
        if field.control == f.ROWS and field.model is not None:
            rows = tuple(_rows(field.model, value or [], faults, name))
            short = all(one.control in _SHORT for one in fields_of(field.model))
            yield FieldView(shape="table" if short else "rows", rows=rows, **same)
        elif field.control == f.PART and field.model is not None:
            fields = list(_views(field.model, value or {}, faults, f"{name}.", frozenset()))
            yield FieldView(shape="part", rows=(RowView(name, field.label, fields, True, True),), **same)
        elif field.control == f.SEVERAL:
            yield FieldView(shape="several", values=tuple(value or ()), options=field.options, **same)
        else:
            yield FieldView(shape=_shape(field), value=value, options=_options(field), **same)


def _rows(model: type[BaseModel], rows: list[Filled], faults: Mapping[str, str], name: str) -> Iterator[RowView]:
    for n, row in enumerate(rows):
        fields = list(_views(model, row, faults, f"{name}.{n}.", frozenset()))
        title = row.get("title") or f"第 {n + 1} 行"
        yield RowView(f"{name}.{n}", title, fields, first=n == 0, last=n == len(rows) - 1)


def _shape(field: Field) -> str:
    if field.control in (f.CHOICE, f.YES_NO):
        return "select"
    if field.control in (f.PROSE, f.PAIRS):
        return "prose"
    return "data" if field.control == f.DATA else "line"


def _options(field: Field) -> tuple[tuple[str, str], ...]:
    if field.control == f.YES_NO:
        return tuple(_YES_NO)
    return (("", "未填写"), *field.options) if field.control == f.CHOICE else ()


async def said_in(request: Request, model: type[BaseModel]) -> tuple[Filled, FormData]:
    """What the form holds, and the whole of it."""
    form = await request.form(max_fields=_MOST_FIELDS, max_files=0)
    tree: dict[str, Any] = {}
    for name, value in form.multi_items():
        if name.startswith(PREFIX) and isinstance(value, str):
            _plant(tree, name.removeprefix(PREFIX).split("."), value.replace("\r\n", "\n"))
    return _filled(model, tree), form


def _plant(tree: dict[str, Any], steps: list[str], value: str) -> None:
    *way, last = steps
    for step in way:
        tree = tree.setdefault(step, {})
        if not isinstance(tree, dict):
            return
    if isinstance(found := tree.setdefault(last, []), list):
        found.append(value)


def _filled(model: type[BaseModel], tree: dict[str, Any]) -> Filled:
    """Whatever a stranger sends, only fields of the model come through."""
    found: Filled = {}
    for field in fields_of(model):
        value = tree.get(field.name)
        if field.control == f.ROWS and field.model is not None:
            rows = value if isinstance(value, dict) else {}
            numbers = sorted(int(n) for n in rows if n.isascii() and n.isdigit() and len(n) < 4)[:_MOST_ROWS]
            found[field.name] = [_filled(field.model, rows[str(n)]) for n in numbers if isinstance(rows[str(n)], dict)]
        elif field.control == f.PART and field.model is not None:
            found[field.name] = _filled(field.model, value) if isinstance(value, dict) else {}
        elif field.control == f.SEVERAL:
            found[field.name] = [one for one in value if one] if isinstance(value, list) else []
        elif field.control != f.PARTS:
            found[field.name] = value[0] if isinstance(value, list) else ""
    return found


def without_empty_rows(said: Filled) -> Filled:
    """A row in which nothing was written is no row."""
    kept: Filled = {}
    for name, value in said.items():
        if isinstance(value, list) and all(isinstance(row, dict) for row in value):
            kept[name] = [without_empty_rows(row) for row in value if _written(row)]
        else:
            kept[name] = without_empty_rows(value) if isinstance(value, dict) else value
    return kept


def _written(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_written(one) for one in value.values())
    return any(_written(one) for one in value) if isinstance(value, list) else bool(str(value).strip())


def rearranged(said: Filled, do: str) -> bool:
    """`add:items`, `drop:items.2`, `up:items.2.bands.1`, `down:…`, in place. False for what is none of these."""
    act, _, path = do.partition(":")
    steps = path.removeprefix(PREFIX).split(".")
    if act not in ("add", "drop", "up", "down") or (act != "add" and not steps[-1].isdigit()):
        return False
    number = int(steps.pop()) if act != "add" else 0
    rows: Any = said
    for step in steps:
        known = isinstance(rows, dict) and step in rows
        index = isinstance(rows, list) and step.isdigit() and int(step) < len(rows)
        if not (known or index):
            return False
        rows = rows[step] if isinstance(rows, dict) else rows[int(step)]
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        return False
    return _rearrange(rows, act, number)


def _rearrange(rows: list[Filled], act: str, number: int) -> bool:
    if act == "add":
        if len(rows) >= _MOST_ROWS:
            raise Invalid({"": f"最多 {_MOST_ROWS} 行。"})
        rows.append({})
        return True
    other = {"up": number - 1, "down": number + 1}.get(act, number)
    if not (0 <= number < len(rows) and 0 <= other < len(rows)):
        return False
    if act == "drop":
        del rows[number]
    else:
        rows[number], rows[other] = rows[other], rows[number]
    return True


def summary(fields: list[FieldView], faults: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Each fault with the field that it stands at; what stands at no field leads to the first one."""
    named = dict(_named(fields))
    first = fields[0].name if fields else "main"
    return [
        (f"{PREFIX}{path}" if f"{PREFIX}{path}" in named else first, named.get(f"{PREFIX}{path}", ""), sentence)
        for path, sentence in faults.items()
    ]


def _named(fields: list[FieldView]) -> Iterator[tuple[str, str]]:
    for field in fields:
        yield field.name, field.label
        for row in field.rows:
            yield from _named(row.fields)
