"""row-level security: a role that does not own the tables sees of the firms what its connection was told to look at"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0250_rows_in_sight"
down_revision: str | None = "0281_token_use"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_ADD_REGIONS = """
CREATE FUNCTION add_firm_regions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO firm_regions SELECT DISTINCT region_code FROM new_rows ON CONFLICT DO NOTHING;
  ELSE
    INSERT INTO firm_regions VALUES (NEW.region_code) ON CONFLICT DO NOTHING;
  END IF;
  RETURN NULL;
END $$
"""
# Who looks, for the rest of the transaction or, where `lasting`, of the connection. Nobody told: nothing is seen.
LOOK_AS = """
CREATE FUNCTION look_as(role text, scope text, firm uuid, carrier uuid, lasting boolean) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER AS $$
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

# What a firm's row is seen by besides its division: by itself, and by whoever houses it.
_BESIDE = """
DECLARE
  own uuid := nullif(current_setting('tidu.firm', true), '');
  inside uuid := nullif(current_setting('tidu.carrier', true), '');
  since text := nullif(current_setting('tidu.since', true), '');
  until text := current_setting('tidu.until', true);
BEGIN
  IF own IS NOT NULL THEN
    RETURN one = own;
  ELSIF inside IS NOT NULL THEN
    RETURN EXISTS (SELECT FROM public.tenancies t WHERE t.firm_id = one AND t.carrier_id = inside)
      OR EXISTS (SELECT FROM public.carrier_teams m WHERE m.firm_id = one AND m.carrier_id = inside)
      OR EXISTS (SELECT FROM public.entry_applications a WHERE a.firm_id = one AND a.carrier_id = inside)
      OR EXISTS (SELECT FROM public.carrier_logs l WHERE l.firm_id = one AND l.carrier_id = inside);
  ELSIF since IS NOT NULL THEN
    RETURN EXISTS (
      SELECT FROM public.tenancies t JOIN public.carriers c ON c.id = t.carrier_id
      WHERE t.firm_id = one AND c.region_code >= since AND c.region_code < until
    ) OR EXISTS (
      SELECT FROM public.carrier_teams m JOIN public.carriers c ON c.id = m.carrier_id
      WHERE m.firm_id = one AND c.region_code >= since AND c.region_code < until
    );
  END IF;
  RETURN false;
END
"""
_AT = """
BEGIN
  RETURN coalesce(
    division >= nullif(current_setting('tidu.since', true), '') AND division < current_setting('tidu.until', true), false
  ) OR public.sees_beside(one);
END
"""
_FIRM = """
DECLARE
  since text := nullif(current_setting('tidu.since', true), '');
BEGIN
  IF one IS NULL THEN
    RETURN false;
  ELSIF current_setting('tidu.everything', true) = 't' THEN
    RETURN true;
  ELSIF since IS NOT NULL AND EXISTS (
    SELECT FROM public.firms f
    WHERE f.id = one AND f.region_code >= since AND f.region_code < current_setting('tidu.until', true)
  ) THEN
    RETURN true;
  END IF;
  RETURN public.sees_beside(one);
END
"""
_CARRIER = """
DECLARE
  inside uuid := nullif(current_setting('tidu.carrier', true), '');
  since text := nullif(current_setting('tidu.since', true), '');
BEGIN
  IF inside IS NOT NULL THEN
    RETURN one = inside;
  END IF;
  RETURN since IS NOT NULL AND EXISTS (
    SELECT FROM public.carriers c
    WHERE c.id = one AND c.region_code >= since AND c.region_code < current_setting('tidu.until', true)
  );
END
"""
# Of a team, its firm's people see what became of it.
_STAY = """
BEGIN
  RETURN public.sees_carrier(carrier)
    OR public.sees_firm(firm)
    OR public.sees_firm((SELECT m.firm_id FROM public.carrier_teams m WHERE m.id = team));
END
"""
_OF_CODE = """
BEGIN
  RETURN public.sees_firm((SELECT f.id FROM public.firms f WHERE f.uscc = code));
END
"""
# Whoever is asked whether a team has become their firm sees which.
_TEAM = """
BEGIN
  RETURN EXISTS (
    SELECT FROM public.tenancy_proposals p WHERE p.team_id = one AND public.sees_firm_of_code(p.uscc)
  );
END
"""


def _by_way_of(table: str) -> str:
    return f"BEGIN RETURN public.sees_firm((SELECT t.firm_id FROM public.{table} t WHERE t.id = one)); END"  # noqa: S608


_TENANCY = """
BEGIN
  RETURN (SELECT public.sees_stay(t.carrier_id, t.firm_id, t.team_id) FROM public.tenancies t WHERE t.id = one);
END
"""
_ANSWER = """
BEGIN
  RETURN public.sees_stay((SELECT r.carrier_id FROM public.collection_rounds r WHERE r.id = round), firm, team);
END
"""
_VERSION = """
BEGIN
  RETURN (
    SELECT public.sees_answer(a.round_id, a.firm_id, a.team_id) FROM public.collection_answers a WHERE a.id = one
  );
END
"""
# In the order in which one calls another.
FUNCTIONS = {
    "sees_beside(one uuid)": _BESIDE,
    "sees_firm_at(one uuid, division text)": _AT,
    "sees_firm(one uuid)": _FIRM,
    "sees_carrier(one uuid)": _CARRIER,
    "sees_stay(carrier uuid, firm uuid, team uuid)": _STAY,
    "sees_firm_of_code(code text)": _OF_CODE,
    "sees_team_asked_about(one uuid)": _TEAM,
    "sees_submission(one uuid)": _by_way_of("submissions"),
    "sees_plan(one uuid)": _by_way_of("firm_plans"),
    "sees_need(one uuid)": _by_way_of("firm_needs"),
    "sees_application(one uuid)": _by_way_of("applications"),
    "sees_tenancy(one uuid)": _TENANCY,
    "sees_answer(round uuid, firm uuid, team uuid)": _ANSWER,
    "sees_answer_version(one uuid)": _VERSION,
}

# Asked once a statement. So written the planner takes it for nearly always so, and leaves its plans as they were.
_EVERYTHING = "(SELECT current_setting('tidu.everything', true)) <> ''"
_OF_DIVISION = (
    "(region_code >= current_setting('tidu.since', true) AND region_code < current_setting('tidu.until', true))"
)
_OF_THE_BUREAU = "current_setting('tidu.since', true) <> ''"
_BY_FIRM = (
    "moves applications assessments bulk_lines certificates clerk_invitations contacts firm_follows firm_notes"
    " firm_plans firm_statements firm_tags firm_visits former_names ip_rights move_requests placements"
    " policy_impact_firms stale_escalations submissions title_claims verified_likenesses yearly_reports firm_needs"
    " firm_tasks"
)
POLICIES = {
    "firms": "sees_firm_at(id, region_code)",
    **dict.fromkeys(_BY_FIRM.split(), "sees_firm(firm_id)"),
    "firm_merges": "sees_firm(kept_id)",
    # A person's own choice is read by whoever writes to that person.
    "channel_choices": "user_id IS NOT NULL OR sees_firm(firm_id)",
    # Without a firm: of a public body, of a carrier, of a row that was refused.
    "platforms": f"{_OF_DIVISION} OR firm_id IS NULL OR sees_firm(firm_id)",
    "reminders": f"(firm_id IS NULL AND {_OF_THE_BUREAU}) OR sees_firm(firm_id)",
    "import_rows": f"(firm_id IS NULL AND {_OF_THE_BUREAU}) OR sees_firm(firm_id)",
    **dict.fromkeys(("tenancies", "carrier_logs"), "sees_stay(carrier_id, firm_id, team_id)"),
    **dict.fromkeys(("entry_applications", "stay_disagreements"), "sees_stay(carrier_id, firm_id, NULL)"),
    "carrier_teams": "sees_stay(carrier_id, firm_id, NULL) OR sees_team_asked_about(id)",
    "tenancy_proposals": "sees_carrier(carrier_id) OR sees_firm_of_code(uscc)",
    "collection_answers": "sees_answer(round_id, firm_id, team_id)",
    "collection_versions": "sees_answer_version(answer_id)",
    **dict.fromkeys(("tenancy_events", "graduate_words"), "sees_tenancy(tenancy_id)"),
    **dict.fromkeys(("submission_rounds", "submission_sections", "section_editors"), "sees_submission(submission_id)"),
    "firm_plan_steps": "sees_plan(plan_id)",
    "need_follow_ups": "sees_need(need_id)",
    "application_events": "sees_application(application_id)",
}


def _regions() -> None:
    op.create_table(
        "firm_regions",
        sa.Column("region_code", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("region_code", name=op.f("pk_firm_regions")),
    )
    op.execute(_ADD_REGIONS)
    op.execute(
        "CREATE TRIGGER add_firm_regions AFTER INSERT ON firms REFERENCING NEW TABLE AS new_rows "
        "FOR EACH STATEMENT EXECUTE FUNCTION add_firm_regions()"
    )
    op.execute(
        "CREATE TRIGGER add_firm_region AFTER UPDATE OF region_code ON firms "
        "FOR EACH ROW WHEN (OLD.region_code <> NEW.region_code) EXECUTE FUNCTION add_firm_regions()"
    )
    op.execute("INSERT INTO firm_regions SELECT DISTINCT region_code FROM firms")


def upgrade() -> None:
    # A migration that cannot get its lock quickly gives up, instead of queueing every request behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    _regions()
    op.execute(LOOK_AS)
    for signature, body in FUNCTIONS.items():
        # As the tables' owner, whom no policy binds: a policy that read through others' would never end. Told to
        # cost nothing, since for most it is not called: plans stay as they were without it.
        op.execute(
            f"CREATE FUNCTION {signature} RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER "
            f"COST 0.01 AS $${body}$$"
        )
    for table, seen in POLICIES.items():
        op.execute(f"CREATE POLICY in_sight ON {table} USING ({_EVERYTHING} OR {seen})")
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP VIEW IF EXISTS sight.firms")
    for table in POLICIES:
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
        op.execute(f"DROP POLICY in_sight ON {table}")
    for signature in reversed(FUNCTIONS):
        op.execute(f"DROP FUNCTION {signature}")
    op.execute("DROP FUNCTION look_as")
    for trigger in ("add_firm_regions", "add_firm_region"):
        op.execute(f"DROP TRIGGER {trigger} ON firms")
    op.execute("DROP FUNCTION add_firm_regions")
    op.drop_table("firm_regions")
