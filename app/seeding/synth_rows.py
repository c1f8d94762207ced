"""The rows of a synthetic county, a span of firms at a time: pure, so that several processes can share the work."""

import random
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import orjson

from app.carriers.stay_terms import Stay
from app.carriers.terms import CarrierKind
from app.clock import BUSINESS_ZONE, business_day
from app.firms.search import document
from app.pipeline.recording import stale_on
from app.pipeline.rules import kind_of
from app.pipeline.terms import Ladder, Tier
from app.policy.facts import CertificateFact, Facts
from app.policy.policies import Policies
from app.recognitions.rules import HNTE_YEARS, expiry
from app.sealed import marks_of, seal
from app.seeding import phrases, synth_books, synth_carriers
from app.seeding.books import Subject, born_on, keep_books
from app.seeding.bulk import lines
from app.seeding.invented import PARK, PARK_TOWN, TOWNS, base31, person, phone, synthetic_code
from app.seeding.synth_names import name_and_trade
from app.text import key, pinyin
from app.vault import Vault
from app.workdays.rules import Calendar

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "firms": (
        *("id", "uscc", "name", "name_key", "name_pinyin", "name_initials", "region_code", "park", "industry_code"),
        *("high_tech_field", "direction", "size_class", "above_designated_size", "registered_on"),
        *("registered_capital", "address", "remark", "status", "officer_id", "next_touch_on", "tier", "tier_since"),
        *("stale_on", "search_extra", "search_text", "search_grams", "created_at", "updated_at"),
    ),
    "contacts": ("id", "firm_id", "name", "title", "phone", "is_primary"),
    "certificates": ("id", "firm_id", "kind", "number", "issued_on", "expires_on", "source", "recorded_at"),
    "placements": ("id", "firm_id", "ladder", "tier", "period"),
    "moves": (
        *("id", "firm_id", "ladder", "from_tier", "to_tier", "kind", "effective_on", "recorded_at", "actor_id"),
        *("actor_name", "approver_id", "approver_name", "reason", "assessment"),
    ),
    "firm_notes": ("id", "firm_id", "author_id", "author_name", "at", "body"),
    **synth_books.COLUMNS,
    **synth_carriers.COLUMNS,
}
SOURCE = "合成数据"
_CLIMBS = (0, 1, 1, 1, 1, 1, 1, 2, 2, 2, 3, 3, 4, 4, 5)  # the rank a firm has reached; 0 is on no tier
_CERTIFIED = ("gazelle", "hnte", "leader")  # every published rule for a gazelle asks for 高企 first
_LOW = (1 << 62) - 1
_TOWNS, _TOWN_WEIGHTS = tuple(TOWNS), tuple(weight for weight, _ in TOWNS.values())


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything the rows depend on beside their numbers."""

    seed: int
    at: datetime
    officers: tuple[tuple[uuid.UUID, str], ...]
    ladder: Ladder
    policies: Policies
    calendar: Calendar
    stays: Mapping[CarrierKind, Stay]
    vault: Vault


@dataclass(frozen=True, slots=True)
class Step:
    tier: Tier | None
    on: date
    recorded_at: datetime


def render(recipe: Recipe, start: int, count: int) -> dict[str, bytes]:
    """COPY's text for firms number `start` to `start + count - 1`; the same spans give the same bytes anywhere."""
    rng = random.Random(f"{recipe.seed}:{start}")  # noqa: S311 - invention, not a secret
    rows: dict[str, list[tuple[Any, ...]]] = {table: [] for table in COLUMNS}
    tenants = []
    for number in range(start, start + count):
        firm = _Firm(recipe, rng, number)
        firm.write(rows)
        tenants.append(synth_carriers.Tenant(firm.id, firm.registered_on))
    ground = synth_carriers.Ground(recipe.seed, recipe.at, recipe.stays, recipe.officers[0], recipe.vault)
    synth_carriers.write_carriers(rows, ground, start, count, tenants)
    return {table: lines(several) for table, several in rows.items()}


class _Firm:
    def __init__(self, recipe: Recipe, rng: random.Random, number: int) -> None:
        self.recipe, self.rng, self.number = recipe, rng, number
        self.today = business_day(recipe.at)
        # Ids rise with the number, as they do when firms are registered one after the other.
        self.clock = int(recipe.at.timestamp() * 1000) - 2**32 + number * 16
        self.id = self._id()
        self.officer = rng.choice(recipe.officers)
        self.created_at = self._moment(self.today - timedelta(days=rng.randrange(400, 1500)))
        self.certificates: list[CertificateFact] = []
        self.steps = self._climb()
        reached = next((step.tier.code for step in reversed(self.steps) if step.tier), None)
        self.name, self.trade = name_and_trade(rng)
        self.registered_on = born_on(rng, reached, today=self.today, before=self.created_at.date())
        filed = tuple(c.issued_on.year for c in self.certificates)
        mark = "合成" + base31(recipe.seed, 3)
        subject = Subject(number, mark, self.trade, reached, self.registered_on, filed)
        self.books = keep_books(rng, subject, today=self.today)
        self.certificates += [
            CertificateFact(title.kind, title.number, title.issued_on, title.expires_on) for title in self.books.titles
        ]

    def write(self, rows: dict[str, list[tuple[Any, ...]]]) -> None:
        rng = self.rng
        people = [(person(rng), phone(rng)) for _ in range(rng.choice((1, 1, 2)))]
        rows["contacts"] += [self._contact(name, number, n == 0) for n, (name, number) in enumerate(people)]
        rows["certificates"] += [
            (self._id(), self.id, c.kind, c.number, c.issued_on, c.expires_on, SOURCE, self._known(c.issued_on))
            for c in self.certificates
        ]
        synth_books.write_books(
            rows,
            self.books,
            self.id,
            source=SOURCE,
            clerk=people[-1][0],
            officer=self.officer,
            known_at=self.created_at,
            new_id=self._id,
            moment=self._moment,
        )
        rows["placements"] += self._placements()
        rows["moves"] += self._moves()
        noted = self._noted()
        if noted:
            author_id, author_name = self.officer
            rows["firm_notes"].append((self._id(), self.id, author_id, author_name, noted, rng.choice(phrases.NOTES)))
        rows["firms"].append(self._row(people, noted))

    def _contact(self, name: str, number: str, first: bool) -> tuple[Any, ...]:
        contact_id = self._id()
        sealed = seal(self.recipe.vault, "contacts.phone", uuid.UUID(contact_id), number)
        return (contact_id, self.id, name, "", sealed, first)

    def _climb(self) -> list[Step]:
        """Tier by tier from the first, with months between; a few leave again."""
        rng, ladder = self.rng, self.recipe.ladder
        rank = rng.choice(_CLIMBS)
        day = self.created_at.date() + timedelta(days=rng.randrange(1, 30))
        steps: list[Step] = []
        for tier in ladder.tiers[:rank]:
            if tier.code in _CERTIFIED and not any(c.in_force(day) for c in self.certificates):
                self._certify(day)
            steps.append(Step(tier, day, self._moment(day + timedelta(days=rng.randrange(5)))))
            day += timedelta(days=rng.randrange(60, 260))
            if day >= self.today - timedelta(days=10):
                break
        else:
            if steps and rng.random() < 0.03:
                steps.append(Step(None, day, self._moment(day)))
        return steps

    def _certify(self, day: date) -> None:
        issued = day - timedelta(days=self.rng.randrange(1, 60))
        number = f"GR{issued.year}44{base31(self.recipe.seed, 3)}{self.number:07d}"
        self.certificates.append(CertificateFact("hnte", number, issued, expiry(issued, HNTE_YEARS), None))

    def _placements(self) -> list[tuple[Any, ...]]:
        ends = [*(step.on.isoformat() for step in self.steps[1:]), ""]
        return [
            (self._id(), self.id, self.recipe.ladder.code, step.tier.code, f"[{step.on.isoformat()},{until})")
            for step, until in zip(self.steps, ends, strict=False)
            if step.tier
        ]

    def _moves(self) -> list[tuple[Any, ...]]:
        rows = []
        before: Tier | None = None
        facts = Facts.holding(*self.certificates)
        for step in self.steps:
            tier = step.tier
            second = self.rng.choice(self.recipe.officers) if tier and tier.needs_approval else (None, None)
            gate = tier.policy if tier else ""
            known = gate in self.recipe.policies.packs
            seen = self.recipe.policies.assess(gate, facts, as_of=step.on).to_json() if known else {}
            kind = kind_of(before, tier, correction=False)
            codes = (before.code if before else None, tier.code if tier else None)
            reason = self.rng.choice(phrases.PROMOTION if tier else phrases.EXIT)
            said = (reason, orjson.dumps(seen).decode())
            moved = (self.recipe.ladder.code, *codes, kind.value, step.on, step.recorded_at)
            rows.append((self._id(), self.id, *moved, *self.officer, *second, *said))
            before = tier
        return rows

    def _noted(self) -> datetime | None:
        """When somebody last wrote something down; one firm in five stands still."""
        if self.rng.random() < 0.2:
            return None
        return max(
            self._moment(self.today - timedelta(days=self.rng.randrange(1, 80))),
            self.steps[-1].recorded_at if self.steps else self.created_at,
        )

    def _row(self, people: list[tuple[str, str]], noted: datetime | None) -> tuple[Any, ...]:
        rng = self.rng
        name, trade = self.name, self.trade
        # Every town has a firm, however small the county.
        town = _TOWNS[self.number] if self.number < len(_TOWNS) else rng.choices(_TOWNS, _TOWN_WEIGHTS)[0]
        sort_key, initials = pinyin(name)
        uscc = synthetic_code(self.recipe.seed, self.number)
        extra = " ".join(sorted(c.number for c in self.certificates))
        marked = [(who, marks_of(self.recipe.vault, number)) for who, number in people]
        found_by, grams = document(name=name, uscc=uscc, initials=initials, former=[], people=marked, extra=extra)
        last = self.steps[-1] if self.steps else None
        tier = last.tier if last else None
        touched = max(last.on, business_day(noted)) if last and noted else (last.on if last else self.today)
        moved_at = last.recorded_at if last else self.created_at
        capital = rng.choice((50, 100, 200, 500, 1000, 3000))
        return (
            *(self.id, uscc, name, key(name), sort_key, initials, town),
            *(PARK if town == PARK_TOWN else None, trade.industry),
            *(rng.choice(trade.fields) if trade.fields else None, trade.direction),
            *(self.books.size_class, self.books.above_designated_size),
            *(self.registered_on, Decimal(capital * 10000)),
            *(f"合成路{self.number}号", SOURCE, "moved_out" if last and tier is None else "active"),
            self.officer[0] if rng.random() < 0.9 else None,
            self.today + timedelta(days=rng.randrange(-10, 45)) if rng.random() < 0.3 else None,
            *((tier.code, last.on) if last and tier else (None, None)),
            stale_on(tier, touched, self.recipe.calendar),
            *(extra, found_by, grams, self.created_at, moved_at),
        )

    def _moment(self, day: date) -> datetime:
        minute = self.rng.randrange(30, 550)
        moment = datetime.combine(day, time(8), BUSINESS_ZONE) + timedelta(minutes=minute)
        return min(moment, self.recipe.at)

    def _known(self, day: date) -> datetime:
        """Nothing is known of a firm before the firm is."""
        return max(self._moment(day), self.created_at)

    def _id(self) -> str:
        """An id of the house's kind (version 7), but from the recipe's moment and dice; as text, which COPY wants."""
        self.clock += 1
        bits = self.rng.getrandbits(74)
        return f"{self.clock << 80 | 0x7 << 76 | (bits >> 62) << 64 | 0b10 << 62 | bits & _LOW:032x}"
