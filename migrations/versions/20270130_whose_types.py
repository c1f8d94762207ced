"""what runs as the tables' owner names its types in full: a temporary type of the caller's own is found before them"""

import re
from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0290_whose_types"
down_revision: str | None = "0261_carrier_lists"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# Asked row by row: a path of their own would be set and unset each time, which a name in full is not.
_DECLARING = ("sees_beside(uuid)", "sees_firm(uuid)", "sees_carrier(uuid)")
_LOOK_AS = "look_as(text, text, uuid, uuid, boolean)"
_TYPE = re.compile(r"(?<![.\w])(text|uuid)(?= :=)")


def _defined(signature: str) -> str:
    found = sa.text("SELECT pg_get_functiondef(CAST(:signature AS regprocedure))")
    body: str = op.get_bind().execute(found, {"signature": f"public.{signature}"}).scalar_one()
    return body


def upgrade() -> None:
    # A migration that cannot get its lock quickly gives up, instead of queueing every request behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    for signature in _DECLARING:
        op.get_bind().exec_driver_sql(_TYPE.sub(r"pg_catalog.\1", _defined(signature)))
    op.execute(f"ALTER FUNCTION public.{_LOOK_AS} SET search_path = pg_catalog, pg_temp")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(f"ALTER FUNCTION public.{_LOOK_AS} RESET search_path")
    for signature in _DECLARING:
        op.get_bind().exec_driver_sql(_defined(signature).replace("pg_catalog.", ""))
