"""a carrier's half year: makerspaces report one beside their year"""

from collections.abc import Sequence

from alembic import op

revision: str = "0266_half_years"
down_revision: str | None = "0265_carrier_duties"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def _periods(parts: str) -> None:
    name = op.f("ck_collection_rounds_period")
    op.drop_constraint(name, "collection_rounds", type_="check")
    op.create_check_constraint(name, "collection_rounds", f"period ~ '^20[0-9]{{2}}({parts})?$'")


def upgrade() -> None:
    # A migration that cannot get its lock quickly gives up, instead of queueing every request behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    _periods("Q[1-4]|H1|M(0[1-9]|1[0-2])")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DELETE FROM collection_rounds WHERE period LIKE '%H1'")
    _periods("Q[1-4]|M(0[1-9]|1[0-2])")
