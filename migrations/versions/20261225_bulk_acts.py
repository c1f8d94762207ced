"""one thing done to many firms: the act, and each firm in it as the preview saw it"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0210_bulk_acts"
down_revision: str | None = "0221_collections"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_KINDS = "'officer', 'tag_add', 'tag_remove', 'next_touch', 'task', 'tier'"
_STATES = "'checking', 'preview', 'applying', 'done', 'discarded', 'undoing', 'undone'"
_OUTCOMES = "'unchecked', 'changes', 'asks', 'same', 'refused', 'done', 'asked', 'left', 'undone', 'kept'"


def upgrade() -> None:
    # A migration that cannot get its lock quickly gives up, instead of queueing every request behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "bulk_acts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("change", postgresql.JSONB(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("creator_name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by", sa.Uuid(), nullable=True),
        sa.Column("undoer_name", sa.Text(), server_default="", nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("total", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("missing", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("sentence", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(f"kind IN ({_KINDS})", name=op.f("ck_bulk_acts_kind")),
        sa.CheckConstraint(f"state IN ({_STATES})", name=op.f("ck_bulk_acts_state")),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], name=op.f("fk_bulk_acts_created_by_users"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["undone_by"], ["users.id"], name=op.f("fk_bulk_acts_undone_by_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_acts")),
    )
    op.create_index("ix_bulk_acts_created", "bulk_acts", [sa.text("created_at DESC"), sa.text("id DESC")])
    op.create_index(
        "ix_bulk_acts_waiting",
        "bulk_acts",
        ["created_at"],
        postgresql_where=sa.text("state IN ('checking', 'applying', 'undoing')"),
    )
    op.create_table(
        "bulk_lines",
        sa.Column("act_id", sa.Uuid(), nullable=False),
        sa.Column("firm_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=True),
        sa.Column("since", sa.Date(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("undo", postgresql.JSONB(), nullable=True),
        sa.CheckConstraint(f"outcome IN ({_OUTCOMES})", name=op.f("ck_bulk_lines_outcome")),
        sa.ForeignKeyConstraint(
            ["act_id"], ["bulk_acts.id"], name=op.f("fk_bulk_lines_act_id_bulk_acts"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("act_id", "firm_id", name=op.f("pk_bulk_lines")),
    )
    op.create_index("ix_bulk_lines_outcome", "bulk_lines", ["act_id", "outcome", "firm_id"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("bulk_lines")
    op.drop_table("bulk_acts")
