"""the list has columns that stand there only for whoever asks for them: nobody who chose before has asked"""

from collections.abc import Sequence

from alembic import op
from sqlalchemy import text

revision: str = "0365_seldom_columns"
down_revision: str | None = "0382_numbers_searched_for"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_SELDOM = """["field","direction","registered","due","next_touch","last_contact","certificate","revenue","intensity"]"""
_LESS = """
UPDATE list_arrangements SET hidden = hidden - ARRAY(SELECT jsonb_array_elements_text(CAST(:seldom AS jsonb)))
"""


def upgrade() -> None:
    # A migration that cannot get its lock quickly gives up, instead of queueing every request behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        text("UPDATE list_arrangements SET hidden = hidden || CAST(:seldom AS jsonb)").bindparams(seldom=_SELDOM)
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(text(_LESS).bindparams(seldom=_SELDOM))
