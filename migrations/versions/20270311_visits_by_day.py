"""the visits of a month are found by their day"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0400_visits_by_day"
down_revision: str | None = "0390_tokens_that_only_read"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    # A migration that cannot get its lock quickly gives up, instead of queueing every request behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    # Without the id: with it, a firm's last visit would seem to be found as well by reading everybody's from the end.
    op.create_index("ix_firm_visits_day", "firm_visits", ["visited_on"], postgresql_where=sa.text("struck_at IS NULL"))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("ix_firm_visits_day", "firm_visits")
