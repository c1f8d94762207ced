"""addresses and telephones of accounts, of who asks for one, and of carriers are kept sealed, as contacts' are"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import context, op

from app.commands.migrate import keys_given
from app.sealed import seal

revision: str = "0256_accounts_sealed"
down_revision: str | None = "0255_contacts_sealed"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_COLUMNS = (
    ("users", "email"),
    ("clerk_requests", "email"),
    ("clerk_requests", "phone"),
    ("clerk_invitations", "email"),
    ("carriers", "contact_phone"),
)
_ANY = " OR ".join(f"EXISTS (SELECT FROM {table} WHERE {column} <> '')" for table, column in _COLUMNS)
_WAITING, _MARK = sa.text("state = 'waiting'"), sa.text("split_part(split_part(email, ':', 5), '.', 1)")


def upgrade() -> None:
    # A migration that cannot get its lock quickly gives up, instead of queueing every request behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("uq_clerk_requests_waiting", table_name="clerk_requests")
    if op.get_bind().execute(sa.text(f"SELECT {_ANY}")).scalar_one():  # noqa: S608  # our own names
        vault = keys_given(op.get_bind(), context.config.attributes)
        for table, column in _COLUMNS:
            lies = f"SELECT id, {column} AS said FROM {table} WHERE {column} <> ''"  # noqa: S608
            found = op.get_bind().execute(sa.text(lies)).all()
            write = sa.text(f"UPDATE {table} SET {column} = :said WHERE id = :id")  # noqa: S608
            rows = [{"id": row.id, "said": seal(vault, f"{table}.{column}", row.id, row.said)} for row in found]
            if rows:
                op.get_bind().execute(write, rows)
    for table, column in _COLUMNS:
        condition = f"{column} = '' OR starts_with({column}, 'sealed:')"
        op.create_check_constraint(op.f(f"ck_{table}_{column}_sealed"), table, condition)
    op.create_index(
        "uq_clerk_requests_waiting", "clerk_requests", ["uscc", _MARK], unique=True, postgresql_where=_WAITING
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    if op.get_bind().execute(sa.text(f"SELECT {_ANY}")).scalar_one():  # noqa: S608
        raise RuntimeError("账号等的联系方式已经加密，不能退回到不加密的版本：请恢复升级前的备份。")
    op.drop_index("uq_clerk_requests_waiting", table_name="clerk_requests")
    for table, column in _COLUMNS:
        op.drop_constraint(op.f(f"ck_{table}_{column}_sealed"), table)
    op.create_index(
        "uq_clerk_requests_waiting", "clerk_requests", ["uscc", "email"], unique=True, postgresql_where=_WAITING
    )
