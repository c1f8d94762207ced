"""a carrier's lists are batches, too: looked at, taken in, taken back"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0261_carrier_lists"
down_revision: str | None = "0271_import_rows_by_code"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# An operator sees the rows of its own carrier's lists, in which no firm is named by its record.
_SEES = """
BEGIN
  RETURN (SELECT public.sees_carrier(b.carrier_id) FROM public.import_batches b WHERE b.id = one);
END
"""
_EVERYTHING = "(SELECT current_setting('tidu.everything', true)) <> ''"
_BEFORE = "(firm_id IS NULL AND current_setting('tidu.since', true) <> '') OR sees_firm(firm_id)"


def _seen(condition: str) -> None:
    op.execute(f"ALTER POLICY in_sight ON import_rows USING ({_EVERYTHING} OR {condition})")


def upgrade() -> None:
    # A migration that cannot get its lock quickly gives up, instead of queueing every request behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("import_batches", sa.Column("carrier_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_import_batches_carrier_id"),
        "import_batches",
        "carriers",
        ["carrier_id"],
        ["id"],
        ondelete="CASCADE",
    )
    op.create_index(
        "ix_import_batches_carrier",
        "import_batches",
        ["carrier_id", "kind", sa.text("created_at DESC")],
        postgresql_where=sa.text("carrier_id IS NOT NULL"),
    )
    op.execute(
        "CREATE FUNCTION sees_import(one uuid) RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER "
        f"COST 0.01 AS $${_SEES}$$"
    )
    _seen(f"{_BEFORE} OR sees_import(batch_id)")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _seen(_BEFORE)
    op.execute("DROP FUNCTION sees_import")
    op.execute("DELETE FROM import_batches WHERE carrier_id IS NOT NULL")
    op.drop_column("import_batches", "carrier_id")
