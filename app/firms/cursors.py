"""Keyset positions as opaque text in an address: the last row's sort key and id."""

import base64
import binascii
import uuid
from datetime import date, datetime
from typing import Any

import orjson

from app.errors import Invalid
from app.firms.terms import Sort


def encode(value: Any, row_id: uuid.UUID) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([value, str(row_id)])).decode().rstrip("=")


def decode(cursor: str, sort: Sort) -> tuple[Any, uuid.UUID]:
    """Raises Invalid for anything that `encode` did not make for this sort."""
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        value, row_id = orjson.loads(raw)
        return _typed(value, sort), uuid.UUID(row_id)
    except (ValueError, TypeError, AttributeError, binascii.Error) as error:
        raise Invalid({"cursor": "翻页位置无效，请从第一页重新开始。"}) from error


def _typed(value: Any, sort: Sort) -> Any:
    if not isinstance(value, str) or "\x00" in value:
        raise TypeError
    if sort is Sort.UPDATED:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise TypeError
        return moment
    if sort is Sort.NAME:
        return value
    return date.fromisoformat(value)
