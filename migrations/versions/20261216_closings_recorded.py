"""when a room's end and a team's registration were recorded, so that an earlier evening's answer stays"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0140_closings_recorded"
down_revision: str | None = "0101_spaces_in_order"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    # A migration that cannot get its lock quickly gives up, instead of queueing every request behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("carrier_spaces", sa.Column("closed_at", sa.DateTime(timezone=True)))
    op.add_column("carrier_teams", sa.Column("linked_at", sa.DateTime(timezone=True)))
    # Of rooms that were closed already nobody knows when it was recorded; of teams their tenancies say it.
    op.execute(
        """
        UPDATE carrier_teams m SET linked_at = (
          SELECT min(e.at) FROM tenancy_events e JOIN tenancies t ON t.id = e.tenancy_id
          WHERE t.team_id = m.id AND e.kind = 'linked')
        WHERE linked_on IS NOT NULL
        """
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_column("carrier_teams", "linked_at")
    op.drop_column("carrier_spaces", "closed_at")
