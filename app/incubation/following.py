"""Graduates in the three years after: where, revenue, staff, tier; from their own figures, else as one side says."""

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import and_, bindparam, insert, select, text, update
from sqlalchemy.types import Date, Uuid

from app.access.terms import Actor, Permission, Role, Viewer
from app.carriers.letting import lock_tenancy
from app.carriers.recording import trace
from app.carriers.stay_terms import EndReason
from app.clock import business_day
from app.db import Conn
from app.errors import Conflict, Invalid, NotFound, Stale
from app.firms.terms import FirmStatus
from app.incubation.after_rules import due_days
from app.incubation.after_terms import FOLLOWED_YEARS, Graduate, Said, Speaker, Whereabouts, Word, YearAfter
from app.incubation.disagreeing import speaker_of
from app.incubation.models import GraduateWord
from app.reports.terms import COUNTED
from app.statements import Kept

_W = GraduateWord
_COUNTED = ", ".join(f"'{state.value}'" for state in COUNTED)
_SELECTED = f"""
SELECT DISTINCT ON (t.carrier_id, f.id) t.id, t.carrier_id, c.name AS carrier_name, f.uscc, f.name, t.ended_on,
  t.ground, f.status,
  EXISTS (SELECT 1 FROM tenancies i WHERE i.firm_id = f.id AND i.carrier_id = t.carrier_id AND i.ended_on IS NULL
    AND lower(i.during) <= :today) AS here,
  (SELECT json_object_agg(year, json_build_array(figures ->> 'sales_revenue', figures ->> 'headcount')) FROM (
    SELECT DISTINCT ON (year) year, figures FROM yearly_reports WHERE firm_id = f.id AND state IN ({_COUNTED})
    ORDER BY year, version DESC) latest) AS figures,
  (SELECT json_agg(json_build_array(lower(p.period), upper(p.period), p.tier)) FROM placements p
    WHERE p.firm_id = f.id AND p.ladder = 'main' AND NOT isempty(p.period)) AS tiers
FROM tenancies t JOIN carriers c ON c.id = t.carrier_id LEFT JOIN carrier_teams m ON m.id = t.team_id
  JOIN firms f ON f.id = coalesce(t.firm_id, m.firm_id)
WHERE {{where}} AND t.end_reason = '{EndReason.GRADUATED.value}'
ORDER BY t.carrier_id, f.id, t.ended_on DESC, t.id
"""  # noqa: S608 - states of our own


def _read(where: str) -> Kept:
    asked = text(_SELECTED.format(where=where))
    return Kept(asked.bindparams(bindparam("which", type_=Uuid()), bindparam("today", type_=Date())))


_OF_CARRIER = _read("t.carrier_id = :which")
_OF_FIRM = _read(
    "t.id IN (SELECT id FROM tenancies WHERE firm_id = :which UNION ALL SELECT o.id FROM tenancies o "
    "JOIN carrier_teams b ON b.id = o.team_id WHERE b.firm_id = :which)"
)
_ORDER = (Speaker.FIRM, Speaker.BUREAU, Speaker.CARRIER)  # whose word counts before whose


async def graduates_of(conn: Conn, carrier_id: uuid.UUID, *, viewer: Viewer, today: date) -> list[Graduate]:
    """The latest first; the caller has looked the carrier up in its viewer's sight. What a firm told the bureau, in its
    reports or asked by an officer, is for those who may read it; its landlord sees that it reported, and what the firm
    or the landlord itself has written down."""
    rows = (await conn.execute(_OF_CARRIER, {"which": carrier_id, "today": today})).all()
    return await _graduates(conn, rows, today, figures=viewer.may(Permission.ASSESSMENT_READ))


async def graduations_of(conn: Conn, firm_id: uuid.UUID, *, today: date) -> list[Graduate]:
    """Of one firm, from whichever carriers; the caller is the firm."""
    rows = (await conn.execute(_OF_FIRM, {"which": firm_id, "today": today})).all()
    return await _graduates(conn, rows, today, figures=True)


async def _graduates(conn: Conn, rows: Sequence[Any], today: date, *, figures: bool) -> list[Graduate]:
    query = select(_W.__table__).where(_W.tenancy_id.in_([row.id for row in rows]))
    said: dict[tuple[uuid.UUID, int], list[Said]] = {}
    for word in await conn.execute(query) if rows else ():
        if figures or word.speaker != Speaker.BUREAU.value:
            said.setdefault((word.tenancy_id, word.nth), []).append(_said(word))
    found = [
        Graduate(
            row.id,
            row.carrier_id,
            row.carrier_name,
            row.uscc,
            row.name,
            row.ended_on,
            (row.ground or {}).get("document", ""),
            [
                _year(row, nth, due_on, said.get((row.id, nth), []), today, figures=figures)
                for nth, due_on in due_days(row.ended_on).items()
            ],
        )
        for row in rows
    ]
    return sorted(found, key=lambda g: (g.graduated_on, g.name), reverse=True)


def _said(row: Any) -> Said:
    word = Word(Whereabouts(row.whereabouts), row.revenue, row.staff, row.note)
    return Said(Speaker(row.speaker), word, row.author_name, row.recorded_at, row.version)


def _year(row: Any, nth: int, due_on: date, words: list[Said], today: date, *, figures: bool) -> YearAfter:
    year = due_on.year - 1
    if today < due_on:
        return YearAfter(nth, due_on, year, False)
    words.sort(key=lambda one: _ORDER.index(one.speaker))
    first = words[0] if words else None
    where = first.word.where if first else _where(row)
    known = YearAfter(nth, due_on, year, True, where, tier=_tier_on(row.tiers or (), due_on), words=words)
    reported = (row.figures or {}).get(str(year))
    if reported is not None:
        revenue, staff = reported if figures else (None, None)
        return replace(
            known,
            revenue=Decimal(revenue) if revenue is not None else None,
            staff=int(Decimal(staff)) if staff is not None else None,
            source=f"企业 {year} 年度填报",
        )
    if first is not None:
        source = f"{first.speaker.label}（{first.author_name}）"
        return replace(known, revenue=first.word.revenue, staff=first.word.staff, source=source)
    return known


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


async def note_year(
    conn: Conn, tenancy_id: uuid.UUID, nth: int, word: Word, *, version: int, by: Actor, at: datetime
) -> int:
    """One side's own word, written over when told again; `version`: of that word as it was read, 0 where there was
    none. Its new version. Raises NotFound, Conflict, Stale, Invalid."""
    held = await lock_tenancy(conn, tenancy_id, None, by=by)
    if by.viewer.role is Role.FIRM and held.firm_id != by.viewer.firm_id:
        raise NotFound  # a firm sees the carrier, and not who else is in it
    if held.end_reason is not EndReason.GRADUATED or held.ended_on is None:
        raise Conflict("这份租约不是毕业，不用跟踪。")
    graduations = await conn.execute(_OF_FIRM, {"which": held.firm_id, "today": business_day(at)})
    if held.id not in {row.id for row in graduations}:
        raise Conflict("跟踪的是企业从这个载体最近的一次毕业；没有注册为企业的团队不跟踪。")
    if not 1 <= nth <= FOLLOWED_YEARS:
        raise Invalid({"nth": f"毕业后跟踪 {FOLLOWED_YEARS} 年。"})
    if business_day(at) < (due := due_days(held.ended_on)[nth]):
        raise Conflict(f"第 {nth} 年到 {due} 才满。")
    speaker = speaker_of(by.viewer)
    mine = and_(_W.tenancy_id == held.id, _W.nth == nth, _W.speaker == speaker.value)
    before = (await conn.execute(select(_W.__table__).where(mine))).one_or_none()
    if (before.version if before else 0) != version:
        raise Stale("这一年刚有人登记过，请对照现在的内容再写。")
    row: dict[str, Any] = {"whereabouts": word.where.value, "revenue": word.revenue, "staff": word.staff}
    row |= {"note": word.note, "author_name": by.viewer.name, "recorded_at": at, "version": version + 1}
    if before is not None:
        await conn.execute(update(_W).where(mine).values(row))
    else:
        await conn.execute(insert(_W).values(tenancy_id=held.id, nth=nth, speaker=speaker.value, **row))
    said = {"uscc": held.uscc, "nth": nth, "speaker": speaker.label, "where": word.where.label}
    said |= {"revenue": word.revenue, "staff": word.staff}
    old = _said(before).word if before else None
    was = {"where": old.where.label, "revenue": old.revenue, "staff": old.staff} if old else None
    await trace(conn, (held.carrier_id, held.carrier_name), "graduate:noted", said, by=by, at=at, before=was)
    return version + 1
