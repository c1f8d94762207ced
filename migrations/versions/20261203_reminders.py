"""reminders: rules, texts, the ledger of what was sent to whom, and what the outbox must know of a message"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0030_reminders"
down_revision: str | None = "0020_work"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def _when(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _words(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def upgrade() -> None:
    # A migration that cannot get its lock quickly gives up, instead of queueing every request behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    _rules()
    _ledger()
    op.add_column("outbox_messages", sa.Column("holds", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("outbox_messages", _when("told_at", nullable=True))
    op.create_index(
        "ix_outbox_messages_untold",
        "outbox_messages",
        ["created_at"],
        postgresql_where=sa.text("state = 'dead' AND told_at IS NULL"),
    )


def _rules() -> None:
    op.create_table(
        "reminder_templates",
        sa.Column("id", sa.Uuid(), nullable=False),
        _words("code"),
        sa.Column("version", sa.Integer(), nullable=False),
        _words("title"),
        _words("subject"),
        _words("body"),
        _words("staff_subject"),
        _words("staff_body"),
        _words("author_name"),
        _when("created_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder_templates")),
        sa.UniqueConstraint("code", "version", name=op.f("uq_reminder_templates_code_version")),
    )
    op.create_table(
        "reminder_rules",
        sa.Column("id", sa.Uuid(), nullable=False),
        _words("code"),
        _words("title"),
        _words("anchor"),
        sa.Column("programme", sa.Text(), nullable=True),
        sa.Column("milestone", sa.Text(), nullable=True),
        sa.Column("certificate", sa.Text(), nullable=True),
        sa.Column("audience", postgresql.JSONB(), nullable=False),
        sa.Column("near_missed", sa.SmallInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("near_percent", sa.SmallInteger(), server_default=sa.text("10"), nullable=False),
        sa.Column("steps", postgresql.JSONB(), nullable=False),
        _words("template"),
        sa.Column("mandatory", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("basis", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.Text(), server_default="draft", nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("planned_on", sa.Date(), nullable=True),
        _when("activated_at", nullable=True),
        sa.Column("activator_name", sa.Text(), server_default="", nullable=False),
        _when("created_at"),
        _when("updated_at"),
        sa.CheckConstraint("anchor IN ('window', 'certificate', 'change')", name=op.f("ck_reminder_rules_anchor")),
        sa.CheckConstraint("state IN ('draft', 'active', 'paused')", name=op.f("ck_reminder_rules_state")),
        sa.ForeignKeyConstraint(
            ["programme"], ["programmes.code"], name=op.f("fk_reminder_rules_programme_programmes")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder_rules")),
        sa.UniqueConstraint("code", name=op.f("uq_reminder_rules_code")),
    )
    op.create_table(
        "reminder_settings",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("weekly_cap", sa.SmallInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_reminder_settings_single")),
        sa.CheckConstraint("weekly_cap > 0", name=op.f("ck_reminder_settings_weekly_cap")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder_settings")),
    )
    op.execute("INSERT INTO reminder_settings (id, weekly_cap) VALUES (1, 3)")


def _of_rule(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["rule_id"], ["reminder_rules.id"], name=op.f(f"fk_{table}_rule_id_reminder_rules"))


def _ledger() -> None:
    op.create_table(
        "reminders",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("rule_id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("recipient_id", sa.Uuid(), nullable=False),
        _words("step"),
        sa.Column("anchor_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        _words("party"),
        sa.Column("firm_id", sa.Uuid(), nullable=True),
        sa.Column("milestone", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        _words("state"),
        sa.Column("firms", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("template_version", sa.Integer(), nullable=False),
        _when("created_at"),
        sa.CheckConstraint("party IN ('firm', 'officer', 'manager')", name=op.f("ck_reminders_party")),
        sa.CheckConstraint("state IN ('queued', 'unreachable', 'withdrawn')", name=op.f("ck_reminders_state")),
        _of_rule("reminders"),
        sa.ForeignKeyConstraint(["firm_id"], ["firms.id"], name=op.f("fk_reminders_firm_id_firms"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminders")),
    )
    op.create_index(
        "uq_reminders_once",
        "reminders",
        ["rule_id", "subject_id", "recipient_id", "step", "anchor_on"],
        unique=True,
        postgresql_where=sa.text("state <> 'withdrawn'"),
    )
    op.create_index("ix_reminders_firm", "reminders", ["firm_id", "created_at"])
    op.create_index("ix_reminders_subject", "reminders", ["subject_id", "created_at"])
    op.create_index("ix_reminders_created", "reminders", ["created_at", "id"])
    op.create_table(
        "reminder_skips",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("rule_id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        _words("step"),
        sa.Column("anchor_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        _words("why"),
        _when("at"),
        _of_rule("reminder_skips"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder_skips")),
        sa.UniqueConstraint(
            "rule_id",
            "subject_id",
            "step",
            "anchor_on",
            name=op.f("uq_reminder_skips_rule_id_subject_id_step_anchor_on"),
        ),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("ix_outbox_messages_untold", table_name="outbox_messages")
    for column in ("told_at", "holds"):
        op.drop_column("outbox_messages", column)
    for table in ("reminder_skips", "reminders", "reminder_settings", "reminder_rules", "reminder_templates"):
        op.drop_table(table)
