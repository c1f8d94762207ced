"""saved views of the firms' list, how each person wants it, and with which view a role begins"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0150_saved_views"
down_revision: str | None = "0170_incubation_clock"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    # A migration that cannot get its lock quickly gives up, instead of queueing every request behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "saved_views",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("shared", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("scope", sa.Text(), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("shared = (scope <> '')", name=op.f("ck_saved_views_scope")),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_saved_views_owner_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_views")),
        sa.UniqueConstraint("owner_id", "name_key", name=op.f("uq_saved_views_owner_id_name_key")),
    )
    op.create_index("ix_saved_views_shared", "saved_views", ["scope"], postgresql_where=sa.text("shared"))
    op.create_table(
        "list_arrangements",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("hidden", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("density", sa.Text(), server_default="normal", nullable=False),
        sa.Column("page_size", sa.Integer(), server_default=sa.text("50"), nullable=False),
        sa.Column("first_view_id", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("density IN ('normal', 'dense')", name=op.f("ck_list_arrangements_density")),
        sa.CheckConstraint("page_size IN (25, 50, 100)", name=op.f("ck_list_arrangements_page_size")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_list_arrangements_user_id_users"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["first_view_id"],
            ["saved_views.id"],
            name=op.f("fk_list_arrangements_first_view_id_saved_views"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_list_arrangements")),
    )
    op.create_index(op.f("ix_list_arrangements_first_view_id"), "list_arrangements", ["first_view_id"])
    op.create_table(
        "role_views",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("view_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changer_name", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "role IN ('firm', 'carrier', 'town', 'officer', 'manager', 'admin', 'auditor')",
            name=op.f("ck_role_views_role"),
        ),
        sa.ForeignKeyConstraint(
            ["view_id"], ["saved_views.id"], name=op.f("fk_role_views_view_id_saved_views"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("scope", "role", name=op.f("pk_role_views")),
    )
    op.create_index(op.f("ix_role_views_view_id"), "role_views", ["view_id"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("role_views")
    op.drop_table("list_arrangements")
    op.drop_table("saved_views")
