"""what three sides say of a stay is held against each other; graduates are followed for three years"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0227_stays_reconciled"
down_revision: str | None = "0242_powers"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    # A migration that cannot get its lock quickly gives up, instead of queueing every request behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "stay_disagreements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("carrier_id", sa.Uuid(), nullable=False),
        sa.Column("firm_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("firm_word", sa.Text(), server_default="", nullable=False),
        sa.Column("carrier_word", sa.Text(), server_default="", nullable=False),
        sa.Column("opener_name", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("settler_name", sa.Text(), server_default="", nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("result", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("kind IN ('not_there', 'not_listed', 'address')", name=op.f("ck_stay_disagreements_kind")),
        sa.CheckConstraint("state IN ('open', 'settled')", name=op.f("ck_stay_disagreements_state")),
        sa.CheckConstraint("(settled_at IS NULL) = (state = 'open')", name=op.f("ck_stay_disagreements_settled")),
        sa.ForeignKeyConstraint(
            ["carrier_id"], ["carriers.id"], name=op.f("fk_stay_disagreements_carrier_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["firm_id"], ["firms.id"], name=op.f("fk_stay_disagreements_firm_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stay_disagreements")),
    )
    op.create_index(
        "uq_stay_disagreements_open",
        "stay_disagreements",
        ["carrier_id", "firm_id", "kind"],
        unique=True,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index("ix_stay_disagreements_carrier", "stay_disagreements", ["carrier_id", "opened_at"])
    op.create_index("ix_stay_disagreements_firm", "stay_disagreements", ["firm_id"])
    op.create_table(
        "graduate_words",
        sa.Column("tenancy_id", sa.Uuid(), nullable=False),
        sa.Column("nth", sa.SmallInteger(), nullable=False),
        sa.Column("whereabouts", sa.Text(), nullable=False),
        sa.Column("revenue", sa.Numeric(17, 2), nullable=True),
        sa.Column("staff", sa.Integer(), nullable=True),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("author_name", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "whereabouts IN ('here', 'near', 'away', 'closed')", name=op.f("ck_graduate_words_whereabouts")
        ),
        sa.CheckConstraint("nth BETWEEN 1 AND 3", name=op.f("ck_graduate_words_nth")),
        sa.CheckConstraint("revenue >= 0", name=op.f("ck_graduate_words_revenue")),
        sa.CheckConstraint("staff >= 0", name=op.f("ck_graduate_words_staff")),
        sa.ForeignKeyConstraint(
            ["tenancy_id"], ["tenancies.id"], name=op.f("fk_graduate_words_tenancy_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenancy_id", "nth", name=op.f("pk_graduate_words")),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("graduate_words")
    op.drop_table("stay_disagreements")
