"""a move that is brought from elsewhere says who wrote it down there, and when"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0217_moves_from_elsewhere"
down_revision: str | None = "0226_entry_applications"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    # A migration that cannot get its lock quickly gives up, instead of queueing every request behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("moves", sa.Column("first_recorder", sa.Text(), nullable=True))
    op.add_column("moves", sa.Column("first_recorded_on", sa.Date(), nullable=True))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_column("moves", "first_recorded_on")
    op.drop_column("moves", "first_recorder")
