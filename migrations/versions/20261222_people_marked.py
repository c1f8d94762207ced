"""the lines of a firm's search document that say something of a person are marked, so that they can be left out"""

from collections.abc import Sequence

from alembic import op

revision: str = "0241_people_marked"
down_revision: str | None = "0210_bulk_acts"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_PHONE, _NAME = (
    rf"lower(regexp_replace(normalize(c.{column}, NFKC), '[\W_]', '', 'g'))" for column in ("phone", "name")
)
# Each line that is a contact's name or number gets its mark; a name of two or three letters is no line of anything else.
_MARK = f"""
UPDATE firms f SET search_text = (
  SELECT string_agg(CASE
    WHEN n > 3 AND line IN (SELECT {_PHONE} FROM contacts c WHERE c.firm_id = f.id) THEN '☎' || line
    WHEN n > 3 AND line IN (SELECT {_NAME} FROM contacts c WHERE c.firm_id = f.id) THEN '☺' || line
    ELSE line END, E'\\n' ORDER BY n)
  FROM string_to_table(f.search_text, E'\\n') WITH ORDINALITY AS t (line, n)
) WHERE EXISTS (SELECT FROM contacts c WHERE c.firm_id = f.id) AND f.search_text <> ''
"""  # noqa: S608


def upgrade() -> None:
    # A migration that cannot get its lock quickly gives up, instead of queueing every request behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(_MARK)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(r"UPDATE firms SET search_text = translate(search_text, '☎☺', '') WHERE search_text ~ '[☎☺]'")
