"""firm plans (一企一策), and moves against the conditions found at once"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0011_firm_plans"
down_revision: str | None = "0010_applications"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def _person(table: str, column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], ["users.id"], name=op.f(f"fk_{table}_{column}_users"), ondelete="SET NULL")


def upgrade() -> None:
    # A migration that cannot get its lock quickly gives up, instead of queueing every request behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "firm_plans",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("firm_id", sa.Uuid(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("filing_on", sa.Date(), nullable=False),
        sa.Column("officer_id", sa.Uuid(), nullable=True),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("row_version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("basis", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("author_name", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_reason", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("state IN ('open', 'done', 'dropped')", name=op.f("ck_firm_plans_state")),
        sa.ForeignKeyConstraint(
            ["firm_id"], ["firms.id"], name=op.f("fk_firm_plans_firm_id_firms"), ondelete="CASCADE"
        ),
        _person("firm_plans", "officer_id"),
        _person("firm_plans", "created_by"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_firm_plans")),
    )
    still_open = sa.text("state = 'open'")
    op.create_index("uq_firm_plans_open", "firm_plans", ["firm_id", "policy"], unique=True, postgresql_where=still_open)
    op.create_index("ix_firm_plans_firm", "firm_plans", ["firm_id"])
    op.create_index("ix_firm_plans_officer", "firm_plans", ["officer_id"], postgresql_where=still_open)
    op.create_table(
        "firm_plan_steps",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("condition", sa.Text(), server_default="", nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_by", sa.Uuid(), nullable=True),
        sa.Column("doer_name", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("(done_at IS NULL) = (doer_name = '')", name=op.f("ck_firm_plan_steps_done")),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["firm_plans.id"], name=op.f("fk_firm_plan_steps_plan_id_firm_plans"), ondelete="CASCADE"
        ),
        _person("firm_plan_steps", "done_by"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_firm_plan_steps")),
    )
    op.create_index("ix_firm_plan_steps_plan", "firm_plan_steps", ["plan_id"])
    op.create_index(
        "ix_moves_overridden", "moves", ["firm_id"], postgresql_where=sa.text("override_reason IS NOT NULL")
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("ix_moves_overridden", table_name="moves")
    op.drop_table("firm_plan_steps")
    op.drop_table("firm_plans")
