"""a firm that nobody speaks with, long after it counts as standing still, is told to the bureau's head"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0216_stale_escalations"
down_revision: str | None = "0220_carrier_logs"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    # A migration that cannot get its lock quickly gives up, instead of queueing every request behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("tiers", sa.Column("escalate_working_days", sa.Integer(), nullable=True))
    # What the seeds propose, for tiers that are there already: theirs is a setting that seeds do not write again.
    op.execute("UPDATE tiers SET escalate_working_days = 10 WHERE stale_working_days IS NOT NULL")
    op.create_table(
        "stale_escalations",
        sa.Column("firm_id", sa.Uuid(), nullable=False),
        sa.Column("told_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["firm_id"], ["firms.id"], name=op.f("fk_stale_escalations_firm_id_firms"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("firm_id", name=op.f("pk_stale_escalations")),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("stale_escalations")
    op.drop_column("tiers", "escalate_working_days")
