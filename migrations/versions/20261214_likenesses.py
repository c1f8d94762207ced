"""what reviewers found out about likenesses of firms"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0121_likenesses"
down_revision: str | None = "0120_title_claims"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    # A migration that cannot get its lock quickly gives up, instead of queueing every request behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "verified_likenesses",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("firm_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("weight", sa.SmallInteger(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('document', 'phone', 'address', 'copied', 'last_year')",
            name=op.f("ck_verified_likenesses_kind"),
        ),
        sa.CheckConstraint(
            "outcome IN ('explained', 'asked', 'confirmed')", name=op.f("ck_verified_likenesses_outcome")
        ),
        sa.ForeignKeyConstraint(
            ["firm_id"], ["firms.id"], name=op.f("fk_verified_likenesses_firm_id_firms"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["users.id"], name=op.f("fk_verified_likenesses_person_id_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verified_likenesses")),
    )
    op.create_index("ix_verified_likenesses_firm", "verified_likenesses", ["firm_id", "kind", "key"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("verified_likenesses")
