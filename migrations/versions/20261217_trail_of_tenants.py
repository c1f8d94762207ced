"""what was done with a tenant is found in the trail by the tenant's code, not only by its carrier"""

from collections.abc import Sequence

from alembic import op

revision: str = "0185_trail_of_tenants"
down_revision: str | None = "0150_saved_views"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    # A migration that cannot get its lock quickly gives up, instead of queueing every request behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        "CREATE INDEX ix_audit_events_tenant ON audit_events ((after ->> 'uscc'), at DESC) "
        "WHERE object_type = 'carrier'"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("ix_audit_events_tenant", table_name="audit_events")
