"""a firm asks a carrier for a room; how it stood beside the conditions is kept with its tenancy"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0226_entry_applications"
down_revision: str | None = "0241_people_marked"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    # A migration that cannot get its lock quickly gives up, instead of queueing every request behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("tenancies", sa.Column("entry", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.create_table(
        "entry_applications",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("carrier_id", sa.Uuid(), nullable=False),
        sa.Column("firm_id", sa.Uuid(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("area", sa.Numeric(12, 2), nullable=True),
        sa.Column("seats", sa.Integer(), nullable=True),
        sa.Column("business", sa.Text(), server_default="", nullable=False),
        sa.Column("stage_target", sa.Text(), server_default="", nullable=False),
        sa.Column("contact", sa.Text(), server_default="", nullable=False),
        sa.Column("found", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("asker_name", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_on", sa.Date(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answerer_name", sa.Text(), server_default="", nullable=False),
        sa.Column("answer", sa.Text(), server_default="", nullable=False),
        sa.Column("tenancy_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'admitted', 'declined', 'withdrawn')", name=op.f("ck_entry_applications_state")
        ),
        sa.CheckConstraint("area > 0", name=op.f("ck_entry_applications_area")),
        sa.CheckConstraint("seats > 0", name=op.f("ck_entry_applications_seats")),
        sa.CheckConstraint(
            "(state = 'admitted') = (tenancy_id IS NOT NULL)", name=op.f("ck_entry_applications_admitted")
        ),
        sa.ForeignKeyConstraint(
            ["carrier_id"], ["carriers.id"], name=op.f("fk_entry_applications_carrier_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["firm_id"], ["firms.id"], name=op.f("fk_entry_applications_firm_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["tenancy_id"], ["tenancies.id"], name=op.f("fk_entry_applications_tenancy_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entry_applications")),
    )
    op.create_index(
        "uq_entry_applications_open",
        "entry_applications",
        ["firm_id", "carrier_id"],
        unique=True,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index("ix_entry_applications_carrier", "entry_applications", ["carrier_id", "asked_at"])
    op.create_index("ix_entry_applications_firm", "entry_applications", ["firm_id", "asked_at"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("entry_applications")
    op.drop_column("tenancies", "entry")
