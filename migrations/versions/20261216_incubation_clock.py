"""reminders counted from a tenancy's dates, told to those who run the carrier"""

from collections.abc import Sequence

from alembic import op

revision: str = "0170_incubation_clock"
down_revision: str | None = "0140_closings_recorded"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_TABLES = {"reminder_rules": "anchor", "reminders": "party"}


def _words(**allowed: Sequence[str]) -> None:
    for table, column in _TABLES.items():
        name = op.f(f"ck_{table}_{column}")
        op.drop_constraint(name, table, type_="check")
        listed = ", ".join(f"'{word}'" for word in allowed[column])
        op.create_check_constraint(name, table, f"{column} IN ({listed})")


def upgrade() -> None:
    # A migration that cannot get its lock quickly gives up, instead of queueing every request behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    _words(anchor=("window", "certificate", "change", "stay", "lease"), party=("firm", "officer", "manager", "carrier"))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        "DELETE FROM reminder_skips s USING reminder_rules r WHERE r.id = s.rule_id AND r.anchor IN ('stay', 'lease')"
    )
    op.execute(
        "DELETE FROM reminders s USING reminder_rules r WHERE r.id = s.rule_id AND r.anchor IN ('stay', 'lease')"
    )
    op.execute("DELETE FROM reminder_rules WHERE anchor IN ('stay', 'lease')")
    _words(anchor=("window", "certificate", "change"), party=("firm", "officer", "manager"))
