"""How full carriers are on any day: one statement for any number of them, over dated intervals.

Two days are told apart. `on` is the day asked about. `known_on` is the day on whose evening it is asked: with it the
intervals are those that were recorded by then, so that the answer to an old question never changes.
Who is inside on a day is `running`'s to say.
"""

import uuid
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import BindParameter, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Date, DateTime, Uuid

from app.carriers.running import INSIDE_ON
from app.carriers.terms import Fill
from app.clock import BUSINESS_ZONE
from app.db import Conn
from app.statements import Kept

_NOW = f"""
  SELECT t.carrier_id, t.space_id, t.seats, t.firm_id, t.team_id
  FROM tenancies t
  WHERE t.carrier_id = ANY(:ids) AND {INSIDE_ON.format(during="t.during", open="t.ended_on IS NULL")}
"""  # noqa: S608 - a rule of our own
# As it was known then: the last thing recorded of each tenancy by that evening.
_THEN = f"""
  SELECT t.carrier_id, t.space_id, t.seats, t.firm_id, t.team_id
  FROM (
    SELECT DISTINCT ON (tenancy_id) tenancy_id, during, open FROM tenancy_events
    WHERE carrier_id = ANY(:ids) AND at < :known_until ORDER BY tenancy_id, at DESC, id DESC
  ) e JOIN tenancies t ON t.id = e.tenancy_id
  WHERE {INSIDE_ON.format(during="e.during", open="e.open")}
"""  # noqa: S608 - a rule of our own
_FILLS = """
WITH inside AS ({inside}),
used AS (SELECT space_id, sum(seats) AS seats FROM inside GROUP BY space_id),
rooms AS (
  SELECT s.carrier_id, count(*) AS rooms, count(u.space_id) AS rooms_let, sum(s.area) AS area,
    sum(CASE WHEN u.space_id IS NULL THEN 0 WHEN s.exclusive OR s.capacity IS NULL THEN s.area
             ELSE s.area * least(u.seats, s.capacity) / s.capacity END) AS area_let,
    coalesce(sum(s.capacity), 0) AS seats,
    coalesce(sum(least(u.seats, s.capacity)) FILTER (WHERE u.seats IS NOT NULL AND s.capacity IS NOT NULL), 0)
      AS seats_let -- of nobody and a capacity the least is the capacity
  FROM carrier_spaces s LEFT JOIN used u ON u.space_id = s.id
  WHERE s.carrier_id = ANY(:ids){opened} AND (s.opened_on IS NULL OR s.opened_on <= :on)
    AND (s.closed_on IS NULL OR s.closed_on > :on{closed})
  GROUP BY s.carrier_id
),
holders AS (
  SELECT i.carrier_id,
    count(DISTINCT coalesce(i.firm_id, CASE WHEN m.linked_on <= :on{linked} THEN m.firm_id END)) AS firms,
    count(DISTINCT i.team_id) FILTER (WHERE (m.linked_on <= :on{linked}) IS NOT TRUE) AS teams
  FROM inside i LEFT JOIN carrier_teams m ON m.id = i.team_id GROUP BY i.carrier_id
)
SELECT r.carrier_id, r.rooms, r.rooms_let, r.area, r.area_let, r.seats, r.seats_let,
  coalesce(h.firms, 0), coalesce(h.teams, 0)
FROM rooms r LEFT JOIN holders h ON h.carrier_id = r.carrier_id
"""


def _bound(inside: str, *more: Any, opened: str = "", closed: str = "", linked: str = "") -> Kept:
    binds: list[BindParameter[Any]] = [
        bindparam("ids", type_=ARRAY(Uuid())),
        bindparam("on", type_=Date()),
        bindparam("today", type_=Date()),
    ]
    query = _FILLS.format(inside=inside, opened=opened, closed=closed, linked=linked)
    return Kept(text(query).bindparams(*binds, *more))


_BY_NOW = _bound(_NOW)
_BY_THEN = _bound(
    _THEN,
    bindparam("known_until", type_=DateTime(timezone=True)),
    opened=" AND s.created_at < :known_until",
    closed=" OR s.closed_at >= :known_until",
    linked=" AND coalesce(m.linked_at < :known_until, true)",
)


async def fills(
    conn: Conn, carrier_ids: Sequence[uuid.UUID], *, on: date, today: date, known_on: date | None = None
) -> dict[uuid.UUID, Fill]:
    """By carrier; one without any space on that day has none. The caller has seen to the viewer's sight."""
    if known_on is not None:
        known = min(today, known_on)  # nothing is known yet of what will be recorded
        evening = datetime.combine(known + timedelta(days=1), time(), BUSINESS_ZONE)
        return await _known_until(conn, carrier_ids, evening, on=on, today=known)
    return _read(await conn.execute(_BY_NOW, {"ids": list(carrier_ids), "on": on, "today": today}))


async def fills_known(
    conn: Conn, carrier_ids: Sequence[uuid.UUID], *, on: date, known_at: datetime
) -> dict[uuid.UUID, Fill]:
    """As `fills` would have said at that moment, of a day not after it."""
    return await _known_until(conn, carrier_ids, known_at + datetime.resolution, on=on, today=on)


async def _known_until(
    conn: Conn, carrier_ids: Sequence[uuid.UUID], until: datetime, *, on: date, today: date
) -> dict[uuid.UUID, Fill]:
    values: dict[str, Any] = {"ids": list(carrier_ids), "on": on, "today": today, "known_until": until}
    return _read(await conn.execute(_BY_THEN, values))


def _read(rows: Any) -> dict[uuid.UUID, Fill]:
    return {r[0]: Fill(r[1], r[2], r[3], Decimal(r[4]), int(r[5]), int(r[6]), r[7], r[8]) for r in rows}
