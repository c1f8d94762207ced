"""telephones and addresses of contacts are kept sealed, with what holds them beside: messages, uploads, before-images,
answers to repeated requests; the search document holds marks of the numbers instead of the numbers"""

import json
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

# The form in which sealed texts are kept is theirs to know, and stays readable for ever.
from app.commands.migrate import keys_given
from app.exchange.hiding import hidden
from app.firms.search import called
from app.sealed import marks_in, seal, whole_marks
from app.text import index_grams
from app.vault import Vault

revision: str = "0255_contacts_sealed"
down_revision: str | None = "0290_whose_types"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_BATCH = 1000
_IDS = sa.bindparam("ids", type_=ARRAY(sa.Uuid()))
_TEXTS = {name: sa.bindparam(name, type_=ARRAY(sa.Text())) for name in ("one", "two")}
_SOMETHING = """SELECT EXISTS (SELECT FROM contacts WHERE phone <> '' OR email <> '')
  OR EXISTS (SELECT FROM channel_choices WHERE phone <> '') OR EXISTS (SELECT FROM import_rows)
  OR EXISTS (SELECT FROM outbox_messages WHERE coalesce(payload ->> 'to', '') <> '')
  OR EXISTS (SELECT FROM idempotency_keys WHERE body IS NOT NULL) OR EXISTS (SELECT FROM firm_merges)
  OR EXISTS (SELECT FROM verified_likenesses WHERE kind = 'phone')"""
_CHECKS = (
    ("contacts", "phone_sealed", "phone = '' OR starts_with(phone, 'sealed:')"),
    ("contacts", "email_sealed", "email = '' OR starts_with(email, 'sealed:')"),
    ("channel_choices", "phone_sealed", "phone = '' OR starts_with(phone, 'sealed:')"),
    (
        "outbox_messages",
        "to_sealed",
        "coalesce(payload ->> 'to', '') = '' OR starts_with(payload ->> 'to', 'sealed:')",
    ),
)


def upgrade() -> None:
    # A migration that cannot get its lock quickly gives up, instead of queueing every request behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    if op.get_bind().execute(sa.text(_SOMETHING)).scalar_one():
        _seal_all(keys_given(op.get_bind(), context.config.attributes))
    for table, name, condition in _CHECKS:
        op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, condition)
    mark = sa.text("split_part(split_part(phone, ':', 5), '.', 1)")
    op.create_index("ix_contacts_phone_mark", "contacts", [mark])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    held = "SELECT EXISTS (SELECT FROM contacts WHERE phone <> '' OR email <> '')"
    if op.get_bind().execute(sa.text(held)).scalar_one():
        raise RuntimeError("联系方式已经加密，不能退回到不加密的版本：请恢复升级前的备份。")
    op.drop_index("ix_contacts_phone_mark", table_name="contacts")
    for table, name, _ in _CHECKS:
        op.drop_constraint(op.f(f"ck_{table}_{name}"), table)


def _seal_all(vault: Vault) -> None:
    _contacts(vault)
    _documents()
    _choices(vault)
    _messages(vault)
    _likenesses(vault)
    _rows(vault)
    _merges(vault)
    _answers(vault)


def _batches(query: str) -> Iterator[list[Any]]:
    """`query` asks for what comes after :after, in the order of its ids."""
    after = uuid.UUID(int=0)
    statement = sa.text(query + " ORDER BY id LIMIT :most").bindparams(sa.bindparam("after", type_=sa.Uuid()))
    while rows := op.get_bind().execute(statement, {"after": after, "most": _BATCH}).all():
        yield list(rows)
        after = rows[-1].id


def _contacts(vault: Vault) -> None:
    write = sa.text(
        "UPDATE contacts c SET phone = n.phone, email = n.email FROM unnest(:ids, :one, :two) AS n (id, phone, email) "
        "WHERE c.id = n.id"
    ).bindparams(_IDS, *_TEXTS.values())
    for rows in _batches("SELECT id, phone, email FROM contacts WHERE id > :after"):
        phones = [seal(vault, "contacts.phone", row.id, row.phone) for row in rows]
        emails = [seal(vault, "contacts.email", row.id, row.email) for row in rows]
        op.get_bind().execute(write, {"ids": [row.id for row in rows], "one": phones, "two": emails})


def _documents() -> None:
    """The lines of numbers go; what was said of people by name stays as it was. The marks are those of the contacts, who
    are sealed by now: in a line, several numbers had run into one."""
    write = sa.text(
        "UPDATE firms f SET search_text = n.written, search_grams = string_to_array(n.grams, E'\\n') "
        "FROM unnest(:ids, :one, :two) AS n (id, written, grams) WHERE f.id = n.id"
    ).bindparams(_IDS, *_TEXTS.values())
    query = (
        "SELECT id, search_text, ARRAY(SELECT c.phone FROM contacts c WHERE c.firm_id = firms.id) AS phones "
        "FROM firms WHERE search_text ~ '(^|\\n)☎' AND id > :after"
    )
    for rows in _batches(query):
        ids, written, grams = [], [], []
        for row in rows:
            kept = [line for line in row.search_text.split("\n") if not line.startswith("☎")]
            ids.append(row.id)
            written.append("\n".join(kept))
            marks = (mark for phone in row.phones for mark in marks_in(phone))
            grams.append("\n".join([*index_grams(kept), *called(marks)]))
        op.get_bind().execute(write, {"ids": ids, "one": written, "two": grams})


def _choices(vault: Vault) -> None:
    found = op.get_bind().execute(sa.text("SELECT id, user_id, phone FROM channel_choices WHERE phone <> ''")).all()
    write = sa.text("UPDATE channel_choices SET phone = :phone WHERE id = :id")
    for row in found:
        phone = seal(vault, "channel_choices.phone", row.user_id, row.phone)
        op.get_bind().execute(write, {"id": row.id, "phone": phone})


def _messages(vault: Vault) -> None:
    write = sa.text(
        "UPDATE outbox_messages m SET payload = jsonb_set(m.payload, '{to}', to_jsonb(n.place)) "
        "FROM unnest(:ids, :one) AS n (id, place) WHERE m.id = n.id"
    ).bindparams(_IDS, _TEXTS["one"])
    query = (
        "SELECT id, payload ->> 'to' AS place FROM outbox_messages "
        "WHERE coalesce(payload ->> 'to', '') <> '' AND id > :after"
    )
    for rows in _batches(query):
        places = [seal(vault, "outbox_messages.to", row.id, row.place) for row in rows]
        op.get_bind().execute(write, {"ids": [row.id for row in rows], "one": places})


def _likenesses(vault: Vault) -> None:
    found = op.get_bind().execute(sa.text("SELECT id, key FROM verified_likenesses WHERE kind = 'phone'")).all()
    write = sa.text("UPDATE verified_likenesses SET key = :key WHERE id = :id")
    for row in found:
        op.get_bind().execute(write, {"id": row.id, "key": whole_marks(vault, row.key)[0]})


def _rows(vault: Vault) -> None:
    batches = list(op.get_bind().execute(sa.text("SELECT id FROM import_batches")).scalars())
    read = sa.text(
        'SELECT row_no, "values", changes, messages, undo FROM import_rows '
        "WHERE batch_id = :batch AND row_no > :after ORDER BY row_no LIMIT :most"
    )
    kept = ("values", "changes", "messages", "undo")
    write = sa.text(
        'UPDATE import_rows SET "values" = :values, changes = :changes, messages = :messages, undo = :undo '
        "WHERE batch_id = :batch AND row_no = :row_no"
    ).bindparams(*(sa.bindparam(name, type_=JSONB(none_as_null=True)) for name in kept))
    for batch in batches:
        after = -1
        while rows := op.get_bind().execute(read, {"batch": batch, "after": after, "most": _BATCH}).mappings().all():
            several = [hidden(vault, batch, {**row, "undo": _images(vault, row["undo"])}) for row in rows]
            op.get_bind().execute(write, [{**row, "batch": batch} for row in several])
            after = rows[-1]["row_no"]


def _merges(vault: Vault) -> None:
    found = op.get_bind().execute(sa.text("SELECT id, record FROM firm_merges")).all()
    write = sa.text("UPDATE firm_merges SET record = :record WHERE id = :id").bindparams(
        sa.bindparam("record", type_=JSONB())
    )
    for row in found:
        op.get_bind().execute(write, {"id": row.id, "record": _images(vault, row.record)})


def _images(vault: Vault, kept: Any) -> Any:
    """Before-images hold a firm's contacts as one text, which is their rows as JSON."""
    if isinstance(kept, list):
        return [_images(vault, item) for item in kept]
    if not isinstance(kept, dict):
        return kept
    done = {name: _images(vault, value) for name, value in kept.items()}
    if isinstance(people := done.get("contacts"), str) and people.startswith("["):
        done["contacts"] = json.dumps([_person(vault, one) for one in json.loads(people)], ensure_ascii=False)
    return done


def _person(vault: Vault, row: dict[str, Any]) -> dict[str, Any]:
    sealed = {name: seal(vault, f"contacts.{name}", row["id"], row.get(name) or "") for name in ("phone", "email")}
    return {**row, **sealed}


def _answers(vault: Vault) -> None:
    found = (
        op.get_bind().execute(sa.text("SELECT user_id, key, body FROM idempotency_keys WHERE body IS NOT NULL")).all()
    )
    write = sa.text("UPDATE idempotency_keys SET body = :body WHERE user_id = :user_id AND key = :key")
    for row in found:
        body = vault.seal(bytes(row.body), about=f"idempotency_keys:{row.user_id}:{row.key}")
        op.get_bind().execute(write, {"user_id": row.user_id, "key": row.key, "body": body})
