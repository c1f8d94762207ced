"""a final value that was returned says so"""

from collections.abc import Sequence

from alembic import op

revision: str = "0410_returned_values"
down_revision: str | None = "0400_visits_by_day"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_NAME = "ck_plan_actuals_state"


def _allow(states: str) -> None:
    op.drop_constraint(op.f(_NAME), "plan_actuals", type_="check")
    op.create_check_constraint(op.f(_NAME), "plan_actuals", f"state IN ({states})")


def upgrade() -> None:
    # A migration that cannot get its lock quickly gives up, instead of queueing every request behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    _allow("'provisional', 'proposed', 'returned', 'final'")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("UPDATE plan_actuals SET state = 'provisional' WHERE state = 'returned'")
    _allow("'provisional', 'proposed', 'final'")
