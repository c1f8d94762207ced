"""联系人: people of firms, by firm and name; what a row leaves empty stays as it is."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from app.db import Conn
from app.exchange.columns import Column
from app.exchange.lines import (
    FIRM_COLUMNS,
    Deed,
    Judged,
    Line,
    ListKind,
    Taken,
    Undone,
    World,
    firms_of,
    rejected,
    repeats,
    settled,
)
from app.exchange.rules import RowReader, readable
from app.exchange.terms import BatchKind, Change, RowOutcome
from app.firms.locking import lock_by_id
from app.firms.restoring import images_of, restore
from app.firms.service import FirmEntry, edit_many
from app.firms.terms import ContactDetails, FirmDetail
from app.text import is_email, is_phone, key, parse_yes_no
from app.text.clean import excerpt

_FIELDS = ("title", "phone", "email")
COLUMNS = (
    *FIRM_COLUMNS,
    Column("person", "姓名", ("联系人", "联系人姓名"), "必填。按企业和姓名认人：已有的更新，没有的新增。", "张三"),
    Column("title", "职务", (), "如 财务负责人。", "财务负责人"),
    Column("phone", "联系电话", ("手机号码", "电话", "手机"), "请设为文本格式。", "13800000000", 18),
    Column("email", "邮箱", ("电子邮箱", "电子邮件"), "", "zhang@example.com", 24),
    Column("primary", "主要联系人", ("是否主要联系人",), "填“是”的排在第一位；一家企业只填一个。", "是"),
)
_RULES = (
    "一行一个联系人；企业须已在库里，按统一社会信用代码认企业，按姓名认人。",
    "留空表示不知道：已有的资料不会被空格子清掉；没有写到的联系人不动。",
)


def _read(reader: RowReader) -> tuple[Mapping[str, Any], tuple[str, ...]]:
    person = reader.text("person")
    if person is None and not any(m.field == "person" for m in reader.messages):
        reader.error("person", "没有填姓名。")
    email = readable(reader, "email")
    if email is not None and not is_email(email):
        reader.error("email", f"看不懂这个邮箱：{email}。")
    values = {"person": person, "title": reader.text("title"), "phone": readable(reader, "phone"), "email": email}
    return values | {"primary": reader.parsed("primary", parse_yes_no)}, (key(person or ""),)


async def _judge(conn: Conn, lines: Sequence[Line], world: World) -> list[Judged]:
    firms = await firms_of(conn, lines, world)
    first: dict[str, int] = {}
    found = []
    for line in lines:
        said, firm = settled(line, firms)
        said = _reachable(said, firm)
        if said.values.get("primary") and not said.faulty and not repeats(said):
            other = first.setdefault(said.uscc, said.row_no)
            if other != said.row_no:
                said = said.saying("primary", f"第 {other} 行已经是这家企业的主要联系人，只能有一个。")
        found.append(_one(said, firm) if firm and not said.faulty else rejected(said, firm))
    return found


def _reachable(line: Line, firm: FirmDetail | None) -> Line:
    """What is on file already keeps nobody from importing the rest."""
    phone, on_file = line.values.get("phone"), {c.phone for c in firm.contacts} if firm else set()
    if phone and phone not in on_file and not is_phone(phone):
        return line.saying("phone", f"看不懂这个电话：{excerpt(phone)}。")
    return line


def _one(line: Line, firm: FirmDetail) -> Judged:
    seen = f"{firm.version}"
    if repeats(line):
        return Judged(line, RowOutcome.UNCHANGED, firm, (), seen)
    known = next((c for c in firm.contacts if key(c.name) == key(line.values["person"])), None)
    changes = [
        Change(name, title, getattr(known, name) if known else "", line.values[name])
        for name, title in (("title", "职务"), ("phone", "联系电话"), ("email", "邮箱"))
        if line.values.get(name) and line.values[name] != (getattr(known, name) if known else "")
    ]
    first = bool(firm.contacts) and known is not None and firm.contacts[0] == known
    if line.values.get("primary") and not first:
        changes.append(Change("primary", "主要联系人", "", "是"))
    if known is None:
        changes.insert(0, Change("person", "姓名", "", line.values["person"]))
        return Judged(line, RowOutcome.CREATED, firm, changes, seen)
    return Judged(line, RowOutcome.UPDATED if changes else RowOutcome.UNCHANGED, firm, changes, seen)


def people_after(contacts: Sequence[ContactDetails], lines: Sequence[Line]) -> list[ContactDetails]:
    """The firm's people with what the rows say of them; the first is the main one."""
    found = list(contacts)
    for line in lines:
        said = {name: line.values[name] for name in _FIELDS if line.values.get(name)}
        place = next((n for n, c in enumerate(found) if key(c.name) == key(line.values["person"])), None)
        person = replace(found[place], **said) if place is not None else ContactDetails(line.values["person"], **said)
        if place is not None:
            found.pop(place)
        found.insert(0 if line.values.get("primary") else len(found) if place is None else place, person)
    return found


async def _write(conn: Conn, judged: Sequence[Judged], deed: Deed) -> Mapping[int, Mapping[str, Any]]:
    by_firm: dict[Any, list[Judged]] = {}
    for one in judged:
        if one.firm:
            by_firm.setdefault(one.firm.id, []).append(one)
    images = await images_of(conn, list(by_firm))
    firms = {i: rows[0].firm for i, rows in by_firm.items()}
    edits = [
        (firm, FirmEntry({}, contacts=people_after(firm.contacts, [r.line for r in by_firm[i]])))
        for i, firm in firms.items()
        if firm
    ]
    changed = set(await edit_many(conn, edits, by=deed.by, at=deed.at))
    # The firm's image stands once, with the first of its rows.
    return {
        row.line.row_no: {"image": images[i] if n == 0 else None, "version": rows[0].firm.version + (i in changed)}
        for i, rows in by_firm.items()
        for n, row in enumerate(rows)
        if rows[0].firm
    }


async def _take_back(conn: Conn, rows: Sequence[Taken], deed: Deed) -> Undone:
    firms = await lock_by_id(conn, [r.firm_id for r in rows], viewer=deed.by.viewer)
    held = {i: f.version for i, f in firms.items()}
    left = [r for r in rows if held.get(r.firm_id) != r.undo["version"]]
    gone = {r.firm_id for r in left}
    await restore(conn, {r.firm_id: r.undo["image"] for r in rows if r.undo["image"] and r.firm_id not in gone})
    return left


CONTACTS = ListKind(
    BatchKind.CONTACTS,
    COLUMNS,
    ("uscc", "person"),
    frozenset(),
    _RULES,
    _read,
    _judge,
    _write,
    _take_back,
    lambda _: (("primary", ("是", "否")),),
)
