"""A telephone or a mail address as the database keeps it: a text that is sealed to its row and found by its marks.

    sealed:<key>:<table.column>:<row>:<marks>:<value>

It says itself which row it belongs to, so that it may be copied into a message or a before-image and still be opened
there; whoever reads it out of its own row holds it to that row. Marks are of the whole, of each number of several, and
of the ends of a number by which people ask for it; the first is that of the whole. Of a sentence they are those of each
number and address in it.
"""

import base64
import binascii
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from app.personal.terms import Kind
from app.text import is_code, numbers_in, numbers_said
from app.vault import Unreadable, Vault

PREFIX = "sealed:"
PARTS = 6
UNREADABLE = "（密钥打不开）"  # shown in place of what it stands for, and never stored
TAILS = (4, 7, 8)  # digits by which a number is found, too: the last ones, and what is dialled within a town
_SENTENCES = frozenset({"entry_applications.contact"})
_ADDRESS = re.compile(r"[\w.+\-]+@[\w\-]+(?:\.[\w\-]+)+", re.ASCII)
_MARKED = frozenset({"phone", "contact_phone", "email", "to", "sought"})
_SEALED = re.compile(r"sealed:([0-9a-f]{8}):([a-z_.]+):([^:\s\"\\]+):([\w.\-]*):([\w\-]+)", re.ASCII)


def seal(vault: Vault, column: str, row: object, plain: str) -> str:
    """`column` as table.column. Nothing stays nothing."""
    if not plain:
        return ""
    value = vault.seal(plain.encode(), about=f"{column}:{row}", again=True)
    marks = ".".join(_kept(vault, column, plain))
    return f"{PREFIX}{vault.name}:{column}:{row}:{marks}:{base64.urlsafe_b64encode(value).decode().rstrip('=')}"


def _kept(vault: Vault, column: str, plain: str) -> list[str]:
    if column in _SENTENCES:
        return [
            *(vault.mark(Kind.PHONE.value, number) for number in numbers_said(plain)),
            *(vault.mark(Kind.EMAIL.value, address.casefold()) for address in _ADDRESS.findall(plain)),
        ]
    return marks_of(vault, plain) if column.rpartition(".")[2] in _MARKED else []


def unseal(vault: Vault, text: str, *, column: str = "", row: object = "") -> str:
    """With `column` and `row`: only what was sealed for that place. Raises Unreadable."""
    if not text:
        return ""
    found = _SEALED.fullmatch(text)
    if found is None or (column and (found[2], found[3]) != (column, str(row))):
        raise Unreadable
    return value_at(vault, found[5], column=found[2], row=found[3])


def value_at(vault: Vault, value: str, *, column: str, row: object) -> str:
    """Of the last part alone, sealed for that place. Raises Unreadable."""
    try:
        sealed = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
        return vault.open(sealed, about=f"{column}:{row}").decode()
    except (binascii.Error, ValueError) as error:
        raise Unreadable from error


def shown(vault: Vault, text: str, *, column: str = "", row: object = "") -> str:
    """As `unseal`; the words for it where it cannot be opened."""
    try:
        return unseal(vault, text, column=column, row=row)
    except Unreadable:
        return UNREADABLE


def place_of(text: str) -> tuple[str, str]:
    """The column and the row that it says it was sealed for."""
    found = _SEALED.fullmatch(text)
    return (found[2], found[3]) if found else ("", "")


def marks_in(text: str) -> list[str]:
    """The marks that a sealed text carries."""
    return [mark for mark in text.split(":", 5)[4].split(".") if mark] if text else []


def marks_of(vault: Vault, plain: str) -> list[str]:
    return [of_one[0] for of_one in _marked(vault, plain)]


def whole_marks(vault: Vault, plain: str) -> list[str]:
    """By which the whole of it is found, under every key."""
    return _marked(vault, plain)[0]


def is_number(asked: str) -> bool:
    """Whether somebody may be looking for a telephone: a whole number, or the last digits of one."""
    first, *others = numbers_in(asked)
    return not others and is_code(first) and len(first) >= TAILS[0]


def asked_marks(vault: Vault, asked: str) -> list[str]:
    """By which such a number is found."""
    number = numbers_in(asked)[0]
    return vault.marks("tail" if len(number) in TAILS else Kind.PHONE.value, number)


def _marked(vault: Vault, plain: str) -> list[list[str]]:
    if "@" in plain:
        return [vault.marks(Kind.EMAIL.value, plain.casefold())]
    numbers = numbers_in(plain)
    whole = [] if len(numbers) == 1 else [vault.marks(Kind.PHONE.value, "".join(numbers))]
    digits = ("".join(c for c in number if c.isdigit()) for number in numbers)
    tails = dict.fromkeys(said[-tail:] for said in digits for tail in TAILS if len(said) >= tail)
    return [
        *whole,
        *(vault.marks(Kind.PHONE.value, number) for number in numbers),
        *(vault.marks("tail", tail) for tail in tails),
    ]


def each_within(value: Any, change: Callable[[str], str]) -> Any:
    """A record with every sealed text in it changed, however deep it lies."""
    if isinstance(value, str):
        return _SEALED.sub(lambda found: change(found[0]), value) if PREFIX in value else value
    if isinstance(value, Mapping):
        return {name: each_within(item, change) for name, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [each_within(item, change) for item in value]
    return value


def each_under(value: Any, keys: Collection[str], change: Callable[[str], str]) -> Any:
    """The same of what stands under one of these keys only: beside it lies what people typed as they typed it."""
    if isinstance(value, Mapping):
        return {n: each_within(v, change) if n in keys else each_under(v, keys, change) for n, v in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [each_under(item, keys, change) for item in value]
    return value


def anew(vault: Vault, text: str) -> str:
    """Under the key that seals now, with the marks of today. Raises Unreadable."""
    found = _SEALED.fullmatch(text)
    if found is None:
        raise Unreadable
    return seal(vault, found[2], found[3], unseal(vault, text))
