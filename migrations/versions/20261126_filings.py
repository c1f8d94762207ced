"""filings: programmes, their windows, and what each window said when"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0005_filings"
down_revision: str | None = "0004_audit_action"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

STATES = "state IN ('reference', 'confirmed', 'extended', 'closed')"


def dates() -> list[sa.Column[object]]:
    days = ("opens_on", "firm_due", "review_due", "city_due", "paper_due")
    return [
        sa.Column("state", sa.Text(), nullable=False),
        *(sa.Column(day, sa.Date(), nullable=True) for day in days),
        sa.Column("firm_until", sa.Time(), nullable=True),
        sa.Column("document", sa.Text(), server_default="", nullable=False),
        sa.Column("address", sa.Text(), server_default="", nullable=False),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column("remark", sa.Text(), server_default="", nullable=False),
    ]


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "programmes",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("short", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("rank", sa.SmallInteger(), nullable=False),
        sa.Column("applicants", sa.Text(), nullable=False),
        sa.Column("certificate", sa.Text(), nullable=True),
        sa.Column("policy", sa.Text(), nullable=True),
        sa.Column("once_a_year", sa.Boolean(), nullable=False),
        sa.Column("yearly", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("basis", sa.Text(), server_default="", nullable=False),
        sa.Column("source", sa.Text(), server_default="", nullable=False),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column("materials", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("field_checks", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.CheckConstraint("kind IN ('notice', 'statutory', 'statistics')", name=op.f("ck_programmes_kind")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_programmes")),
    )
    op.create_table(
        "filing_windows",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("batch", sa.SmallInteger(), nullable=False),
        sa.Column("label", sa.Text(), server_default="", nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("month", sa.SmallInteger(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        *dates(),
        sa.CheckConstraint(STATES, name=op.f("ck_filing_windows_state")),
        sa.CheckConstraint("month BETWEEN 1 AND 12", name=op.f("ck_filing_windows_month")),
        sa.ForeignKeyConstraint(
            ["programme"], ["programmes.code"], name=op.f("fk_filing_windows_programme_programmes")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_filing_windows")),
        sa.UniqueConstraint(
            "programme", "year", "batch", "region", name=op.f("uq_filing_windows_programme_year_batch_region")
        ),
    )
    op.create_index("ix_filing_windows_year", "filing_windows", ["year", "programme", "batch"])
    op.create_table(
        "window_versions",
        sa.Column("window_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        *dates(),
        sa.CheckConstraint(STATES, name=op.f("ck_window_versions_state")),
        sa.CheckConstraint(
            "change IN ('laid_out', 'confirmed', 'extended', 'corrected', 'closed', 'withdrawn')",
            name=op.f("ck_window_versions_change"),
        ),
        sa.ForeignKeyConstraint(
            ["window_id"], ["filing_windows.id"], name=op.f("fk_window_versions_window_id_filing_windows")
        ),
        sa.PrimaryKeyConstraint("window_id", "version", name=op.f("pk_window_versions")),
    )
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON window_versions "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("window_versions")
    op.drop_table("filing_windows")
    op.drop_table("programmes")
