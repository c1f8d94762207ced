"""two records of one firm made one, and taken back"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0022_merges"
down_revision: str | None = "0032_outlets"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def _firm(column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], ["firms.id"], name=op.f(f"fk_firm_merges_{column}_firms"), ondelete="CASCADE"
    )


def upgrade() -> None:
    # A migration that cannot get its lock quickly gives up, instead of queueing every request behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "firm_merges",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kept_id", sa.Uuid(), nullable=False),
        sa.Column("gone_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), server_default="done", nullable=False),
        sa.Column("record", postgresql.JSONB(), nullable=False),
        sa.Column("merged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("merged_by", sa.Uuid(), nullable=True),
        sa.Column("merger_name", sa.Text(), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undoer_name", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("state IN ('done', 'undone')", name=op.f("ck_firm_merges_state")),
        _firm("kept_id"),
        _firm("gone_id"),
        sa.ForeignKeyConstraint(
            ["merged_by"], ["users.id"], name=op.f("fk_firm_merges_merged_by_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_firm_merges")),
    )
    done = sa.text("state = 'done'")
    op.create_index("uq_firm_merges_gone", "firm_merges", ["gone_id"], unique=True, postgresql_where=done)
    op.create_index("ix_firm_merges_kept", "firm_merges", ["kept_id"])
    op.create_index("ix_firm_merges_at", "firm_merges", [sa.text("merged_at DESC"), sa.text("id DESC")])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("firm_merges")
