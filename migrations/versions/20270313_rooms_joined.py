"""which room a row was joined into, so that its name still finds it"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0420_rooms_joined"
down_revision: str | None = "0410_returned_values"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    # A migration that cannot get its lock quickly gives up, instead of queueing every request behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("carrier_spaces", sa.Column("joined_into", sa.Uuid()))
    op.create_foreign_key(
        op.f("fk_carrier_spaces_joined_into"), "carrier_spaces", "carrier_spaces", ["joined_into"], ["id"]
    )
    # Of those joined before, the trail says into which, by its name; of one that was renamed since nobody does.
    op.execute(
        """
        UPDATE carrier_spaces gone SET joined_into = kept.id
        FROM audit_events e, carrier_spaces kept
        WHERE e.action = 'carrier:space:joined' AND e.object_id = gone.carrier_id::text AND e.at = gone.closed_at
          AND kept.carrier_id = gone.carrier_id AND kept.id <> gone.id AND kept.created_at <= gone.created_at
          AND e.after ->> 'into' = concat_ws(' ', nullif(kept.building, ''),
            nullif(CASE WHEN kept.floor ~ '^[0-9]+$' THEN kept.floor || '层' ELSE kept.floor END, ''), kept.room)
          AND e.after ->> 'place' = concat_ws(' ', nullif(gone.building, ''),
            nullif(CASE WHEN gone.floor ~ '^[0-9]+$' THEN gone.floor || '层' ELSE gone.floor END, ''), gone.room)
        """
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_constraint(op.f("fk_carrier_spaces_joined_into"), "carrier_spaces", type_="foreignkey")
    op.drop_column("carrier_spaces", "joined_into")
