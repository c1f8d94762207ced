"""Rooms and tenants as pages show them: by building and floor, each with how far its clocks have run."""

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from app.carriers.place_rules import Place, place_key
from app.carriers.rules import Due, Reason, months_used, reasons_for
from app.carriers.stay_terms import Tenancy
from app.carriers.terms import CarrierKind, Fill, Space


@dataclass(frozen=True, slots=True)
class Inside:
    """Somebody in a room on the day that is shown."""

    tenancy: Tenancy
    used: int | None  # whole months in this kind of carrier
    reasons: tuple[Reason, ...]

    @property
    def asks(self) -> tuple[str, str]:
        """What is to be done, and where on its page."""
        due = self.reasons[0].due
        if due in (Due.OVER, Due.GRADUATE) and self.tenancy.firm_id:
            return "办毕业", "#h-graduate"
        return ("续租或退出" if due is Due.LAPSED else "续租" if due is Due.LEASE else "去看"), "#h-lease"


@dataclass(frozen=True, slots=True)
class Room:
    space: Space
    inside: tuple[Inside, ...]
    coming: Tenancy | None = None  # whose lease begins next

    @property
    def seats(self) -> int:
        return sum(i.tenancy.seats for i in self.inside)

    @property
    def full(self) -> bool:
        if self.space.exclusive:
            return bool(self.inside)
        return self.space.capacity is not None and self.seats >= self.space.capacity


@dataclass(frozen=True, slots=True)
class Floor:
    name: str
    rooms: tuple[Room, ...]
    percent: Decimal | None  # let of its area, as of the whole


def inside_of(tenancy: Tenancy, day: date, today: date) -> Inside:
    until = min(day, tenancy.ended_on) if tenancy.ended_on else day
    used = months_used(tenancy.clock_since, until) if tenancy.clock_since else None
    reasons: list[Reason] = []
    if tenancy.open and day == today:
        reasons = reasons_for(
            today=today,
            until=tenancy.until,
            clock_since=tenancy.clock_since,
            limit_months=tenancy.limit_months,
        )
    return Inside(tenancy, used, tuple(reasons))


def there_on(spaces: Iterable[Space], day: date) -> list[Space]:
    return [
        s for s in spaces if (s.opened_on is None or s.opened_on <= day) and (s.closed_on is None or s.closed_on > day)
    ]


def floors_of(spaces: Sequence[Space], inside: Sequence[Inside], coming: Iterable[Tenancy] = ()) -> list[Floor]:
    """In the order of the spaces: by building, floor and room."""
    by_space: dict[object, list[Inside]] = {}
    for one in inside:
        by_space.setdefault(one.tenancy.space_id, []).append(one)
    following: dict[object, Tenancy] = {}
    for tenancy in coming:
        following.setdefault(tenancy.space_id, tenancy)
    by_floor: dict[tuple[str, str], list[Space]] = {}
    for space in spaces:
        building, floor, _ = place_key(space.building, space.floor, "")
        by_floor.setdefault((building, floor), []).append(space)
    floors = []
    for group in by_floor.values():
        building, floor = group[0].building, group[0].floor
        rooms = tuple(Room(s, tuple(by_space.get(s.id, ())), following.get(s.id)) for s in group)
        name = " ".join(p for p in (building, f"{floor}层" if floor.isdecimal() else floor) if p)
        floors.append(Floor(name or "未分楼层", rooms, _percent(rooms)))
    return floors


def twice(spaces: Sequence[Space]) -> list[tuple[Space, Space]]:
    """Rooms that stand in two rows, from before two spellings of one were known as one."""
    first: dict[Place, Space] = {}
    pairs = []
    for space in spaces:
        known = first.setdefault(place_key(space.building, space.floor, space.room), space)
        if known is not space:
            pairs.append((known, space))
    return pairs


def _percent(rooms: Sequence[Room]) -> Decimal | None:
    area = sum((room.space.area for room in rooms), Decimal(0))
    taken = sum((_taken(room) for room in rooms), Decimal(0))
    return Fill(area=area, area_let=taken).percent


def _taken(room: Room) -> Decimal:
    if not room.inside:
        return Decimal(0)
    if room.space.exclusive or room.space.capacity is None:
        return room.space.area
    return room.space.area * min(room.seats, room.space.capacity) / room.space.capacity


def due_first(inside: Iterable[Inside]) -> list[Inside]:
    """Who wants attention, each once with all its reasons, the most pressing first."""
    order = list(Due)
    told = [one for one in inside if one.reasons]
    return sorted(told, key=lambda o: (order.index(o.reasons[0].due), o.reasons[0].on, o.tenancy.holder))


def let_by_room(held: Iterable[Tenancy]) -> dict[uuid.UUID, list[Tenancy]]:
    """Of rooms that are let as a whole, whose they are, the earliest first."""
    found: dict[uuid.UUID, list[Tenancy]] = {}
    for one in held:
        if one.exclusive:
            found.setdefault(one.space_id, []).append(one)
    return found


def rooms_to_choose(
    spaces: Iterable[Space],
    let: Mapping[uuid.UUID, Sequence[Tenancy]],
    asked: Mapping[uuid.UUID, int],
    today: date,
    suits: Callable[[Space], str] = lambda _: "",
) -> list[tuple[str, str]]:
    """The free ones first: which room, how large, whose it is from when until when, and how many it is proposed to."""
    free_first = sorted(spaces, key=lambda s: s.id in let)
    return [("", "请选择"), *((str(s.id), f"{_words(s, let, asked, today)}{suits(s)}") for s in free_first)]


def _words(
    space: Space, let: Mapping[uuid.UUID, Sequence[Tenancy]], asked: Mapping[uuid.UUID, int], today: date
) -> str:
    held = let.get(space.id, ())
    said = [_let(one, today, free_from(held, today)) for one in held[:2]]
    if (n := asked.get(space.id)) and space.exclusive:
        said.append(f"{n} 份提议等确认，租给别人即失效")
    return f"{space.place}（{space.area:,} ㎡）{'· ' if said else ''}{'；'.join(said)}"


def _let(one: Tenancy, today: date, free: date | None) -> str:
    if one.ended_on:
        after = one.ended_on + timedelta(days=1)
        return f"今天还有人，{after} 起空" if after == free else "今天还有人"
    begins = f"{one.since} 起" if one.since and one.since > today else ""
    return f"{one.holder} {begins}" + (f"租至 {one.until}" if one.until else "租用，没有约定期满日")


def free_from(let: Iterable[Tenancy], today: date) -> date | None:
    """The first day from today on which a room that is let as a whole is nobody's; none while somebody has it without
    an end."""
    day = today
    for one in let:
        if one.since and one.since > day:
            break
        last = one.ended_on or one.until
        if last is None or (one.open and last < today):
            return None
        day = max(day, last + timedelta(days=1))
    return day


def first_day(raw: Mapping[str, str], let: Mapping[uuid.UUID, Sequence[Tenancy]], today: date) -> dict[str, str]:
    """As it was sent; before that the first day on which the room that is asked for can be had, if there is one."""
    chosen = next((held for space_id, held in let.items() if str(space_id) == raw.get("space")), ())
    return {"since": raw["since"] if "since" in raw else f"{free_from(chosen, today) or ''}"}


_TIMED = (CarrierKind.MAKERSPACE, CarrierKind.INCUBATOR, CarrierKind.AGRI_MAKER)


def usual(kind: CarrierKind) -> str:
    """Whether whoever comes in is incubated, unless somebody says otherwise: an accelerator's tenants are grown up."""
    return "1" if kind in _TIMED else "0"


def incubating_words(kind: CarrierKind) -> str:
    return "作为在孵企业，计孵化期限" if kind in _TIMED else "作为在孵企业，计在孵时间（这类载体没有期限）"
