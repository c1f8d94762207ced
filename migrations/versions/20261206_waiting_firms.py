"""a firm that waits already is held by whoever changes it again, so that it is not judged by the facts before"""

from collections.abc import Sequence

from alembic import op

revision: str = "0050_waiting_firms"
down_revision: str | None = "0041_submissions"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_LEFT = "ON CONFLICT (firm_id) DO NOTHING"
# Writes what is there already: only the lock counts. The worker passes over what is locked and takes it once the
# change is committed; without the lock it judged the firm by the old facts and struck it off the list.
_HELD = "ON CONFLICT (firm_id) DO UPDATE SET at = changed_firms.at"


def _functions(conflict: str) -> None:
    op.execute(
        f"""
CREATE OR REPLACE FUNCTION note_changed_firms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    INSERT INTO changed_firms (firm_id)
    SELECT DISTINCT r.firm_id FROM old_rows r JOIN firms f ON f.id = r.firm_id ORDER BY 1
    {conflict};
  ELSE
    INSERT INTO changed_firms (firm_id) SELECT DISTINCT firm_id FROM new_rows ORDER BY 1
    {conflict};
  END IF;
  RETURN NULL;
END $$
"""  # noqa: S608 - a clause of our own
    )
    op.execute(
        f"""
CREATE OR REPLACE FUNCTION note_edited_firm() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO changed_firms (firm_id) VALUES (NEW.id) {conflict};
  RETURN NULL;
END $$
"""  # noqa: S608 - a clause of our own
    )


def upgrade() -> None:
    # A migration that cannot get its lock quickly gives up, instead of queueing every request behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    _functions(_HELD)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _functions(_LEFT)
