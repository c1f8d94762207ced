"""what firms say they hold, until an officer has verified it"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0120_title_claims"
down_revision: str | None = "0131_channel_choices"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def _person(column: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_title_claims_{column}_users")
    return sa.ForeignKeyConstraint([column], ["users.id"], name=name, ondelete="SET NULL")


def upgrade() -> None:
    # A migration that cannot get its lock quickly gives up, instead of queueing every request behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "title_claims",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("firm_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("version", sa.SmallInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("words", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("creator_name", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decider_name", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("kind IN ('certificate', 'ip_right')", name=op.f("ck_title_claims_kind")),
        sa.CheckConstraint(
            "state IN ('waiting', 'accepted', 'refused', 'withdrawn')", name=op.f("ck_title_claims_state")
        ),
        sa.CheckConstraint("(state = 'waiting') = (decided_at IS NULL)", name=op.f("ck_title_claims_decided")),
        sa.ForeignKeyConstraint(
            ["firm_id"], ["firms.id"], name=op.f("fk_title_claims_firm_id_firms"), ondelete="CASCADE"
        ),
        _person("created_by"),
        _person("decided_by"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_title_claims")),
    )
    op.create_index("ix_title_claims_firm", "title_claims", ["firm_id", "created_at"])
    waiting = "state = 'waiting'"
    op.create_index("ix_title_claims_waiting", "title_claims", ["created_at", "id"], postgresql_where=sa.text(waiting))
    op.create_index(
        "uq_title_claims_one_a_target",
        "title_claims",
        ["target_id"],
        unique=True,
        postgresql_where=sa.text(f"{waiting} AND target_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("title_claims")
