"""The register's steps: an entry made, changed by one at a time, or struck out because it should never have been."""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, insert, select, update

from app.access.terms import Actor
from app.audit.service import event_row, record
from app.clock import business_day
from app.db import Conn, new_id
from app.errors import Conflict, Invalid, NotFound, Stale
from app.platforms.models import PlatformRow
from app.platforms.queries import platform_by_id
from app.platforms.rules import problems
from app.platforms.terms import Platform, PlatformEntry

_P = PlatformRow


async def add_platform(conn: Conn, entry: PlatformEntry, *, by: Actor, at: datetime) -> uuid.UUID:
    """The firm is one that the caller sees. Raises Invalid by field, Conflict when the register has it."""
    _check(entry, business_day(at))
    await _refuse_twice(conn, entry, None)
    row = {**_columns(entry), "id": new_id(), "recorded_at": at, "author_name": by.viewer.name}
    await conn.execute(insert(_P).values(row))
    await _trace(conn, "added", row["id"], entry.name, by=by, at=at, after=_said(entry))
    return uuid.UUID(str(row["id"]))


async def amend_platform(
    conn: Conn, platform_id: uuid.UUID, entry: PlatformEntry, *, version: int, by: Actor, at: datetime
) -> bool:
    """False when nothing differs. Raises NotFound, Stale when somebody else has changed it since `version`."""
    held = await _held(conn, platform_id, by)
    if held.version != version:
        raise Stale(f"{held.author_name} 刚改过这个平台；您填写的内容还在，请对照现在的内容再保存。")
    _check(entry, business_day(at))
    await _refuse_twice(conn, entry, platform_id)
    before, after = _said(entry_of(held)), _said(entry)
    if before == after:
        return False
    changed = {**_columns(entry), "version": version + 1, "author_name": by.viewer.name}
    await conn.execute(update(_P).where(_P.id == platform_id).values(changed))
    await _trace(conn, "changed", platform_id, entry.name, by=by, at=at, before=before, after=after)
    return True


async def strike_platform(
    conn: Conn, platform_id: uuid.UUID, *, reason: str, version: int, by: Actor, at: datetime
) -> Platform:
    """The entry goes, the trail keeps what it said. Raises NotFound, Stale when it says something else by now."""
    held = await _held(conn, platform_id, by)
    if held.version != version:
        raise Stale(f"{held.author_name} 刚改过这个平台；请看过现在的内容再删。")
    await conn.execute(delete(_P).where(_P.id == platform_id))
    said = _said(entry_of(held))
    await _trace(conn, "struck", platform_id, held.name, by=by, at=at, before=said, after={"reason": reason})
    return held


def entry_of(held: Platform) -> PlatformEntry:
    own_host = held.firm_id is None
    return PlatformEntry(
        kind=held.kind,
        level=held.level,
        name=held.name,
        recognised_on=held.recognised_on,
        firm_id=held.firm_id,
        host_name=held.host if own_host else "",
        region_code=held.region_code if own_host else None,
        number=held.number,
        valid_to=held.valid_to,
        ended_on=held.ended_on,
        duties=held.duties,
        source=held.source,
    )


def _check(entry: PlatformEntry, today: date) -> None:
    if wrong := problems(entry, today=today):
        raise Invalid(wrong)


async def _refuse_twice(conn: Conn, entry: PlatformEntry, but: uuid.UUID | None) -> None:
    query = select(_P.id).where(_P.kind == entry.kind.value, _P.level == entry.level.value, _P.name == entry.name)
    found = (await conn.execute(query)).scalar_one_or_none()
    if found is not None and found != but:
        raise Conflict(f"登记过同名的{entry.level.label}{entry.kind.label}“{entry.name}”，请核对。")


async def _held(conn: Conn, platform_id: uuid.UUID, by: Actor) -> Platform:
    await conn.execute(select(_P.id).where(_P.id == platform_id).with_for_update())
    held = await platform_by_id(conn, platform_id, viewer=by.viewer)
    if held is None:
        raise NotFound
    return held


def _columns(entry: PlatformEntry) -> dict[str, Any]:
    return {
        "kind": entry.kind.value,
        "level": entry.level.value,
        "name": entry.name,
        "firm_id": entry.firm_id,
        "host_name": "" if entry.firm_id else entry.host_name,
        "region_code": None if entry.firm_id else entry.region_code,
        "number": entry.number,
        "recognised_on": entry.recognised_on,
        "valid_to": entry.valid_to,
        "ended_on": entry.ended_on,
        "duties": [duty.to_json() for duty in entry.duties],
        "source": entry.source,
    }


def _said(entry: PlatformEntry) -> dict[str, Any]:
    plain = {k: v.isoformat() if isinstance(v, date) else v for k, v in _columns(entry).items()}
    return {k: str(v) if isinstance(v, uuid.UUID) else v for k, v in plain.items() if v not in (None, "", [])}


async def _trace(
    conn: Conn, verb: str, platform_id: uuid.UUID, name: str, *, by: Actor, at: datetime, **images: Any
) -> None:
    done = event_row(
        f"platform:record:{verb}",
        by=by,
        at=at,
        object_type="platform",
        object_id=platform_id,
        object_label=name,
        **images,
    )
    await record(conn, done)
