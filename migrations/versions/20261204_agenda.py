"""an officer's firms by their next touch"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0021_agenda"
down_revision: str | None = "0030_reminders"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
_ACTIVE = sa.text("status = 'active'")
_TOUCH = sa.text("coalesce(next_touch_on, 'infinity'::date)")


def upgrade() -> None:
    # A migration that cannot get its lock quickly gives up, instead of queueing every request behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_index("ix_firms_officer_touch", "firms", ["officer_id", _TOUCH, "id"], postgresql_where=_ACTIVE)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("ix_firms_officer_touch", table_name="firms")
