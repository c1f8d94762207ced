"""Who is in a space, as what, from when until when; how they leave; and how long they may stay."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from app.carriers.terms import CarrierKind, place_of
from app.labels import Labelled


class SpecialField(Labelled):
    """Fields that may stay longer, 300号 第八条(三); the number of months has no confirmed source (grade M)."""

    BIOMEDICINE = "biomedicine", "生物医药"
    AGRICULTURE = "agriculture", "现代农业"
    CIRCUITS = "circuits", "集成电路"


class EndReason(Labelled):
    GRADUATED = "graduated", "毕业"
    MOVED_OUT = "moved_out", "到期迁出"
    EARLY = "early", "提前退出"
    OVERSTAY = "overstay", "超期退出"
    TERMINATED = "terminated", "终止协议"
    TRANSFERRED = "transferred", "转入其他载体"
    REARRANGED = "rearranged", "载体内换房"
    STRUCK = "struck", "登记有误"


# What a person may choose; the others come with an act of their own.
LEAVING = (EndReason.MOVED_OUT, EndReason.EARLY, EndReason.OVERSTAY, EndReason.TERMINATED)
# Ways of leaving that want a word of why.
EXPLAINED = frozenset({EndReason.EARLY, EndReason.OVERSTAY, EndReason.TERMINATED, EndReason.STRUCK})


class Happening(Labelled):
    ADMITTED = "admitted", "入驻"
    RENEWED = "renewed", "续租"
    EXTENDED = "extended", "延长孵化期限"
    CHANGED = "changed", "修改协议"
    ENDED = "ended", "退出"
    TRANSFERRED = "transferred", "转移"
    LINKED = "linked", "团队注册为企业"


@dataclass(frozen=True, slots=True)
class TeamEntry:
    name: str
    leader: str = ""
    members: int | None = None


@dataclass(frozen=True, slots=True)
class Lease:
    """Somebody in a space: a firm by its code or a team by its name. Both days are inclusive."""

    space_id: uuid.UUID
    since: date
    until: date | None  # None: no agreed end
    uscc: str = ""
    team: TeamEntry | None = None
    seats: int = 1
    incubates: bool = True  # counted as 在孵; not a plain tenant
    special_field: SpecialField | None = None
    rent_reduced: bool = False
    agreement_no: str = ""
    agreement_on: date | None = None
    stage_target: str = ""
    entry: Mapping[str, Any] | None = None  # how it stood beside the conditions of entry
    proposal: uuid.UUID | None = None  # that it was proposed by


@dataclass(frozen=True, slots=True)
class Terms:
    """What of an agreement may be corrected while it runs."""

    agreement_no: str
    agreement_on: date | None
    rent_reduced: bool
    special_field: SpecialField | None
    stage_target: str


@dataclass(frozen=True, slots=True)
class Ending:
    on: date  # the last day inside
    reason: EndReason
    note: str = ""
    ground: Mapping[str, Any] | None = None  # what a graduation rests on
    late: str = ""  # why it is written down only now, where days that are over change with it


@dataclass(frozen=True, slots=True)
class Tenancy:
    id: uuid.UUID
    carrier_id: uuid.UUID
    carrier_name: str
    carrier_kind: CarrierKind
    space_id: uuid.UUID
    building: str
    floor: str
    room: str
    area: Decimal
    exclusive: bool
    seats: int
    firm_id: uuid.UUID | None
    uscc: str
    firm_name: str
    team_id: uuid.UUID | None
    team_name: str
    linked_on: date | None  # when the team became the firm
    since: date | None  # None: struck, it never was
    until: date | None  # the last day agreed; None: no agreed end
    incubating_since: date | None  # along the whole chain
    clock_since: date | None  # in this kind of carrier
    limit_months: int | None
    limit_basis: str
    special_field: SpecialField | None
    rent_reduced: bool
    agreement_no: str
    agreement_on: date | None
    stage_target: str
    ended_on: date | None
    end_reason: EndReason | None
    end_note: str
    ground: Mapping[str, Any] | None
    previous_id: uuid.UUID | None
    version: int
    entry: Mapping[str, Any] | None  # how it stood beside the conditions when it came in
    operator: str  # of the carrier

    @property
    def holder(self) -> str:
        return self.firm_name or self.team_name

    @property
    def place(self) -> str:
        return place_of(self.building, self.floor, self.room)

    @property
    def open(self) -> bool:
        return self.ended_on is None and self.since is not None


@dataclass(frozen=True, slots=True)
class TenancyEvent:
    kind: Happening
    since: date | None
    until: date | None
    reason: str
    detail: Mapping[str, Any]
    actor_name: str
    at: datetime

    @property
    def label(self) -> str:
        """A way of leaving has its own name; a graduation is nothing that people look for under 退出."""
        if undone := self.detail.get("undone"):
            return f"撤销{undone}"
        if "joined" in self.detail:
            return "房间合并"
        if self.kind is not Happening.ENDED:
            return self.kind.label
        way = str(self.detail.get("reason", ""))
        return way if way == EndReason.GRADUATED.label else f"{self.kind.label}（{way}）" if way else self.kind.label


@dataclass(frozen=True, slots=True)
class Team:
    id: uuid.UUID
    carrier_id: uuid.UUID
    name: str
    leader: str
    members: int | None
    firm_id: uuid.UUID | None
    linked_on: date | None


@dataclass(frozen=True, slots=True)
class Stay:
    """How long a kind of carrier keeps whom, by default; each tenancy keeps the limit that it was admitted under."""

    kind: CarrierKind
    months: int | None
    special_months: int | None
    document: str
    grade: str
