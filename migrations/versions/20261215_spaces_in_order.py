"""a carrier's spaces are found, and found in their order"""

from collections.abc import Sequence

from alembic import op

revision: str = "0101_spaces_in_order"
down_revision: str | None = "0121_likenesses"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    # A migration that cannot get its lock quickly gives up, instead of queueing every request behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_index("ix_carrier_spaces_carrier", "carrier_spaces", ["carrier_id", "building", "floor", "room", "id"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("ix_carrier_spaces_carrier", "carrier_spaces")
