"""reminders of what a carrier owes by a day: change reports, reviews, statistics"""

from collections.abc import Sequence

from alembic import op

revision: str = "0265_carrier_duties"
down_revision: str | None = "0260_whose_word"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_BEFORE = ("window", "certificate", "change", "stay", "lease", "monthly")


def _anchors(*words: str) -> None:
    name = op.f("ck_reminder_rules_anchor")
    op.drop_constraint(name, "reminder_rules", type_="check")
    listed = ", ".join(f"'{word}'" for word in words)
    op.create_check_constraint(name, "reminder_rules", f"anchor IN ({listed})")


def upgrade() -> None:
    # A migration that cannot get its lock quickly gives up, instead of queueing every request behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    _anchors(*_BEFORE, "duty")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in ("reminder_skips", "reminders"):
        op.execute(
            f"DELETE FROM {table} s USING reminder_rules r WHERE r.id = s.rule_id AND r.anchor = 'duty'"  # noqa: S608
        )
    op.execute("DELETE FROM reminder_rules WHERE anchor = 'duty'")
    _anchors(*_BEFORE)
