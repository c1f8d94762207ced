"""whose word it is: of a stay the bureau's beside firm's and carrier's, of a graduate's year each side's own"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0260_whose_word"
down_revision: str | None = "0233_identities"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_KINDS = ("not_there", "not_listed", "address")
# Who wrote what is there the trail says: until now an officer's word stood as the carrier's.
_OFFICERS_OF_STAYS = """
UPDATE stay_disagreements d SET bureau_word = d.carrier_word, carrier_word = ''
FROM firms f
WHERE f.id = d.firm_id AND d.carrier_word <> '' AND (
  SELECT e.actor_role FROM audit_events e
  WHERE e.object_id = d.carrier_id::text AND e.action = 'carrier:disagreement:answered'
    AND e.after ->> 'uscc' = f.uscc AND e.after ->> 'words' = d.carrier_word
  ORDER BY e.at DESC, e.number DESC LIMIT 1) = 'officer'
"""
# What an address showed stood as the firm's word, until the firm spoke over it.
_SHOWN = """
UPDATE stay_disagreements d
SET evidence = coalesce((
  SELECT e.after ->> 'words' FROM audit_events e JOIN firms f ON f.id = d.firm_id
  WHERE e.object_id = d.carrier_id::text AND e.action = 'carrier:disagreement:opened'
    AND e.after ->> 'uscc' = f.uscc AND e.at = d.opened_at LIMIT 1), d.firm_word)
WHERE d.kind = 'address'
"""
_OFFICERS_OF_GRADUATES = """
UPDATE graduate_words w SET speaker = 'bureau'
FROM tenancies t LEFT JOIN carrier_teams m ON m.id = t.team_id JOIN firms f ON f.id = coalesce(t.firm_id, m.firm_id)
WHERE t.id = w.tenancy_id AND (
  SELECT e.actor_role FROM audit_events e
  WHERE e.object_id = t.carrier_id::text AND e.action = 'carrier:graduate:noted'
    AND e.after ->> 'uscc' = f.uscc AND e.after ->> 'nth' = w.nth::text
  ORDER BY e.at DESC, e.number DESC LIMIT 1) = 'officer'
"""


def _kinds(*words: str) -> None:
    name = op.f("ck_stay_disagreements_kind")
    op.drop_constraint(name, "stay_disagreements", type_="check")
    listed = ", ".join(f"'{word}'" for word in words)
    op.create_check_constraint(name, "stay_disagreements", f"kind IN ({listed})")


def upgrade() -> None:
    # A migration that cannot get its lock quickly gives up, instead of queueing every request behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    _kinds(*_KINDS, "gone")
    op.add_column("stay_disagreements", sa.Column("bureau_word", sa.Text(), server_default="", nullable=False))
    op.add_column("stay_disagreements", sa.Column("evidence", sa.Text(), server_default="", nullable=False))
    op.execute(_SHOWN)
    op.execute("UPDATE stay_disagreements SET firm_word = '' WHERE kind = 'address' AND firm_word = evidence")
    op.add_column("stay_disagreements", sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    op.execute(_OFFICERS_OF_STAYS)
    op.add_column("graduate_words", sa.Column("speaker", sa.Text(), server_default="carrier", nullable=False))
    op.add_column("graduate_words", sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    op.execute(_OFFICERS_OF_GRADUATES)
    op.alter_column("graduate_words", "speaker", server_default=None)
    op.create_check_constraint(
        op.f("ck_graduate_words_speaker"), "graduate_words", "speaker IN ('firm', 'carrier', 'bureau')"
    )
    op.drop_constraint(op.f("pk_graduate_words"), "graduate_words", type_="primary")
    op.create_primary_key(op.f("pk_graduate_words"), "graduate_words", ["tenancy_id", "nth", "speaker"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # One word a year again: the bureau's before the carrier's before the firm's.
    op.execute(
        "DELETE FROM graduate_words w USING graduate_words o "
        "WHERE (o.tenancy_id, o.nth) = (w.tenancy_id, w.nth) AND o.speaker < w.speaker "
    )
    op.drop_constraint(op.f("pk_graduate_words"), "graduate_words", type_="primary")
    op.create_primary_key(op.f("pk_graduate_words"), "graduate_words", ["tenancy_id", "nth"])
    op.drop_column("graduate_words", "version")
    op.drop_column("graduate_words", "speaker")
    op.execute("UPDATE stay_disagreements SET carrier_word = bureau_word WHERE carrier_word = ''")
    op.execute("UPDATE stay_disagreements SET firm_word = evidence WHERE firm_word = ''")
    op.drop_column("stay_disagreements", "evidence")
    op.drop_column("stay_disagreements", "version")
    op.drop_column("stay_disagreements", "bureau_word")
    op.execute("DELETE FROM stay_disagreements WHERE kind = 'gone'")
    _kinds(*_KINDS)
