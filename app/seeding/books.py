"""An invented firm's books: what it reported and when, what it holds, and the registry's columns that follow."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from app.firms.terms import SizeClass
from app.policy.sizes import limits_for, size_by
from app.recognitions.terms import CertificateKind
from app.reports.terms import ReportState
from app.seeding.figures import Figures, figures_of
from app.seeding.holdings import Right, Statement, rights_of, statements_of
from app.seeding.invented import Trade
from app.seeding.profiles import PROFILES

YEARS = 4  # growth over three years needs four
_ABOVE = Decimal(20_000_000)  # 规模以上工业: main revenue of 2000万元
_SMALL = 4_900  # 万元; what a 雏鹰 may have
_LATEST = ((ReportState.ACCEPTED,),) * 14 + (
    *((ReportState.SUBMITTED,),) * 4,
    (ReportState.RETURNED, ReportState.ACCEPTED),
    (ReportState.RETURNED,),
    (ReportState.DRAFT,),
)


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose books are invented. `tier` is the highest it has stood on; `mark` begins all of its numbers."""

    number: int
    mark: str
    trade: Trade
    tier: str | None
    registered_on: date
    filed_in: tuple[int, ...] = ()  # the years it applied for 高企
    grown: bool = False  # was small only a short while ago
    complete: bool = False  # has reported every year and been accepted, whatever the others of its tier do


@dataclass(frozen=True, slots=True)
class Report:
    year: int
    version: int
    state: ReportState
    figures: Figures
    submitted_on: date | None
    decided_on: date | None


@dataclass(frozen=True, slots=True)
class Title:
    kind: CertificateKind
    number: str
    issued_on: date
    expires_on: date


@dataclass(frozen=True, slots=True)
class Books:
    reports: list[Report]
    rights: list[Right]
    statements: list[Statement]
    titles: list[Title]
    size_class: SizeClass
    above_designated_size: bool


def born_on(rng: random.Random, tier: str | None, *, today: date, before: date, grown: bool = False) -> date:
    """When a firm that has come so far was registered: in any case a year before anything is told of it."""
    youngest, oldest = PROFILES[tier].age
    days = rng.uniform(youngest, min(oldest, 10) if grown else oldest) * 365
    return min(today - timedelta(days=int(days)), before - timedelta(days=366 + int(rng.random() * 90)))


def keep_books(rng: random.Random, subject: Subject, *, today: date) -> Books:
    profile = PROFILES[subject.tier]
    latest = today.year - 1
    years = range(min(latest, max(latest - YEARS + 1, subject.registered_on.year)), latest + 1)
    figures = figures_of(rng, profile, years, most=_SMALL if subject.grown else None)
    (told,) = [len(years)] if subject.complete else rng.choices((0, 1, len(years)), profile.coverage)
    rights = rights_of(
        rng,
        subject.tier,
        subject.trade.word,
        mark=f"{subject.mark}-{subject.number:07d}",
        registered_on=subject.registered_on,
        today=today,
        used_in=subject.filed_in,
    )
    return Books(
        _reports(rng, list(zip(years, figures, strict=True))[len(years) - told :], today, settled=subject.complete),
        rights if told else [],
        statements_of(rng, subject.tier, subject.trade.word, today=today),
        [_title(rng, kind, subject, today) for kind, chance in profile.titles.items() if rng.random() < chance],
        _size(subject.trade.industry, figures[-1]),
        Decimal(figures[-1]["main_business_revenue"]) >= _ABOVE,
    )


def _reports(
    rng: random.Random, told: Sequence[tuple[int, Figures]], today: date, *, settled: bool = False
) -> list[Report]:
    """Earlier years are accepted; of the latest some wait, some came back and some were never sent."""
    found: list[Report] = []
    yesterday = today - timedelta(days=1)
    for n, (year, figures) in enumerate(told, 1):
        open_still = n == len(told) and not settled
        states = rng.choice(_LATEST) if open_still else (ReportState.ACCEPTED,)
        submitted = date(year + 1, 1, 12) + timedelta(days=int(rng.random() * 135))
        for version, state in enumerate(states, 1):
            # Whoever looks in January sees the year that has just ended all the same.
            submitted = min(submitted, yesterday)
            decided = min(submitted + timedelta(days=2 + int(rng.random() * 20)), yesterday)
            sent = state is not ReportState.DRAFT
            done = state in (ReportState.RETURNED, ReportState.ACCEPTED)
            found.append(Report(year, version, state, figures, submitted if sent else None, decided if done else None))
            submitted = decided + timedelta(days=3)
    return found


def _title(rng: random.Random, kind: str, subject: Subject, today: date) -> Title:
    """科技型中小企业 are entered in summer and hold for the year; 专精特新 holds for three."""
    year = today.year if today >= date(today.year, 10, 1) else today.year - 1
    issued = date(year, 7, 1) + timedelta(days=rng.randrange(90))
    if kind == CertificateKind.TECH_SME:
        expires = date(year, 12, 31)
    else:
        issued = issued.replace(year=year - rng.randrange(3))
        expires = issued.replace(year=issued.year + 3)
    return Title(CertificateKind(kind), f"{issued.year}{subject.mark}{subject.number:07d}", issued, expires)


def _size(industry: str, figures: Figures) -> SizeClass:
    """By 工信部联企业〔2011〕300号, as the policies read it."""
    limits = limits_for(industry)
    return SizeClass(size_by(limits, [Decimal(figures[code]) for code in limits])) if limits else SizeClass.SMALL
