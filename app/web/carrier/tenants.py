"""Somebody let in, and one tenancy: renewed, ended, graduated, with all that has happened to it."""

import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from fastapi import Request, Response

from app.access.personal import shown as personal
from app.access.terms import Actor, Permission, Role, Viewer
from app.carriers import letting, queries
from app.carriers.proposal_terms import rivals_of
from app.carriers.proposals import asked_for, waiting_for
from app.carriers.rules import Due
from app.carriers.stay_terms import EXPLAINED, LEAVING, EndReason, SpecialField, Team, Tenancy
from app.carriers.tenancies import chain_of, events_of, holding, open_tenancies, tenancy_by_id
from app.carriers.terms import Carrier
from app.clock import business_day
from app.db import Conn
from app.errors import AppError, Conflict, Invalid, NotFound, Refused, TooMany
from app.incubation import asking
from app.incubation.entering import enter
from app.incubation.graduating import Graduation, graduate, ground_of, sentences, standing
from app.incubation.leaving import leave
from app.incubation.reopening import reopen
from app.personal.terms import Kind
from app.policy.terms import Outcome
from app.web.carrier.frame import (
    KeepCarriers,
    LetSpaces,
    ReadCarriers,
    SeeLetting,
    carrier_in_sight,
    faulty,
    field_of,
    head,
    home_of,
)
from app.web.carrier.naming import with_code
from app.web.carrier.views import first_day, incubating_words, inside_of, let_by_room, rooms_to_choose, usual
from app.web.carrier_input import LABELS, Reader, read_ending, read_lease
from app.web.deps import ClockDep, ConnDep, LookupDep, TodayDep, lookup_of
from app.web.forms import clean_text, raw_form, version_in
from app.web.htmx import see_other
from app.web.idempotency import KeyDep, once
from app.web.routing import Router
from app.web.templating import page

router = Router()
_FIELDS = (
    *("space", "uscc", "team", "team_leader", "team_members", "since", "until", "seats", "incubates"),
    *("special_field", "rent_reduced", "agreement_no", "agreement_on", "stage_target", "ground"),
)
# The same whether there is such a firm, and whether it agrees.
PROPOSED = "已提交；企业或主管部门确认后即入驻"


@router.get("/carriers/{carrier_id}/tenancies/new")
async def admit_form(
    request: Request, carrier_id: uuid.UUID, viewer: SeeLetting, conn: ConnDep, today: TodayDep, space: str = ""
) -> Response:
    carrier = await carrier_in_sight(conn, carrier_id, viewer)
    raw = {"space": space[:40], "incubates": usual(carrier.kind)}
    return await _admit_form(request, conn, carrier, viewer, today, raw, key=uuid.uuid4().hex)


@router.post("/carriers/{carrier_id}/tenancies/new")
async def admit(
    request: Request,
    carrier_id: uuid.UUID,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    actor: LetSpaces,
    key: KeyDep,
) -> Response:
    carrier = await carrier_in_sight(conn, carrier_id, actor.viewer)
    at = clock.now()
    raw = {"incubates": "0", **await raw_form(request)}
    try:
        async with once(conn, key, viewer=actor.viewer, at=at) as slot:
            if slot.replayed is not None:
                return slot.replayed
            known = await with_code(conn, carrier, raw, viewer=actor.viewer, today=business_day(at))
            lease = read_lease(known)
            if lease.uscc and actor.viewer.role is Role.CARRIER:
                asked = await asking.propose(conn, carrier, lease, by=actor, at=at)
                said = PROPOSED + await _besides(conn, lease.space_id, asked, business_day(at))
                return slot.keep(see_other(request, f"{home_of(carrier, actor.viewer)}#h-proposals", said))
            ground = clean_text("ground", raw.get("ground", ""), longest=2000)
            async with conn.begin_nested():  # a team that is new is not left behind without its room
                made = await enter(conn, carrier, lease, ground=ground, policies=lookup.policies, by=actor, at=at)
            return slot.keep(see_other(request, f"/tenancies/{made}", "已办理入驻"))
    except (Invalid, Conflict, Refused, TooMany) as error:
        today = business_day(at)
        return await _admit_form(request, conn, carrier, actor.viewer, today, raw, key=key.value, error=error)


async def _besides(conn: Conn, space_id: uuid.UUID, asked: uuid.UUID, today: date) -> str:
    """That the room has been proposed to others for the same days, and until when they may still say yes."""
    waiting = {p.id: p for p in await waiting_for(conn, space_id, today=today)}
    rivals = rivals_of(waiting[asked], waiting.values())
    if not rivals:
        return ""
    first, more = rivals[0], f"等 {len(rivals)} 份" if len(rivals) > 1 else ""
    span = f"{first.since} 至 {first.until or '未约定'}"
    return f"。注意：{first.place} 在重叠的日期已向 {first.called}（{span}）{more}提议，{first.closes_on} 前确认的先得"


async def _admit_form(
    request: Request,
    conn: Conn,
    carrier: Carrier,
    viewer: Viewer,
    today: date,
    raw: Mapping[str, str],
    *,
    key: str,
    error: AppError | None = None,
) -> Response:
    spaces = await queries.spaces_of(conn, carrier.id)
    let = let_by_room(await holding(conn, carrier.id, today=today))
    context: dict[str, Any] = {
        **head(carrier, viewer),
        "values": {name: raw.get(name, "") for name in _FIELDS} | first_day(raw, let, today),
        "spaces": rooms_to_choose(spaces, let, await asked_for(conn, carrier.id, viewer=viewer, today=today), today),
        "fields": [("", "不属于"), *SpecialField.options()],
        "labels": LABELS | {"incubates": incubating_words(carrier.kind)},
        "idempotency_key": key,
        **faulty(error, field_of(error)),
    }
    status = error.status if error else 200
    return page(request, "carrier/admit.html", title=f"{carrier.name} 办理入驻", status=status, **context)


async def tenancy_in_sight(conn: Conn, tenancy_id: uuid.UUID, viewer: Viewer) -> Tenancy:
    found = await tenancy_by_id(conn, tenancy_id, viewer=viewer)
    if found is None:
        raise NotFound
    return found


@router.get("/tenancies/{tenancy_id}")
async def tenancy_page(
    request: Request, tenancy_id: uuid.UUID, viewer: ReadCarriers, conn: ConnDep, today: TodayDep
) -> Response:
    held = await tenancy_in_sight(conn, tenancy_id, viewer)
    return await shown(request, conn, held, viewer, today)


async def shown(
    request: Request,
    conn: Conn,
    held: Tenancy,
    viewer: Viewer,
    today: date,
    *,
    failed: str = "",
    raw: Mapping[str, str] | None = None,
    error: AppError | None = None,
) -> Response:
    """`failed`: the step that `error` is about; its form stays open with what was typed."""
    carrier = await carrier_in_sight(conn, held.carrier_id, viewer)
    inside = inside_of(held, today, today) if held.since else None
    context: dict[str, Any] = {
        **head(carrier, viewer),
        **await _before_graduating(request, conn, held, viewer, today),
        "tenancy": held,
        "team": await _team(conn, held, viewer),
        "inside": inside,
        "at_limit": bool(held.firm_id and inside and any(r.due in (Due.OVER, Due.GRADUATE) for r in inside.reasons)),
        "events": await events_of(conn, held.id),
        "ground": held.ground,
        "ground_outcome": Outcome(held.ground["outcome"]).label if held.ground else "",
        "entry_outcome": Outcome(held.entry["outcome"]).label if held.entry else "",
        "chain": [t for t in await chain_of(conn, held, viewer=viewer) if t.id != held.id],
        "reasons_to_leave": [(r.value, r.label) for r in (*LEAVING, EndReason.STRUCK)],
        "explained": [r.label for r in EndReason if r in EXPLAINED],
        "may_see_firm": viewer.may(Permission.FIRM_LIST),
        "failed": failed,
        "values": dict(raw or {}),
        "may_reopen": viewer.role is Role.OFFICER and held.end_reason is EndReason.GRADUATED,
        "on": today.isoformat(),
        **faulty(error),
    }
    status = error.status if error else 200
    return page(request, "carrier/tenancy.html", title=f"{held.holder} {held.place}", status=status, **context)


async def _team(conn: Conn, held: Tenancy, viewer: Viewer) -> Team | None:
    """Who leads it, as far as one reads names, and how many they are."""
    found = await queries.team_of(conn, held.carrier_id, held.team_id) if held.team_id else None
    return replace(found, leader=personal(viewer, Kind.NAME, found.leader)) if found else None


async def _before_graduating(
    request: Request, conn: Conn, held: Tenancy, viewer: Viewer, today: date
) -> dict[str, Any]:
    """What would be found today, and what would end: said before anybody presses."""
    if not (held.open and held.firm_id and viewer.may(Permission.CARRIER_LET)):
        return {"would": "", "sure": False, "besides": []}
    policies = (await lookup_of(request, conn)).policies
    found = await standing(conn, held, policies=policies, as_of=today, viewer=viewer)
    there = await open_tenancies(conn, held.carrier_id)
    return {
        "would": Outcome(found.outcome).label if found else "",
        "sure": found is not None and found.outcome is Outcome.MET,
        "lacking": sentences(found, figures=viewer.may(Permission.ASSESSMENT_READ)) if found else [],
        "met": ground_of(found, "")["met"] if found else [],
        "besides": [t for t in there if t.firm_id == held.firm_id and t.id != held.id and t.since and t.since <= today],
    }


Step = Callable[[Reader, int], Awaitable[Any]]


async def act(
    request: Request,
    conn: Conn,
    tenancy_id: uuid.UUID,
    actor: Actor,
    today: date,
    step: Step,
    done: str,
    *,
    where: str = "",
) -> Response:
    """One step on a tenancy, or its page with why it was not taken and what was typed."""
    held = await tenancy_in_sight(conn, tenancy_id, actor.viewer)
    raw = await raw_form(request)
    try:
        async with conn.begin_nested():
            await step(Reader(raw), version_in(raw))
    except (Invalid, Conflict, Refused, TooMany) as error:
        failed = request.url.path.rpartition("/")[2]
        return await shown(request, conn, held, actor.viewer, today, failed=failed, raw=raw, error=error)
    return see_other(request, where or f"/tenancies/{tenancy_id}", done)


@router.post("/tenancies/{tenancy_id}/renew")
async def renew(
    request: Request, tenancy_id: uuid.UUID, conn: ConnDep, clock: ClockDep, today: TodayDep, actor: LetSpaces
) -> Response:
    at: datetime = clock.now()

    async def step(r: Reader, version: int) -> None:
        until = r.day("until", required="请填写新的租期止。")
        r.done()
        await letting.renew(conn, tenancy_id, until=until, version=version, by=actor, at=at)

    return await act(request, conn, tenancy_id, actor, today, step, "已续租")


@router.post("/tenancies/{tenancy_id}/end")
async def end(
    request: Request, tenancy_id: uuid.UUID, conn: ConnDep, clock: ClockDep, today: TodayDep, actor: LetSpaces
) -> Response:
    at: datetime = clock.now()

    async def step(r: Reader, version: int) -> None:
        await leave(conn, tenancy_id, read_ending(r.raw, today=today), version=version, by=actor, at=at)

    return await act(request, conn, tenancy_id, actor, today, step, "已登记退出")


@router.post("/tenancies/{tenancy_id}/graduate")
async def graduated(
    request: Request,
    tenancy_id: uuid.UUID,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    today: TodayDep,
    actor: LetSpaces,
) -> Response:
    at: datetime = clock.now()

    async def step(r: Reader, version: int) -> None:
        on = r.day("on", required="请写明在里面的最后一天，租约在那天结束。")
        asked = Graduation(on or today, r.text("ground", longest=2000), r.text("note", longest=2000), r.text("late"))
        r.done()
        await graduate(conn, tenancy_id, asked, policies=lookup.policies, version=version, by=actor, at=at)

    return await act(request, conn, tenancy_id, actor, today, step, "已登记毕业")


@router.post("/tenancies/{tenancy_id}/reopen")
async def reopened(
    request: Request, tenancy_id: uuid.UUID, conn: ConnDep, clock: ClockDep, today: TodayDep, actor: KeepCarriers
) -> Response:
    at: datetime = clock.now()

    async def step(r: Reader, version: int) -> None:
        reason = r.text("reason")
        r.done()
        await reopen(conn, tenancy_id, reason=reason, version=version, by=actor, at=at)

    return await act(request, conn, tenancy_id, actor, today, step, "已撤销毕业，租约接着算")
