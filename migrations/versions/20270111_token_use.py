"""a token has a name, and says when it was last used"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0281_token_use"
down_revision: str | None = "0280_access_denials"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    # A migration that cannot get its lock quickly gives up, instead of queueing every request behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("api_tokens", sa.Column("label", sa.Text(), server_default="", nullable=False))
    op.add_column("api_tokens", sa.Column("used_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_column("api_tokens", "used_at")
    op.drop_column("api_tokens", "label")
