"""Everything that is kept sealed, under the first of the keys: a stretch at a time, each in a transaction of its own,
so that the site goes on meanwhile and whoever breaks it off loses nothing. What is under the first key already is not
read again."""

import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlalchemy import bindparam, select, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.types import LargeBinary, Text, Uuid

from app.access.factors import reseal as reseal_factors
from app.access.models import IdempotencyKey
from app.collecting.hiding import REACHED
from app.db import Conn, Database
from app.firms.search import refresh_search
from app.reports.hiding import REACHED as ASKED
from app.sealed import anew, each_under, each_within, marks_in
from app.vault import Unreadable, Vault

STRETCH = 500


@dataclass(slots=True)
class Done:
    changed: int = 0
    closed: Counter[str] = field(default_factory=Counter)  # by table: what no key opens

    @property
    def unreadable(self) -> int:
        return self.closed.total()


@dataclass(frozen=True, slots=True)
class Place:
    """A table whose records hold sealed texts somewhere within."""

    table: str
    key: Mapping[str, Any]
    columns: Mapping[str, Any]
    under: frozenset[str] = frozenset()  # keys of a record, where sealed texts stand under no other

    def changed(self, value: Any, change: Callable[[str], str]) -> Any:
        return each_under(value, self.under, change) if self.under else each_within(value, change)

    def query(self, *, further: bool) -> Any:
        keys = ", ".join(self.key)
        old = " OR ".join(f'"{name}"::text ~ :old' for name in self.columns)
        after = f"({keys}) > ({', '.join(f':after_{name}' for name in self.key)}) AND " if further else ""
        shown = ", ".join(f'"{name}"' for name in (*self.key, *self.columns))
        written = f"SELECT {shown} FROM {self.table} WHERE {after}({old}) ORDER BY {keys} LIMIT :most FOR UPDATE"  # noqa: S608
        given = [bindparam(f"after_{name}", type_=kind) for name, kind in self.key.items()] if further else []
        return text(written).bindparams(*given).columns(**self.key, **self.columns)

    def write(self) -> Any:
        changed = ", ".join(f'"{name}" = :new_{name}' for name in self.columns)
        mine = " AND ".join(f"{name} = :{name}" for name in self.key)
        given = [bindparam(f"new_{name}", type_=kind) for name, kind in self.columns.items()]
        return text(f"UPDATE {self.table} SET {changed} WHERE {mine}").bindparams(*given)  # noqa: S608


_JSON = JSONB(none_as_null=True)
_TYPED, _ASKED = frozenset(REACHED), frozenset(ASKED)
PLACES = (
    Place("channel_choices", {"id": Uuid()}, {"phone": Text()}),
    Place("users", {"id": Uuid()}, {"email": Text()}),
    Place("clerk_requests", {"id": Uuid()}, {"email": Text(), "phone": Text()}),
    Place("clerk_invitations", {"id": Uuid()}, {"email": Text()}),
    Place("carriers", {"id": Uuid()}, {"contact_phone": Text()}),
    Place("erasure_requests", {"id": Uuid()}, {"sought": Text()}),
    Place("entry_applications", {"id": Uuid()}, {"contact": Text()}),
    Place("submission_sections", {"submission_id": Uuid(), "section": None}, {"answers": _JSON}, _ASKED),
    Place("submission_rounds", {"submission_id": Uuid(), "round": None}, {"reached": _JSON}),
    Place("collection_answers", {"id": Uuid()}, {"figures": _JSON}, _TYPED),
    Place("collection_versions", {"answer_id": Uuid(), "version": None}, {"figures": _JSON}, _TYPED),
    Place("collection_rounds", {"id": Uuid()}, {"frozen": _JSON}),
    Place("outbox_messages", {"id": Uuid()}, {"payload": _JSON}),
    Place(
        "import_rows",
        {"batch_id": Uuid(), "row_no": None},
        {"values": _JSON, "changes": _JSON, "messages": _JSON, "undo": _JSON},
    ),
    Place("firm_merges", {"id": Uuid()}, {"record": _JSON}),
)
_IDS = bindparam("ids", type_=ARRAY(Uuid()))
# In the order in which everybody locks: the firms by their codes, then their people.
_FIRMS = text(
    """
SELECT f.id, f.uscc FROM firms f WHERE f.uscc > :after AND EXISTS (SELECT FROM contacts c WHERE c.firm_id = f.id
  AND (c.phone ~ :old OR c.email ~ :old)) ORDER BY f.uscc LIMIT :most FOR UPDATE OF f
"""
)
_PEOPLE = text("SELECT id, firm_id, phone, email FROM contacts WHERE firm_id = ANY(:ids) ORDER BY id").bindparams(_IDS)
_WRITE_PEOPLE = text(
    "UPDATE contacts SET phone = n.phone, email = n.email FROM unnest(:ids, :phones, :emails) AS n (id, phone, email) "
    "WHERE contacts.id = n.id"
).bindparams(_IDS, bindparam("phones", type_=ARRAY(Text())), bindparam("emails", type_=ARRAY(Text())))
# What was found out about a number is kept under its mark.
_WRITE_FOUND = text(
    "UPDATE verified_likenesses v SET key = n.mark FROM unnest(:ids, :olds, :marks) AS n (id, old, mark) "
    "WHERE v.firm_id = n.id AND v.kind = 'phone' AND v.key = n.old"
).bindparams(_IDS, bindparam("olds", type_=ARRAY(Text())), bindparam("marks", type_=ARRAY(Text())))


async def reseal(database: Database) -> Done:
    """Raises Unreadable, with nothing changed, when a second factor is under no key that is given."""
    done = Done()
    async with database.transaction() as conn:
        done.changed += await reseal_factors(conn, conn.vault)
    await _contacts(database, done)
    for place in PLACES:
        await _place(database, place, done)
    await _answers(database, done)
    return done


def _old(vault: Vault) -> str:
    return f"sealed:(?!{vault.name}:)[0-9a-f]{{8}}:"


def _anew(vault: Vault, done: Done, table: str, sealed: str) -> str:
    """As it was where no key opens it."""
    if not sealed or sealed.startswith(f"sealed:{vault.name}:"):
        return sealed
    try:
        fresh = anew(vault, sealed)
    except Unreadable:
        done.closed[table] += 1
        return sealed
    done.changed += 1
    return fresh


async def _contacts(database: Database, done: Done) -> None:
    after = ""
    while True:
        async with database.transaction() as conn:
            found = (await conn.execute(_FIRMS, {"after": after, "old": _old(conn.vault), "most": STRETCH})).all()
            firms = [row.id for row in found]
            if not firms:
                return
            await _people(conn, firms, done)
            await refresh_search(conn, firms)
        after = found[-1].uscc


async def _people(conn: Conn, firms: Sequence[uuid.UUID], done: Done) -> None:
    vault = conn.vault
    rows: Sequence[Any] = (await conn.execute(_PEOPLE, {"ids": firms})).all()
    phones = [_anew(vault, done, "contacts", row.phone) for row in rows]
    emails = [_anew(vault, done, "contacts", row.email) for row in rows]
    await conn.execute(_WRITE_PEOPLE, {"ids": [row.id for row in rows], "phones": phones, "emails": emails})
    marked = [
        (row.firm_id, marks_in(row.phone)[0], marks_in(phone)[0])
        for row, phone in zip(rows, phones, strict=True)
        if phone != row.phone
    ]
    if marked:
        ids, olds, marks = zip(*marked, strict=True)
        await conn.execute(_WRITE_FOUND, {"ids": list(ids), "olds": list(olds), "marks": list(marks)})


async def _place(database: Database, place: Place, done: Done) -> None:
    after: dict[str, Any] = {}
    write = place.write()
    while True:
        async with database.transaction() as conn:
            vault = conn.vault
            given = {"old": _old(vault), "most": STRETCH, **{f"after_{name}": value for name, value in after.items()}}
            rows = (await conn.execute(place.query(further=bool(after)), given)).mappings().all()
            if not rows:
                return
            change = partial(_anew, vault, done, place.table)
            fresh = [{f"new_{n}": place.changed(row[n], change) for n in place.columns} for row in rows]
            keys = [{name: row[name] for name in place.key} for row in rows]
            await conn.execute(write, [{**key, **new} for key, new in zip(keys, fresh, strict=True)])
        after = keys[-1]


async def _answers(database: Database, done: Done) -> None:
    """Of a day at most: all at once. One that no key opens is an answer that is given to nobody any more."""
    async with database.transaction() as conn:
        vault, k = conn.vault, IdempotencyKey
        mine = select(k.user_id, k.key, k.body).where(k.body.is_not(None)).with_for_update(skip_locked=True)
        write = text("UPDATE idempotency_keys SET body = :body WHERE user_id = :user_id AND key = :key").bindparams(
            bindparam("body", type_=LargeBinary())
        )
        for user_id, key, body in (await conn.execute(mine)).all():
            about = f"idempotency_keys:{user_id}:{key}"
            if body and not vault.is_current(bytes(body)):
                try:
                    fresh = vault.seal(vault.open(bytes(body), about=about), about=about)
                except Unreadable:
                    done.closed[IdempotencyKey.__tablename__] += 1
                    continue
                await conn.execute(write, {"body": fresh, "user_id": user_id, "key": key})
                done.changed += 1
