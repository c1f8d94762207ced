"""What a person may ask of the house: that a number or an address of theirs go. Where it is held: `holding`."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from app.access.sight import beyond_sight
from app.access.terms import SYSTEM, Actor
from app.audit.service import event_row, record
from app.db import Conn
from app.errors import Invalid
from app.firms.search import refresh_search
from app.locks import Lock, hold
from app.outbox.writing import notice, post
from app.personal.masking import mask
from app.personal.terms import HELD, Held, Kind
from app.sealed import whole_marks
from app.text import TextError, is_email, is_phone, normalise, numbers_in


def _marked(column: str) -> str:
    return f"string_to_array(split_part({column}, ':', 5), '.') && CAST(:marks AS text[])"


# Found another way: the document is made of the contacts, and messages carry the address within.
_ELSEWHERE = {("firms", "search_text"), ("outbox_messages", "payload")}
# Where an address may stand as well as a number.
_SENTENCES = {("entry_applications", "contact"), ("erasure_requests", "sought")}
_MARKS = {("verified_likenesses", "key")}
# In a record: under which key, and where there.
_KEYED: dict[tuple[str, str], tuple[str, ...]] = dict.fromkeys(
    [("collection_answers", "figures"), ("collection_versions", "figures")], ("tenant.phone",)
)
_KEYED |= dict.fromkeys([("submission_sections", "answers"), ("submission_rounds", "reached")], ("tenant.phone", "0"))
# The salt goes with it: against the digest that stays in what was signed no number can be tried.
_WITH_SALT = {("submission_rounds", "reached")}
# A closed form keeps the tenants' lines as they were: the column of this name.
FROZEN_HEAD = "26 电话"
_FROZEN = {("collection_rounds", "frozen")}
_ITS_PLACE = (
    "SELECT CAST(h.n - 1 AS int) FROM jsonb_array_elements_text(frozen -> 'head') WITH ORDINALITY h (title, n) "  # noqa: S608
    f"WHERE h.title = '{FROZEN_HEAD}'"
)
_IN_FROZEN = (
    f"EXISTS (SELECT FROM jsonb_array_elements(frozen -> 'rows') r (line), ({_ITS_PLACE}) p (n) "
    f"WHERE {_marked('r.line ->> p.n')})"
)
_OUT_OF_FROZEN = (
    f"jsonb_set(frozen, '{{rows}}', (SELECT jsonb_agg(CASE WHEN {_marked('r.line ->> p.n')} "  # noqa: S608
    "THEN jsonb_set(r.line, ARRAY[CAST(p.n AS text)], '\"\"') ELSE r.line END ORDER BY r.nth) "
    f"FROM jsonb_array_elements(frozen -> 'rows') WITH ORDINALITY r (line, nth), ({_ITS_PLACE}) p (n)))"
)
# Whoever has an old form of one of these open must not write the person back.
_VERSIONED = frozenset({"carriers", "collection_answers", "submission_sections"})


@dataclass(frozen=True, slots=True)
class Found:
    where: Held
    count: int


# Said wherever something was erased: what this does not reach.
KEPT = (
    "走访记录里“见到的人”是办理记录，姓名照旧留存。"
    "导入过的原始名册文件、备份和审计记录不在此列：名册请另行删去，其余按各自的保存期。"
)
_SHORTEST = 7


def said_number(value: str, *, field: str = "value") -> str:
    """One whole number or address, cleaned. Raises Invalid."""
    try:
        said = normalise(value, longest=120)
    except TextError as error:
        raise Invalid({field: str(error)}) from error
    one = is_email(said) if "@" in said else is_phone(said) and len(said) >= _SHORTEST and len(numbers_in(said)) == 1
    if not one:
        raise Invalid({field: "请写完整的一个电话或邮箱。"})
    return said


def kind_of(value: str) -> Kind:
    return Kind.EMAIL if "@" in value else Kind.PHONE


def masked(value: str) -> str:
    return mask(kind_of(value), value)


def kept_in(kind: Kind) -> Iterator[Held]:
    said = {Kind.PHONE, Kind.EMAIL}
    held = (h for h in HELD if h.kind is kind or (h.kind in said and (h.table, h.column) in _SENTENCES))
    return (h for h in held if (h.table, h.column) not in _ELSEWHERE)


def condition_of(held: Held) -> str:
    """The whole of it, one of several numbers, or one in a sentence."""
    if (held.table, held.column) in _MARKS:
        return f"{held.column} = ANY(CAST(:marks AS text[]))"
    if path := _KEYED.get((held.table, held.column)):
        return _marked(f"{held.column} #>> '{{{','.join(path)}}}'")
    return _IN_FROZEN if (held.table, held.column) in _FROZEN else _marked(held.column)


def _where(held: Held) -> str:
    return f"FROM {held.table} WHERE {condition_of(held)}"


SENT_TO = "WHERE " + _marked("payload ->> 'to'")
_SENT = f"FROM outbox_messages {SENT_TO}"
_FORGET = 'UPDATE outbox_messages SET payload = payload || \'{"to": ""}\' ' + SENT_TO  # noqa: S608
_FIRMS = {
    kind: f"SELECT id FROM firms WHERE id IN (SELECT firm_id FROM contacts WHERE {_marked(kind.value)}) ORDER BY uscc"  # noqa: S608
    for kind in (Kind.PHONE, Kind.EMAIL)
}
SENDING = next(h for h in HELD if h.table == "outbox_messages")


async def count_held(conn: Conn, value: str) -> list[Found]:
    """Wherever it is, in every division."""
    async with beyond_sight(conn):
        return await _found(conn, value)


async def _found(conn: Conn, value: str) -> list[Found]:
    wheres = [*((held, _where(held)) for held in kept_in(kind_of(value))), (SENDING, _SENT)]
    given = given_for(conn, value)
    counts = [(held, await counted(conn, where, given)) for held, where in wheres]
    return [Found(held, count) for held, count in counts if count]


def given_for(conn: Conn, value: str) -> dict[str, Any]:
    return {"marks": whole_marks(conn.vault, value)}


async def counted(conn: Conn, where: str, given: Mapping[str, Any]) -> int:
    return int((await conn.execute(text(f"SELECT count(*) {where}"), given)).scalar_one())


async def erase(conn: Conn, value: str, *, reason: str, by: Actor, at: datetime, asked_by: str = "") -> list[Found]:
    """A contact goes whole; elsewhere the number or the address does, and what was done stays. The trail is kept.

    From a page by way of `app.firms.erasures`; raises Invalid, as `must_reach_no_staff` does.
    """
    await hold(conn, Lock.ERASING)
    await must_reach_no_staff(conn, value, by=by)
    async with beyond_sight(conn):  # a person's right ends at no division, whoever sees to it
        found = await _erased(conn, value, at)
    counts = {f.where.table: f.count for f in found}
    more = {"asked_by": asked_by} if asked_by else None
    await note_answer(conn, "person:data:erased", masked(value), counts, reason, by=by, at=at, more=more)
    return found


async def must_reach_no_staff(conn: Conn, value: str, *, by: Actor) -> None:
    """Raises Invalid for what an account of the bureau's is reached by: with it would go the alarms sent there."""
    async with beyond_sight(conn):
        if by.viewer.id != SYSTEM.viewer.id and await _reaches_staff(conn, value, by):
            raise Invalid({"value": "这是在用账号的邮箱或短信号码，由本人或管理员先改掉，再来抹去其余的。"})


_STAFF = {
    Kind.EMAIL: f"users u WHERE {_marked('u.email')}",
    Kind.PHONE: f"users u JOIN channel_choices c ON c.user_id = u.id WHERE {_marked('c.phone')}",
}


async def _reaches_staff(conn: Conn, value: str, by: Actor) -> bool:
    """Another's account than a firm's or a carrier's."""
    others = "u.active AND u.role NOT IN ('firm', 'carrier') AND u.id <> :me"
    query = f"SELECT EXISTS (SELECT FROM {_STAFF[kind_of(value)]} AND {others})"  # noqa: S608  # our own names
    given = given_for(conn, value) | {"me": by.viewer.id}
    return bool((await conn.execute(text(query), given)).scalar_one())


class _FoundLate(Exception):
    """Lets go of the firms that are held: the code of the one that was found may come before theirs."""


async def hold_firms(conn: Conn, value: str) -> list[uuid.UUID]:
    """Those with a contact whose number it is, under lock: before what hangs on them, and by their codes, as whoever
    edits or imports them locks them."""
    query, given = _FIRMS[kind_of(value)], given_for(conn, value)
    while True:
        with suppress(_FoundLate):
            async with conn.begin_nested():
                held = set((await conn.execute(text(f"{query} FOR UPDATE"), given)).scalars())
                # While one waits another firm may be given the number, and one that had it may lose it.
                now = list((await conn.execute(text(query), given)).scalars())
                if held.issuperset(now):
                    return now
                raise _FoundLate


async def _erased(conn: Conn, value: str, at: datetime) -> list[Found]:
    firms = await hold_firms(conn, value)
    found = await _found(conn, value)
    kind = kind_of(value)
    given = given_for(conn, value) | {"firms": firms}
    for held in kept_in(kind):
        await conn.execute(text(_gone(held)), given)
    await conn.execute(text(_FORGET), given)
    if firms:
        # Whoever has an old form of the firm open must not write the person back.
        touched = text("UPDATE firms SET version = version + 1, updated_at = :at WHERE id = ANY(:ids)")
        await conn.execute(touched, {"ids": firms, "at": at})
        await refresh_search(conn, firms)
        await _tell_who_speaks_with_them(conn, firms, at)
    return found


async def _tell_who_speaks_with_them(conn: Conn, firms: Sequence[uuid.UUID], at: datetime) -> None:
    query = "SELECT f.id, f.name, f.uscc, u.id AS officer FROM firms f JOIN users u ON u.id = f.officer_id AND u.active"
    rows = await conn.execute(text(f"{query} WHERE f.id = ANY(:ids) ORDER BY f.id"), {"ids": list(firms)})
    told = (
        notice(
            "contact_erased",
            f"{row.id}:{at.isoformat()}",
            to=row.officer,
            subject=f"{row.name}有一位联系人按本人要求删去了，请登记新的联系人",
            uscc=row.uscc,
            at=at,
        )
        for row in rows
    )
    await post(conn, *told)


def _gone(held: Held) -> str:
    where = condition_of(held)
    if held.table == "contacts":
        # Of a firm that is given the number in this very moment it is not taken: that comes after.
        return f"DELETE FROM contacts WHERE {where} AND firm_id = ANY(:firms)"  # noqa: S608
    nothing = "NULL" if held.table == "users" else "''"
    if path := _KEYED.get((held.table, held.column)):
        nothing = f"jsonb_set({held.column}, '{{{','.join(path)}}}', '\"\"')"
    if (held.table, held.column) in _WITH_SALT:
        nothing = f"{held.column} - '{_KEYED[held.table, held.column][0]}'"
    if (held.table, held.column) in _FROZEN:
        nothing = _OUT_OF_FROZEN
    more = ", version = version + 1" if held.table in _VERSIONED else ""
    return f"UPDATE {held.table} SET {held.column} = {nothing}{more} WHERE {where}"  # noqa: S608


async def note_answer(
    conn: Conn,
    action: str,
    label: str,
    counts: Mapping[str, int],
    reason: str,
    *,
    by: Actor,
    at: datetime,
    more: Mapping[str, Any] | None = None,
) -> None:
    """An act on a person's request, in the trail under the masked number."""
    after = {"counts": dict(counts), **({"reason": reason} if reason else {}), **(more or {})}
    event = event_row(action, by=by, at=at, object_type="person", object_id=label, object_label=label, after=after)
    await record(conn, event)
