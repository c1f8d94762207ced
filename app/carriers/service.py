"""Carriers registered and kept: what has to be reported when it changes, what they are recognised as, what they owe."""

import uuid
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import exists, insert, select, update

from app.access.terms import Actor
from app.carriers.models import CarrierChangeRow, CarrierDuty, CarrierRecord, CarrierTitle, TenancyRow
from app.carriers.queries import lock_carrier
from app.carriers.recording import trace
from app.carriers.rules import REPORT_BASIS, REPORT_MONTHS, add_months
from app.carriers.terms import Carrier, CarrierEntry, CarrierState, DutyKind, Title
from app.clock import business_day
from app.db import Conn, new_id
from app.errors import Conflict, Invalid, NotFound, Refused, Stale
from app.firms.models import Region
from app.sealed import seal

# 300号 第十五条: what is reported within three months when it changes, in the words of the report.
REPORTED = {"name": "名称", "operator": "运营机构", "area_total": "场地面积", "address": "场地地址"}


def _values(entry: CarrierEntry) -> dict[str, Any]:
    return {
        "name": entry.name,
        "kind": entry.kind.value,
        "level": entry.level.value,
        "region_code": entry.region_code,
        "park": entry.park,
        "operator": entry.operator,
        "address": entry.address,
        "focus": entry.focus,
        "opened_on": entry.opened_on,
        "contact_name": entry.contact_name,
        "contact_phone": entry.contact_phone,
        "remark": entry.remark,
        "area_total": entry.areas.total,
        "area_office": entry.areas.office,
        "area_tenants": entry.areas.tenants,
        "area_public": entry.areas.public,
        "area_other": entry.areas.other,
    }


def _as_kept(carrier: Carrier) -> dict[str, Any]:
    fields = CarrierEntry.__dataclass_fields__
    return _values(CarrierEntry(**{name: getattr(carrier, name) for name in fields}))


async def _check(conn: Conn, entry: CarrierEntry, *, by: Actor, besides: uuid.UUID | None = None) -> None:
    """Raises Invalid for a division out of sight, Conflict for a name that another carrier has."""
    region = await conn.execute(select(Region.code).where(Region.code == entry.region_code))
    if region.first() is None or not by.viewer.scope or not entry.region_code.startswith(by.viewer.scope):
        raise Invalid({"region": "请选择您管辖范围内的镇街或园区。"})
    same = select(CarrierRecord.id).where(CarrierRecord.name == entry.name)
    if besides:
        same = same.where(CarrierRecord.id != besides)
    if (await conn.execute(same)).first() is not None:
        raise Conflict(f"已经有一个叫“{entry.name}”的载体。")


async def register(conn: Conn, entry: CarrierEntry, *, by: Actor, at: datetime) -> uuid.UUID:
    await _check(conn, entry, by=by)
    made = new_id()
    values = _sealed(conn, made, _values(entry))
    await conn.execute(insert(CarrierRecord).values(id=made, created_at=at, updated_at=at, **values))
    said = {"kind": entry.kind.label, "level": entry.level.label, "operator": entry.operator}
    await trace(conn, (made, entry.name), "record:registered", said, by=by, at=at)
    return made


async def edit(
    conn: Conn,
    carrier_id: uuid.UUID,
    entry: CarrierEntry,
    *,
    version: int,
    changed_on: date,
    by: Actor,
    at: datetime,
) -> bool:
    """False when nothing differs. What must be reported becomes a duty. Raises NotFound, Stale, Invalid, Conflict."""
    held = await _held(conn, carrier_id, version, by=by)
    await _check(conn, entry, by=by, besides=carrier_id)
    before, after = _as_kept(held), _values(entry)
    changed = {name: value for name, value in after.items() if value != before[name]}
    if not changed:
        return False
    await _write(conn, carrier_id, changed, at=at)
    old = {name: before[name] for name in changed}
    await trace(conn, (carrier_id, entry.name), "record:edited", changed, by=by, at=at, before=old)
    reported = [name for name in REPORTED if name in changed and before[name]]
    for name in reported:
        row = {"id": new_id(), "carrier_id": carrier_id, "changed_on": changed_on, "what": REPORTED[name], "at": at}
        told = {"before": _shown(before[name]), "after": _shown(after[name]), "actor_name": by.viewer.name}
        await conn.execute(insert(CarrierChangeRow).values(**row, **told))
    if reported:
        what = f"报告{'、'.join(REPORTED[name] for name in reported)}变更（{changed_on}）"
        due = add_months(changed_on, REPORT_MONTHS)
        await _owe(conn, carrier_id, DutyKind.CHANGE_REPORT, what, due, REPORT_BASIS, at=at)
    return True


def _shown(value: Any) -> str:
    return "" if value is None else str(value)


async def close(conn: Conn, carrier_id: uuid.UUID, *, on: date, version: int, by: Actor, at: datetime) -> None:
    """No more tenants: those inside have to have left first."""
    held = await _held(conn, carrier_id, version, by=by)
    if held.state is CarrierState.CLOSED:
        raise Conflict("这个载体已经停止运营。")
    inside = select(TenancyRow.id).where(TenancyRow.carrier_id == carrier_id, TenancyRow.ended_on.is_(None))
    left = len((await conn.execute(inside)).all())
    if left:
        raise Refused(f"还有 {left} 份租约没有登记退出，请先办完。")
    await _write(conn, carrier_id, {"state": CarrierState.CLOSED.value, "closed_on": on}, at=at)
    await trace(conn, (carrier_id, held.name), "record:closed", {"on": on}, by=by, at=at)


async def add_title(conn: Conn, carrier: Carrier, title: Title, *, by: Actor, at: datetime) -> uuid.UUID:
    """One that ends is looked at again before it does: that becomes a duty, and is done once the next one is here."""
    if title.valid_until is not None and title.valid_until < title.issued_on:
        raise Invalid({"valid_until": "有效期止不能早于认定日期。"})
    row = {
        "id": new_id(),
        "carrier_id": carrier.id,
        "level": title.level.value,
        "name": title.name,
        "document": title.document,
        "issued_on": title.issued_on,
        "valid_until": title.valid_until,
        "recorded_at": at,
        "recorder_name": by.viewer.name,
    }
    await conn.execute(insert(CarrierTitle).values(row))
    said = {"title": title.name, "on": title.issued_on, "document": title.document}
    await trace(conn, (carrier.id, carrier.name), "title:recorded", said, by=by, at=at)
    await _settle_renewed(conn, carrier, title, by=by, at=at)
    lasts = title.valid_until is not None and title.valid_until >= business_day(at)
    if title.valid_until is not None and lasts and not await _renewed(conn, carrier, title):
        await _owe(conn, carrier.id, DutyKind.REVIEW, _review(title), title.valid_until, title.document, at=at)
    return row["id"]  # type: ignore[return-value]


def _review(title: Title) -> str:
    return f"{title.name}有效期到，办理复核"


async def _renewed(conn: Conn, carrier: Carrier, title: Title) -> bool:
    """An older one may be written down after the one that followed it."""
    t = CarrierTitle
    later = t.valid_until.is_(None) | (t.valid_until > title.valid_until)
    query = select(t.id).where(t.carrier_id == carrier.id, t.name == title.name, later, t.issued_on > title.issued_on)
    return (await conn.execute(query.limit(1))).first() is not None


async def _settle_renewed(conn: Conn, carrier: Carrier, title: Title, *, by: Actor, at: datetime) -> None:
    """What the one before it of that name owed by its last day is done with the new one, which runs longer."""
    d, t = CarrierDuty, CarrierTitle
    until = title.valid_until or date.max
    same = (d.carrier_id == carrier.id, d.kind == DutyKind.REVIEW.value, d.what == _review(title))
    # One without an end from before the one that owes it renews nothing.
    mine = (t.carrier_id == carrier.id, t.name == title.name, t.valid_until == d.due_on)
    before = exists().where(*mine, t.issued_on <= title.issued_on)
    query = select(d.id).where(*same, d.done_on.is_(None), d.due_on < until, before).order_by(d.id)
    for duty_id in (await conn.execute(query)).scalars().all():
        await settle_duty(conn, carrier, duty_id, on=min(title.issued_on, business_day(at)), by=by, at=at)


async def add_duty(
    conn: Conn, carrier: Carrier, kind: DutyKind, what: str, due_on: date, basis: str, *, by: Actor, at: datetime
) -> uuid.UUID:
    made = await _owe(conn, carrier.id, kind, what, due_on, basis, at=at)
    said = {"what": what, "due_on": due_on}
    await trace(conn, (carrier.id, carrier.name), "duty:recorded", said, by=by, at=at)
    return made


async def settle_duty(conn: Conn, carrier: Carrier, duty_id: uuid.UUID, *, on: date, by: Actor, at: datetime) -> bool:
    """False when it was done already: a second click changes nothing."""
    d = CarrierDuty
    query = select(d.what, d.done_on).where(d.id == duty_id, d.carrier_id == carrier.id).with_for_update()
    found = (await conn.execute(query)).one_or_none()
    if found is None:
        raise NotFound
    if found.done_on is not None:
        return False
    await conn.execute(update(d).where(d.id == duty_id).values(done_on=on, doer_name=by.viewer.name))
    await trace(conn, (carrier.id, carrier.name), "duty:settled", {"what": found.what, "on": on}, by=by, at=at)
    return True


async def _owe(
    conn: Conn, carrier_id: uuid.UUID, kind: DutyKind, what: str, due_on: date, basis: str, *, at: datetime
) -> uuid.UUID:
    made = new_id()
    row = {"id": made, "carrier_id": carrier_id, "kind": kind.value, "what": what, "due_on": due_on, "basis": basis}
    await conn.execute(insert(CarrierDuty).values(**row, created_at=at))
    return made


async def _held(conn: Conn, carrier_id: uuid.UUID, version: int, *, by: Actor) -> Carrier:
    held = await lock_carrier(conn, carrier_id, viewer=by.viewer)
    if held is None:
        raise NotFound
    if held.version != version:
        raise Stale("这个载体的资料刚被别人改过，请对照现在的内容再保存。")
    return held


def _sealed(conn: Conn, carrier_id: uuid.UUID, values: Mapping[str, Any]) -> dict[str, Any]:
    if "contact_phone" not in values:
        return dict(values)
    return {**values, "contact_phone": seal(conn.vault, "carriers.contact_phone", carrier_id, values["contact_phone"])}


async def _write(conn: Conn, carrier_id: uuid.UUID, changed: Mapping[str, Any], *, at: datetime) -> None:
    done = {**_sealed(conn, carrier_id, changed), "version": CarrierRecord.version + 1, "updated_at": at}
    await conn.execute(update(CarrierRecord).where(CarrierRecord.id == carrier_id).values(done))
