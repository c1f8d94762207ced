"""What an invented firm holds beside its figures: rights, standards, institutions, a clean or a stained record."""

import random
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from app.policy.figures import CLASS_TWO, IpKind, Judgement, ObtainedBy
from app.reports.terms import StatementKind
from app.seeding.profiles import PROFILES, Count

_OWN, _ASSIGNED = ObtainedBy.SELF_DEVELOPED, ObtainedBy.ASSIGNED
_WAYS = (_OWN,) * 17 + (_ASSIGNED, _ASSIGNED, ObtainedBy.ACQUIRED)
_ALIVE = (True,) * 24 + (False,)
_MACHINES = (IpKind.UTILITY_MODEL,) * 7 + (IpKind.DESIGN_PATENT, IpKind.DESIGN_PATENT, IpKind.SOFTWARE_COPYRIGHT)
_PROGRAMS = (IpKind.SOFTWARE_COPYRIGHT,) * 8 + (IpKind.UTILITY_MODEL, IpKind.DESIGN_PATENT)
_NAMES = ("一种{}加工装置", "一种{}检测设备", "一种节能{}生产线", "一种{}表面处理机构", "{}自动上料装置", "一种{}夹具")
_METHODS = ("一种{}制备方法", "一种{}质量检测方法", "一种{}及其制造工艺", "一种低能耗{}处理方法")
_SYSTEMS = ("{}生产管理系统 V1.0", "{}数据采集软件 V2.0", "{}质量追溯平台 V1.2")
_LADDER = (None, "tech_micro", "eaglet", "gazelle", "hnte", "leader")

# What experts usually give a firm that is ready, 195号 三(七): from where to the item's most.
_POINTS: dict[Judgement, Count] = {
    Judgement.TECHNOLOGY_ADVANCEMENT: (5, 8),
    Judgement.CORE_SUPPORT: (5, 8),
    Judgement.ACQUISITION: (4, 6),
    Judgement.STANDARD_BONUS: (0, 2),
    Judgement.RD_RULES: (3, 6),
    Judgement.RD_INSTITUTION: (3, 6),
    Judgement.CONVERSION_INCENTIVE: (2, 4),
    Judgement.TALENT_INCENTIVE: (2, 4),
}


@dataclass(frozen=True, slots=True)
class Right:
    kind: IpKind
    number: str
    name: str
    obtained_by: ObtainedBy
    granted_on: date
    in_force: bool | None
    used_in_hnte_year: int | None


@dataclass(frozen=True, slots=True)
class Statement:
    kind: StatementKind
    body: Any
    true_on: date


def rights_of(
    rng: random.Random,
    tier: str | None,
    word: str,
    *,
    mark: str,
    registered_on: date,
    today: date,
    used_in: tuple[int, ...],
) -> list[Right]:
    """`mark` begins every number, so that none is taken for a real patent's; `used_in`: years of 高企 filings."""
    profile = PROFILES[tier]
    first = max(registered_on + timedelta(days=120), today - timedelta(days=8 * 365))
    span = max(1, (today - first).days)
    smaller = _PROGRAMS if word == "软件" else _MACHINES
    kinds = [IpKind.INVENTION_PATENT] * rng.randint(*profile.class_one)
    kinds = rng.choices(smaller, k=rng.randint(*profile.class_two)) + kinds
    # Of one firm in twenty nobody has looked whether a fee was paid.
    unsure = rng.randrange(len(kinds)) if kinds and rng.random() < 0.05 else None
    rights = []
    for n, kind in enumerate(kinds, 1):
        # The first few are what a firm starts out with.
        granted = first + timedelta(days=int(rng.random() * span * (0.3 if n <= 3 else 1)))
        names = _METHODS if kind not in CLASS_TWO else _SYSTEMS if kind is IpKind.SOFTWARE_COPYRIGHT else _NAMES
        # 195号 三(二): a right of class Ⅱ serves one filing; half of those that were there went into it.
        served = [year for year in used_in if granted.year <= year] if kind in CLASS_TWO else []
        used = served[0] if served and rng.random() < 0.5 else None
        number, name = f"{mark}-{granted.year}-{n:02d}", rng.choice(names).format(word)
        alive = None if n - 1 == unsure else rng.choice(_ALIVE)
        rights.append(Right(kind, number, name, rng.choice(_WAYS), granted, alive, used))
    return rights


def statements_of(rng: random.Random, tier: str | None, word: str, *, today: date) -> list[Statement]:
    """What somebody has looked up. Of those on the lower steps much is not known yet."""
    rank = _LADDER.index(tier)
    seen = today - timedelta(days=rng.randrange(5, 300))
    found: list[Statement] = []
    if rng.random() < 0.93:
        found.append(Statement(StatementKind.RECORDS, _records(rng, today), seen))
    if rng.random() < 0.9:
        found.append(Statement(StatementKind.STANDING, _standing(rng, rank, word, today), seen))
    if rng.random() < (0.1, 0.15, 0.6, 0.9, 1, 1)[rank]:
        found += [Statement(kind, body, seen) for kind, body in _achievements(rng, rank, today)]
    if rng.random() < PROFILES[tier].judged:
        proven = int(rank >= 4)  # who holds the certificate has been through it once
        points = {one.value: rng.randint(min(low + proven, most), most) for one, (low, most) in _POINTS.items()}
        found.append(Statement(StatementKind.JUDGEMENTS, points, seen))
    return found


def _records(rng: random.Random, today: date) -> dict[str, Any]:
    """One in fifty is listed for an address nobody answers at; one in seventy had an accident."""
    past = (today - timedelta(days=rng.randrange(30, 900))).isoformat()
    stained = rng.random()
    return {
        "abnormal_operation": stained < 0.02,
        "serious_dishonesty": stained > 0.998,
        "research_misconduct": False,
        "accident_on": past if 0.02 < stained < 0.034 else None,
        "environmental_violation_on": past if 0.034 < stained < 0.042 else None,
    }


def _standing(rng: random.Random, rank: int, word: str, today: date) -> dict[str, Any]:
    tenant = rank < 3 and rng.random() < 0.08
    since = today - timedelta(days=rng.randrange(60, 1500))
    return {
        "in_hnte_pool": rank == 3 or (rank == 2 and rng.random() < 0.3),
        "in_tech_micro_list": rank >= 1 and rng.random() < 0.7,
        "listed_or_acquired": rank == 5 and rng.random() < 0.1,
        "software_certificates": word == "软件" and rank >= 2,
        "registered_in_carrier": tenant,
        "carrier_tenant_since": since.isoformat() if tenant else None,
    }


def _achievements(rng: random.Random, rank: int, today: date) -> list[tuple[StatementKind, list[dict[str, Any]]]]:
    def on(years: float) -> str:
        return (today - timedelta(days=int(rng.random() * years * 365))).isoformat()

    chance = rng.random
    led = [{"level": "industry", "on": on(5)}] if chance() < (0, 0, 0.01, 0.05, 0.12, 0.5)[rank] else []
    awards = [{"level": "provincial", "rank": 3, "on": on(6)}] if chance() < (0, 0, 0, 0.01, 0.04, 0.2)[rank] else []
    at_city = [{"level": "municipal"}] if chance() < (0, 0.03, 0.12, 0.4, 0.65, 1)[rank] else []
    at_province = [{"level": "provincial"}] if chance() < (0, 0, 0.01, 0.06, 0.22, 0.85)[rank] else []
    contests = (
        [{"level": "municipal", "rank": 3, "on": on(4)}] if chance() < (0, 0.02, 0.08, 0.06, 0.04, 0)[rank] else []
    )
    return [
        (StatementKind.STANDARDS_LED, led),
        (StatementKind.SCIENCE_AWARDS, awards),
        (StatementKind.RD_INSTITUTIONS, [*at_city, *at_province]),
        (StatementKind.PLATFORMS, at_province),
        (StatementKind.COMPETITION_AWARDS, contests),
    ]
