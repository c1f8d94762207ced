"""What the carriers' pages are measured on beside leases: three hundred lines of logs each, four collections each."""

from collections.abc import Mapping

import asyncpg

from app.collecting.items import ITEMS, Item, ItemKind
from app.collecting.terms import Period
from tests.bench.bare import connections

DAYS = ("", "2026-03-01", "2025-06-15", "2024-09-30")
PERIODS = (Period(2025), Period(2026, 1), Period(2026, 2), Period(2026, 3))
_LOGS = """
WITH holders AS (
  SELECT carrier_id, array_agg(DISTINCT firm_id) AS firms FROM tenancies WHERE firm_id IS NOT NULL GROUP BY carrier_id
)
INSERT INTO carrier_logs (id, carrier_id, kind, happened_on, sort, title, firm_id, people, amount, author_name,
  created_at, updated_at)
SELECT gen_random_uuid(), h.carrier_id, k.kind, date '2026-11-20' - (n * k.every), k.sort, k.kind || n,
  CASE WHEN k.kind IN ('service', 'investment') THEN h.firms[1 + n % cardinality(h.firms)] END,
  CASE WHEN k.kind = 'event' THEN 30 END, CASE WHEN k.kind = 'investment' THEN 1000000 END, '合成', now(), now()
FROM holders h CROSS JOIN (VALUES
  ('service', 'technology', 200, 3), ('event', 'training', 60, 10), ('mentor', NULL, 20, 40),
  ('investment', 'venture', 30, 20)
) AS k (kind, sort, rows, every) CROSS JOIN LATERAL generate_series(1, k.rows) AS n
"""
_ROUNDS = """
INSERT INTO collection_rounds (id, carrier_id, period, due_on, opened_at, opener_name)
SELECT gen_random_uuid(), id, $1, date '2026-12-05', now(), '合成' FROM carriers
"""
_ANSWERS = """
INSERT INTO collection_answers (id, round_id, firm_id, team_id, state, figures, answered_at, answerer_name)
SELECT gen_random_uuid(), a.round_id, a.firm_id, a.team_id, CASE WHEN a.n % 5 = 0 THEN 'waiting' ELSE 'answered' END,
  CASE WHEN a.n % 5 = 0 THEN '{}' ELSE $2::jsonb END, CASE WHEN a.n % 5 = 0 THEN NULL ELSE now() END, '合成'
FROM (
  SELECT r.id AS round_id, t.firm_id, t.team_id, row_number() OVER (PARTITION BY r.id) AS n
  FROM collection_rounds r JOIN LATERAL (
    SELECT DISTINCT firm_id, team_id FROM tenancies WHERE carrier_id = r.carrier_id AND NOT isempty(during)
      AND lower(during) <= $4 AND (ended_on IS NULL OR upper(during) > $3)
  ) t ON true WHERE r.period = $1
) a
"""
_CHANGED = ("carrier_logs", "collection_rounds", "collection_answers")


async def furnish(url: str) -> None:
    """Once, over the synthetic county."""
    async with connections(url, 1) as (connection,):
        await connection.execute(_LOGS)
        for period in PERIODS:
            await _collected(connection, period)
        for table in _CHANGED:
            await connection.execute(f"ANALYZE {table}")


async def _collected(connection: asyncpg.Connection, period: Period) -> None:
    # Telephones are sealed by whoever takes them in; those of a county that nobody calls are left out.
    asked = [i for i in ITEMS if (period.yearly or i.quarterly) and not i.code.endswith("phone")]
    figures = ", ".join(f'"{i.code}": "{_figure(i)}"' for i in asked)
    await connection.execute(_ROUNDS, period.code)
    await connection.execute(_ANSWERS, period.code, f"{{{figures}}}", period.first, period.last)


def _figure(item: Item) -> str:
    if item.options:
        return item.options[0][0]
    return "示例" if item.kind is ItemKind.TEXT else "12"


async def carrier_paths(url: str) -> Mapping[str, list[str]]:
    """Of carriers on a day: today, and days of the years behind; their logs, a collection and its forms."""
    async with connections(url, 1) as (connection,):
        query = "SELECT id FROM carriers ORDER BY reverse(id::text) LIMIT 40"
        ids = [row["id"] for row in await connection.fetch(query)]
        rounds = (
            "SELECT id FROM collection_rounds WHERE carrier_id = ANY($1) AND period = $2 ORDER BY reverse(id::text)"
        )
        asked = {p: [row["id"] for row in await connection.fetch(rounds, ids, p.code)] for p in PERIODS}
    kinds = ("service", "event", "mentor", "investment")
    mixed = [one for several in zip(asked[PERIODS[0]], asked[PERIODS[3]], strict=True) for one in several][:40]
    return {
        "carrier": [f"/carriers/{one}" + (f"?on={DAYS[n % 4]}" if n % 4 else "") for n, one in enumerate(ids)],
        "occupancy": ["/carriers", *(f"/carriers?on={day}" for day in DAYS[1:]), "/carriers?kind=incubator"],
        "carrier_logs": [f"/carriers/{one}/logs?kind={kinds[n % 4]}" for n, one in enumerate(ids)],
        "collections": [f"/carriers/{one}/collections" for one in ids],
        "collection": [f"/collections/{one}" for one in mixed],
        "statistics": [f"/collections/{one}/statistics" for one in mixed],
        "readiness": [f"/carriers/{one}/readiness" for one in ids],
    }
