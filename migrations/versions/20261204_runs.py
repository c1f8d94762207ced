"""the run ledger says how long a run took"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0031_runs"
down_revision: str | None = "0050_waiting_firms"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("job_runs", sa.Column("seconds", sa.Float(), nullable=True))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_column("job_runs", "seconds")
