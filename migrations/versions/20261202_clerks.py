"""firms' accounts: who signs, invitations, and who asks for an account"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0040_clerks"
down_revision: str | None = "0011_firm_plans"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def _person(table: str, column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], ["users.id"], name=op.f(f"fk_{table}_{column}_users"), ondelete="SET NULL")


def upgrade() -> None:
    # A migration that cannot get its lock quickly gives up, instead of queueing every request behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("users", sa.Column("signatory", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.create_index("uq_users_signatory", "users", ["firm_id"], unique=True, postgresql_where=sa.text("signatory"))
    op.create_table(
        "clerk_invitations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("firm_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("signatory", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("inviter_id", sa.Uuid(), nullable=True),
        sa.Column("inviter_name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_by", sa.Uuid(), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["firm_id"], ["firms.id"], name=op.f("fk_clerk_invitations_firm_id_firms"), ondelete="CASCADE"
        ),
        _person("clerk_invitations", "inviter_id"),
        _person("clerk_invitations", "used_by"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clerk_invitations")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_clerk_invitations_token_hash")),
    )
    op.create_index("ix_clerk_invitations_firm", "clerk_invitations", ["firm_id", "created_at"])
    op.create_table(
        "clerk_requests",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("uscc", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), server_default="", nullable=False),
        sa.Column("ip", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decider_name", sa.Text(), server_default="", nullable=False),
        sa.Column("refusal", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("state IN ('waiting', 'approved', 'refused')", name=op.f("ck_clerk_requests_state")),
        _person("clerk_requests", "decided_by"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clerk_requests")),
    )
    waiting = sa.text("state = 'waiting'")
    op.create_index("ix_clerk_requests_waiting", "clerk_requests", ["created_at"], postgresql_where=waiting)
    op.create_index("ix_clerk_requests_ip_created", "clerk_requests", ["ip", "created_at"])
    op.create_index(
        "uq_clerk_requests_waiting", "clerk_requests", ["uscc", "email"], unique=True, postgresql_where=waiting
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("clerk_requests")
    op.drop_table("clerk_invitations")
    op.drop_index("uq_users_signatory", table_name="users")
    op.drop_column("users", "signatory")
