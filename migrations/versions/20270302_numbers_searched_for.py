"""what firms were chosen by keeps no telephone or address that was typed to find them"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from app.personal.masking import query_without_numbers

revision: str = "0382_numbers_searched_for"
down_revision: str | None = "0375_signed_beside"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    # A migration that cannot get its lock quickly gives up, instead of queueing every request behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    bind = op.get_bind()
    for table in ("bulk_acts", "saved_views"):
        kept = bind.execute(sa.text(f"SELECT id, query FROM {table} WHERE query ~ '(^|&)q='")).all()  # noqa: S608
        put = sa.text(f"UPDATE {table} SET query = :query WHERE id = :id")  # noqa: S608
        for row in kept:
            if (said := query_without_numbers(row.query)) != row.query:
                bind.execute(put, {"id": row.id, "query": said})


def downgrade() -> None:
    # What was typed is not known any more.
    op.execute("SET LOCAL lock_timeout = '5s'")
