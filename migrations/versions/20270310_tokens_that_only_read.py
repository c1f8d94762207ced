"""a token may be one that only reads"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0390_tokens_that_only_read"
down_revision: str | None = "0360_handovers"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    # A migration that cannot get its lock quickly gives up, instead of queueing every request behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    # Those there are can do all that they could.
    op.add_column("api_tokens", sa.Column("read_only", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # Without the column they would write.
    op.execute("DELETE FROM api_tokens WHERE read_only")
    op.drop_column("api_tokens", "read_only")
