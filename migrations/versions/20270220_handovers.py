"""a handover keeps what it handed over, so that it can be taken back piece by piece"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0360_handovers"
down_revision: str | None = "0365_seldom_columns"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_KINDS = "'firms', 'tasks', 'needs', 'plans', 'applications'"
_OUTCOMES = "'given', 'undone', 'kept'"


def upgrade() -> None:
    # A migration that cannot get its lock quickly gives up, instead of queueing every request behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "handovers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("giver_id", sa.Uuid(), nullable=True),
        sa.Column("giver_name", sa.Text(), nullable=False),
        sa.Column("taker_id", sa.Uuid(), nullable=True),
        sa.Column("taker_name", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("creator_name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undoer_name", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("(undone_at IS NULL) = (undoer_name = '')", name=op.f("ck_handovers_undone")),
        *(
            sa.ForeignKeyConstraint([name], ["users.id"], name=op.f(f"fk_handovers_{name}_users"), ondelete="SET NULL")
            for name in ("giver_id", "taker_id", "created_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handovers")),
    )
    op.create_table(
        "handover_items",
        sa.Column("handover_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("outcome", sa.Text(), server_default="given", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(f"kind IN ({_KINDS})", name=op.f("ck_handover_items_kind")),
        sa.CheckConstraint(f"outcome IN ({_OUTCOMES})", name=op.f("ck_handover_items_outcome")),
        sa.ForeignKeyConstraint(
            ["handover_id"],
            ["handovers.id"],
            name=op.f("fk_handover_items_handover_id_handovers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("handover_id", "kind", "item_id", name=op.f("pk_handover_items")),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("handover_items")
    op.drop_table("handovers")
