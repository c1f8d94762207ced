"""A tenancy that goes on: to another room or up the chain, with more months, with its agreement set right; a team that
has become a firm."""

import uuid
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from fastapi import Request, Response

from app.access.terms import Role, Viewer
from app.carriers import extending, letting, moving, queries
from app.carriers.proposals import asked_for
from app.carriers.stay_terms import SpecialField, Tenancy, Terms
from app.carriers.tenancies import holding
from app.carriers.terms import Carrier, CarrierState
from app.db import Conn
from app.errors import AppError, Conflict, Invalid, NotFound, Refused
from app.incubation import asking
from app.text.uscc import check
from app.web.carrier.frame import (
    LetSpaces,
    SeeLetting,
    carrier_in_sight,
    checked_form,
    faulty,
    head,
    home_of,
)
from app.web.carrier.tenants import act, tenancy_in_sight
from app.web.carrier.views import let_by_room, rooms_to_choose
from app.web.carrier_input import LABELS, Reader, read_terms
from app.web.deps import ClockDep, ConnDep, TodayDep
from app.web.forms import raw_form, version_in
from app.web.htmx import see_other
from app.web.idempotency import KeyDep, once
from app.web.routing import Router
from app.web.templating import page

router = Router(prefix="/tenancies/{tenancy_id}")
_WHERE = ("carrier", "space", "on", "until", "seats", "agreement_no", "note", "late")
_CALLED = {"on": "在新房间的第一天"}
_TERMS = tuple(Terms.__dataclass_fields__)


@router.get("/transfer")
async def transfer_form(
    request: Request, tenancy_id: uuid.UUID, viewer: SeeLetting, conn: ConnDep, today: TodayDep, carrier: str = ""
) -> Response:
    """First where to, which is in the address; then the room, the day and the agreement."""
    held = await tenancy_in_sight(conn, tenancy_id, viewer)
    raw = {"carrier": carrier[:40] or str(held.carrier_id), "on": today.isoformat(), "seats": str(held.seats)}
    until = held.until if held.until and held.until >= today else None  # a lease that is over wants a new last day
    raw |= {"until": f"{until or ''}", "version": str(held.version)}
    return await _transfer_form(request, conn, held, viewer, today, raw, key=uuid.uuid4().hex)


@router.post("/transfer")
async def transfer(
    request: Request,
    tenancy_id: uuid.UUID,
    conn: ConnDep,
    clock: ClockDep,
    today: TodayDep,
    actor: LetSpaces,
    key: KeyDep,
) -> Response:
    held = await tenancy_in_sight(conn, tenancy_id, actor.viewer)
    raw, at = await raw_form(request), clock.now()
    try:
        async with once(conn, key, viewer=actor.viewer, at=at) as slot:
            if slot.replayed is not None:
                return slot.replayed
            onward = _onward(raw, today)
            async with conn.begin_nested():
                made = await moving.transfer(conn, held.id, onward, version=version_in(raw), by=actor, at=at)
            return slot.keep(see_other(request, f"/tenancies/{made}", "已转移"))
    except (Invalid, Conflict, Refused) as error:
        return await _transfer_form(request, conn, held, actor.viewer, today, raw, key=key.value, error=error)


def _onward(raw: Mapping[str, str], today: date) -> moving.Onward:
    """Raises Invalid by field."""
    r = Reader(raw)
    onward = moving.Onward(
        r.id("carrier", required="请选择载体。"),
        r.id("space", required="请选择房间。"),
        r.day("on") or today,
        r.day("until"),
        r.count("seats") or 1,
        r.text("agreement_no"),
        r.text("note", longest=2000),
        r.text("late"),
    )
    r.done()
    return onward


async def _transfer_form(
    request: Request,
    conn: Conn,
    held: Tenancy,
    viewer: Viewer,
    today: date,
    raw: Mapping[str, str],
    *,
    key: str,
    error: AppError | None = None,
) -> Response:
    there = [c for c in (await queries.carriers_by_name(conn, viewer=viewer)).values() if _open(c)]
    target = next((c for c in there if str(c.id) == raw.get("carrier")), None)
    spaces = await queries.spaces_of(conn, target.id) if target else []
    let = let_by_room(await holding(conn, target.id, today=today)) if target else {}
    asked = await asked_for(conn, target.id, viewer=viewer, today=today) if target else {}
    context: dict[str, Any] = {
        **head(await carrier_in_sight(conn, held.carrier_id, viewer), viewer),
        "tenancy": held,
        "carriers": [(str(c.id), f"{c.name}（{c.kind.label}）") for c in there],
        "target": target,
        "spaces": rooms_to_choose(spaces, let, asked, today),
        "values": {name: raw.get(name, "") for name in _WHERE},
        "version": raw.get("version", ""),
        "ahead": moving.AHEAD,
        "labels": LABELS | _CALLED,
        "idempotency_key": key,
        **faulty(error, "space", called=_CALLED),
    }
    status = error.status if error else 200
    return page(request, "carrier/transfer.html", title=f"转移 {held.holder}", status=status, **context)


def _open(carrier: Carrier) -> bool:
    return carrier.state is not CarrierState.CLOSED


@router.get("/agreement")
async def agreement_form(request: Request, tenancy_id: uuid.UUID, viewer: SeeLetting, conn: ConnDep) -> Response:
    held = await tenancy_in_sight(conn, tenancy_id, viewer)
    kept = {name: getattr(held, name) for name in _TERMS}
    kept |= {"special_field": held.special_field.value if held.special_field else ""}
    kept |= {"rent_reduced": "1" if held.rent_reduced else "0", "version": held.version}
    raw = {name: "" if value is None else str(value) for name, value in kept.items()}
    return await _agreement_form(request, conn, held, viewer, raw)


@router.post("/agreement")
async def correct(
    request: Request, tenancy_id: uuid.UUID, conn: ConnDep, clock: ClockDep, actor: LetSpaces
) -> Response:
    held = await tenancy_in_sight(conn, tenancy_id, actor.viewer)
    raw = await checked_form(request, "rent_reduced")
    try:
        terms = read_terms(raw)
        done = await letting.change(conn, held.id, terms, version=version_in(raw), by=actor, at=clock.now())
    except (Invalid, Conflict, Refused) as error:
        return await _agreement_form(request, conn, held, actor.viewer, raw, error=error)
    return see_other(request, f"/tenancies/{held.id}", "已保存" if done else "没有变化")


async def _agreement_form(
    request: Request,
    conn: Conn,
    held: Tenancy,
    viewer: Viewer,
    raw: Mapping[str, str],
    *,
    error: AppError | None = None,
) -> Response:
    context: dict[str, Any] = {
        **head(await carrier_in_sight(conn, held.carrier_id, viewer), viewer),
        "tenancy": held,
        "values": {name: raw.get(name, "") for name in _TERMS},
        "version": raw.get("version", ""),
        "fields": [("", "不属于"), *SpecialField.options()],
        "labels": LABELS,
        **faulty(error),
    }
    status = error.status if error else 200
    return page(request, "carrier/agreement.html", title=f"{held.holder} 的协议", status=status, **context)


@router.post("/extend")
async def extend(
    request: Request, tenancy_id: uuid.UUID, conn: ConnDep, clock: ClockDep, today: TodayDep, actor: LetSpaces
) -> Response:
    at: datetime = clock.now()

    async def step(r: Reader, version: int) -> None:
        months, reason = r.count("months", most=extending.LONGEST_LIMIT) or 0, r.text("reason")
        r.done()
        await extending.extend(conn, tenancy_id, months=months, reason=reason, version=version, by=actor, at=at)

    return await act(request, conn, tenancy_id, actor, today, step, "已延长孵化期限")


@router.post("/link")
async def link(
    request: Request, tenancy_id: uuid.UUID, conn: ConnDep, clock: ClockDep, today: TodayDep, actor: LetSpaces
) -> Response:
    """That the team has become a firm: an officer writes it down, an operator asks the firm."""
    at, held = clock.now(), await tenancy_in_sight(conn, tenancy_id, actor.viewer)
    if held.team_id is None:
        raise NotFound
    team, carrier = held.team_id, await carrier_in_sight(conn, held.carrier_id, actor.viewer)
    proposes = actor.viewer.role is Role.CARRIER

    async def step(r: Reader, version: int) -> None:
        await letting.lock_tenancy(conn, tenancy_id, version, by=actor)
        code, on = check(r.text("uscc")), r.day("on") or today
        if code.errors:
            r.faults["uscc"] = code.errors[0]
        r.done()
        if proposes:
            await asking.propose_link(conn, carrier, team, uscc=code.code, on=on, by=actor, at=at)
        else:
            await moving.link_team(conn, carrier, team, uscc=code.code, on=on, by=actor, at=at)

    where = f"{home_of(carrier, actor.viewer)}#h-proposals" if proposes else ""
    done = "已提交；企业或主管部门确认后，从注册那天起租约算这家企业的" if proposes else "已登记为企业"
    return await act(request, conn, tenancy_id, actor, today, step, done, where=where)
