"""imports are undone by the worker"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0007_undo_in_worker"
down_revision: str | None = "0006_facts"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    # A migration that cannot get its lock quickly gives up, instead of queueing every request behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("import_batches", sa.Column("undone_by", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_import_batches_undone_by"), "import_batches", "users", ["undone_by"], ["id"], ondelete="SET NULL"
    )
    _waiting("'uploaded', 'checking', 'queued', 'applying', 'undo_queued', 'undoing'")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("UPDATE import_batches SET state = 'applied' WHERE state IN ('undo_queued', 'undoing')")
    _waiting("'uploaded', 'checking', 'queued', 'applying'")
    op.drop_constraint(op.f("fk_import_batches_undone_by"), "import_batches", type_="foreignkey")
    op.drop_column("import_batches", "undone_by")


def _waiting(states: str) -> None:
    op.drop_index("ix_import_batches_waiting", table_name="import_batches")
    op.execute(f"CREATE INDEX ix_import_batches_waiting ON import_batches (created_at) WHERE state IN ({states})")
