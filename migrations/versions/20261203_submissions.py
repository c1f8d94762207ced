"""yearly forms: their versions, what firms fill in page by page, and what was handed in"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0041_submissions"
down_revision: str | None = "0021_agenda"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_EMPTY, _NONE = sa.text("'{}'"), sa.text("'[]'")


def _person(table: str, column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], ["users.id"], name=op.f(f"fk_{table}_{column}_users"), ondelete="SET NULL")


def _submission(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_submission_id_submissions")
    return sa.ForeignKeyConstraint(["submission_id"], ["submissions.id"], name=name, ondelete="CASCADE")


def _forms() -> None:
    op.create_table(
        "form_versions",
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("form", "version", name=op.f("pk_form_versions")),
    )


def _submissions() -> None:
    op.create_table(
        "submissions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("firm_id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("form_version", sa.SmallInteger(), nullable=False),
        sa.Column("state", sa.Text(), server_default="draft", nullable=False),
        sa.Column("round", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("explanations", postgresql.JSONB(), server_default=_EMPTY, nullable=False),
        sa.Column("open_questions", postgresql.JSONB(), server_default=_NONE, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('draft', 'submitted', 'returned', 'accepted')", name=op.f("ck_submissions_state")
        ),
        sa.CheckConstraint("year BETWEEN 1990 AND 2100", name=op.f("ck_submissions_year")),
        sa.ForeignKeyConstraint(
            ["firm_id"], ["firms.id"], name=op.f("fk_submissions_firm_id_firms"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["form", "form_version"],
            ["form_versions.form", "form_versions.version"],
            name=op.f("fk_submissions_form_form_version_form_versions"),
        ),
        _person("submissions", "created_by"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submissions")),
        sa.UniqueConstraint("firm_id", "year", "form", name=op.f("uq_submissions_firm_id_year_form")),
    )
    op.create_index(
        "ix_submissions_waiting",
        "submissions",
        ["submitted_at", "id"],
        postgresql_where=sa.text("state = 'submitted'"),
    )


def _sections() -> None:
    op.create_table(
        "submission_sections",
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("section", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("answers", postgresql.JSONB(), server_default=_EMPTY, nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("saver_name", sa.Text(), server_default="", nullable=False),
        _submission("submission_sections"),
        sa.PrimaryKeyConstraint("submission_id", "section", name=op.f("pk_submission_sections")),
    )
    op.create_table(
        "section_editors",
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("section", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        _submission("section_editors"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_section_editors_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("submission_id", "section", "user_id", name=op.f("pk_section_editors")),
    )


def _rounds() -> None:
    op.create_table(
        "submission_rounds",
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("round", sa.SmallInteger(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="submitted", nullable=False),
        sa.Column("answers", postgresql.JSONB(), nullable=False),
        sa.Column("figures", postgresql.JSONB(), nullable=False),
        sa.Column("explanations", postgresql.JSONB(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_by", sa.Uuid(), nullable=True),
        sa.Column("submitter_name", sa.Text(), nullable=False),
        sa.Column("comments", postgresql.JSONB(), server_default=_EMPTY, nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decider_name", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("state IN ('submitted', 'returned', 'accepted')", name=op.f("ck_submission_rounds_state")),
        sa.CheckConstraint("(state = 'submitted') = (decided_at IS NULL)", name=op.f("ck_submission_rounds_decided")),
        _submission("submission_rounds"),
        _person("submission_rounds", "submitted_by"),
        _person("submission_rounds", "decided_by"),
        sa.PrimaryKeyConstraint("submission_id", "round", name=op.f("pk_submission_rounds")),
        sa.UniqueConstraint("number", name=op.f("uq_submission_rounds_number")),
    )
    # What was signed stays as it was signed, whoever has the database open.
    op.execute(
        """
        CREATE FUNCTION refuse_signed_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF (OLD.answers, OLD.figures, OLD.explanations, OLD.number, OLD.submitted_at, OLD.submitter_name)
             IS DISTINCT FROM (NEW.answers, NEW.figures, NEW.explanations, NEW.number, NEW.submitted_at, NEW.submitter_name)
          THEN RAISE EXCEPTION 'what was signed is append-only'; END IF;
          RETURN NEW;
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER signed_stays BEFORE UPDATE ON submission_rounds "
        "FOR EACH ROW EXECUTE FUNCTION refuse_signed_change()"
    )


def upgrade() -> None:
    # A migration that cannot get its lock quickly gives up, instead of queueing every request behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    _forms()
    _submissions()
    _sections()
    _rounds()


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("submission_rounds")
    op.execute("DROP FUNCTION refuse_signed_change()")
    op.drop_table("section_editors")
    op.drop_table("submission_sections")
    op.drop_table("submissions")
    op.drop_table("form_versions")
