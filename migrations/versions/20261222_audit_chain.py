"""the trail is numbered and sealed, and nothing of it goes before its time"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0240_audit_chain"
down_revision: str | None = "0215_firm_follows"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# Six months of the calendar have 181 to 184 days (网络安全法, 网络日志留存不少于六个月).
REFUSE_EARLY_REMOVAL = """
CREATE FUNCTION refuse_early_removal() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  last bigint;
BEGIN
  SELECT max(number) INTO last FROM gone;
  IF last IS NOT NULL AND NOT EXISTS (
    SELECT FROM audit_events e JOIN audit_seals s ON s.number::text = e.after ->> 'seal'
    WHERE e.action = 'audit:trail:removed' AND s.through >= last AND s.sealed_at <= e.at - interval '184 days'
  ) THEN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NULL;
END $$
"""


def upgrade() -> None:
    # A migration that cannot get its lock quickly gives up, instead of queueing every request behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("CREATE SEQUENCE audit_events_number")
    op.execute(
        "ALTER TABLE audit_events ADD COLUMN number bigint NOT NULL "
        "DEFAULT CASE WHEN pg_current_xact_id() IS NOT NULL THEN nextval('audit_events_number') END"
    )
    op.execute("ALTER SEQUENCE audit_events_number OWNED BY audit_events.number")
    op.create_index("uq_audit_events_number", "audit_events", ["number"], unique=True)
    op.create_table(
        "audit_seals",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("through", sa.BigInteger(), nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("digests", sa.LargeBinary(), nullable=False),
        sa.Column("former", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit_seals")),
    )
    op.execute(REFUSE_EARLY_REMOVAL)
    op.execute("DROP TRIGGER append_only ON audit_events")
    _append_only("audit_events", "UPDATE OR TRUNCATE")
    _append_only("audit_seals", "UPDATE OR DELETE OR TRUNCATE")
    op.execute(
        "CREATE TRIGGER kept_long_enough AFTER DELETE ON audit_events REFERENCING OLD TABLE AS gone "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_early_removal()"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP TRIGGER kept_long_enough ON audit_events")
    op.execute("DROP TRIGGER append_only ON audit_events")
    _append_only("audit_events", "UPDATE OR DELETE OR TRUNCATE")
    op.execute("DROP FUNCTION refuse_early_removal()")
    op.drop_table("audit_seals")
    op.drop_index("uq_audit_events_number", table_name="audit_events")
    op.drop_column("audit_events", "number")


def _append_only(table: str, acts: str) -> None:
    op.execute(
        f"CREATE TRIGGER append_only BEFORE {acts} ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
