"""The trail's keyset positions and dates as an address carries them."""

import base64
import binascii
import uuid
from collections.abc import Iterable
from datetime import date, datetime
from itertools import groupby
from typing import Protocol, TypeVar

import orjson

from app.errors import Invalid
from app.text import DateError, parse_date

FOLDED = 3


class Positioned(Protocol):
    @property
    def at(self) -> datetime: ...
    @property
    def id(self) -> uuid.UUID: ...


class Written(Positioned, Protocol):
    @property
    def request_id(self) -> str: ...


E = TypeVar("E", bound=Written)


def encode(event: Positioned) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([event.at, str(event.id)])).decode().rstrip("=")


def decode(cursor: str) -> tuple[datetime, uuid.UUID]:
    try:
        at, event_id = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None:
            raise TypeError
        return moment, uuid.UUID(event_id)
    except (ValueError, TypeError, AttributeError, binascii.Error) as error:
        raise Invalid({"cursor": "翻页位置无效，请从第一页重新开始。"}) from error


def folded(events: Iterable[E]) -> list[tuple[E, list[E]]]:
    """What one act wrote together, behind the newest of it: the others by the side, once they are many."""
    lines: list[tuple[E, list[E]]] = []
    for _, run in groupby(events, key=lambda event: event.request_id or event.id):
        first, *others = run
        lines += [(first, others)] if len(others) >= FOLDED else [(event, []) for event in (first, *others)]
    return lines


def read_day(value: str) -> date | None:
    try:
        return parse_date(value) if value.strip() else None
    except DateError as error:
        raise Invalid({"from": str(error)}) from error
