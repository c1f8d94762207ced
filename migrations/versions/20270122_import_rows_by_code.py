"""the rows of a list are taken firm by firm, from where the last chunk ended"""

from collections.abc import Sequence

from alembic import op

revision: str = "0271_import_rows_by_code"
down_revision: str | None = "0270_firms_told_apart"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    # A migration that cannot get its lock quickly gives up, instead of queueing every request behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_index("ix_import_rows_code", "import_rows", ["batch_id", "uscc", "row_no"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("ix_import_rows_code", table_name="import_rows")
