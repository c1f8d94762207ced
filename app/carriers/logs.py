"""Reads of what an operator keeps a line of. The caller has looked the carrier up in its viewer's sight."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import Date, Select, bindparam, func, select, text, tuple_
from sqlalchemy.orm import aliased
from sqlalchemy.types import Uuid

from app.carriers.log_models import CarrierLog
from app.carriers.log_terms import Counts, Holder, LogKind, LogLine, LogSort
from app.carriers.models import CarrierTeam
from app.db import Conn
from app.firms.models import Firm
from app.statements import Kept

PAGE = 50
_L, _M, _F = CarrierLog, CarrierTeam, Firm
_MENTOR = aliased(CarrierLog)
_CARRIER = bindparam("carrier_id", type_=Uuid())
_COLUMNS: tuple[Any, ...] = (
    _L.id,
    _L.kind,
    _L.happened_on,
    _L.title,
    _L.sort,
    func.coalesce(_F.id, _L.team_id),
    func.coalesce(_F.name, _M.name, ""),
    func.coalesce(_F.uscc, ""),
    _L.mentor_id,
    func.coalesce(_MENTOR.title, ""),
    _L.party,
    _L.people,
    _L.amount,
    _L.until,
    _L.note,
    _L.author_name,
    _L.updated_at,
    _L.version,
)


def _all() -> Select[Any]:
    return (
        select(*_COLUMNS)
        .outerjoin(_M, _M.id == _L.team_id)
        .outerjoin(_F, _F.id == func.coalesce(_L.firm_id, _M.firm_id))
        .outerjoin(_MENTOR, _MENTOR.id == _L.mentor_id)
        .where(_L.carrier_id == _CARRIER, _L.struck_at.is_(None))
    )


def _line(row: Sequence[Any]) -> LogLine:
    return LogLine(row[0], LogKind(row[1]), row[2], row[3], LogSort(row[4]) if row[4] else None, *row[5:])


_SINCE, _UNTIL = bindparam("since", type_=Date()), bindparam("until", type_=Date())
_WITHIN = _L.happened_on.between(_SINCE, _UNTIL)
_NEWEST = (_L.happened_on.desc(), _L.id.desc())
_AFTER = tuple_(bindparam("day", type_=Date()), bindparam("id", type_=Uuid()))
_LISTED = Kept(
    _all()
    .where(_L.kind == bindparam("kind"), _WITHIN, tuple_(_L.happened_on, _L.id) < _AFTER)
    .order_by(*_NEWEST)
    .limit(bindparam("rows"))
)
_ONE = Kept(_all().where(_L.id == bindparam("id", type_=Uuid())))
_MENTORS = Kept(_all().where(_L.kind == LogKind.MENTOR.value).order_by(_L.title, _L.happened_on))
_LAST = (date.max, uuid.UUID(int=0))


async def logs_of(
    conn: Conn,
    carrier_id: uuid.UUID,
    kind: LogKind,
    *,
    since: date,
    until: date,
    after: tuple[date, uuid.UUID] | None = None,
    limit: int = PAGE,
) -> list[LogLine]:
    """The latest first; keyset by day and id. A mentor stands under the day of appointment."""
    day, last = after or _LAST
    values = {"carrier_id": carrier_id, "kind": kind.value, "since": since, "until": until, "rows": limit}
    return [_line(row) for row in await conn.execute(_LISTED, {**values, "day": day, "id": last})]


async def log_by_id(conn: Conn, carrier_id: uuid.UUID, entry_id: uuid.UUID) -> LogLine | None:
    row = (await conn.execute(_ONE, {"carrier_id": carrier_id, "id": entry_id})).one_or_none()
    return _line(row) if row is not None else None


async def mentors_of(conn: Conn, carrier_id: uuid.UUID) -> list[LogLine]:
    """All there ever were, by name."""
    return [_line(row) for row in await conn.execute(_MENTORS, {"carrier_id": carrier_id})]


_HOLDERS = Kept(
    text(
        """
SELECT coalesce(f.id, m.id) AS id, f.id IS NULL AS is_team, coalesce(f.name, m.name) AS name,
  coalesce(f.uscc, '') AS uscc, min(lower(t.during)) AS since, bool_or(t.ended_on IS NULL) AS inside
FROM tenancies t
LEFT JOIN carrier_teams m ON m.id = t.team_id
LEFT JOIN firms f ON f.id = coalesce(t.firm_id, m.firm_id)
WHERE t.carrier_id = :carrier_id AND NOT isempty(t.during)
GROUP BY f.id, m.id, f.name, m.name, f.uscc
ORDER BY 6 DESC, 3
"""
    ).bindparams(bindparam("carrier_id", type_=Uuid()))
)


async def holders_of(conn: Conn, carrier_id: uuid.UUID) -> list[Holder]:
    """Everybody who is or was in the carrier, once each; those inside first. A team that became a firm is the firm."""
    found: dict[uuid.UUID, Holder] = {}
    for row in await conn.execute(_HOLDERS, {"carrier_id": carrier_id}):
        one = Holder(*row)
        known = found.get(one.id)
        found[one.id] = replace(one, since=min(one.since, known.since)) if known else one
    return list(found.values())


@dataclass(frozen=True, slots=True)
class Known:
    """Whom a line can name."""

    holders: Sequence[Holder]
    mentors: Sequence[LogLine]


async def known_of(conn: Conn, carrier_id: uuid.UUID) -> Known:
    return Known(await holders_of(conn, carrier_id), await mentors_of(conn, carrier_id))


Term = tuple[date, date | None]
_COUNTS = Kept(
    text(
        """
SELECT date_trunc('month', l.happened_on)::date AS month,
  count(*) FILTER (WHERE kind = 'service') AS services,
  count(DISTINCT coalesce(l.firm_id, m.firm_id, m.id)) FILTER (WHERE kind = 'service') AS served,
  count(*) FILTER (WHERE kind = 'event' AND sort <> 'training') AS activities,
  count(*) FILTER (WHERE kind = 'event' AND sort = 'training') AS trainings,
  coalesce(sum(people) FILTER (WHERE kind = 'event'), 0) AS people,
  count(*) FILTER (WHERE kind = 'investment') AS investments,
  count(DISTINCT coalesce(l.firm_id, m.firm_id, m.id)) FILTER (WHERE kind = 'investment') AS financed,
  coalesce(sum(amount) FILTER (WHERE kind = 'investment'), 0) AS amount,
  CASE GROUPING(date_trunc('month', l.happened_on)::date) WHEN 1 THEN (
    SELECT json_agg(json_build_array(happened_on, until)) FROM carrier_logs
    WHERE carrier_id = :carrier_id AND kind = 'mentor' AND struck_at IS NULL) END AS terms
FROM carrier_logs l LEFT JOIN carrier_teams m ON m.id = l.team_id
WHERE l.carrier_id = :carrier_id AND l.struck_at IS NULL AND l.happened_on BETWEEN :since AND :until
GROUP BY GROUPING SETS ((date_trunc('month', l.happened_on)::date), ())
"""
    ).bindparams(
        bindparam("carrier_id", type_=Uuid()), bindparam("since", type_=Date()), bindparam("until", type_=Date())
    )
)


async def counts_of(
    conn: Conn, carrier_id: uuid.UUID, *, since: date, until: date
) -> tuple[dict[date, Counts], Counts, list[Term]]:
    """By month (its first day; months without a line are left out), and of the whole time; and the terms of all mentors
    there ever were."""
    values = {"carrier_id": carrier_id, "since": since, "until": until}
    rows = (await conn.execute(_COUNTS, values)).all()
    months = {row[0]: Counts(*row[1:-1]) for row in rows if row[0] is not None}
    whole = next(row for row in rows if row[0] is None)
    terms = [(date.fromisoformat(on), date.fromisoformat(end) if end else None) for on, end in whole.terms or ()]
    return months, replace(Counts(*whole[1:-1]), mentors=appointed(terms, until)), terms


def appointed(mentors: Sequence[Term], day: date) -> int:
    """How many terms run on a day; both ends inclusive."""
    return sum(since <= day and (until is None or until >= day) for since, until in mentors)
