"""a carrier collects its tenants' figures of a year, a quarter or a month"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0221_collections"
down_revision: str | None = "0230_second_factor"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def _at(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default="", nullable=False)


def upgrade() -> None:
    # A migration that cannot get its lock quickly gives up, instead of queueing every request behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    json = postgresql.JSONB(astext_type=sa.Text())
    op.create_table(
        "collection_rounds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("carrier_id", sa.Uuid(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        _at("opened_at"),
        sa.Column("opener_name", sa.Text(), nullable=False),
        _at("closed_at", nullable=True),
        _text("closer_name"),
        _text("despite"),
        sa.Column("frozen", json, nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.CheckConstraint(
            "period ~ '^20[0-9]{2}(Q[1-4]|M(0[1-9]|1[0-2]))?$'", name=op.f("ck_collection_rounds_period")
        ),
        sa.CheckConstraint("(closed_at IS NULL) = (frozen IS NULL)", name=op.f("ck_collection_rounds_closed")),
        sa.ForeignKeyConstraint(
            ["carrier_id"], ["carriers.id"], name=op.f("fk_collection_rounds_carrier_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_collection_rounds")),
        sa.UniqueConstraint("carrier_id", "period", name=op.f("uq_collection_rounds_carrier_id_period")),
    )
    op.create_table(
        "collection_answers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("firm_id", sa.Uuid(), nullable=True),
        sa.Column("team_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("figures", json, server_default=sa.text("'{}'"), nullable=False),
        _at("answered_at", nullable=True),
        _text("answerer_name"),
        _text("basis"),
        _text("exempt_reason"),
        _at("chased_at", nullable=True),
        sa.Column("chases", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.CheckConstraint("state IN ('waiting', 'answered', 'exempt')", name=op.f("ck_collection_answers_state")),
        sa.CheckConstraint("(firm_id IS NULL) <> (team_id IS NULL)", name=op.f("ck_collection_answers_holder")),
        sa.CheckConstraint("(state = 'exempt') = (exempt_reason <> '')", name=op.f("ck_collection_answers_exempt")),
        sa.CheckConstraint(
            "state <> 'answered' OR answered_at IS NOT NULL", name=op.f("ck_collection_answers_answered")
        ),
        sa.CheckConstraint("jsonb_typeof(figures) = 'object'", name=op.f("ck_collection_answers_figures")),
        sa.ForeignKeyConstraint(
            ["round_id"], ["collection_rounds.id"], name=op.f("fk_collection_answers_round_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["firm_id"], ["firms.id"], name=op.f("fk_collection_answers_firm_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["team_id"], ["carrier_teams.id"], name=op.f("fk_collection_answers_team_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_collection_answers")),
        sa.UniqueConstraint(
            "round_id",
            "firm_id",
            "team_id",
            name=op.f("uq_collection_answers_round_id_firm_id_team_id"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    some = sa.text("firm_id IS NOT NULL")
    op.create_index("ix_collection_answers_firm", "collection_answers", ["firm_id"], postgresql_where=some)
    op.create_table(
        "collection_versions",
        sa.Column("answer_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("figures", json, nullable=False),
        _at("at"),
        sa.Column("author_name", sa.Text(), nullable=False),
        _text("note"),
        sa.ForeignKeyConstraint(
            ["answer_id"], ["collection_answers.id"], name=op.f("fk_collection_versions_answer_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("answer_id", "version", name=op.f("pk_collection_versions")),
    )
    op.create_table(
        "collection_cells",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        _text("reason"),
        sa.Column("author_name", sa.Text(), nullable=False),
        _at("at"),
        sa.ForeignKeyConstraint(
            ["round_id"], ["collection_rounds.id"], name=op.f("fk_collection_cells_round_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_collection_cells")),
    )
    op.create_index("ix_collection_cells_round", "collection_cells", ["round_id", "code", "at"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in ("collection_cells", "collection_versions", "collection_answers", "collection_rounds"):
        op.drop_table(table)
