"""How long a firm may stand on each tier before the house speaks of it: the bureau's own choice, no official rule."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Self

from sqlalchemy import update

from app.access.terms import Actor, Viewer
from app.audit.service import event_row, record
from app.db import Conn
from app.errors import Invalid, NotFound, Stale
from app.firms.queries import count_firms
from app.firms.terms import MAIN_LADDER, FirmFilter
from app.locks import Lock, hold
from app.pipeline.calendars import recount
from app.pipeline.models import TierRow
from app.pipeline.queries import load_ladders
from app.pipeline.terms import Ladder, Tier
from app.workdays.queries import load_calendar
from app.workdays.rules import Calendar

MOST_DAYS, MOST_MONTHS = 500, 120


@dataclass(frozen=True, slots=True)
class Patience:
    """None: never."""

    stale: int | None  # working days without a contact, after which a firm counts as standing still
    escalate: int | None  # further working days, after which the bureau's head is told
    months: int | None  # that a firm is expected to need for the next step

    @classmethod
    def of(cls, tier: Tier) -> Self:
        return cls(tier.stale_working_days, tier.escalate_working_days, tier.expected_months)

    def to_json(self) -> dict[str, int | None]:
        return {"stale_days": self.stale, "escalate_days": self.escalate, "expected_months": self.months}


def faults_in(tier: str, wanted: Patience) -> dict[str, str]:
    """By field, as the page names them."""
    found = {}
    for name, value, most in (
        ("stale", wanted.stale, MOST_DAYS),
        ("escalate", wanted.escalate, MOST_DAYS),
        ("months", wanted.months, MOST_MONTHS),
    ):
        if value is not None and not 1 <= value <= most:
            found[f"{name}.{tier}"] = f"请填 1 到 {most} 的整数，或留空。"
    if wanted.escalate is not None and wanted.stale is None and not found:
        found[f"escalate.{tier}"] = "没有停滞天数就没有停滞可告诉，请先填停滞天数。"
    return found


def standing_by(was: int, now: int, *, today: date, calendar: Calendar) -> date:
    """Whoever stands still by that day under the old limit does so today under the new one."""
    reach = timedelta(days=2 * (MOST_DAYS + 1))

    def then(day: int) -> date:
        return calendar.add_working_days(calendar.add_working_days(date.fromordinal(day), -was), now)

    days = range((today - reach).toordinal(), (today + reach).toordinal() + 1)
    return date.fromordinal(days[bisect_right(days, today, key=then) - 1])


@dataclass(frozen=True, slots=True)
class Outlook:
    """Of a tier whose limit is to be another: who stands still now, and who would; each counted as it is listed."""

    tier: Tier
    wanted: Patience
    now: FirmFilter
    standing: int
    then: FirmFilter | None  # None: nobody would
    would: int


async def outlook(
    conn: Conn,
    wanted: Mapping[str, Patience],
    *,
    seen: Mapping[str, Patience | None],
    viewer: Viewer,
    today: date,
) -> list[Outlook]:
    """Of the tiers whose firms would stand still after another time. Raises as `set_patience` does."""
    ladder = await _checked(conn, wanted, seen)
    calendar, found = await load_calendar(conn), []
    for tier in ladder.tiers:
        old, new = tier.stale_working_days, wanted.get(tier.code, Patience.of(tier)).stale
        if old == new:
            continue
        now, then = FirmFilter(tier=tier.code, stale=True), None
        if old is not None and new is not None:
            day = standing_by(old, new, today=today, calendar=calendar)
            then = FirmFilter(tier=tier.code, stale_by=day.isoformat())
        counts = [await count_firms(conn, f, viewer=viewer, today=today, limit=None) if f else 0 for f in (now, then)]
        found.append(Outlook(tier, wanted[tier.code], now, counts[0], then, counts[1]))
    return found


async def set_patience(
    conn: Conn,
    wanted: Mapping[str, Patience],
    *,
    seen: Mapping[str, Patience | None],
    by: Actor,
    today: date,
    at: datetime,
) -> int:
    """Of the main ladder's tiers named; returns how many firms count from another day now.

    Raises Invalid by field; Stale when somebody has changed one of them since it was `seen`.
    """
    await hold(conn, Lock.CALENDAR)
    ladder = await _checked(conn, wanted, seen)
    tiers = {t.code: t for t in ladder.tiers}
    changed = {code: one for code, one in wanted.items() if one != Patience.of(tiers[code])}
    for code, one in changed.items():
        which = (TierRow.ladder == MAIN_LADDER, TierRow.code == code)
        days = {"stale_working_days": one.stale, "escalate_working_days": one.escalate, "expected_months": one.months}
        await conn.execute(update(TierRow).where(*which).values(days))
    calendar, now = await load_calendar(conn), (await load_ladders(conn))[MAIN_LADDER]
    moved = await recount(conn, was=ladder, now=now, before=calendar, after=calendar, today=today)
    rows = [
        event_row(
            "setting:tier:changed",
            by=by,
            at=at,
            object_type="tier",
            object_id=code,
            object_label=tiers[code].label,
            before=Patience.of(tiers[code]).to_json(),
            after=one.to_json(),
        )
        for code, one in changed.items()
    ]
    await record(conn, *rows)
    return moved


async def _checked(conn: Conn, wanted: Mapping[str, Patience], seen: Mapping[str, Patience | None]) -> Ladder:
    ladder = (await load_ladders(conn)).get(MAIN_LADDER)
    tiers = {t.code: t for t in ladder.tiers} if ladder else {}
    if ladder is None or not wanted.keys() <= tiers.keys():
        raise NotFound("没有这个梯队。")
    if faults := {k: v for code, one in wanted.items() for k, v in faults_in(code, one).items()}:
        raise Invalid(faults)
    if any(Patience.of(tiers[code]) != seen.get(code) for code in wanted):
        raise Stale("梯队的天数刚被别人改过；下面是现在的，请看过再改。")
    return ladder
