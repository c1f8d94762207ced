"""for whom one looks is worked out from the ends of the carriers' divisions: both are in an index, 500 rows were not"""

from collections.abc import Sequence

from alembic import op

revision: str = "0350_sight_at_a_glance"
down_revision: str | None = "0315_collected_sealed"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_LOOK_AS = """
CREATE OR REPLACE FUNCTION look_as(role text, scope text, firm uuid, carrier uuid, lasting boolean) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  since text := CASE WHEN role NOT IN ('firm', 'carrier') AND scope ~ '^[0-9]+$' THEN scope ELSE '' END;
  until text := CASE WHEN since = '' THEN '' ELSE (since::numeric + 1)::text END;
BEGIN
  -- Whoever sees the whole registry need not be asked row by row.
  PERFORM set_config('tidu.everything', CASE WHEN since <> ''
      AND NOT EXISTS (SELECT FROM public.firm_regions r WHERE r.region_code < since OR r.region_code >= until)
      AND coalesce((SELECT min(c.region_code) FROM public.carriers c) >= since, true)
      AND coalesce((SELECT max(c.region_code) FROM public.carriers c) < until, true)
      THEN 't' ELSE '' END, NOT lasting),
    set_config('tidu.since', since, NOT lasting),
    set_config('tidu.until', until, NOT lasting),
    set_config('tidu.firm', CASE WHEN role = 'firm' THEN coalesce(firm::text, '') ELSE '' END, NOT lasting),
    set_config('tidu.carrier', CASE WHEN role = 'carrier' THEN coalesce(carrier::text, '') ELSE '' END, NOT lasting);
  RETURN true;
END $$
"""
_AS_IT_WAS = """
CREATE OR REPLACE FUNCTION look_as(role text, scope text, firm uuid, carrier uuid, lasting boolean) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  since text := '';
  until text := '';
  everything boolean := false;
BEGIN
  IF role NOT IN ('firm', 'carrier') AND scope ~ '^[0-9]+$' THEN
    since := scope;
    until := (scope::numeric + 1)::text;
    -- Whoever sees the whole registry need not be asked row by row.
    everything := NOT EXISTS (SELECT FROM public.firm_regions r WHERE r.region_code < since OR r.region_code >= until)
      AND NOT EXISTS (SELECT FROM public.carriers c WHERE c.region_code < since)
      AND NOT EXISTS (SELECT FROM public.carriers c WHERE c.region_code >= until);
  END IF;
  PERFORM set_config('tidu.everything', CASE WHEN everything THEN 't' ELSE '' END, NOT lasting),
    set_config('tidu.since', since, NOT lasting),
    set_config('tidu.until', until, NOT lasting),
    set_config('tidu.firm', CASE WHEN role = 'firm' THEN coalesce(firm::text, '') ELSE '' END, NOT lasting),
    set_config('tidu.carrier', CASE WHEN role = 'carrier' THEN coalesce(carrier::text, '') ELSE '' END, NOT lasting);
  RETURN true;
END $$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(_LOOK_AS)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(_AS_IT_WAS)
