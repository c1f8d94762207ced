"""A row beside what the registry holds: what would be written, and the differences as people read them."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from app.exchange.columns import TITLES
from app.exchange.rules import Understood
from app.exchange.terms import Change
from app.firms.service import FirmEntry, differences
from app.firms.terms import FIELD_LABELS, ContactDetails, FirmDetail, Reference
from app.text import key
from app.units import Unit, from_yuan


def entry_for(row: Understood, firm: FirmDetail | None, *, filename: str, scope_region: str | None) -> FirmEntry:
    """What the row asks to be written, whether or not it differs from what is there."""
    values: dict[str, Any] = {"name": row.name, **row.values}
    if firm is None:
        values["uscc"] = row.uscc
        values.setdefault("region_code", scope_region)
        if any(m.field == "uscc" for m in row.messages):
            values["uscc_override"] = f"名册导入：{filename}"
    return FirmEntry(values, contacts=_contacts(row, firm.contacts if firm else ()))


def _contacts(row: Understood, known: Sequence[ContactDetails]) -> list[ContactDetails] | None:
    """The sheet speaks of one person: the one of that name, else the first. Whoever else is known stays."""
    if not row.contact_name and not row.contact_phone:
        return None
    wanted = key(row.contact_name)
    place = next((n for n, c in enumerate(known) if key(c.name) == wanted), 0)
    old = known[place] if known else ContactDetails("")
    if wanted and key(old.name) != wanted:
        old = ContactDetails(row.contact_name)  # another person: nothing of the former one is theirs
    person = ContactDetails(row.contact_name or old.name, row.contact_phone or old.phone, old.title, old.email)
    return [*known[:place], person, *known[place + 1 :]]


def changes_of(firm: FirmDetail, entry: FirmEntry, reference: Reference) -> list[Change]:
    return [
        Change(name, _label(name), shown(name, before, reference), shown(name, after, reference))
        for name, (before, after) in differences(firm, entry).items()
    ]


def introduction(entry: FirmEntry, reference: Reference) -> list[Change]:
    """What is said of a firm that is new."""
    said = {**entry.values, "contacts": entry.contacts}
    return [
        Change(name, _label(name), "", shown(name, value, reference))
        for name, value in said.items()
        if value is not None and name not in ("name", "uscc")
    ]


def _label(name: str) -> str:
    return TITLES.get(name) or FIELD_LABELS[name]


def shown(name: str, value: Any, reference: Reference) -> str:
    """A value of the registry in the words of the roster."""
    if value is None:
        return ""
    names: Mapping[str, Mapping[str, str]] = {
        "region_code": reference.regions,
        "direction": reference.directions,
        "high_tech_field": reference.high_tech_fields,
    }
    if name in names:
        return names[name].get(value, str(value))
    if name == "contacts":
        return "；".join(f"{c.name} {c.phone}".strip() for c in value)
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, Decimal):
        return f"{from_yuan(value, Unit.WAN_YUAN):f}"
    return value.isoformat() if isinstance(value, date) else str(value)
