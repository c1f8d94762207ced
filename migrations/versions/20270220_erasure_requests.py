"""one officer asks that a person's data be erased, a second person does it"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0380_erasure_requests"
down_revision: str | None = "0335_device_of_a_try"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    # A migration that cannot get its lock quickly gives up, instead of queueing every request behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "erasure_requests",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("sought", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asker_id", sa.Uuid(), nullable=False),
        sa.Column("asker_name", sa.Text(), nullable=False),
        sa.Column("asked_at", moment, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("decider_name", sa.Text(), server_default="", nullable=False),
        sa.Column("decided_at", moment, nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'done', 'refused', 'withdrawn')", name=op.f("ck_erasure_requests_state")
        ),
        sa.CheckConstraint(
            "sought = '' OR starts_with(sought, 'sealed:')", name=op.f("ck_erasure_requests_sought_sealed")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure_requests")),
    )
    waiting = sa.text("state = 'waiting'")
    op.create_index("ix_erasure_requests_waiting", "erasure_requests", ["asked_at"], postgresql_where=waiting)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("erasure_requests")
