"""how old a password is, the former ones, and which standard is asked of new ones"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0232_passwords"
down_revision: str | None = "0231_known_devices"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    # A migration that cannot get its lock quickly gives up, instead of queueing every request behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("users", sa.Column("password_changed_at", sa.DateTime(timezone=True), nullable=True))
    # How old those in use are nobody has kept; they count from now on.
    op.execute("UPDATE users SET password_changed_at = now()")
    op.add_column("sign_in_rules", sa.Column("profile", sa.Text(), server_default="dengbao", nullable=False))
    op.alter_column("sign_in_rules", "profile", server_default=None)
    op.create_check_constraint(op.f("ck_sign_in_rules_profile"), "sign_in_rules", "profile IN ('dengbao', 'asvs')")
    op.create_table(
        "former_passwords",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_former_passwords_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_former_passwords")),
    )
    op.create_index(op.f("ix_former_passwords_user_id"), "former_passwords", ["user_id"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("former_passwords")
    op.drop_constraint(op.f("ck_sign_in_rules_profile"), "sign_in_rules", type_="check")
    op.drop_column("sign_in_rules", "profile")
    op.drop_column("users", "password_changed_at")
