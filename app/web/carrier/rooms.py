"""Rooms and halls of seats: added, renamed, closed, opened again; and who has had one."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any

from fastapi import Query, Request, Response

from app.access.terms import Viewer
from app.carriers import joining, spaces
from app.carriers.occupancy import fills
from app.carriers.place_rules import place_key
from app.carriers.queries import space_of, spaces_of
from app.carriers.taking import same_room
from app.carriers.tenancies import tenancies_of_space
from app.carriers.terms import Carrier, Fill, Space
from app.db import Conn
from app.errors import AppError, Conflict, Invalid, NotFound, Refused
from app.web.carrier.frame import (
    LetSpaces,
    ReadCarriers,
    SeeLetting,
    carrier_in_sight,
    faulty,
    head,
    home_of,
)
from app.web.carrier_input import Reader, read_space
from app.web.deps import ClockDep, ConnDep, TodayDep
from app.web.forms import raw_form, version_in
from app.web.htmx import see_other
from app.web.idempotency import KeyDep, once
from app.web.routing import Router
from app.web.templating import page

router = Router()
_FIELDS = ("building", "floor", "room", "area", "exclusive", "capacity", "opened_on")


@router.get("/carriers/{carrier_id}/spaces/new")
async def new_form(
    request: Request, carrier_id: uuid.UUID, viewer: SeeLetting, conn: ConnDep, today: TodayDep
) -> Response:
    carrier = await carrier_in_sight(conn, carrier_id, viewer)
    usual = {"exclusive": "1", "opened_on": f"{today}"}
    return await _form(request, conn, carrier, viewer, usual, key=uuid.uuid4().hex)


@router.post("/carriers/{carrier_id}/spaces/new")
async def add(
    request: Request, carrier_id: uuid.UUID, conn: ConnDep, clock: ClockDep, actor: LetSpaces, key: KeyDep
) -> Response:
    carrier = await carrier_in_sight(conn, carrier_id, actor.viewer)
    raw, at = await raw_form(request), clock.now()
    try:
        async with once(conn, key, viewer=actor.viewer, at=at) as slot:
            if slot.replayed is not None:
                return slot.replayed
            entry = read_space(raw)
            await spaces.add_space(conn, carrier, entry, by=actor, at=at)
            return slot.keep(see_other(request, home_of(carrier, actor.viewer), f"已新增 {entry.room}"))
    except (Invalid, Conflict) as error:
        return await _form(request, conn, carrier, actor.viewer, raw, key=key.value, error=error)


@router.get("/carriers/{carrier_id}/spaces/{space_id}")
async def space_page(
    request: Request, carrier_id: uuid.UUID, space_id: uuid.UUID, viewer: ReadCarriers, conn: ConnDep
) -> Response:
    carrier = await carrier_in_sight(conn, carrier_id, viewer)
    space = await _space(conn, carrier, space_id)
    return await _form(request, conn, carrier, viewer, _as_typed(space), space=space)


@router.post("/carriers/{carrier_id}/spaces/{space_id}")
async def amend(
    request: Request, carrier_id: uuid.UUID, space_id: uuid.UUID, conn: ConnDep, clock: ClockDep, actor: LetSpaces
) -> Response:
    carrier = await carrier_in_sight(conn, carrier_id, actor.viewer)
    space, raw = await _space(conn, carrier, space_id), await raw_form(request)
    try:
        entry = read_space(raw)
        version = version_in(raw)
        done = await spaces.amend_space(conn, carrier, space.id, entry, version=version, by=actor, at=clock.now())
    except (Invalid, Conflict, Refused) as error:
        # What is refused is about its size; what stands in the way has its name.
        about = "" if space.closed_on else "area" if isinstance(error, Refused) else "room"
        return await _form(request, conn, carrier, actor.viewer, raw, space=space, error=error, place=about)
    return see_other(request, home_of(carrier, actor.viewer), "已保存" if done else "没有变化")


@router.post("/carriers/{carrier_id}/spaces/{space_id}/close")
async def close(
    request: Request,
    carrier_id: uuid.UUID,
    space_id: uuid.UUID,
    conn: ConnDep,
    clock: ClockDep,
    today: TodayDep,
    actor: LetSpaces,
) -> Response:
    carrier = await carrier_in_sight(conn, carrier_id, actor.viewer)
    space = await _space(conn, carrier, space_id)
    r = Reader(await raw_form(request))
    try:
        on = r.day("on") or today
        r.done()
        await spaces.close_space(conn, carrier, space.id, on=on, by=actor, at=clock.now())
    except (Invalid, Conflict, Refused) as error:
        typed = _as_typed(space)
        return await _form(request, conn, carrier, actor.viewer, typed, space=space, error=error, place="on")
    return see_other(request, home_of(carrier, actor.viewer), f"{space.place} 自 {on} 起停用")


@router.post("/carriers/{carrier_id}/spaces/{space_id}/reopen")
async def reopen(
    request: Request, carrier_id: uuid.UUID, space_id: uuid.UUID, conn: ConnDep, clock: ClockDep, actor: LetSpaces
) -> Response:
    carrier = await carrier_in_sight(conn, carrier_id, actor.viewer)
    space = await _space(conn, carrier, space_id)
    try:
        await spaces.reopen_space(conn, carrier, space.id, by=actor, at=clock.now())
    except (Conflict, Refused) as error:
        typed = _as_typed(space)
        return await _form(request, conn, carrier, actor.viewer, typed, space=space, error=error, place="")
    return see_other(request, f"/carriers/{carrier.id}/spaces/{space.id}", f"{space.place} 已恢复启用")


@router.get("/carriers/{carrier_id}/spaces/{space_id}/join")
async def join_form(
    request: Request,
    carrier_id: uuid.UUID,
    space_id: uuid.UUID,
    viewer: SeeLetting,
    conn: ConnDep,
    today: TodayDep,
    other: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """Both rows side by side, before what cannot be taken back: of many equal rooms one is soon chosen wrongly."""
    carrier = await carrier_in_sight(conn, carrier_id, viewer)
    space, r = await _space(conn, carrier, space_id), Reader({"other": other})
    asked = r.id("other", required="请选择另一条登记。")
    if r.faults:
        error, typed = Invalid(r.faults), _as_typed(space)
        return await _form(request, conn, carrier, viewer, typed, space=space, error=error)
    twin = await _space(conn, carrier, asked)
    fill = (await fills(conn, [carrier.id], on=today, today=today)).get(carrier.id, Fill())
    fewer = replace(fill, rooms=fill.rooms - 1, area=fill.area - twin.area)
    context: dict[str, Any] = {
        **head(carrier, viewer),
        "space": space,
        "twin": twin,
        "rows": [(one, await tenancies_of_space(conn, one.id)) for one in (space, twin)],
        "fill": fill,
        "fewer": fewer,
    }
    return page(request, "carrier/join.html", title=f"合并 {space.place} 和 {twin.place}", **context)


@router.post("/carriers/{carrier_id}/spaces/{space_id}/join")
async def join(
    request: Request, carrier_id: uuid.UUID, space_id: uuid.UUID, conn: ConnDep, clock: ClockDep, actor: LetSpaces
) -> Response:
    """The other row of the same room, whichever came first; `same` where only a person sees that it is."""
    carrier = await carrier_in_sight(conn, carrier_id, actor.viewer)
    space, raw = await _space(conn, carrier, space_id), await raw_form(request)
    r = Reader(raw)
    try:
        other = r.id("other", required="请选择另一条登记。")
        r.done()
        async with conn.begin_nested():
            kept = await joining.join(
                conn,
                carrier,
                space.id,
                other,
                version=version_in(raw),
                other_version=version_in(raw, "other_version"),
                same=bool(raw.get("same")),
                by=actor,
                at=clock.now(),
            )
    except (Invalid, Conflict, Refused) as error:
        typed = _as_typed(space)
        return await _form(request, conn, carrier, actor.viewer, typed, space=space, error=error, place="")
    return see_other(request, f"/carriers/{carrier.id}/spaces/{kept.id}", f"已合并为 {kept.place}")


async def _space(conn: Conn, carrier: Carrier, space_id: uuid.UUID) -> Space:
    found = await space_of(conn, carrier.id, space_id)
    if found is None:
        raise NotFound
    return found


def _as_typed(space: Space) -> dict[str, str]:
    said = {name: getattr(space, name) for name in (*_FIELDS, "version")}
    said["exclusive"] = "1" if space.exclusive else "0"
    return {name: "" if value is None else str(value) for name, value in said.items()}


async def _form(
    request: Request,
    conn: Conn,
    carrier: Carrier,
    viewer: Viewer,
    raw: Mapping[str, str],
    *,
    space: Space | None = None,
    key: str = "",
    error: AppError | None = None,
    place: str = "room",
) -> Response:
    rooms = await spaces_of(conn, carrier.id)
    context: dict[str, Any] = {
        **head(carrier, viewer),
        **_rows_of_one_room(rooms, space, raw),
        "space": space,
        "values": {name: raw.get(name, "") for name in _FIELDS},
        "version": raw.get("version", ""),
        "into": await space_of(conn, carrier.id, space.joined_into) if space and space.joined_into else None,
        "until": spaces.may_reopen_until(space) if space else None,
        "too_late": spaces.TOO_LATE,
        "had": await tenancies_of_space(conn, space.id) if space else [],
        "idempotency_key": key,
        **faulty(error, place),
    }
    status = error.status if error else 200
    title = space.place if space else "新增房间"
    return page(request, "carrier/space.html", title=title, status=status, **context)


def _rows_of_one_room(spaces: Sequence[Space], space: Space | None, raw: Mapping[str, str]) -> dict[str, Any]:
    """What may be made one with this: spelled otherwise, of the name that is typed, or another of its size there."""
    others = [s for s in spaces if space is None or s.id != space.id]
    typed = place_key(*(raw.get(name, "") for name in ("building", "floor", "room")))
    there = next((s for s in others if place_key(s.building, s.floor, s.room) == typed), None)
    if space is None or space.closed_on:
        return {"twins": [], "there": None if space else there, "other_size": [], "alike": []}
    twins = [s for s in others if same_room(s, space)]
    alike = [s for s in others if s not in twins and s != there and not joining.sized_otherwise(s, space)]
    mine = place_key(space.building, space.floor, "")
    near = [(str(s.id), s.place) for s in alike if place_key(s.building, s.floor, "") == mine]
    return {
        "twins": twins,
        "there": None if there in twins else there,
        "other_size": joining.sized_otherwise(there, space) if there else [],
        "alike": near,
    }
