"""an administrator makes accounts or says yes to them, and what waits for that yes opens nothing"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0242_powers"
down_revision: str | None = "0217_moves_from_elsewhere"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    # A migration that cannot get its lock quickly gives up, instead of queueing every request behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("users", sa.Column("power", sa.Text(), server_default="sole", nullable=False))
    op.add_column("users", sa.Column("awaits_grant", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.create_check_constraint(op.f("ck_users_power"), "users", "power IN ('sole', 'system', 'security')")
    op.create_check_constraint(op.f("ck_users_awaits_grant"), "users", "NOT (active AND awaits_grant)")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_constraint(op.f("ck_users_awaits_grant"), "users")
    op.drop_constraint(op.f("ck_users_power"), "users")
    op.drop_column("users", "awaits_grant")
    op.drop_column("users", "power")
