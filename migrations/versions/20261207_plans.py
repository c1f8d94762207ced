"""the five-year plan: indicators, targets and what was reached; and the register of innovation platforms"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0070_plans"
down_revision: str | None = "0022_merges"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    # A migration that cannot get its lock quickly gives up, instead of queueing every request behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "platforms",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("firm_id", sa.Uuid(), nullable=True),
        sa.Column("host_name", sa.Text(), server_default="", nullable=False),
        sa.Column("region_code", sa.Text(), nullable=True),
        sa.Column("number", sa.Text(), server_default="", nullable=False),
        sa.Column("recognised_on", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("duties", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("source", sa.Text(), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("author_name", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "firm_id IS NOT NULL OR (host_name <> '' AND region_code IS NOT NULL)", name=op.f("ck_platforms_host")
        ),
        sa.CheckConstraint(
            "kind IN ('engineering_centre', 'enterprise_centre', 'key_laboratory', 'engineering_laboratory', 'new_rd_institution', 'technology_innovation', 'industrial_innovation', 'manufacturing_innovation', 'agricultural_innovation', 'joint_laboratory', 'doctoral_station', 'postdoctoral_station', 'postdoctoral_base', 'academician_station', 'commissioner_station', 'own_institution')",
            name=op.f("ck_platforms_kind"),
        ),
        sa.CheckConstraint(
            "level IN ('national', 'provincial', 'municipal', 'county', 'enterprise')", name=op.f("ck_platforms_level")
        ),
        sa.CheckConstraint("ended_on IS NULL OR ended_on >= recognised_on", name=op.f("ck_platforms_ended_on")),
        sa.CheckConstraint("valid_to IS NULL OR valid_to > recognised_on", name=op.f("ck_platforms_valid_to")),
        sa.ForeignKeyConstraint(["firm_id"], ["firms.id"], name=op.f("fk_platforms_firm_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["region_code"], ["regions.code"], name=op.f("fk_platforms_region_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_platforms")),
        sa.UniqueConstraint("kind", "level", "name", name=op.f("uq_platforms_kind_level_name")),
    )
    op.create_index("ix_platforms_firm", "platforms", ["firm_id"], unique=False)
    op.create_table(
        "plans",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("short", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("baseline_year", sa.SmallInteger(), nullable=False),
        sa.Column("first_year", sa.SmallInteger(), nullable=False),
        sa.Column("last_year", sa.SmallInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("nature", sa.Text(), server_default="", nullable=False),
        sa.Column("document", sa.Text(), server_default="", nullable=False),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column("ledger_since", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.CheckConstraint("state IN ('draft', 'running', 'evaluated')", name=op.f("ck_plans_state")),
        sa.CheckConstraint("baseline_year < first_year AND first_year <= last_year", name=op.f("ck_plans_years")),
        sa.ForeignKeyConstraint(["region"], ["regions.code"], name=op.f("fk_plans_region")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_plans")),
    )
    op.create_table(
        "plan_indicators",
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("rank", sa.SmallInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("supporting", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("money", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("scale", sa.Numeric(precision=10, scale=2), server_default=sa.text("100"), nullable=False),
        sa.Column("baseline", sa.Numeric(precision=24, scale=6), nullable=True),
        sa.Column("baseline_words", sa.Text(), server_default="", nullable=False),
        sa.Column("definition", sa.Text(), server_default="", nullable=False),
        sa.Column("owner", sa.Text(), server_default="", nullable=False),
        sa.Column("basis", sa.Text(), server_default="", nullable=False),
        sa.Column("notes", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("counting", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("readings", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("reading", sa.Text(), server_default="cumulative", nullable=False),
        sa.Column("weight", sa.Numeric(precision=6, scale=2), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint("kind IN ('flow', 'stock', 'ratio', 'growth')", name=op.f("ck_plan_indicators_kind")),
        sa.CheckConstraint(
            "reading IN ('cumulative', 'single_year', 'average')", name=op.f("ck_plan_indicators_reading")
        ),
        sa.CheckConstraint("scale > 0", name=op.f("ck_plan_indicators_scale")),
        sa.CheckConstraint("weight >= 0", name=op.f("ck_plan_indicators_weight")),
        sa.ForeignKeyConstraint(["plan"], ["plans.code"], name=op.f("fk_plan_indicators_plan"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("plan", "code", name=op.f("pk_plan_indicators")),
    )
    op.create_table(
        "plan_targets",
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("indicator", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("level", sa.Text(), server_default="target", nullable=False),
        sa.Column("value", sa.Numeric(precision=24, scale=6), nullable=True),
        sa.Column("words", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("level IN ('target', 'sprint', 'challenge')", name=op.f("ck_plan_targets_level")),
        sa.CheckConstraint("value IS NOT NULL OR words <> ''", name=op.f("ck_plan_targets_value")),
        sa.ForeignKeyConstraint(
            ["plan", "indicator"],
            ["plan_indicators.plan", "plan_indicators.code"],
            name=op.f("fk_plan_targets_plan_indicator"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("plan", "indicator", "scope", "year", "level", name=op.f("pk_plan_targets")),
    )
    op.create_table(
        "plan_actuals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("indicator", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("value", sa.Numeric(precision=24, scale=6), nullable=True),
        sa.Column("numerator", sa.Numeric(precision=24, scale=6), nullable=True),
        sa.Column("denominator", sa.Numeric(precision=24, scale=6), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entered_by", sa.Uuid(), nullable=True),
        sa.Column("enterer_name", sa.Text(), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_by", sa.Uuid(), nullable=True),
        sa.Column("confirmer_name", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("(state = 'final') = (confirmed_at IS NOT NULL)", name=op.f("ck_plan_actuals_confirmed")),
        sa.CheckConstraint("origin IN ('statistics', 'authority', 'ledger')", name=op.f("ck_plan_actuals_origin")),
        sa.CheckConstraint("state IN ('provisional', 'proposed', 'final')", name=op.f("ck_plan_actuals_state")),
        sa.CheckConstraint(
            "value IS NOT NULL OR (numerator IS NOT NULL AND denominator > 0)", name=op.f("ck_plan_actuals_value")
        ),
        sa.ForeignKeyConstraint(
            ["confirmed_by"], ["users.id"], name=op.f("fk_plan_actuals_confirmed_by"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["entered_by"], ["users.id"], name=op.f("fk_plan_actuals_entered_by"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["plan", "indicator"],
            ["plan_indicators.plan", "plan_indicators.code"],
            name=op.f("fk_plan_actuals_plan_indicator"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_actuals")),
        sa.UniqueConstraint(
            "plan",
            "indicator",
            "scope",
            "year",
            "version",
            name=op.f("uq_plan_actuals_plan_indicator_scope_year_version"),
        ),
    )
    op.create_index(
        "ix_plan_actuals_proposed",
        "plan_actuals",
        ["plan"],
        unique=False,
        postgresql_where=sa.text("state = 'proposed'"),
    )
    op.create_table(
        "plan_snapshots",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("body", postgresql.JSONB(), nullable=False),
        sa.Column("remark", sa.Text(), server_default="", nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.CheckConstraint("kind IN ('yearly', 'midterm', 'final')", name=op.f("ck_plan_snapshots_kind")),
        sa.ForeignKeyConstraint(["plan"], ["plans.code"], name=op.f("fk_plan_snapshots_plan")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_snapshots")),
        sa.UniqueConstraint("plan", "kind", "year", "taken_at", name=op.f("uq_plan_snapshots_plan_kind_year_taken_at")),
    )
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON plan_snapshots "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in ("plan_snapshots", "plan_actuals", "plan_targets", "plan_indicators", "plans", "platforms"):
        op.drop_table(table)
