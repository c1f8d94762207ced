"""facts: yearly reports, statements, rights, and who has changed since the last assessment"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0006_facts"
down_revision: str | None = "0005_filings"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# Whoever writes a fact need not remember the assessments: the tables do. Statement by statement, so that a roster of
# thousands fires once.
NOTE_FIRMS = """
CREATE FUNCTION note_changed_firms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    INSERT INTO changed_firms (firm_id)
    SELECT DISTINCT r.firm_id FROM old_rows r JOIN firms f ON f.id = r.firm_id ORDER BY 1
    ON CONFLICT (firm_id) DO NOTHING;
  ELSE
    INSERT INTO changed_firms (firm_id) SELECT DISTINCT firm_id FROM new_rows ORDER BY 1
    ON CONFLICT (firm_id) DO NOTHING;
  END IF;
  RETURN NULL;
END $$
"""
NOTE_REGISTERED = """
CREATE FUNCTION note_registered_firms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO changed_firms (firm_id) SELECT id FROM new_rows ORDER BY 1 ON CONFLICT (firm_id) DO NOTHING;
  RETURN NULL;
END $$
"""
# Only what a policy reads: a move or a note changes nobody's answers, and must not pay for asking.
_READ = (
    *("registered_on", "region_code", "status", "industry_code", "high_tech_field", "size_class"),
    "above_designated_size",
)
NOTE_EDITED = """
CREATE FUNCTION note_edited_firm() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO changed_firms (firm_id) VALUES (NEW.id) ON CONFLICT (firm_id) DO NOTHING;
  RETURN NULL;
END $$
"""
_TABLES = ("certificates", "ip_rights", "yearly_reports", "firm_statements")


def _person(table: str, column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], ["users.id"], name=op.f(f"fk_{table}_{column}_users"), ondelete="SET NULL")


def _firm(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["firm_id"], ["firms.id"], name=op.f(f"fk_{table}_firm_id_firms"), ondelete="CASCADE"
    )


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "yearly_reports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("firm_id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("figures", postgresql.JSONB(), nullable=False),
        sa.Column("source", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("submitted_by", sa.Uuid(), nullable=True),
        sa.Column("submitter_name", sa.Text(), server_default="", nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decider_name", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(
            "state IN ('draft', 'submitted', 'returned', 'accepted')", name=op.f("ck_yearly_reports_state")
        ),
        sa.CheckConstraint("year BETWEEN 1990 AND 2100", name=op.f("ck_yearly_reports_year")),
        sa.CheckConstraint("jsonb_typeof(figures) = 'object'", name=op.f("ck_yearly_reports_figures")),
        _firm("yearly_reports"),
        _person("yearly_reports", "submitted_by"),
        _person("yearly_reports", "decided_by"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_yearly_reports")),
        sa.UniqueConstraint("firm_id", "year", "version", name=op.f("uq_yearly_reports_firm_id_year_version")),
    )
    op.create_index(
        "ix_yearly_reports_counted",
        "yearly_reports",
        ["firm_id", "year", sa.text("version DESC")],
        postgresql_where=sa.text("state IN ('submitted', 'accepted')"),
    )
    op.create_table(
        "firm_statements",
        sa.Column("firm_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("body", postgresql.JSONB(), nullable=False),
        sa.Column("true_on", sa.Date(), nullable=False),
        sa.Column("source", sa.Text(), server_default="", nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('records', 'standing', 'standards_led', 'science_awards', 'rd_institutions', 'platforms', "
            "'competition_awards', 'judgements')",
            name=op.f("ck_firm_statements_kind"),
        ),
        _firm("firm_statements"),
        _person("firm_statements", "recorded_by"),
        sa.PrimaryKeyConstraint("firm_id", "kind", name=op.f("pk_firm_statements")),
    )
    op.create_table(
        "ip_rights",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("firm_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("obtained_by", sa.Text(), nullable=True),
        sa.Column("granted_on", sa.Date(), nullable=True),
        sa.Column("in_force", sa.Boolean(), nullable=True),
        sa.Column("used_in_hnte_year", sa.SmallInteger(), nullable=True),
        sa.Column("source", sa.Text(), server_default="", nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('invention_patent', 'plant_variety', 'national_crop_variety', 'national_new_drug', "
            "'national_tcm_protection', 'ic_layout', 'utility_model', 'design_patent', 'software_copyright')",
            name=op.f("ck_ip_rights_kind"),
        ),
        sa.CheckConstraint(
            "obtained_by IN ('self_developed', 'assigned', 'gifted', 'acquired')", name=op.f("ck_ip_rights_obtained_by")
        ),
        _firm("ip_rights"),
        _person("ip_rights", "recorded_by"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ip_rights")),
        sa.UniqueConstraint("firm_id", "kind", "number", name=op.f("uq_ip_rights_firm_id_kind_number")),
    )
    for body in (NOTE_FIRMS, NOTE_REGISTERED, NOTE_EDITED):
        op.execute(body)
    op.execute(
        "CREATE TRIGGER note_registered AFTER INSERT ON firms REFERENCING NEW TABLE AS new_rows "
        "FOR EACH STATEMENT EXECUTE FUNCTION note_registered_firms()"
    )
    old, new = (", ".join(f"{row}.{column}" for column in _READ) for row in ("OLD", "NEW"))
    op.execute(
        f"CREATE TRIGGER note_edited AFTER UPDATE OF {', '.join(_READ)} ON firms FOR EACH ROW "
        f"WHEN (({old}) IS DISTINCT FROM ({new})) EXECUTE FUNCTION note_edited_firm()"
    )
    for table in _TABLES:
        for event, tables in (
            ("INSERT", "NEW TABLE AS new_rows"),
            ("UPDATE", "NEW TABLE AS new_rows"),
            ("DELETE", "OLD TABLE AS old_rows"),
        ):
            op.execute(
                f"CREATE TRIGGER note_{event.lower()} AFTER {event} ON {table} REFERENCING {tables} "
                "FOR EACH STATEMENT EXECUTE FUNCTION note_changed_firms()"
            )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for event in ("insert", "update", "delete"):
        op.execute(f"DROP TRIGGER note_{event} ON certificates")
    op.execute("DROP TRIGGER note_edited ON firms")
    op.execute("DROP TRIGGER note_registered ON firms")
    for table in ("ip_rights", "firm_statements", "yearly_reports"):
        op.drop_table(table)
    for function in ("note_edited_firm", "note_registered_firms", "note_changed_firms"):
        op.execute(f"DROP FUNCTION {function}()")
