"""入孵申请: what a firm asks of a carrier, and what becomes of it."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from app.labels import Labelled

# Our own defaults, no authority's.
OPEN_DAYS = 60  # until an application that nobody has answered is over
ASKED_AT_ONCE = 5  # by one firm, of as many carriers
ASKED_A_DAY = 10  # by one firm, those it took back with them


class AskState(Labelled):
    WAITING = "waiting", "等载体答复"
    ADMITTED = "admitted", "已入驻"
    DECLINED = "declined", "未接收"
    WITHDRAWN = "withdrawn", "已撤回"


@dataclass(frozen=True, slots=True)
class Need:
    """The room that is looked for, from when on, and for what."""

    since: date
    area: Decimal | None = None  # square metres of a room of one's own
    seats: int | None = None
    business: str = ""
    stage_target: str = ""
    contact: str = ""


@dataclass(frozen=True, slots=True)
class Application:
    id: uuid.UUID
    carrier_id: uuid.UUID
    carrier_name: str
    firm_id: uuid.UUID
    uscc: str
    firm_name: str
    since: date
    area: Decimal | None
    seats: int | None
    business: str
    stage_target: str
    contact: str
    found: Mapping[str, Any] | None  # how the firm stood beside the conditions when it asked, without its figures
    state: AskState
    asker_name: str
    asked_at: datetime
    closes_on: date
    answerer_name: str
    answer: str
    tenancy_id: uuid.UUID | None

    def open(self, today: date) -> bool:
        return self.state is AskState.WAITING and today <= self.closes_on

    def told(self, today: date) -> str:
        return "过期未答复" if self.state is AskState.WAITING and today > self.closes_on else self.state.label
