"""A carrier registered and kept: its form, what it is recognised as, what it owes and has done."""

import uuid
from collections.abc import Mapping
from typing import Any

from fastapi import Request, Response

from app.access.terms import Viewer
from app.carriers import service
from app.carriers.terms import AREA_LABELS, Carrier, CarrierKind, CarrierLevel, DutyKind
from app.errors import AppError, Conflict, Invalid, Refused
from app.web.carrier.frame import (
    KeepCarriers,
    LetSpaces,
    SeeKeeping,
    carrier_in_sight,
    faulty,
    home_of,
)
from app.web.carrier.places import shown
from app.web.carrier_input import LABELS, read_carrier, read_changed_on
from app.web.deps import ClockDep, ConnDep, LookupDep, TodayDep
from app.web.filters import options
from app.web.forms import raw_form, version_in
from app.web.htmx import see_other
from app.web.idempotency import KeyDep, once
from app.web.keeping_input import read_duty, read_title
from app.web.lookups import Lookup
from app.web.routing import Router
from app.web.templating import page

router = Router()
_FIELDS = (
    *("name", "kind", "level", "region", "park", "operator", "address", "focus", "opened_on", "contact_name"),
    *("contact_phone", "remark", "changed_on"),
    *(f"area_{name}" for name in AREA_LABELS),
)


@router.get("/carriers/new")
async def new_form(request: Request, viewer: SeeKeeping, lookup: LookupDep) -> Response:
    raw = {"region": viewer.scope, "kind": CarrierKind.INCUBATOR.value, "level": CarrierLevel.COUNTY.value}
    return _form(request, lookup, viewer, raw, key=uuid.uuid4().hex)


@router.post("/carriers/new")
async def create(
    request: Request,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    today: TodayDep,
    actor: KeepCarriers,
    key: KeyDep,
) -> Response:
    raw, at = await raw_form(request), clock.now()
    try:
        async with once(conn, key, viewer=actor.viewer, at=at) as slot:
            if slot.replayed is not None:
                return slot.replayed
            entry = read_carrier(raw, today=today)
            made = await service.register(conn, entry, by=actor, at=at)
            return slot.keep(see_other(request, f"/carriers/{made}", f"已登记 {entry.name}"))
    except (Invalid, Conflict) as error:
        return _form(request, lookup, actor.viewer, raw, key=key.value, error=error)


@router.get("/carriers/{carrier_id}/edit")
async def edit_form(
    request: Request, carrier_id: uuid.UUID, viewer: SeeKeeping, conn: ConnDep, lookup: LookupDep
) -> Response:
    carrier = await carrier_in_sight(conn, carrier_id, viewer)
    return _form(request, lookup, viewer, _as_typed(carrier), carrier=carrier)


@router.post("/carriers/{carrier_id}/edit")
async def edit(
    request: Request,
    carrier_id: uuid.UUID,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    today: TodayDep,
    actor: KeepCarriers,
) -> Response:
    carrier = await carrier_in_sight(conn, carrier_id, actor.viewer)
    raw, version = await raw_form(request), 0
    try:
        version, changed_on = version_in(raw), read_changed_on(raw, today=today)
        entry = read_carrier(raw, today=today)
        done = await service.edit(
            conn, carrier.id, entry, version=version, changed_on=changed_on, by=actor, at=clock.now()
        )
    except (Invalid, Conflict) as error:
        return _form(request, lookup, actor.viewer, raw, carrier=carrier, error=error)
    return see_other(request, f"/carriers/{carrier.id}", "已保存" if done else "没有变化")


def _as_typed(carrier: Carrier) -> dict[str, str]:
    shown_as: dict[str, Any] = {name: getattr(carrier, name, None) for name in _FIELDS}
    shown_as |= {f"area_{name}": getattr(carrier.areas, name) for name in AREA_LABELS}
    shown_as |= {"region": carrier.region_code, "version": carrier.version}
    return {name: "" if value is None else str(value) for name, value in shown_as.items()}


def _form(
    request: Request,
    lookup: Lookup,
    viewer: Viewer,
    raw: Mapping[str, str],
    *,
    carrier: Carrier | None = None,
    key: str = "",
    error: AppError | None = None,
) -> Response:
    prefix = viewer.scope
    towns = [("", "请选择"), *options(lookup, viewer)["regions"][1:]]
    if prefix in lookup.reference.regions:
        towns.insert(1, (prefix, f"{lookup.reference.region(prefix)}（未定镇街）"))
    context: dict[str, Any] = {
        "carrier": carrier,
        "values": {name: raw.get(name, "") for name in _FIELDS},
        "version": raw.get("version", ""),
        "labels": LABELS,
        "kinds": CarrierKind.options(),
        "levels": CarrierLevel.options(),
        "regions": towns,
        "areas": list(AREA_LABELS.items()),
        "idempotency_key": key,
        **faulty(error, "name" if isinstance(error, Conflict) else ""),
    }
    status = error.status if error else 200
    title = f"修改 {carrier.name}" if carrier else "登记载体"
    return page(request, "carrier/form.html", title=title, status=status, **context)


@router.post("/carriers/{carrier_id}/titles")
async def add_title(
    request: Request,
    carrier_id: uuid.UUID,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    today: TodayDep,
    actor: KeepCarriers,
    key: KeyDep,
) -> Response:
    carrier = await carrier_in_sight(conn, carrier_id, actor.viewer)
    raw = await raw_form(request)
    at = clock.now()
    try:
        title = read_title(raw, today=today)
        async with once(conn, key, viewer=actor.viewer, at=at) as slot:
            if slot.replayed is not None:
                return slot.replayed
            await service.add_title(conn, carrier, title, by=actor, at=at)
            return slot.keep(see_other(request, f"/carriers/{carrier.id}#h-titles", f"已登记 {title.name}"))
    except Invalid as error:
        return await shown(request, conn, lookup, carrier, actor.viewer, today, failed="titles", raw=raw, error=error)


@router.post("/carriers/{carrier_id}/duties")
async def add_duty(
    request: Request,
    carrier_id: uuid.UUID,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    today: TodayDep,
    actor: KeepCarriers,
    key: KeyDep,
) -> Response:
    carrier = await carrier_in_sight(conn, carrier_id, actor.viewer)
    raw = await raw_form(request)
    at = clock.now()
    try:
        what, due_on, basis = read_duty(raw, today=today)
        async with once(conn, key, viewer=actor.viewer, at=at) as slot:
            if slot.replayed is not None:
                return slot.replayed
            await service.add_duty(conn, carrier, DutyKind.OTHER, what, due_on, basis, by=actor, at=at)
            return slot.keep(see_other(request, f"/carriers/{carrier.id}#h-duties", "已登记"))
    except Invalid as error:
        return await shown(request, conn, lookup, carrier, actor.viewer, today, failed="duties", raw=raw, error=error)


@router.post("/carriers/{carrier_id}/duties/{duty_id}/settle")
async def settle(
    request: Request,
    carrier_id: uuid.UUID,
    duty_id: uuid.UUID,
    conn: ConnDep,
    clock: ClockDep,
    today: TodayDep,
    actor: LetSpaces,
) -> Response:
    carrier = await carrier_in_sight(conn, carrier_id, actor.viewer)
    await service.settle_duty(conn, carrier, duty_id, on=today, by=actor, at=clock.now())
    return see_other(request, f"{home_of(carrier, actor.viewer)}#h-duties", "已登记办结")


@router.post("/carriers/{carrier_id}/close")
async def close(
    request: Request,
    carrier_id: uuid.UUID,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    today: TodayDep,
    actor: KeepCarriers,
) -> Response:
    carrier = await carrier_in_sight(conn, carrier_id, actor.viewer)
    raw = await raw_form(request)
    try:
        version = version_in(raw)
        await service.close(conn, carrier.id, on=today, version=version, by=actor, at=clock.now())
    except (Conflict, Refused) as error:
        return await shown(request, conn, lookup, carrier, actor.viewer, today, failed="close", error=error)
    return see_other(request, f"/carriers/{carrier.id}", "已登记停止运营")
