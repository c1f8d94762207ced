"""A carrier's recognitions and duties as people and programs send them: one reading for form and API."""

import uuid
from collections.abc import Mapping
from datetime import date
from typing import Any

from app.carriers.terms import CarrierLevel, Title
from app.web.carrier_input import Reader


def read_title(raw: Mapping[str, Any], *, today: date) -> Title:
    """Raises Invalid by field."""
    r = Reader(raw)
    issued = r.day("issued_on", required="请填写认定日期。")
    title = Title(
        uuid.UUID(int=0),
        r.word("level", CarrierLevel),
        r.text("name", required="请填写认定的名称。"),
        r.text("document"),
        issued or today,
        r.day("valid_until"),
    )
    r.done()
    return title


def read_duty(raw: Mapping[str, Any], *, today: date) -> tuple[str, date, str]:
    """What, by when, on what ground. Raises Invalid by field."""
    r = Reader(raw)
    what, due_on = r.text("what", required="请写要办什么。"), r.day("due_on", required="请填写期限。")
    basis = r.text("basis")
    r.done()
    return what, due_on or today, basis
