"""The trail's keyset positions and dates as an address carries them."""

import base64
import binascii
import uuid
from datetime import date, datetime
from typing import Protocol

import orjson

from app.errors import Invalid
from app.text import DateError, parse_date


class Positioned(Protocol):
    @property
    def at(self) -> datetime: ...
    @property
    def id(self) -> uuid.UUID: ...


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


def read_day(value: str) -> date | None:
    try:
        return parse_date(value) if value.strip() else None
    except DateError as error:
        raise Invalid({"from": str(error)}) from error
