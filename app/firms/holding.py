"""What is held under somebody's number or address, row by row: what one shows to whom it belongs, and hands over."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import text

from app.access.sight import beyond_sight
from app.access.terms import Actor
from app.clock import BUSINESS_ZONE
from app.db import Conn
from app.firms.erasing import SENDING, SENT_TO, condition_of, counted, given_for, kept_in, kind_of, masked, note_answer
from app.personal.terms import HELD, RULES, Held
from app.sealed import each_within, shown

MOST = 200  # of one table, on a page; a copy has all of it
_FIRM = "JOIN firms f ON f.id = t.firm_id"
_OF_FIRM = "f.name AS about, '/firms/' || f.uscc AS href"
_OF_CARRIER = "'/carriers/' || c.id AS href"
_TENANT = "t.figures ->> 'tenant.head' AS head, t.figures ->> 'tenant.phone' AS phone"
_WHOSE = "LEFT JOIN firms f ON f.id = a.firm_id LEFT JOIN carrier_teams m ON m.id = a.team_id"
_OF_FILING = "f.name || ' ' || s.year || ' ' || v.title AS about, '/firms/' || f.uscc AS href"
_FILING = (
    "JOIN submissions s ON s.id = t.submission_id JOIN firms f ON f.id = s.firm_id "
    "JOIN form_versions v ON (v.form, v.version) = (s.form, s.form_version)"
)
# By the table: what each row is about, where it is seen, and what it says of the person.
_ROWS: Mapping[str, str] = {
    "contacts": f"{_OF_FIRM}, t.name, t.title, t.phone, t.email FROM {{rows}} t {_FIRM}",
    "carriers": "c.name AS about, '/carriers/' || c.id AS href, c.contact_name, c.contact_phone FROM {rows} c",
    "entry_applications": f"f.name || ' → ' || c.name AS about, {_OF_CARRIER}, t.contact, t.asked_at AS at "
    f"FROM {{rows}} t {_FIRM} JOIN carriers c ON c.id = t.carrier_id",
    "submission_sections": f"{_OF_FILING}, t.answers -> 'tenant.head' ->> 0 AS head, "
    f"t.answers -> 'tenant.phone' ->> 0 AS phone, t.saved_at AS at FROM {{rows}} t {_FILING}",
    "submission_rounds": f"{_OF_FILING}, t.number AS receipt, t.reached -> 'tenant.phone' ->> 0 AS phone, "
    f"t.submitted_at AS at FROM {{rows}} t {_FILING}",
    "collection_answers": "c.name || ' ' || r.period || ' ' || coalesce(f.name, m.name, '') AS about, "
    f"{_OF_CARRIER}, {_TENANT}, t.answered_at AS at FROM {{rows}} t "
    "JOIN collection_answers a ON a.id = t.id JOIN collection_rounds r ON r.id = a.round_id "
    f"JOIN carriers c ON c.id = r.carrier_id {_WHOSE}",
    "collection_versions": "c.name || ' ' || r.period || ' ' || coalesce(f.name, m.name, '') AS about, "
    f"{_OF_CARRIER}, {_TENANT}, t.at FROM {{rows}} t "
    "JOIN collection_answers a ON a.id = t.answer_id JOIN collection_rounds r ON r.id = a.round_id "
    f"JOIN carriers c ON c.id = r.carrier_id {_WHOSE}",
    "collection_rounds": f"c.name || ' ' || t.period AS about, {_OF_CARRIER}, t.closed_at AS at "
    "FROM {rows} t JOIN carriers c ON c.id = t.carrier_id",
    "clerk_requests": "coalesce(f.name, t.uscc) AS about, '/clerks' AS href, t.name, t.email, t.phone, "
    "t.created_at AS at FROM {rows} t LEFT JOIN firms f ON f.uscc = t.uscc",
    "clerk_invitations": f"{_OF_FIRM}, t.name, t.email, t.created_at AS at FROM {{rows}} t {_FIRM}",
    "users": "t.unit AS about, '' AS href, t.name, t.login, t.email FROM {rows} t",
    "channel_choices": "coalesce(u.name, f.name, '') AS about, '' AS href, t.phone, t.changed_at AS at "
    "FROM {rows} t LEFT JOIN users u ON u.id = t.user_id LEFT JOIN firms f ON f.id = t.firm_id",
    "verified_likenesses": f"{_OF_FIRM}, t.words, t.at FROM {{rows}} t {_FIRM}",
    "erasure_requests": "t.label AS about, '/personal/erasures/' || t.id AS href, t.asker_name, t.asked_at AS at "
    "FROM {rows} t",
    # Not what it said: that is between the house and whom it wrote to, alarms about other people among it.
    "outbox_messages": "coalesce(u.name, '') AS about, '' AS href, t.payload ->> 'to' AS sent_to, "
    "t.created_at AS at FROM {rows} t LEFT JOIN users u ON u.id = t.user_id",
}
# A visit names whom it saw, and no number: found by the contacts that the number is one of.
_SEEN = next(h for h in HELD if (h.table, h.column) == ("firm_visits", "people"))
_VISITS = (
    "FROM firm_visits v JOIN firms f ON f.id = v.firm_id WHERE EXISTS (SELECT FROM contacts WHERE firm_id = v.firm_id "
    "AND name <> '' AND strpos(v.people, name) > 0 AND {held})"
)
WORDS: Mapping[str, str] = {
    "name": "姓名",
    "title": "职务",
    "phone": "电话",
    "email": "邮箱",
    "contact_name": "联系人",
    "contact_phone": "联系电话",
    "contact": "申请里写的联系人",
    "head": "负责人",
    "receipt": "回执",
    "login": "账号",
    "words": "核实时写的话",
    "sent_to": "发往",
    "asker_name": "要求抹去的人",
    "people": "见到的人",
    "visited_on": "走访日期",
    "at": "时间",
}


@dataclass(frozen=True, slots=True)
class Place:
    """One row that holds it: about whom or what, and what it says of the person, in words."""

    where: Held
    about: str
    href: str
    says: tuple[tuple[str, str], ...]

    def told(self) -> dict[str, Any]:
        return {"在哪里": self.about, **dict(self.says)}


@dataclass(frozen=True, slots=True)
class Holding:
    """What one purpose holds."""

    where: Held
    count: int
    places: tuple[Place, ...]

    def told(self) -> dict[str, Any]:
        rule, purpose = RULES[self.where.purpose], self.where.purpose.label
        said = {"用途": purpose, "种类": self.where.kind.label, "处": self.count, "为什么": rule.why}
        return said | {"期限": rule.until, "内容": [place.told() for place in self.places]}


async def holdings(
    conn: Conn, value: str, *, reason: str = "", by: Actor, at: datetime, copied: bool = False
) -> list[Holding]:
    """Shown, or with `copied` handed over whole; either is in the trail, with why and for how many rows."""
    async with beyond_sight(conn):  # a person's right ends at no division, whoever sees to it
        found = [await _holding(conn, held, where, value, copied) for held, where in _wheres(value)]
        found.append(await _visits(conn, value, copied))
    held = [one for one in found if one.count]
    counts = {one.where.table: one.count for one in held}
    await note_answer(
        conn, "person:data:copied" if copied else "person:data:found", masked(value), counts, reason, by=by, at=at
    )
    return held


async def people_of(conn: Conn, value: str) -> list[tuple[str, str]]:
    """(firm, name) of the contacts that it is a number of: whose it is, for who has to say yes to its going."""
    contact = next(h for h in kept_in(kind_of(value)) if h.table == "contacts")
    query = (
        f"SELECT f.name, t.name FROM (SELECT * FROM contacts WHERE {condition_of(contact)} LIMIT {MOST}) t {_FIRM} "  # noqa: S608
        "ORDER BY f.name, t.name"
    )
    async with beyond_sight(conn):
        return [(firm, name) for firm, name in await conn.execute(text(query), given_for(conn, value))]


def _wheres(value: str) -> list[tuple[Held, str]]:
    mine = [(held, f"{held.table} WHERE {condition_of(held)}") for held in kept_in(kind_of(value))]
    return [*mine, (SENDING, f"outbox_messages {SENT_TO}")]


async def _holding(conn: Conn, held: Held, where: str, value: str, whole: bool) -> Holding:
    given = given_for(conn, value)
    count = await counted(conn, f"FROM {where}", given)
    if not count:
        return Holding(held, 0, ())
    some = "" if whole else f" LIMIT {MOST}"
    query = f"SELECT {_ROWS[held.table].format(rows=f'(SELECT * FROM {where}{some})')}"  # noqa: S608
    rows = (await conn.execute(text(query), given)).mappings()
    return Holding(held, count, tuple(_place(conn, held, row) for row in rows))


async def _visits(conn: Conn, value: str, whole: bool) -> Holding:
    contact = next(h for h in kept_in(kind_of(value)) if h.table == "contacts")
    where, given = _VISITS.format(held=condition_of(contact)), given_for(conn, value)
    count = await counted(conn, where, given)
    some = "" if whole else f" LIMIT {MOST}"
    query = f"SELECT {_OF_FIRM}, v.people, v.visited_on {where} ORDER BY v.visited_on DESC, v.id{some}"
    rows = (await conn.execute(text(query), given)).mappings() if count else ()
    return Holding(_SEEN, count, tuple(_place(conn, _SEEN, row) for row in rows))


def _place(conn: Conn, held: Held, row: Mapping[Any, Any]) -> Place:
    said = ((WORDS[name], _said(conn, value)) for name, value in row.items() if name in WORDS)
    return Place(held, row["about"], row["href"], tuple(pair for pair in said if pair[1]))


def _said(conn: Conn, value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(BUSINESS_ZONE).strftime("%Y-%m-%d %H:%M")
    if isinstance(value, date):
        return value.isoformat()
    return each_within(value, lambda sealed: shown(conn.vault, sealed)) if value else ""
