"""one-time passwords expire"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003_one_time_passwords"
down_revision: str | None = "0002_policies"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    # A migration that cannot get its lock quickly gives up, instead of queueing every request behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("users", sa.Column("password_expires_at", sa.DateTime(timezone=True), nullable=True))
    # Those that were handed out before get the same time from now on: see ONE_TIME_HOURS.
    op.execute("UPDATE users SET password_expires_at = now() + interval '72 hours' WHERE must_change_password")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_column("users", "password_expires_at")
