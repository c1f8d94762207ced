"""What stays readable of a telephone, an address or a name for those who need not know it."""

import re
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from app.personal.terms import KEYS, Kind

MARK = "*"
# What somebody looks for may be a number or an address; a code of eighteen is neither.
_SOUGHT = re.compile(
    r"(?<![0-9A-Za-z])[+（(]?\d[\d ()（）+\-]{5,}\d(?![0-9A-Za-z])|[\w.+\-]+@[\w\-]+(?:\.[\w\-]+)+", re.ASCII
)
_DIGITS = range(7, 15)


def mask(kind: Kind, value: str) -> str:
    """138****1234, w***@example.com, 王**; nothing stays nothing."""
    if not value:
        return value
    match kind:
        case Kind.PHONE:
            kept = (value[:3], value[-4:]) if len(value) >= 10 else ("", value[-2:])
            return kept[0] + MARK * (len(value) - len("".join(kept))) + kept[1]
        case Kind.EMAIL:
            name, at, host = value.rpartition("@")
            return f"{name[:1]}{MARK * 3}{at}{host}" if at else MARK * 3
        case Kind.NAME:
            return value[0] + MARK * max(len(value) - 1, 1)
        case Kind.TRACE:
            return value


def mask_keys(image: Mapping[str, Any], hidden: Collection[Kind]) -> dict[str, Any]:
    """A record's image with what it says of persons masked, however deep it lies."""
    return {name: _masked(value, KEYS.get(name), hidden) for name, value in image.items()}


def without_numbers(image: Mapping[str, Any]) -> dict[str, Any]:
    """A record's image that says where somebody is reached by a mark only: it is kept longer than anything else."""
    return {name: _searched(name, value) or _left_out(value, KEYS.get(name)) for name, value in image.items()}


def _searched(name: str, value: Any) -> str:
    return _SEARCHES[name](value) if name in _SEARCHES and isinstance(value, str) else ""


def names_somebody(sought: str) -> bool:
    """Whether a search says a whole number or an address."""
    return search_without_numbers(sought) != sought


def search_without_numbers(sought: str) -> str:
    return _SOUGHT.sub(lambda found: MARK * 3 if _reaches(found[0]) else found[0], sought)


def _reaches(said: str) -> bool:
    return "@" in said or sum(c.isdigit() for c in said) in _DIGITS


def query_without_numbers(query: str) -> str:
    """Of an address: its other parts stay as they are."""
    parts = parse_qsl(query, keep_blank_values=True)
    if not any(name == "q" and names_somebody(value) for name, value in parts):
        return query
    return urlencode([(n, search_without_numbers(v) if n == "q" else v) for n, v in parts], safe=MARK)


def names_hidden(query: str) -> bool:
    """Whether a number was left out of it, so that it finds no more what it found."""
    return any(name == "q" and MARK * 3 in value for name, value in parse_qsl(query))


_SEARCHES = {"q": search_without_numbers, "query": query_without_numbers}


def _left_out(value: Any, kind: Kind | None) -> Any:
    if isinstance(value, Mapping):
        return without_numbers(value)
    if isinstance(value, list):
        return [_left_out(item, kind) for item in value]
    return MARK * 3 if kind in (Kind.PHONE, Kind.EMAIL) and isinstance(value, str) and value else value


def _masked(value: Any, kind: Kind | None, hidden: Collection[Kind]) -> Any:
    if isinstance(value, Mapping):
        return mask_keys(value, hidden)
    if isinstance(value, list):
        return [_masked(item, kind, hidden) for item in value]
    return mask(kind, value) if kind and kind in hidden and isinstance(value, str) else value
