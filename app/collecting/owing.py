"""Who is asked: whoever was counted as 在孵 on some day of the time, up to today; who is to come is not in it yet."""

import uuid
from dataclasses import dataclass
from datetime import date

from sqlalchemy import bindparam, text
from sqlalchemy.types import Date, Uuid

from app.collecting.terms import Period
from app.db import Conn
from app.statements import Kept

# One who graduated in it is among them. A team that was asked as one goes on being asked as one.
_UNLISTED = Kept(
    text(
        """
SELECT DISTINCT coalesce(t.firm_id, m.firm_id) AS firm_id,
  CASE WHEN coalesce(t.firm_id, m.firm_id) IS NULL THEN t.team_id END AS team_id,
  coalesce(f.name, m.name, '') AS name
FROM tenancies t LEFT JOIN carrier_teams m ON m.id = t.team_id
LEFT JOIN firms f ON f.id = coalesce(t.firm_id, m.firm_id)
WHERE t.carrier_id = :carrier_id AND t.clock_since IS NOT NULL AND NOT isempty(t.during)
  AND lower(t.during) <= :day AND (t.ended_on IS NULL OR upper(t.during) > :first)
  AND NOT EXISTS (SELECT FROM collection_answers a WHERE a.round_id = :round_id
                    AND (a.team_id = t.team_id OR a.firm_id = coalesce(t.firm_id, m.firm_id)))
ORDER BY name
"""
    ).bindparams(
        *(bindparam(name, type_=Uuid()) for name in ("carrier_id", "round_id")),
        *(bindparam(name, type_=Date()) for name in ("first", "day")),
    )
)


@dataclass(frozen=True, slots=True)
class Owing:
    firm_id: uuid.UUID | None
    team_id: uuid.UUID | None
    name: str


async def unlisted(
    conn: Conn, carrier_id: uuid.UUID, round_id: uuid.UUID, period: Period, *, today: date
) -> list[Owing]:
    """Who owes and is not in the round's list. A month asks nobody."""
    if period.month:
        return []
    values = {"carrier_id": carrier_id, "round_id": round_id, "first": period.first, "day": min(period.last, today)}
    return [Owing(*row) for row in await conn.execute(_UNLISTED, values)]
