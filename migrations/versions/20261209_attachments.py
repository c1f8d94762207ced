"""files that hang on objects, and how far each file has been looked at"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0090_attachments"
down_revision: str | None = "0080_digests"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def _person(column: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_attachments_{column}_users")
    return sa.ForeignKeyConstraint([column], ["users.id"], name=name, ondelete="SET NULL")


def _attachments() -> None:
    op.create_table(
        "attachments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("object_kind", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.Text(), server_default="", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("creator_name", sa.Text(), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("removed_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "object_kind IN ('report', 'certificate', 'ip_right', 'visit', 'need')",
            name=op.f("ck_attachments_object_kind"),
        ),
        sa.ForeignKeyConstraint(["file_id"], ["stored_files.id"], name=op.f("fk_attachments_file_id_stored_files")),
        _person("created_by"),
        _person("removed_by"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachments")),
    )
    op.create_index("ix_attachments_object", "attachments", ["object_kind", "object_id", "created_at"])
    op.create_index(
        "uq_attachments_same",
        "attachments",
        ["object_kind", "object_id", "place", "sha256"],
        unique=True,
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_index("ix_attachments_file", "attachments", ["file_id"])
    op.create_index("ix_attachments_sha256", "attachments", ["sha256"])


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("stored_files", sa.Column("kind", sa.Text(), server_default="", nullable=False))
    op.add_column("stored_files", sa.Column("scan", sa.Text(), server_default="unscanned", nullable=False))
    op.create_check_constraint(
        op.f("ck_stored_files_scan"), "stored_files", "scan IN ('unscanned', 'waiting', 'clean', 'infected')"
    )
    op.create_index(
        "ix_stored_files_unscanned",
        "stored_files",
        ["id"],
        postgresql_where=sa.text("scan IN ('waiting', 'unscanned') AND kind <> ''"),
    )
    _attachments()


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("attachments")
    op.drop_index("ix_stored_files_unscanned", table_name="stored_files")
    op.drop_column("stored_files", "scan")
    op.drop_column("stored_files", "kind")
