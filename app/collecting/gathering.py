"""What the forms are made of: who was inside, what each gave, what the logs say; two statements beside the logs'."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.types import Date, Uuid

from app.access.terms import Viewer
from app.carriers.figures import year_said
from app.carriers.log_terms import Counts
from app.carriers.logs import counts_of
from app.carriers.queries import carrier_by_id
from app.carriers.terms import Carrier
from app.collecting.owing import unlisted
from app.collecting.queries import answers_of, corrections_of, frozen_of, round_of_period
from app.collecting.terms import Answer, AnswerState, Correction, Round
from app.db import Conn
from app.statements import Kept

_TENANTS = Kept(
    text(
        """
SELECT a.id, f.registered_on, f.registered_capital, f.industry_code, f.high_tech_field,
  s.since, s.graduated_on, coalesce(s.inside, false), coalesce(s.area, 0),
  EXISTS (SELECT FROM carrier_logs l LEFT JOIN carrier_teams lm ON lm.id = l.team_id
          WHERE l.carrier_id = r.carrier_id AND l.mentor_id IS NOT NULL AND l.struck_at IS NULL
            AND l.happened_on <= :day AND (coalesce(l.firm_id, lm.firm_id) = a.firm_id OR l.team_id = a.team_id)),
  EXISTS (SELECT FROM certificates c WHERE c.firm_id = a.firm_id AND c.kind = 'hnte' AND c.issued_on <= :day
            AND c.expires_on >= :day AND (c.revoked_on IS NULL OR c.revoked_on > :day)),
  coalesce((SELECT sum(l.amount) FROM carrier_logs l LEFT JOIN carrier_teams lm ON lm.id = l.team_id
            WHERE l.carrier_id = r.carrier_id AND l.sort IN ('angel', 'venture') AND l.struck_at IS NULL
              AND l.happened_on BETWEEN :first AND :last
              AND (coalesce(l.firm_id, lm.firm_id) = a.firm_id OR l.team_id = a.team_id)), 0)
FROM collection_answers a JOIN collection_rounds r ON r.id = a.round_id LEFT JOIN firms f ON f.id = a.firm_id
LEFT JOIN LATERAL (
  SELECT min(lower(t.during)) AS since, bool_or(i.here) AS inside,
    max(t.ended_on) FILTER (WHERE t.end_reason = 'graduated' AND t.ended_on <= :day) AS graduated_on,
    sum(CASE WHEN p.exclusive OR p.capacity IS NULL THEN p.area
             ELSE p.area * least(t.seats, p.capacity) / p.capacity END) FILTER (WHERE i.here) AS area
  FROM tenancies t JOIN carrier_spaces p ON p.id = t.space_id LEFT JOIN carrier_teams m ON m.id = t.team_id
  CROSS JOIN LATERAL (SELECT lower(t.during) <= :day AND (t.ended_on IS NULL OR upper(t.during) > :day) AS here) i
  WHERE t.carrier_id = r.carrier_id AND t.clock_since IS NOT NULL AND NOT isempty(t.during)
    AND lower(t.during) <= :last AND (coalesce(t.firm_id, m.firm_id) = a.firm_id OR t.team_id = a.team_id)
) s ON true
WHERE a.round_id = :round_id
"""
    ).bindparams(
        bindparam("round_id", type_=Uuid()),
        *(bindparam(name, type_=Date()) for name in ("day", "first", "last")),
    )
)
_STAYS = Kept(
    text(
        """
SELECT count(*) FILTER (WHERE inside AND firm IS NOT NULL), count(*) FILTER (WHERE inside AND firm IS NULL),
  count(*) FILTER (WHERE since BETWEEN :first AND :day AND firm IS NOT NULL),
  count(*) FILTER (WHERE graduated_on BETWEEN :first AND :day), count(*) FILTER (WHERE graduated_on <= :day),
  count(*) FILTER (WHERE inside AND tier = 'tech_micro'),
  (SELECT count(*) FROM carrier_teams WHERE carrier_id = :carrier_id AND linked_on BETWEEN :first AND :day),
  (SELECT coalesce(sum(capacity), 0) FROM carrier_spaces WHERE carrier_id = :carrier_id
     AND coalesce(opened_on, :day) <= :day AND (closed_on IS NULL OR closed_on > :day)),
  (SELECT coalesce(sum(amount), 0) FROM carrier_logs WHERE carrier_id = :carrier_id AND struck_at IS NULL
     AND sort IN ('angel', 'venture') AND happened_on <= :day)
FROM (
  SELECT f.id AS firm, f.tier, min(lower(t.during)) AS since,
    bool_or(lower(t.during) <= :day AND (t.ended_on IS NULL OR upper(t.during) > :day)) AS inside,
    max(t.ended_on) FILTER (WHERE t.end_reason = 'graduated') AS graduated_on
  FROM tenancies t LEFT JOIN carrier_teams m ON m.id = t.team_id
  LEFT JOIN firms f ON f.id = coalesce(t.firm_id, m.firm_id)
  WHERE t.carrier_id = :carrier_id AND t.clock_since IS NOT NULL AND NOT isempty(t.during)
  GROUP BY f.id, f.tier, CASE WHEN f.id IS NULL THEN m.id END
) AS each
"""
    ).bindparams(bindparam("carrier_id", type_=Uuid()), *(bindparam(name, type_=Date()) for name in ("day", "first")))
)


@dataclass(frozen=True, slots=True)
class Stays:
    """Of those counted as 在孵: inside on the last day, and what happened in the time."""

    firms: int
    teams: int
    admitted: int
    graduated: int
    graduated_ever: int
    tech_micro: int
    registered: int  # teams that became firms
    seats: int
    venture_ever: Decimal  # angel and venture capital, from the carrier's log


@dataclass(frozen=True, slots=True)
class Tenant:
    answer: Answer
    registered_on: date | None
    capital: Decimal | None
    industry_code: str | None
    high_tech_field: str | None
    since: date | None
    graduated_on: date | None
    inside: bool
    area: Decimal
    mentored: bool
    hnte: bool
    invested: Decimal  # angel and venture capital in the carrier's log of the time


@dataclass(frozen=True, slots=True)
class Material:
    round: Round
    carrier: Carrier
    day: date  # the last of the time, or today before it is over
    stays: Stays
    counts: Counts
    ever: Counts  # from the beginning until that day
    said: Mapping[str, Decimal]  # what its operator says of the year, for readiness too
    tenants: list[Tenant]
    corrections: list[Correction]  # newest first
    last: Mapping[str, str] = field(default_factory=dict)  # the form of the time before, as it was frozen
    before: Mapping[uuid.UUID | None, Mapping[str, str]] = field(default_factory=dict)  # what each gave for it
    unlisted: Sequence[str] = ()  # who owes and has not been asked


async def gather(conn: Conn, held: Round, *, viewer: Viewer, today: date) -> Material:
    """The caller has the round in its viewer's sight."""
    period, day = held.period, min(held.period.last, today)
    carrier = await carrier_by_id(conn, held.carrier_id, viewer=viewer)
    assert carrier is not None
    days = {"day": day, "first": period.first, "last": period.last}
    answers = {answer.id: answer for answer in await answers_of(conn, held.id)}
    rows = {row[0]: row[1:] for row in await conn.execute(_TENANTS, {"round_id": held.id, **days})}
    of_stays = {"carrier_id": held.carrier_id, "day": day, "first": period.first}
    stays = (await conn.execute(_STAYS, of_stays)).one()
    _, counts, _ = await counts_of(conn, held.carrier_id, since=period.first, until=day)
    _, ever, _ = await counts_of(conn, held.carrier_id, since=date.min, until=day)
    before = await round_of_period(conn, held.carrier_id, period.before)
    return Material(
        round=held,
        carrier=carrier,
        day=day,
        stays=Stays(*stays),
        counts=counts,
        ever=ever,
        said=(await year_said(conn, held.carrier_id, period.year)).figures if period.yearly else {},
        tenants=[Tenant(answer, *rows[id_]) for id_, answer in answers.items()],
        corrections=await corrections_of(conn, held.id),
        last=await _last(conn, before),
        before=await _before(conn, held, before),
        unlisted=[one.name for one in await unlisted(conn, held.carrier_id, held.id, period, today=today)],
    )


async def _last(conn: Conn, before: Round | None) -> dict[str, str]:
    frozen: dict[str, Any] = (await frozen_of(conn, before.id) or {}) if before else {}
    return dict(frozen.get("values", {}))


async def _before(conn: Conn, held: Round, before: Round | None) -> dict[uuid.UUID | None, Mapping[str, str]]:
    """By firm or team; what is counted from the year's first day is compared within the year."""
    if before is None or not held.period.goes_on:
        return {}
    given = [a for a in await answers_of(conn, before.id) if a.state is AnswerState.ANSWERED]
    return {a.firm_id or a.team_id: a.figures for a in given}
