"""Carriers of a synthetic county: one for every two hundred firms, its rooms, and who was and is in them."""

import random
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import orjson

from app.carriers.rules import limit_of
from app.carriers.stay_terms import EndReason, Happening, Stay
from app.carriers.terms import CarrierKind, CarrierLevel
from app.clock import BUSINESS_ZONE, business_day
from app.sealed import seal
from app.seeding.invented import PARK, PARK_TOWN, TOWNS, base31, person, phone
from app.vault import Vault

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "carriers": (
        *("id", "name", "kind", "level", "region_code", "park", "operator", "address", "opened_on", "contact_name"),
        *("contact_phone", "remark", "created_at", "updated_at"),
    ),
    "carrier_spaces": (
        *("id", "carrier_id", "building", "floor", "room", "area", "exclusive", "capacity", "opened_on", "created_at"),
    ),
    "carrier_teams": ("id", "carrier_id", "name", "leader", "members", "created_at"),
    "tenancies": (
        *("id", "carrier_id", "space_id", "exclusive", "seats", "firm_id", "team_id", "during", "incubating_since"),
        *("clock_since", "limit_months", "limit_basis", "agreement_no", "ended_on", "end_reason", "end_note"),
        *("created_at", "updated_at"),
    ),
    "tenancy_events": (
        *("id", "tenancy_id", "carrier_id", "kind", "during", "open", "reason", "detail", "actor_id", "actor_name"),
        "at",
    ),
}
FIRMS_EACH, ROOMS, SEATS = 200, 40, 24
_KINDS = (CarrierKind.MAKERSPACE, CarrierKind.INCUBATOR, CarrierKind.INCUBATOR, CarrierKind.ACCELERATOR)
_LEFT = ((EndReason.GRADUATED, ""), (EndReason.MOVED_OUT, ""), (EndReason.MOVED_OUT, ""), (EndReason.EARLY, "自行迁出"))
_TOWNS, _WEIGHTS = tuple(TOWNS), tuple(weight for weight, _ in TOWNS.values())
_LOW = (1 << 62) - 1
Rows = dict[str, list[tuple[Any, ...]]]


@dataclass(frozen=True, slots=True)
class Tenant:
    """A firm that may be let in, and since when there has been one."""

    id: str
    registered_on: date


@dataclass(frozen=True, slots=True)
class Ground:
    seed: int
    at: datetime
    stays: Mapping[CarrierKind, Stay]
    officer: tuple[uuid.UUID, str]
    vault: Vault


def write_carriers(rows: Rows, ground: Ground, start: int, count: int, firms: Sequence[Tenant]) -> None:
    """Those whose numbers fall among the firms of the span, whose tenants they have."""
    first = -(-start // FIRMS_EACH)
    for number in range(first, -(-(start + count) // FIRMS_EACH)):
        _House(ground, number, firms).write(rows)


class _House:
    def __init__(self, ground: Ground, number: int, firms: Sequence[Tenant]) -> None:
        self.ground, self.number, self.firms = ground, number, firms
        self.rng = random.Random(f"{ground.seed}:carrier:{number}")  # noqa: S311 - invention, not a secret
        self.today = business_day(ground.at)
        self.clock = int(ground.at.timestamp() * 1000) - 2**31 + number * 1024
        self.id, self.kind = self._id(), self.rng.choice(_KINDS)
        self.opened_on = self.today - timedelta(days=self.rng.randrange(1800, 2600))
        self.created_at = self._moment(self.opened_on)
        self.limit = limit_of(ground.stays.get(self.kind), None)

    def write(self, rows: Rows) -> None:
        rng = self.rng
        # Every town that is dealt out first has one, however small the county.
        town = _TOWNS[self.number] if self.number < len(_TOWNS) else rng.choices(_TOWNS, _WEIGHTS)[0]
        name = f"合成{self.kind.label}{base31(self.ground.seed, 3)}-{self.number:04d}"
        rows["carriers"].append(
            (
                *(self.id, name, self.kind.value, rng.choice(list(CarrierLevel)).value, town),
                *(PARK if town == PARK_TOWN else None, "合成运营有限公司", f"合成路{self.number}号", self.opened_on),
                *(person(rng), self._sealed(phone(rng)), "合成数据", self.created_at, self.created_at),
            )
        )
        for n in range(min(ROOMS, max(4, len(self.firms) // 5))):
            self._room(rows, n)

    def _sealed(self, number: str) -> str:
        return seal(self.ground.vault, "carriers.contact_phone", uuid.UUID(self.id), number)

    def _room(self, rows: Rows, n: int) -> None:
        space, exclusive = self._id(), n % 10 != 9
        area = Decimal(self.rng.randrange(40, 240)) if exclusive else Decimal(self.rng.randrange(200, 500))
        floor = n // 10 + 1
        place = (("A 座", "B 座")[n % 2], str(floor), f"{floor}{n % 10 + 1:02d}")
        seats = None if exclusive else SEATS
        rows["carrier_spaces"].append((space, self.id, *place, area, exclusive, seats, self.opened_on, self.created_at))
        for nth, (since, until) in enumerate(self._stays() if exclusive else self._desks()):
            self._tenancy(rows, space, since, until, exclusive=exclusive, latest=nth == 0)

    def _stays(self) -> Iterator[tuple[date, date]]:
        """One after the other, backwards from a lease that may run on, be over, or leave the room empty now."""
        until = self.today + timedelta(days=self.rng.randrange(-90, 700))
        since = min(until, self.today) - timedelta(days=self.rng.randrange(30, 900))
        for _ in range(self.rng.choice((2, 3, 3, 4))):
            yield since, until
            until = since - timedelta(days=self.rng.randrange(1, 60))
            since = until - timedelta(days=self.rng.randrange(120, 380))

    def _desks(self) -> Iterator[tuple[date, date]]:
        for _ in range(self.rng.choice((2, 3, 4))):
            since = self.today - timedelta(days=self.rng.randrange(30, 900))
            yield since, since + timedelta(days=self.rng.randrange(180, 720))

    def _tenancy(self, rows: Rows, space: str, since: date, until: date, *, exclusive: bool, latest: bool) -> None:
        rng, tenancy = self.rng, self._id()
        firm = next((f for f in rng.choices(self.firms, k=4) if f.registered_on <= since), None) if self.firms else None
        if firm is None or rng.random() < 0.15:
            firm = None
        team = None if firm else self._team(rows, since)
        # One in six latest leases that are over waits for somebody to record what became of it.
        ended = until < self.today and not (latest and rng.random() < 1 / 6)
        reason, note = rng.choice(_LEFT if firm else _LEFT[1:])
        during = f"[{since.isoformat()},{(until + timedelta(days=1)).isoformat()})"
        came = self._moment(since)
        months, basis = self.limit
        rows["tenancies"].append(
            (
                *(tenancy, self.id, space, exclusive, 1 if exclusive else rng.randrange(1, 5)),
                *(firm.id if firm else None, team, during, since, since, months, basis),
                f"合成-{self.number:04d}-{tenancy[-4:]}",
                *((until, reason.value, note) if ended else (None, None, "")),
                *(came, self._moment(until) if ended else came),
            )
        )
        by = self.ground.officer
        happened = (Happening.ADMITTED.value, during, True, "", "{}", *by, came)
        rows["tenancy_events"].append((self._id(), tenancy, self.id, *happened))
        if ended:
            detail = orjson.dumps({"reason": reason.label, "on": until.isoformat()}).decode()
            left = (Happening.ENDED.value, during, False, note, detail, *by, self._moment(until))
            rows["tenancy_events"].append((self._id(), tenancy, self.id, *left))

    def _team(self, rows: Rows, since: date) -> str:
        team = self._id()
        members = self.rng.randrange(2, 8)
        leader = person(self.rng)
        rows["carrier_teams"].append((team, self.id, f"合成团队{team[-6:]}", leader, members, self._moment(since)))
        return team

    def _moment(self, day: date) -> datetime:
        moment = datetime.combine(day, time(9), BUSINESS_ZONE) + timedelta(minutes=self.rng.randrange(480))
        return min(moment, self.ground.at)

    def _id(self) -> str:
        """As a firm's own rows have it: of the house's kind, from the moment and the dice."""
        self.clock += 1
        bits = self.rng.getrandbits(74)
        return f"{self.clock << 80 | 0x7 << 76 | (bits >> 62) << 64 | 0b10 << 62 | bits & _LOW:032x}"
