"""The registry's steps: register, edit, note. Single firms and imports of thousands go through the same two writes."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from app.access.terms import Actor, Viewer
from app.audit.service import event_row, record
from app.db import Conn, new_id
from app.errors import Conflict, Invalid, Stale
from app.firms.children import remember_names, write_children
from app.firms.filtering import visible_to
from app.firms.locking import as_it_stands
from app.firms.models import Firm, FirmNote
from app.firms.search import document, refresh_search
from app.firms.terms import CODE_TAKEN, FirmDetail, FirmEntry, FirmStatus
from app.firms.trail import who_was_faster
from app.firms.writing import insert_rows, update_rows
from app.outages import constraint_of
from app.sealed import marks_of
from app.text import key, pinyin
from app.vault import Vault

__all__ = [
    "EDITABLE",
    "FirmEntry",
    "add_note",
    "differences",
    "edit",
    "edit_event",
    "edit_many",
    "refuse_merged",
    "register",
    "register_many",
]
# Columns that `values` may set; anything else in a request is ignored, never written (mass assignment).
EDITABLE = frozenset(
    {
        "name",
        "uscc",
        "uscc_override",
        "region_code",
        "park",
        "industry_code",
        "high_tech_field",
        "direction",
        "size_class",
        "above_designated_size",
        "registered_on",
        "registered_capital",
        "address",
        "remark",
        "status",
        "officer_id",
        "next_touch_on",
    }
)
_LISTS = ("contacts", "tags", "former_names")
# What the search document is made of, as far as an edit reaches it.
_SEARCHED = frozenset({"name", "uscc", "contacts", "former_names"})


async def register(conn: Conn, entry: FirmEntry, *, by: Actor, at: datetime) -> uuid.UUID:
    """Raises Conflict when the code is registered already, Invalid when a reference does not exist."""
    await _refuse_known(conn, entry.values["uscc"], by.viewer)
    (firm_id,) = await register_many(conn, [entry], by=by, at=at)
    return firm_id


async def register_many(conn: Conn, entries: Sequence[FirmEntry], *, by: Actor, at: datetime) -> list[uuid.UUID]:
    vault = conn.vault
    rows = [_new_row(entry, vault=vault, by=by, at=at) for entry in entries]
    if not rows:
        return []
    with _explained():
        await insert_rows(conn, rows)
    ids = [row["id"] for row in rows]
    await write_children(conn, list(zip(ids, entries, strict=True)), new=True)
    await record(
        conn,
        *(
            event_row(
                "firm:record:created",
                by=by,
                at=at,
                object_type="firm",
                object_id=row["id"],
                object_label=row["name"],
                after=_plain(entry.values),
            )
            for row, entry in zip(rows, entries, strict=True)
        ),
    )
    return ids


def refuse_merged(firm: FirmDetail) -> None:
    """What is merged is history: new work belongs to the record that was kept, or an undoing would leave it behind."""
    if firm.status == FirmStatus.MERGED:
        raise Conflict(f"{firm.name} 的这条记录已并入别的企业，请到保留的那一条办理。")


async def edit(
    conn: Conn, firm: FirmDetail, entry: FirmEntry, *, version: int, by: Actor, at: datetime
) -> Mapping[str, tuple[Any, Any]]:
    """Writes what differs and returns it as field → (before, after).

    Raises Stale when the firm has changed since `version` was read.
    """
    refuse_merged(firm)
    changes = differences(firm, entry)
    if not changes:
        return {}
    columns = {f: after for f, (_, after) in changes.items() if f in EDITABLE}
    if "uscc" in columns:
        await _refuse_known(conn, columns["uscc"], by.viewer)
    if "name" in columns:
        sort_key, initials = pinyin(columns["name"])
        columns |= {"name_key": key(columns["name"]), "name_pinyin": sort_key, "name_initials": initials}
    with _explained():
        done = await conn.execute(
            update(Firm)
            .where(Firm.id == firm.id, Firm.version == version)
            .values(**columns, version=Firm.version + 1, updated_at=at)
        )
    if done.rowcount == 0:
        who = await who_was_faster(conn, firm.id)
        raise Stale(f"{who} 刚改过这家企业的资料，您的修改没有保存。请核对对方的改动后再提交。")
    await write_children(conn, [(firm.id, _changed_only(entry, changes))])
    if "name" in columns:
        await remember_names(conn, [(firm.id, firm.name)], at=at)
    await refresh_search(conn, [firm.id])
    await record(conn, edit_event(firm, changes, by=by, at=at))
    return changes


async def edit_many(
    conn: Conn, edits: Sequence[tuple[FirmDetail, FirmEntry]], *, by: Actor, at: datetime, renew: bool = True
) -> list[uuid.UUID]:
    """The same as `edit` for rows that the caller has locked; unchanged ones cost nothing. `renew`: whether they come
    to the top of what was changed last."""
    changed: list[tuple[FirmDetail, FirmEntry]] = []
    renamed: list[tuple[uuid.UUID, str]] = []
    found_by: list[uuid.UUID] = []
    events: list[dict[str, Any]] = []
    by_columns: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for firm, entry in edits:
        changes = differences(firm, entry)
        if not changes:
            continue
        columns = {f: after for f, (_, after) in changes.items() if f in EDITABLE}
        if "name" in columns:
            sort_key, initials = pinyin(columns["name"])
            columns |= {"name_key": key(columns["name"]), "name_pinyin": sort_key, "name_initials": initials}
            renamed.append((firm.id, firm.name))
        if _SEARCHED & changes.keys():
            found_by.append(firm.id)
        by_columns.setdefault(tuple(sorted(columns)), []).append({**columns, "b_id": firm.id})
        changed.append((firm, _changed_only(entry, changes)))
        events.append(edit_event(firm, changes, by=by, at=at))
    # Of whom only people or names change, the row is written once, with what it is found by.
    lists_only = {row["b_id"] for row in by_columns.get((), ())} & set(found_by)
    by_columns[()] = [row for row in by_columns.get((), ()) if row["b_id"] not in lists_only]
    for names, rows in by_columns.items():
        if rows:
            await update_rows(conn, names, rows, at=at if renew else None)
    await write_children(conn, [(firm.id, entry) for firm, entry in changed])
    await remember_names(conn, renamed, at=at)
    await refresh_search(conn, [i for i in found_by if i in lists_only], touched=at)
    await refresh_search(conn, [i for i in found_by if i not in lists_only])
    await record(conn, *events)
    return [firm.id for firm, _ in changed]


async def add_note(conn: Conn, firm: FirmDetail, body: str, *, by: Actor, at: datetime) -> uuid.UUID:
    refuse_merged(await as_it_stands(conn, firm))
    note_id = new_id()
    await conn.execute(
        insert(FirmNote).values(
            id=note_id,
            firm_id=firm.id,
            author_id=by.viewer.id,
            author_name=by.viewer.name,
            at=at,
            body=body,
        )
    )
    await record(
        conn,
        event_row("firm:note:added", by=by, at=at, object_type="firm", object_id=firm.id, object_label=firm.name),
    )
    return note_id


def differences(firm: FirmDetail, entry: FirmEntry) -> dict[str, tuple[Any, Any]]:
    changes: dict[str, tuple[Any, Any]] = {
        f: (getattr(firm, f), v) for f, v in entry.values.items() if f in EDITABLE and getattr(firm, f) != v
    }
    for name in _LISTS:
        wanted = getattr(entry, name)
        if wanted is not None and sorted(map(str, wanted)) != sorted(map(str, getattr(firm, name))):
            changes[name] = (getattr(firm, name), tuple(wanted))
    return changes


async def _refuse_known(conn: Conn, code: str, viewer: Viewer) -> None:
    """Names the firm that has the code to those who can see it; to the others the index says only that it is taken."""
    name = (await conn.execute(select(Firm.name).where(Firm.uscc == code, visible_to(viewer)))).scalar_one_or_none()
    if name is not None:
        raise Conflict(f"这个代码已经登记在“{name}”名下。")


def _changed_only(entry: FirmEntry, changes: Mapping[str, Any]) -> FirmEntry:
    """A list that is sent back as it was read is not written again."""
    left: dict[str, Any] = dict.fromkeys(f for f in _LISTS if f not in changes)
    return replace(entry, **left)


def edit_event(firm: FirmDetail, changes: Mapping[str, tuple[Any, Any]], *, by: Actor, at: datetime) -> dict[str, Any]:
    return event_row(
        "firm:record:edited",
        by=by,
        at=at,
        object_type="firm",
        object_id=firm.id,
        object_label=firm.name,
        before=_plain({f: b for f, (b, _) in changes.items()}),
        after=_plain({f: a for f, (_, a) in changes.items()}),
    )


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as JSON keeps them without loss: amounts and dates as text, contacts without their phones."""
    return {f: _plain_value(f, v) for f, v in values.items()}


def _plain_value(name: str, value: Any) -> Any:
    if name == "contacts":
        return [c.name for c in value]
    if isinstance(value, tuple):
        return list(value)
    return value if value is None or isinstance(value, (bool, int)) else str(value)


def _new_row(entry: FirmEntry, *, vault: Vault, by: Actor, at: datetime) -> dict[str, Any]:
    values: dict[str, Any] = {f: entry.values.get(f) for f in EDITABLE}
    sort_key, initials = pinyin(values["name"])
    search_text, search_grams = document(
        name=values["name"],
        uscc=values["uscc"],
        initials=initials,
        former=entry.former_names or (),
        people=[(c.name, marks_of(vault, c.phone) if c.phone else ()) for c in entry.contacts or ()],
        extra=entry.search_extra,
    )
    footing = entry.footing
    return {
        **values,
        "id": new_id(),
        "status": values["status"] or "active",
        "name_key": key(values["name"]),
        "name_pinyin": sort_key,
        "name_initials": initials,
        "tier": footing.tier if footing else None,
        "tier_since": footing.since if footing else None,
        "stale_on": footing.stale_on if footing else None,
        "search_extra": entry.search_extra,
        "search_text": search_text,
        "search_grams": search_grams,
        "created_at": at,
        "created_by": by.viewer.id if by.viewer.login else None,
        "updated_at": at,
    }


class _explained:
    """Turns a broken constraint into the field error a person can act on."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if not isinstance(error, IntegrityError):
            return
        name = constraint_of(error)
        if name == "uq_firms_uscc":
            raise Conflict(CODE_TAKEN) from error
        field = {
            "fk_firms_region_code": ("region_code", "没有这个镇街。"),
            "fk_firms_high_tech_field": ("high_tech_field", "没有这个技术领域。"),
            "fk_firms_direction": ("direction", "没有这个技术方向。"),
            "fk_firms_officer_id": ("officer_id", "没有这位专员。"),
        }.get(name or "")
        if field:
            raise Invalid({field[0]: field[1]}) from error
