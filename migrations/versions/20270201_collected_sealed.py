"""whom a firm names when it asks for a place, and the telephones that tenants give with their figures, are kept sealed:
in the answer, its versions and the closed forms"""

import uuid
from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.dialects.postgresql import JSONB

from app.commands.migrate import keys_given
from app.sealed import place_of, seal
from app.vault import Vault

revision: str = "0315_collected_sealed"
down_revision: str | None = "0256_accounts_sealed"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_BATCH = 500
_PHONE, _HEAD = "tenant.phone", "26 电话"
_GIVEN = f"coalesce(figures ->> '{_PHONE}', '')"
# The telephone is the last column of the tenants' form.
_CELLS = f'$ ? (@.head[last] == "{_HEAD}").rows[*][last]'
_LIES_OPEN = f'{_CELLS} ? (@ != "" && !(@ starts with "sealed:"))'
_HOLDING = {
    "entry_applications": "contact <> ''",
    "collection_answers": f"{_GIVEN} <> ''",
    "collection_versions": f"{_GIVEN} <> ''",
    "collection_rounds": f"jsonb_path_exists(frozen, '{_CELLS} ? (@ != \"\")')",
}
_CHECKS = {
    "entry_applications": ("contact_sealed", "contact = '' OR starts_with(contact, 'sealed:')"),
    "collection_answers": ("phone_sealed", f"{_GIVEN} = '' OR starts_with(figures ->> '{_PHONE}', 'sealed:')"),
    "collection_versions": ("phone_sealed", f"{_GIVEN} = '' OR starts_with(figures ->> '{_PHONE}', 'sealed:')"),
    "collection_rounds": ("frozen_sealed", f"NOT jsonb_path_exists(frozen, '{_LIES_OPEN}')"),
}


def upgrade() -> None:
    # A migration that cannot get its lock quickly gives up, instead of queueing every request behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    if _something():
        _seal_all(keys_given(op.get_bind(), context.config.attributes))
    for table, (name, condition) in _CHECKS.items():
        op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, condition)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    if _something():
        raise RuntimeError("联系方式已经加密，不能退回到不加密的版本：请恢复升级前的备份。")
    for table, (name, _) in _CHECKS.items():
        op.drop_constraint(op.f(f"ck_{table}_{name}"), table)


def _something() -> bool:
    asked = " OR ".join(f"EXISTS (SELECT FROM {table} WHERE {holding})" for table, holding in _HOLDING.items())
    return bool(op.get_bind().execute(sa.text(f"SELECT {asked}")).scalar_one())  # noqa: S608  # our own names


def _seal_all(vault: Vault) -> None:
    def contact(row: Any) -> Any:
        return _once(vault, "entry_applications.contact", row.id, row.kept)

    def answer(row: Any) -> Any:
        return _figures(vault, row.id, row.kept)

    def form(row: Any) -> Any:
        return _form(vault, row.id, row.kept)

    _each("entry_applications", ("id",), "contact", contact)
    _each("collection_answers", ("id",), "figures", answer)
    _each("collection_versions", ("answer_id", "version"), "figures", answer)
    _each("collection_rounds", ("id",), "frozen", form)


def _each(table: str, keys: Sequence[str], column: str, change: Callable[[Any], Any]) -> None:
    """Every row that holds something, in the order of its keys, the first of which is an id."""
    types = {"id": sa.Uuid(), "answer_id": sa.Uuid(), "contact": sa.Text()}
    names = ", ".join(keys)
    query = sa.text(
        f"SELECT {keys[0]} AS id, {names}, {column} AS kept FROM {table} WHERE {_HOLDING[table]} "  # noqa: S608
        f"AND ({names}) > ({', '.join(f':after_{key}' for key in keys)}) ORDER BY {names} LIMIT :most"
    ).bindparams(*(sa.bindparam(f"after_{key}", type_=types.get(key, sa.Integer())) for key in keys))
    mine = " AND ".join(f"{key} = :{key}" for key in keys)
    write = sa.text(f"UPDATE {table} SET {column} = :kept WHERE {mine}").bindparams(  # noqa: S608
        sa.bindparam("kept", type_=types.get(column, JSONB()))
    )
    after = {f"after_{key}": uuid.UUID(int=0) if key in types else -1 for key in keys}
    while rows := op.get_bind().execute(query, {**after, "most": _BATCH}).all():
        changed = [{**{key: getattr(row, key) for key in keys}, "kept": change(row)} for row in rows]
        op.get_bind().execute(write, changed)
        after = {f"after_{key}": getattr(rows[-1], key) for key in keys}


def _once(vault: Vault, column: str, row: object, said: str) -> str:
    return said if place_of(said) == (column, str(row)) else seal(vault, column, row, said)


def _figures(vault: Vault, answer_id: uuid.UUID, figures: dict[str, Any]) -> dict[str, Any]:
    return {**figures, _PHONE: _once(vault, "collection_answers.phone", answer_id, str(figures[_PHONE]))}


def _form(vault: Vault, round_id: uuid.UUID, form: dict[str, Any]) -> dict[str, Any]:
    head, rows = form.get("head") or [], form.get("rows") or []
    if _HEAD not in head:
        return form
    place = head.index(_HEAD)
    for n, row in enumerate(rows):
        row[place] = _once(vault, "collection_rounds.phone", f"{round_id}/{n}", row[place])
    return {**form, "rows": rows}
