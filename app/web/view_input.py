"""What pages and programs send of views and of how the list looks, cleaned at the door."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from app.access.terms import Viewer
from app.errors import Invalid
from app.firms.terms import FirmFilter
from app.views.rules import columns_for
from app.views.terms import LONGEST_QUERY, PAGE_SIZES, Arrangement, Density, ListColumn
from app.web.filters import filter_in, written

_MOST_PARTS = 40


def read_query(value: str, viewer: Viewer) -> str:
    """The part of a list's address that a view keeps. Raises Invalid, and Forbidden for what one may not ask."""
    try:
        given = dict(parse_qsl(value.removeprefix("?"), max_num_fields=_MOST_PARTS))
    except ValueError as error:
        raise Invalid({"query": "筛选条件太多。"}) from error
    query = written(filter_in(given, viewer, program=False), given.get("sort", "")[:40])
    if len(query) > LONGEST_QUERY:
        raise Invalid({"query": "筛选条件太长，请减少一些再保存。"})
    return query


def filter_of(query: str, viewer: Viewer) -> FirmFilter:
    """The filter that a kept address means."""
    return filter_in(dict(parse_qsl(query)), viewer, program=False)


def read_id(field: str, value: str) -> uuid.UUID | None:
    """Empty: none. Raises Invalid."""
    if not value:
        return None
    try:
        return uuid.UUID(value)
    except ValueError as error:
        raise Invalid({field: "编号格式不对。"}) from error


def read_arrangement(columns: Sequence[str], density: str, page_size: int, first: uuid.UUID | None) -> Arrangement:
    """`columns` are those to be shown. Raises Invalid by field."""
    wrong = {}
    known = {column.value for column in ListColumn}
    if not set(columns) <= known:
        wrong["columns"] = f"列为 {'、'.join(ListColumn)} 中的若干个。"
    if density not in set(Density):
        wrong["density"] = f"密度为 {'、'.join(Density)} 之一。"
    if wrong:
        raise Invalid(wrong)
    return Arrangement(frozenset(known - set(columns)), Density(density), page_size, first)


def whole(value: str) -> int:
    """A hidden number of a form; one that was never written there is of no version."""
    return int(value) if value.isascii() and value.isdecimal() and len(value) < 10 else -1


@dataclass(frozen=True, slots=True)
class Choices:
    columns: list[tuple[str, str, bool]]
    densities: list[tuple[str, str]]
    sizes: list[tuple[str, str]]
    density: str
    size: str
    version: int


def arrangement_choices(held: Arrangement, viewer: Viewer) -> Choices:
    return Choices(
        [(c.value, c.label, c.value not in held.hidden) for c in columns_for(viewer)],
        Density.options(),
        [(str(n), f"{n} 行") for n in PAGE_SIZES],
        held.density.value,
        str(held.page_size),
        held.version,
    )


def typed_choices(columns: Sequence[str], density: str, size: str, viewer: Viewer) -> Choices:
    """What was chosen in a form that could not be saved."""
    chosen = [(c.value, c.label, c.value in columns) for c in columns_for(viewer)]
    sizes = [(str(n), f"{n} 行") for n in PAGE_SIZES]
    return Choices(chosen, Density.options(), sizes, density, size, 0)
