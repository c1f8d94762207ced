"""publishing policies: who edited, returned and retired a version; what a version would change"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0009_publishing"
down_revision: str | None = "0008_calendar_feeds"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_PEOPLE = ("retire_asked_by", "retired_by")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for column in (
        sa.Column("editors", postgresql.ARRAY(sa.Uuid()), server_default="{}", nullable=False),
        sa.Column("returned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("returner_name", sa.Text(), server_default="", nullable=False),
        sa.Column("return_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("retire_on", sa.Date(), nullable=True),
        sa.Column("retire_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("retire_asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retire_asked_by", sa.Uuid(), nullable=True),
        sa.Column("retire_asker_name", sa.Text(), server_default="", nullable=False),
        sa.Column("retired_by", sa.Uuid(), nullable=True),
        sa.Column("retirer_name", sa.Text(), server_default="", nullable=False),
    ):
        op.add_column("policy_versions", column)
    for column in _PEOPLE:
        name = op.f(f"fk_policy_versions_{column}_users")
        op.create_foreign_key(name, "policy_versions", "users", [column], ["id"], ondelete="SET NULL")
    op.create_table(
        "policy_impacts",
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("text_hash", sa.Text(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_firm", sa.Uuid(), nullable=True),
        sa.Column("done", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("counts", postgresql.JSONB(), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["policy_versions.id"],
            name=op.f("fk_policy_impacts_version_id_policy_versions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("version_id", name=op.f("pk_policy_impacts")),
    )
    op.create_index(
        "ix_policy_impacts_unfinished", "policy_impacts", ["asked_at"], postgresql_where=sa.text("finished_at IS NULL")
    )
    op.create_table(
        "policy_impact_firms",
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("firm_id", sa.Uuid(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["policy_impacts.version_id"],
            name=op.f("fk_policy_impact_firms_version_id_policy_impacts"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["firm_id"], ["firms.id"], name=op.f("fk_policy_impact_firms_firm_id_firms"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("version_id", "firm_id", name=op.f("pk_policy_impact_firms")),
    )
    op.create_index("ix_policy_impact_firms_firm", "policy_impact_firms", ["firm_id"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("policy_impact_firms")
    op.drop_table("policy_impacts")
    for column in _PEOPLE:
        op.drop_constraint(op.f(f"fk_policy_versions_{column}_users"), "policy_versions", type_="foreignkey")
    for name in (
        *("editors", "returned_at", "returner_name", "return_reason", "retire_on", "retire_reason", "retire_asked_at"),
        *("retire_asked_by", "retire_asker_name", "retired_by", "retirer_name"),
    ):
        op.drop_column("policy_versions", name)
