"""a try to sign in says which known device of the account it was made on"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0335_device_of_a_try"
down_revision: str | None = "0350_sight_at_a_glance"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    # A migration that cannot get its lock quickly gives up, instead of queueing every request behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("sign_in_attempts", sa.Column("device", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_column("sign_in_attempts", "device")
