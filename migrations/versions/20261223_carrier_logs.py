"""an operator's services, events, mentors and investments"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0220_carrier_logs"
down_revision: str | None = "0240_audit_chain"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_SORTS = (
    *("tutoring", "financing", "technology", "legal", "property", "talent", "applying", "other", "activity"),
    *("training", "roadshow", "own_fund", "angel", "venture", "other_equity", "debt"),
)


def upgrade() -> None:
    # A migration that cannot get its lock quickly gives up, instead of queueing every request behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "carrier_logs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("carrier_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("sort", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("party", sa.Text(), server_default="", nullable=False),
        sa.Column("firm_id", sa.Uuid(), nullable=True),
        sa.Column("team_id", sa.Uuid(), nullable=True),
        sa.Column("mentor_id", sa.Uuid(), nullable=True),
        sa.Column("people", sa.Integer(), nullable=True),
        sa.Column("amount", sa.Numeric(17, 2), nullable=True),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("author_name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("struck_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("striker_name", sa.Text(), server_default="", nullable=False),
        sa.Column("strike_reason", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("kind IN ('service', 'event', 'mentor', 'investment')", name=op.f("ck_carrier_logs_kind")),
        sa.CheckConstraint(f"sort IN ({', '.join(map(repr, _SORTS))})", name=op.f("ck_carrier_logs_sort")),
        sa.CheckConstraint("firm_id IS NULL OR team_id IS NULL", name=op.f("ck_carrier_logs_holder")),
        sa.CheckConstraint(
            "kind <> 'investment' OR num_nonnulls(firm_id, team_id) = 1", name=op.f("ck_carrier_logs_financed")
        ),
        sa.CheckConstraint(
            "(amount IS NOT NULL) = (kind = 'investment') AND amount > 0", name=op.f("ck_carrier_logs_amount")
        ),
        sa.CheckConstraint("kind = 'service' OR mentor_id IS NULL", name=op.f("ck_carrier_logs_mentor")),
        sa.CheckConstraint("kind = 'mentor' OR until IS NULL", name=op.f("ck_carrier_logs_term")),
        sa.CheckConstraint("until >= happened_on", name=op.f("ck_carrier_logs_dates")),
        sa.CheckConstraint("(sort IS NULL) = (kind = 'mentor')", name=op.f("ck_carrier_logs_sorted")),
        sa.CheckConstraint("people > 0", name=op.f("ck_carrier_logs_people")),
        sa.CheckConstraint("(struck_at IS NULL) = (striker_name = '')", name=op.f("ck_carrier_logs_struck")),
        sa.ForeignKeyConstraint(
            ["carrier_id"], ["carriers.id"], name=op.f("fk_carrier_logs_carrier_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["firm_id"], ["firms.id"], name=op.f("fk_carrier_logs_firm_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["team_id"], ["carrier_teams.id"], name=op.f("fk_carrier_logs_team_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["mentor_id"], ["carrier_logs.id"], name=op.f("fk_carrier_logs_mentor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_carrier_logs")),
    )
    op.create_index("ix_carrier_logs_carrier", "carrier_logs", ["carrier_id", "kind", "happened_on", "id"])
    for column in ("firm", "mentor"):
        some = sa.text(f"{column}_id IS NOT NULL")
        op.create_index(f"ix_carrier_logs_{column}", "carrier_logs", [f"{column}_id"], postgresql_where=some)
    op.create_index(
        "uq_carrier_logs_same",
        "carrier_logs",
        ["carrier_id", "kind", "happened_on", "title", "firm_id", "team_id"],
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text("struck_at IS NULL"),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("carrier_logs")
