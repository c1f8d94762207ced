"""Decisions of the work on plain facts: whom a text names, and whom a long silence concerns."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TypeVar

K = TypeVar("K")
RESETS = "记一次走访或往来记录，或移动梯队，就重新计时。"
# "@" of a mail address is no mention: a name is called after a space, a stop, or at the beginning.
_CALL = re.compile(r"(?<![A-Za-z0-9._%+-])[@＠]\s?")
_SOMEBODY = re.compile(r"[\w·]{1,20}")


@dataclass(frozen=True, slots=True)
class Named:
    names: tuple[str, ...]  # of those that are known
    unknown: tuple[str, ...]  # as they were written


def calls_somebody(text: str) -> bool:
    return _CALL.search(text) is not None


def named_in(text: str, known: Collection[str]) -> Named:
    """The longest name that stands behind an "@"; Chinese names end where the next word begins, without a space."""
    names: dict[str, None] = {}
    unknown: dict[str, None] = {}
    longest_first = sorted((name for name in known if name), key=len, reverse=True)
    for call in _CALL.finditer(text):
        rest = text[call.end() :]
        found = next((name for name in longest_first if rest.startswith(name)), None)
        if found is not None:
            names[found] = None
        elif somebody := _SOMEBODY.match(rest):
            unknown[somebody.group()[:10]] = None
    return Named(tuple(names), tuple(unknown))


def heads_of(heads: Sequence[tuple[K, str]], region: str) -> tuple[K, ...]:
    """Of (person, division) those whose division is the narrowest that the place lies in."""
    covering = [(person, scope) for person, scope in heads if scope and region.startswith(scope)]
    nearest = max((len(scope) for _, scope in covering), default=0)
    return tuple(person for person, scope in covering if len(scope) == nearest)


@dataclass(frozen=True, slots=True)
class Held:
    """A piece of work that was handed over, as it is now. `region`: of its firm."""

    officer: object
    is_open: bool
    region: str


def stays(held: Held | None, *, taker: object, scope: str) -> str:
    """Why a piece is not given back to somebody of that division; "" when it is. `taker` was given it."""
    if held is None:
        return "已不在您的管辖范围内，或已不在库里。"
    if not held.is_open:
        return "移交之后已经办完，或企业已并入别的企业。"
    if held.officer != taker:
        return "移交之后又换了人。"
    if not scope or not held.region.startswith(scope):
        return "原来的人已管不到这家企业。"
    return ""
