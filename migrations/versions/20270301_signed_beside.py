"""the telephone that a firm gives in its own form is kept sealed in what it types, and beside what it has signed, where
it can be sealed anew and erased: what was signed holds a digest of it"""

import hashlib
import secrets
import uuid
from collections.abc import Sequence
from typing import Any

import orjson
import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.dialects.postgresql import JSONB

from app.commands.migrate import keys_given
from app.sealed import place_of, seal
from app.vault import Vault

revision: str = "0375_signed_beside"
down_revision: str | None = "0381_account_last_day"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_BATCH = 500
_PHONE = "tenant.phone"
_NUMBER = f'"{_PHONE}"[0] ? (@ != "")'
_HOLDING = {
    "submission_sections": f"jsonb_path_exists(answers, '$.{_NUMBER}')",
    "submission_rounds": f"jsonb_path_exists(answers, '$.*.{_NUMBER}') AND reached = '{{}}'",
}
_ROWS = {"submission_sections": ("section", sa.Text(), ""), "submission_rounds": ("round", sa.SmallInteger(), -1)}
_CHECKS = {
    "phone_sealed": ("submission_sections", "answers", f'$."{_PHONE}"[0] ? (@ != "" && !(@ starts with "sealed:"))'),
    "phone_beside": ("submission_rounds", "answers", f'$.*."{_PHONE}"[0] ? (@ != "" && !(@ starts with "signed:"))'),
    "reached_sealed": ("submission_rounds", "reached", '$.*[*] ? (!(@ starts with "sealed:"))'),
}
_STAYS = "OLD.answers, OLD.figures, OLD.explanations, OLD.number, OLD.submitted_at, OLD.submitter_name"
_REFUSE = """
CREATE OR REPLACE FUNCTION refuse_signed_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF ({old}) IS DISTINCT FROM ({new}) {more}
  THEN RAISE EXCEPTION 'what was signed is append-only'; END IF;
  RETURN NEW;
END $$
"""
# What lies beside it may be sealed anew or go; what is not there does not come.
_NOTHING_COMES = "OR EXISTS (SELECT FROM jsonb_object_keys(NEW.reached) k WHERE NOT OLD.reached ? k)"


def upgrade() -> None:
    # A migration that cannot get its lock quickly gives up, instead of queueing every request behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    for column in ("reached", "printed"):
        op.add_column("submission_rounds", sa.Column(column, JSONB(), server_default=sa.text("'{}'"), nullable=False))
    if _something():
        seal_all(keys_given(op.get_bind(), context.config.attributes))
    for name, (table, column, opened) in _CHECKS.items():
        op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, f"NOT jsonb_path_exists({column}, '{opened}')")
    _refuse(f"{_STAYS}, OLD.printed", _NOTHING_COMES)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    if _something() or op.get_bind().execute(sa.text(_SIGNED)).scalar_one():
        raise RuntimeError("联系方式已经加密，不能退回到不加密的版本：请恢复升级前的备份。")
    _refuse(_STAYS, "")
    for name, (table, _, _) in _CHECKS.items():
        op.drop_constraint(op.f(f"ck_{table}_{name}"), table)
    for column in ("reached", "printed"):
        op.drop_column("submission_rounds", column)


_SIGNED = f"SELECT EXISTS (SELECT FROM submission_rounds WHERE jsonb_path_exists(answers, '$.*.{_NUMBER}'))"  # noqa: S608


def _refuse(old: str, more: str) -> None:
    op.execute(_REFUSE.format(old=old, new=old.replace("OLD.", "NEW."), more=more))


def _something() -> bool:
    asked = " OR ".join(f"EXISTS (SELECT FROM {table} WHERE {holding})" for table, holding in _HOLDING.items())
    return bool(op.get_bind().execute(sa.text(f"SELECT {asked}")).scalar_one())  # noqa: S608  # our own names


def seal_all(vault: Vault) -> None:
    def typed(row: Any) -> dict[str, Any]:
        number, *more = row.answers[_PHONE]
        mine = place_of(number) == ("submissions.phone", str(row.id))
        sealed = number if mine else seal(vault, "submissions.phone", row.id, number)
        return {"answers": {**row.answers, _PHONE: [sealed, *more]}}

    def signed(row: Any) -> dict[str, Any]:
        answers, beside = dict(row.answers), {}
        for section, page in row.answers.items():
            if (given := page.get(_PHONE)) and given[0]:
                salt, place = secrets.token_hex(16), f"{row.id}/{row.part}"
                digest = hashlib.sha256(f"{salt}:{given[0]}".encode()).hexdigest()
                answers[section] = {**page, _PHONE: [f"signed:{digest}", *given[1:]]}
                sealed = ("phone", given[0]), ("salt", salt)
                beside[_PHONE] = [seal(vault, f"submission_rounds.{c}", place, said) for c, said in sealed]
        codes = {_code(row.number, answers, row.figures): _code(row.number, row.answers, row.figures)}
        return {"answers": answers, "reached": beside, "printed": codes}

    _each("submission_sections", typed)
    op.execute("ALTER TABLE submission_rounds DISABLE TRIGGER signed_stays")
    _each("submission_rounds", signed)
    op.execute("ALTER TABLE submission_rounds ENABLE TRIGGER signed_stays")


def _code(number: str, answers: Any, figures: Any) -> str:
    """As receipts have it printed."""
    said = {"number": number, "answers": answers, "figures": figures}
    digest = hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()[:12].upper()
    return "-".join(digest[at : at + 4] for at in (0, 4, 8))


def _each(table: str, change: Any) -> None:
    """Every row that holds something, in the order of its keys."""
    part, kind, first = _ROWS[table]
    more = ", number, figures" if part == "round" else ""
    query = sa.text(
        f"SELECT submission_id AS id, {part} AS part, answers{more} FROM {table} WHERE {_HOLDING[table]} "  # noqa: S608
        f"AND (submission_id, {part}) > (:id, :part) ORDER BY submission_id, {part} LIMIT :most"
    ).bindparams(sa.bindparam("id", type_=sa.Uuid()), sa.bindparam("part", type_=kind))
    after: dict[str, Any] = {"id": uuid.UUID(int=0), "part": first}
    while rows := op.get_bind().execute(query, {**after, "most": _BATCH}).all():
        changed = [(row, change(row)) for row in rows]
        put = ", ".join(f"{name} = :{name}" for name in changed[0][1])
        write = f"UPDATE {table} SET {put} WHERE submission_id = :id AND {part} = :part"  # noqa: S608
        types = {"id": sa.Uuid(), "part": kind, **dict.fromkeys(changed[0][1], JSONB())}
        given = sa.text(write).bindparams(*(sa.bindparam(name, type_=its) for name, its in types.items()))
        op.get_bind().execute(given, [{**fresh, "id": row.id, "part": row.part} for row, fresh in changed])
        after = {"id": rows[-1].id, "part": rows[-1].part}
