"""two records that look alike and are two firms"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0270_firms_told_apart"
down_revision: str | None = "0250_rows_in_sight"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    # A migration that cannot get its lock quickly gives up, instead of queueing every request behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "firms_told_apart",
        sa.Column("one_id", sa.Uuid(), nullable=False),
        sa.Column("other_id", sa.Uuid(), nullable=False),
        sa.Column("teller_id", sa.Uuid(), nullable=True),
        sa.Column("teller_name", sa.Text(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("one_id < other_id", name=op.f("ck_firms_told_apart_order")),
        sa.ForeignKeyConstraint(["one_id"], ["firms.id"], name=op.f("fk_firms_told_apart_one_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["other_id"], ["firms.id"], name=op.f("fk_firms_told_apart_other_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["teller_id"], ["users.id"], name=op.f("fk_firms_told_apart_teller_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("one_id", "other_id", name=op.f("pk_firms_told_apart")),
    )
    op.create_index("ix_firms_told_apart_other", "firms_told_apart", ["other_id"])
    op.create_index("ix_firms_told_apart_told", "firms_told_apart", [sa.text("told_at DESC")])
    op.execute(
        "CREATE POLICY in_sight ON firms_told_apart USING ((SELECT current_setting('tidu.everything', true)) <> ''"
        " OR (sees_firm(one_id) AND sees_firm(other_id)))"
    )
    op.execute("ALTER TABLE firms_told_apart ENABLE ROW LEVEL SECURITY")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("firms_told_apart")
