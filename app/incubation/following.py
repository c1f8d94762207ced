"""Graduates in the three years after: where, revenue, staff, tier; from their own figures, else as somebody asked."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import bindparam, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.types import Date, Uuid

from app.access.terms import Actor, Permission, Viewer
from app.carriers.letting import lock_tenancy
from app.carriers.recording import trace
from app.carriers.stay_terms import EndReason
from app.clock import business_day
from app.db import Conn
from app.errors import Conflict, Invalid
from app.firms.terms import FirmStatus
from app.incubation.after_rules import due_days
from app.incubation.after_terms import FOLLOWED_YEARS, Whereabouts, Word, YearAfter
from app.incubation.models import GraduateWord
from app.reports.terms import COUNTED
from app.statements import Kept

_W = GraduateWord
_COUNTED = ", ".join(f"'{state.value}'" for state in COUNTED)
_GRADUATES = f"""
SELECT DISTINCT ON (f.id) t.id, f.uscc, f.name, t.ended_on, t.ground, f.status,
  EXISTS (SELECT 1 FROM tenancies i WHERE i.firm_id = f.id AND i.carrier_id = t.carrier_id AND i.ended_on IS NULL
    AND lower(i.during) <= :today) AS here,
  (SELECT json_object_agg(year, json_build_array(figures ->> 'sales_revenue', figures ->> 'headcount')) FROM (
    SELECT DISTINCT ON (year) year, figures FROM yearly_reports WHERE firm_id = f.id AND state IN ({_COUNTED})
    ORDER BY year, version DESC) latest) AS figures,
  (SELECT json_agg(json_build_array(lower(p.period), upper(p.period), p.tier)) FROM placements p
    WHERE p.firm_id = f.id AND p.ladder = 'main' AND NOT isempty(p.period)) AS tiers
FROM tenancies t LEFT JOIN carrier_teams m ON m.id = t.team_id JOIN firms f ON f.id = coalesce(t.firm_id, m.firm_id)
WHERE t.carrier_id = :carrier_id AND t.end_reason = '{EndReason.GRADUATED.value}'
ORDER BY f.id, t.ended_on DESC, t.id
"""  # noqa: S608 - states of our own
_READ = Kept(text(_GRADUATES).bindparams(bindparam("carrier_id", type_=Uuid()), bindparam("today", type_=Date())))


@dataclass(frozen=True, slots=True)
class Graduate:
    tenancy_id: uuid.UUID
    uscc: str
    name: str
    graduated_on: date
    document: str
    years: Sequence[YearAfter]


async def graduates_of(conn: Conn, carrier_id: uuid.UUID, *, viewer: Viewer, today: date) -> list[Graduate]:
    """The latest first; the caller has looked the carrier up in its viewer's sight. What a firm reported to the bureau
    is for those who may read it; its landlord sees that it did, and what it was told itself."""
    rows = (await conn.execute(_READ, {"carrier_id": carrier_id, "today": today})).all()
    query = select(_W.__table__).where(_W.tenancy_id.in_([row.id for row in rows]))
    said = {(w.tenancy_id, w.nth): w for w in await conn.execute(query)}
    figures = viewer.may(Permission.ASSESSMENT_READ)
    found = [
        Graduate(
            row.id,
            row.uscc,
            row.name,
            row.ended_on,
            (row.ground or {}).get("document", ""),
            [
                _year(row, nth, due_on, said.get((row.id, nth)), today, figures=figures)
                for nth, due_on in due_days(row.ended_on).items()
            ],
        )
        for row in rows
    ]
    return sorted(found, key=lambda g: (g.graduated_on, g.name), reverse=True)


def _year(row: Any, nth: int, due_on: date, word: Any, today: date, *, figures: bool) -> YearAfter:
    year = due_on.year - 1
    if today < due_on:
        return YearAfter(nth, due_on, year, False, None, None, None, None, "")
    tier = _tier_on(row.tiers or (), due_on)
    reported = (row.figures or {}).get(str(year))
    if reported is not None:
        revenue, staff = reported if figures else (None, None)
        return YearAfter(
            nth,
            due_on,
            year,
            True,
            Whereabouts(word.whereabouts) if word else _where(row),
            Decimal(revenue) if revenue is not None else None,
            int(Decimal(staff)) if staff is not None else None,
            tier,
            f"企业 {year} 年度填报",
            word.note if word else "",
        )
    if word is not None:
        where, source = Whereabouts(word.whereabouts), f"{word.author_name}询问"
        return YearAfter(nth, due_on, year, True, where, word.revenue, word.staff, tier, source, word.note)
    return YearAfter(nth, due_on, year, True, _where(row), None, None, tier, "")


def _where(row: Any) -> Whereabouts:
    """By the registry, until somebody says otherwise."""
    if row.here:
        return Whereabouts.HERE
    known = {FirmStatus.MOVED_OUT.value: Whereabouts.AWAY, FirmStatus.DEREGISTERED.value: Whereabouts.CLOSED}
    return known.get(row.status, Whereabouts.NEAR)


def _tier_on(placements: Sequence[Any], day: date) -> str | None:
    for since, until, tier in placements:
        if date.fromisoformat(since) <= day and (until is None or day < date.fromisoformat(until)):
            return str(tier)
    return None


async def note_year(conn: Conn, tenancy_id: uuid.UUID, nth: int, word: Word, *, by: Actor, at: datetime) -> None:
    """What somebody was told; written over when told again. Raises NotFound, Conflict, Invalid."""
    held = await lock_tenancy(conn, tenancy_id, None, by=by)
    if held.end_reason is not EndReason.GRADUATED or held.ended_on is None:
        raise Conflict("这份租约不是毕业，不用跟踪。")
    if not 1 <= nth <= FOLLOWED_YEARS:
        raise Invalid({"nth": f"毕业后跟踪 {FOLLOWED_YEARS} 年。"})
    if business_day(at) < (due := due_days(held.ended_on)[nth]):
        raise Conflict(f"第 {nth} 年到 {due} 才满。")
    row: dict[str, Any] = {"whereabouts": word.where.value, "revenue": word.revenue, "staff": word.staff}
    row |= {"note": word.note}
    row |= {"author_name": by.viewer.name, "recorded_at": at}
    statement = insert(_W).values(tenancy_id=held.id, nth=nth, **row)
    await conn.execute(statement.on_conflict_do_update(index_elements=[_W.tenancy_id, _W.nth], set_=row))
    said = {"uscc": held.uscc, "nth": nth, "where": word.where.label, "revenue": word.revenue, "staff": word.staff}
    await trace(conn, (held.carrier_id, held.carrier_name), "graduate:noted", said, by=by, at=at)
