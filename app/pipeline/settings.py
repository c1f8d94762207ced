"""How long a firm may stand on each tier before the house speaks of it: the bureau's own choice, no official rule."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Self

from sqlalchemy import update

from app.access.terms import Actor
from app.audit.service import event_row, record
from app.db import Conn
from app.errors import Invalid, NotFound, Stale
from app.firms.terms import MAIN_LADDER
from app.locks import Lock, hold
from app.pipeline.calendars import recount
from app.pipeline.models import TierRow
from app.pipeline.queries import load_ladders
from app.pipeline.terms import Tier
from app.workdays.queries import load_calendar

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
    ladder = (await load_ladders(conn)).get(MAIN_LADDER)
    tiers = {t.code: t for t in ladder.tiers} if ladder else {}
    if ladder is None or not wanted.keys() <= tiers.keys():
        raise NotFound("没有这个梯队。")
    if faults := {k: v for code, one in wanted.items() for k, v in faults_in(code, one).items()}:
        raise Invalid(faults)
    if any(Patience.of(tiers[code]) != seen.get(code) for code in wanted):
        raise Stale("梯队的天数刚被别人改过；下面是现在的，请看过再改。")
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
