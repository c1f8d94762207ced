"""lists of who passed: 公示名单 and 公告名单, their lines, and the event that a firm was publicised"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0130_results"
down_revision: str | None = "0100_proposals"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_KINDS = "'listed', 'moved', 'materials', 'checked', 'assigned'"


def upgrade() -> None:
    # A migration that cannot get its lock quickly gives up, instead of queueing every request behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "result_lists",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("window_id", sa.Uuid(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), server_default="", nullable=False),
        sa.Column("announced_on", sa.Date(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="preview", nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("creator_name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('publicity', 'announcement')", name=op.f("ck_result_lists_kind")),
        sa.CheckConstraint(
            "state IN ('preview', 'applied', 'undone', 'discarded')", name=op.f("ck_result_lists_state")
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], name=op.f("fk_result_lists_created_by_users"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["window_id"], ["filing_windows.id"], name=op.f("fk_result_lists_window_id_filing_windows")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_result_lists")),
    )
    op.create_index("ix_result_lists_window", "result_lists", ["window_id", "created_at"])
    op.create_table(
        "result_lines",
        sa.Column("list_id", sa.Uuid(), nullable=False),
        sa.Column("row_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("uscc", sa.Text(), server_default="", nullable=False),
        sa.Column("number", sa.Text(), server_default="", nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("problem", sa.Text(), server_default="", nullable=False),
        sa.Column("match", sa.Text(), nullable=False),
        sa.Column("candidates", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("settled", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("chosen", sa.Text(), server_default="", nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("said", sa.Text(), server_default="", nullable=False),
        sa.Column("undo", postgresql.JSONB(), nullable=True),
        sa.CheckConstraint("match IN ('exact', 'similar', 'none')", name=op.f("ck_result_lines_match")),
        sa.CheckConstraint("outcome IN ('done', 'failed', 'taken_back', 'left')", name=op.f("ck_result_lines_outcome")),
        sa.ForeignKeyConstraint(
            ["list_id"], ["result_lists.id"], name=op.f("fk_result_lines_list_id_result_lists"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("list_id", "row_no", name=op.f("pk_result_lines")),
    )
    op.create_index("ix_result_lines_chosen", "result_lines", ["chosen"], postgresql_where=sa.text("chosen <> ''"))
    op.drop_constraint(op.f("ck_application_events_kind"), "application_events")
    op.create_check_constraint(
        op.f("ck_application_events_kind"), "application_events", f"kind IN ({_KINDS}, 'publicised')"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_constraint(op.f("ck_application_events_kind"), "application_events")
    # Events are append-only: those of the newer kind stay, and the older check is kept from looking at them.
    op.execute(
        f"ALTER TABLE application_events ADD CONSTRAINT ck_application_events_kind CHECK (kind IN ({_KINDS})) NOT VALID"
    )
    op.drop_table("result_lines")
    op.drop_table("result_lists")
