"""who is in which space from when until when, and everything that was recorded of it"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0061_tenancies"
down_revision: str | None = "0060_carriers"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# Whoever is in a carrier, or becomes the firm of a team that is, is judged anew: 入孵 and 毕业 rest on it.
NOTE_TENANTS = """
CREATE FUNCTION note_changed_tenants() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO changed_firms (firm_id)
  SELECT DISTINCT f.id FROM rows_now r
  LEFT JOIN carrier_teams t ON t.id = r.team_id
  JOIN firms f ON f.id = coalesce(r.firm_id, t.firm_id) ORDER BY 1
  ON CONFLICT (firm_id) DO UPDATE SET at = changed_firms.at;
  RETURN NULL;
END $$
"""
NOTE_TEAM = """
CREATE FUNCTION note_linked_team() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO changed_firms (firm_id) VALUES (NEW.firm_id)
  ON CONFLICT (firm_id) DO UPDATE SET at = changed_firms.at;
  RETURN NULL;
END $$
"""


def upgrade() -> None:
    # A migration that cannot get its lock quickly gives up, instead of queueing every request behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "tenancies",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("carrier_id", sa.Uuid(), nullable=False),
        sa.Column("space_id", sa.Uuid(), nullable=False),
        sa.Column("exclusive", sa.Boolean(), nullable=False),
        sa.Column("seats", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("firm_id", sa.Uuid(), nullable=True),
        sa.Column("team_id", sa.Uuid(), nullable=True),
        sa.Column("during", postgresql.DATERANGE(), nullable=False),
        sa.Column("incubating_since", sa.Date(), nullable=True),
        sa.Column("clock_since", sa.Date(), nullable=True),
        sa.Column("limit_months", sa.SmallInteger(), nullable=True),
        sa.Column("limit_basis", sa.Text(), server_default="", nullable=False),
        sa.Column("special_field", sa.Text(), nullable=True),
        sa.Column("rent_reduced", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("agreement_no", sa.Text(), server_default="", nullable=False),
        sa.Column("agreement_on", sa.Date(), nullable=True),
        sa.Column("stage_target", sa.Text(), server_default="", nullable=False),
        sa.Column("previous_id", sa.Uuid(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.Column("end_note", sa.Text(), server_default="", nullable=False),
        sa.Column("ground", postgresql.JSONB(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("space_id"), "="),
            (sa.column("during"), "&&"),
            where=sa.text("exclusive"),
            using="gist",
            name="ex_tenancies_overlap",
        ),
        sa.CheckConstraint(
            "end_reason IN ('graduated', 'moved_out', 'early', 'overstay', 'terminated', 'transferred', 'rearranged', 'struck')",
            name=op.f("ck_tenancies_end_reason"),
        ),
        sa.CheckConstraint(
            "isempty(during) = (end_reason IS NOT DISTINCT FROM 'struck')", name=op.f("ck_tenancies_during")
        ),
        sa.CheckConstraint(
            "special_field IN ('biomedicine', 'agriculture', 'circuits')", name=op.f("ck_tenancies_special_field")
        ),
        sa.CheckConstraint("(ended_on IS NULL) = (end_reason IS NULL)", name=op.f("ck_tenancies_ended")),
        sa.CheckConstraint("(firm_id IS NULL) <> (team_id IS NULL)", name=op.f("ck_tenancies_holder")),
        sa.CheckConstraint("NOT lower_inf(during)", name=op.f("ck_tenancies_begun")),
        sa.CheckConstraint("seats > 0 AND (seats = 1 OR NOT exclusive)", name=op.f("ck_tenancies_seats")),
        sa.ForeignKeyConstraint(["carrier_id"], ["carriers.id"], name=op.f("fk_tenancies_carrier_id")),
        sa.ForeignKeyConstraint(["firm_id"], ["firms.id"], name=op.f("fk_tenancies_firm_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["previous_id"], ["tenancies.id"], name=op.f("fk_tenancies_previous_id")),
        sa.ForeignKeyConstraint(
            ["space_id", "carrier_id", "exclusive"],
            ["carrier_spaces.id", "carrier_spaces.carrier_id", "carrier_spaces.exclusive"],
            name=op.f("fk_tenancies_space_id_carrier_id_exclusive"),
        ),
        sa.ForeignKeyConstraint(["team_id"], ["carrier_teams.id"], name=op.f("fk_tenancies_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenancies")),
    )
    op.create_index("ix_tenancies_carrier", "tenancies", ["carrier_id", "space_id"])
    op.create_index("ix_tenancies_firm", "tenancies", ["firm_id"])
    op.create_index("ix_tenancies_open", "tenancies", ["carrier_id"], postgresql_where=sa.text("ended_on IS NULL"))
    op.create_index(
        "ix_tenancies_previous", "tenancies", ["previous_id"], postgresql_where=sa.text("previous_id IS NOT NULL")
    )
    op.create_index("ix_tenancies_space", "tenancies", ["space_id"])
    op.create_index("ix_tenancies_team", "tenancies", ["team_id"])
    op.create_table(
        "tenancy_events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenancy_id", sa.Uuid(), nullable=False),
        sa.Column("carrier_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("during", postgresql.DATERANGE(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("detail", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('admitted', 'renewed', 'extended', 'changed', 'ended', 'transferred', 'linked')",
            name=op.f("ck_tenancy_events_kind"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenancy_events")),
    )
    op.create_index("ix_tenancy_events_carrier", "tenancy_events", ["carrier_id", "tenancy_id", "at"])
    op.create_index("ix_tenancy_events_tenancy", "tenancy_events", ["tenancy_id", "at", "id"])
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON tenancy_events "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.execute(NOTE_TENANTS)
    op.execute(NOTE_TEAM)
    for event, tables in (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD")):
        op.execute(
            f"CREATE TRIGGER note_{event.lower()} AFTER {event} ON tenancies REFERENCING {tables} TABLE AS rows_now "
            "FOR EACH STATEMENT EXECUTE FUNCTION note_changed_tenants()"
        )
    op.execute(
        "CREATE TRIGGER note_linked AFTER UPDATE OF firm_id ON carrier_teams FOR EACH ROW "
        "WHEN (NEW.firm_id IS NOT NULL AND OLD.firm_id IS DISTINCT FROM NEW.firm_id) EXECUTE FUNCTION note_linked_team()"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("tenancy_events")
    op.drop_table("tenancies")
    op.execute("DROP TRIGGER note_linked ON carrier_teams")
    for function in ("note_changed_tenants", "note_linked_team"):
        op.execute(f"DROP FUNCTION {function}()")
