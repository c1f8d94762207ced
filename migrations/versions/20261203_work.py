"""an officer's work with a firm: visits, tasks, needs and their follow-up"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0020_work"
down_revision: str | None = "0040_clerks"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
_OPEN = sa.text("state = 'open'")


def _person(table: str, column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], ["users.id"], name=op.f(f"fk_{table}_{column}_users"), ondelete="SET NULL")


def _of(table: str, column: str, other: str, ondelete: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{other}")
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=name, ondelete=ondelete)


def upgrade() -> None:
    # A migration that cannot get its lock quickly gives up, instead of queueing every request behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "firm_visits",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("firm_id", sa.Uuid(), nullable=False),
        sa.Column("visited_on", sa.Date(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("people", sa.Text(), server_default="", nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("next_touch_on", sa.Date(), nullable=True),
        sa.Column("visitor_id", sa.Uuid(), nullable=True),
        sa.Column("visitor_name", sa.Text(), nullable=False),
        sa.Column("logged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("struck_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("striker_name", sa.Text(), server_default="", nullable=False),
        sa.Column("strike_reason", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("kind IN ('on_site', 'phone', 'office', 'online')", name=op.f("ck_firm_visits_kind")),
        sa.CheckConstraint("(struck_at IS NULL) = (striker_name = '')", name=op.f("ck_firm_visits_struck")),
        _of("firm_visits", "firm_id", "firms", "CASCADE"),
        _person("firm_visits", "visitor_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_firm_visits")),
    )
    op.create_index("ix_firm_visits_firm", "firm_visits", ["firm_id", sa.text("visited_on DESC"), sa.text("id DESC")])
    op.create_index(
        "ix_firm_visits_visitor",
        "firm_visits",
        ["visitor_id", "visited_on"],
        postgresql_where=sa.text("struck_at IS NULL"),
    )
    op.create_table(
        "firm_tasks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("firm_id", sa.Uuid(), nullable=False),
        sa.Column("visit_id", sa.Uuid(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("officer_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("row_version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=True),
        sa.Column("author_name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closer_name", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("state IN ('open', 'done', 'dropped')", name=op.f("ck_firm_tasks_state")),
        sa.CheckConstraint("owner IN ('bureau', 'firm')", name=op.f("ck_firm_tasks_owner")),
        sa.CheckConstraint("(closed_at IS NULL) = (state = 'open')", name=op.f("ck_firm_tasks_closed")),
        _of("firm_tasks", "firm_id", "firms", "CASCADE"),
        _of("firm_tasks", "visit_id", "firm_visits", "SET NULL"),
        _person("firm_tasks", "officer_id"),
        _person("firm_tasks", "author_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_firm_tasks")),
    )
    op.create_index("ix_firm_tasks_firm", "firm_tasks", ["firm_id"])
    op.create_index(op.f("ix_firm_tasks_visit_id"), "firm_tasks", ["visit_id"])
    op.create_index("ix_firm_tasks_officer", "firm_tasks", ["officer_id", "due_on", "id"], postgresql_where=_OPEN)
    op.create_index("ix_firm_tasks_due", "firm_tasks", ["due_on", "id"], postgresql_where=_OPEN)
    op.create_table(
        "firm_needs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("firm_id", sa.Uuid(), nullable=False),
        sa.Column("visit_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("raised_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("officer_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("answer", sa.Text(), server_default="", nullable=False),
        sa.Column("row_version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=True),
        sa.Column("author_name", sa.Text(), nullable=False),
        sa.Column("logged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closer_name", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(
            "kind IN ('finance', 'land', 'talent', 'policy', 'approval', 'utility', 'market', 'research', 'other')",
            name=op.f("ck_firm_needs_kind"),
        ),
        sa.CheckConstraint("state IN ('open', 'solved', 'answered', 'declined')", name=op.f("ck_firm_needs_state")),
        sa.CheckConstraint("(closed_at IS NULL) = (state = 'open')", name=op.f("ck_firm_needs_closed")),
        _of("firm_needs", "firm_id", "firms", "CASCADE"),
        _of("firm_needs", "visit_id", "firm_visits", "SET NULL"),
        _person("firm_needs", "officer_id"),
        _person("firm_needs", "author_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_firm_needs")),
    )
    op.create_index("ix_firm_needs_firm", "firm_needs", ["firm_id"])
    op.create_index(op.f("ix_firm_needs_visit_id"), "firm_needs", ["visit_id"])
    op.create_index("ix_firm_needs_officer", "firm_needs", ["officer_id", "due_on", "id"], postgresql_where=_OPEN)
    op.create_table(
        "need_follow_ups",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("need_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=True),
        sa.Column("author_name", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        _of("need_follow_ups", "need_id", "firm_needs", "CASCADE"),
        _person("need_follow_ups", "author_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_need_follow_ups")),
    )
    op.create_index("ix_need_follow_ups_need", "need_follow_ups", ["need_id", "at"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("need_follow_ups")
    op.drop_table("firm_needs")
    op.drop_table("firm_tasks")
    op.drop_table("firm_visits")
