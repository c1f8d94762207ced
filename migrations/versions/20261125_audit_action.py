"""the trail by action"""

from collections.abc import Sequence

from alembic import op

revision: str = "0004_audit_action"
down_revision: str | None = "0003_one_time_passwords"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    # A migration that cannot get its lock quickly gives up, instead of queueing every request behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("CREATE INDEX ix_audit_events_action ON audit_events (action, at DESC)")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("ix_audit_events_action", table_name="audit_events")
