"""What is written beside a firm's own row: its people, tags and former names."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, tuple_
from sqlalchemy.dialects.postgresql import insert

from app.clock import business_day
from app.db import Conn, new_id
from app.errors import Conflict
from app.firms.models import Contact, FirmTag, FormerName
from app.firms.terms import ContactDetails, FirmEntry
from app.sealed import UNREADABLE, seal
from app.text import key
from app.vault import Vault


async def write_children(conn: Conn, entries: Sequence[tuple[uuid.UUID, FirmEntry]], *, new: bool = False) -> None:
    """Replaces each child list that an entry speaks of, in one statement a table; a new firm has none to replace."""
    contacts = [(i, e.contacts) for i, e in entries if e.contacts is not None]
    if contacts and not new:
        await conn.execute(delete(Contact).where(Contact.firm_id.in_([i for i, _ in contacts])))
    if contacts:
        vault = conn.vault
        rows = [_contact(vault, i, c, n == 0) for i, several in contacts for n, c in enumerate(several)]
        if rows:
            await conn.execute(insert(Contact), rows)
    tags = [(i, e.tags) for i, e in entries if e.tags is not None]
    if tags and not new:
        await conn.execute(delete(FirmTag).where(FirmTag.firm_id.in_([i for i, _ in tags])))
    if rows := [{"firm_id": i, "tag": t} for i, several in tags for t in dict.fromkeys(several)]:
        await conn.execute(insert(FirmTag), rows)
    former = [(i, e.former_names) for i, e in entries if e.former_names is not None]
    if former and not new:
        await _forget_others(conn, former)
    if former:
        rows = [{"firm_id": i, "name": n, "name_key": key(n)} for i, several in former for n in dict.fromkeys(several)]
        if rows:
            await conn.execute(insert(FormerName).on_conflict_do_nothing(), rows)


def _contact(vault: Vault, firm_id: uuid.UUID, contact: ContactDetails, first: bool) -> dict[str, Any]:
    if UNREADABLE in (contact.phone, contact.email):
        raise Conflict("有联系方式用现在的密钥打不开，联系人没有保存；请告诉系统管理员。")
    contact_id = new_id()
    return {
        "id": contact_id,
        "firm_id": firm_id,
        "name": contact.name,
        "phone": seal(vault, "contacts.phone", contact_id, contact.phone),
        "title": contact.title,
        "email": seal(vault, "contacts.email", contact_id, contact.email),
        "is_primary": first,
    }


async def _forget_others(conn: Conn, former: Sequence[tuple[uuid.UUID, Sequence[str]]]) -> None:
    """Removes the names that the lists leave out; one that stays keeps the day it was given up."""
    stay = {(i, name) for i, several in former for name in several}
    known = select(FormerName.firm_id, FormerName.name).where(FormerName.firm_id.in_([i for i, _ in former]))
    gone = [(i, name) for i, name in await conn.execute(known) if (i, name) not in stay]
    if gone:
        await conn.execute(delete(FormerName).where(tuple_(FormerName.firm_id, FormerName.name).in_(gone)))


async def remember_names(conn: Conn, renamed: Sequence[tuple[uuid.UUID, str]], *, at: datetime) -> None:
    """The name a firm gave up stays findable."""
    if not renamed:
        return
    former = select(FormerName.firm_id, FormerName.name).where(FormerName.firm_id.in_([i for i, _ in renamed]))
    known = {(firm_id, name) for firm_id, name in await conn.execute(former)}
    rows = [
        {"firm_id": i, "name": n, "name_key": key(n), "changed_on": business_day(at)}
        for i, n in renamed
        if (i, n) not in known
    ]
    if rows:
        await conn.execute(insert(FormerName), rows)
