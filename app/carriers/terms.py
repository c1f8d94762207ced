"""Carriers and their spaces: the words for them. Who is in them is in `stay_terms`."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

from app.labels import Labelled


class CarrierKind(Labelled):
    """The first four in the order of the chain, 开平市“十四五”规划 四(三)5."""

    MAKERSPACE = "makerspace", "众创空间"
    INCUBATOR = "incubator", "孵化器"
    ACCELERATOR = "accelerator", "加速器"
    INDUSTRIAL_PARK = "industrial_park", "专业园区"
    AGRI_MAKER = "agri_maker", "星创天地"


CHAIN = (CarrierKind.MAKERSPACE, CarrierKind.INCUBATOR, CarrierKind.ACCELERATOR, CarrierKind.INDUSTRIAL_PARK)


class CarrierLevel(Labelled):
    NATIONAL = "national", "国家级"
    PROVINCIAL = "provincial", "省级"
    MUNICIPAL = "municipal", "市级"
    COUNTY = "county", "县级"


class CarrierState(Labelled):
    OPERATING = "operating", "运营中"
    CLOSED = "closed", "停止运营"


class DutyKind(Labelled):
    CHANGE_REPORT = "change_report", "变更报告"
    REVIEW = "review", "复核评价"
    STATISTICS = "statistics", "统计报送"
    OTHER = "other", "其他"


@dataclass(frozen=True, slots=True)
class Areas:
    """Square metres by use, as the statistics form of incubators has them (国统制[2008]134号 GZ-007, e00 to e04)."""

    total: Decimal | None = None
    office: Decimal | None = None
    tenants: Decimal | None = None
    public: Decimal | None = None
    other: Decimal | None = None


AREA_LABELS: Mapping[str, str] = {
    "total": "总面积",
    "office": "办公用房",
    "tenants": "在孵企业用房",
    "public": "公共服务用房",
    "other": "其他用房",
}


@dataclass(frozen=True, slots=True)
class CarrierEntry:
    name: str
    kind: CarrierKind
    level: CarrierLevel
    region_code: str
    park: str | None = None
    operator: str = ""
    address: str = ""
    focus: str = ""  # the one field of a professional carrier; empty for a general one
    opened_on: date | None = None
    contact_name: str = ""
    contact_phone: str = ""
    remark: str = ""
    areas: Areas = field(default_factory=Areas)


@dataclass(frozen=True, slots=True)
class Carrier:
    id: uuid.UUID
    name: str
    kind: CarrierKind
    level: CarrierLevel
    region_code: str
    park: str | None
    operator: str
    address: str
    focus: str
    opened_on: date | None
    state: CarrierState
    closed_on: date | None
    contact_name: str
    contact_phone: str
    remark: str
    areas: Areas
    version: int
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Fill:
    """How full a carrier is on a day. Areas in square metres; a shared room counts by its taken seats."""

    rooms: int = 0
    rooms_let: int = 0
    area: Decimal = Decimal(0)
    area_let: Decimal = Decimal(0)
    seats: int = 0
    seats_let: int = 0
    firms: int = 0
    teams: int = 0

    def __add__(self, other: "Fill") -> "Fill":
        return Fill(*(getattr(self, name) + getattr(other, name) for name in Fill.__dataclass_fields__))

    @property
    def rate(self) -> Decimal | None:
        """Let of all area, 0 to 1; None where there is nothing to let."""
        return self.area_let / self.area if self.area else None

    @property
    def percent(self) -> Decimal | None:
        """To one place, a half upwards, and never up to a full house that is not one."""
        if self.rate is None:
            return None
        tenths = int((self.rate * 1000).to_integral_value(ROUND_HALF_UP))
        return Decimal(min(tenths, 999) if self.rate < 1 else tenths) / 10


@dataclass(frozen=True, slots=True)
class CarrierRow:
    id: uuid.UUID
    name: str
    kind: CarrierKind
    level: CarrierLevel
    region_code: str
    operator: str
    state: CarrierState
    fill: Fill
    lapsed: int  # tenancies whose lease is over and whose end nobody has recorded


@dataclass(frozen=True, slots=True)
class SpaceEntry:
    building: str
    floor: str
    room: str
    area: Decimal
    exclusive: bool
    capacity: int | None = None  # seats of a shared room; None where nobody counts them
    opened_on: date | None = None


@dataclass(frozen=True, slots=True)
class Space:
    id: uuid.UUID
    carrier_id: uuid.UUID
    building: str
    floor: str
    room: str
    area: Decimal
    exclusive: bool
    capacity: int | None
    opened_on: date | None
    closed_on: date | None
    version: int
    closed_at: datetime | None  # when that was recorded
    joined_into: uuid.UUID | None  # the other row of the same room, which has its leases

    @property
    def place(self) -> str:
        return place_of(self.building, self.floor, self.room)


def place_of(building: str, floor: str, room: str) -> str:
    return " ".join(part for part in (building, f"{floor}层" if floor.isdecimal() else floor, room) if part)


@dataclass(frozen=True, slots=True)
class Title:
    """A recognition of the carrier by an authority."""

    id: uuid.UUID
    level: CarrierLevel
    name: str
    document: str
    issued_on: date
    valid_until: date | None


@dataclass(frozen=True, slots=True)
class Duty:
    id: uuid.UUID
    kind: DutyKind
    what: str
    due_on: date
    basis: str
    done_on: date | None
    doer_name: str


@dataclass(frozen=True, slots=True)
class CarrierChange:
    changed_on: date
    what: str
    before: str
    after: str
    actor_name: str
    at: datetime
