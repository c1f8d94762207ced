"""letters with pages and attachments: what several letters carry is kept once"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0081_letters"
down_revision: str | None = "0090_attachments"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "outbox_files",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_outbox_files")),
    )
    op.create_index("ix_outbox_files_kept", "outbox_files", ["kept_at"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("outbox_files")
