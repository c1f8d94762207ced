"""a firm is followed by whoever wants to hear of it"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0215_firm_follows"
down_revision: str | None = "0185_trail_of_tenants"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    # A migration that cannot get its lock quickly gives up, instead of queueing every request behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "firm_follows",
        sa.Column("firm_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["firm_id"], ["firms.id"], name=op.f("fk_firm_follows_firm_id_firms"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_firm_follows_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("firm_id", "user_id", name=op.f("pk_firm_follows")),
    )
    op.create_index("ix_firm_follows_user", "firm_follows", ["user_id", "since"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("firm_follows")
