"""An operator's proposals: the officers' queue of them, and the answers of firms and officers."""

import uuid
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

from fastapi import Depends, Form, Query, Request, Response

from app.access.terms import Actor, Permission, Role, Viewer
from app.carriers import proposing
from app.carriers.proposal_terms import Asked, rivals_of
from app.carriers.proposals import before_officers
from app.db import Conn
from app.errors import Refused
from app.firms import cursors
from app.firms.terms import Sort
from app.incubation.applying import waiting_in
from app.incubation.entering import agree, conditions
from app.incubation.graduating import sentences
from app.web.carrier.frame import LetSpaces, SeeKeeping
from app.web.deps import ClockDep, ConnDep, LookupDep, TodayDep, acting
from app.web.forms import clean_text
from app.web.htmx import see_other
from app.web.lookups import Lookup
from app.web.routing import Router
from app.web.templating import page

router = Router()
PAGE = 100
Answer = Annotated[Actor, Depends(acting(Permission.CARRIER_AGREE))]


def _home(actor: Actor) -> str:
    return "/portal#h-proposals" if actor.viewer.role is Role.FIRM else "/carriers/proposals"


@router.get("/carriers/proposals")
async def queue_page(
    request: Request,
    viewer: SeeKeeping,
    conn: ConnDep,
    lookup: LookupDep,
    today: TodayDep,
    cursor: Annotated[str, Query(max_length=300)] = "",
) -> Response:
    return await _queue(request, conn, lookup, viewer, today, cursor)


async def _queue(
    request: Request,
    conn: Conn,
    lookup: Lookup,
    viewer: Viewer,
    today: date,
    cursor: str,
    *,
    refused: Mapping[uuid.UUID, Refused] | None = None,
    ground: str = "",
) -> Response:
    """`refused`: a proposal that wants a ground, and why."""
    after = cursors.decode(cursor, Sort.REGISTERED) if cursor else None
    found = await before_officers(conn, viewer=viewer, today=today, after=after, limit=PAGE + 1)
    asked = found[:PAGE]
    last = asked[-1].proposal if len(found) > PAGE else None
    waiting = [one.proposal for one in asked]
    rivals = {one.id: len(rivals_of(one, waiting)) for one in waiting}
    mine = [one for one in asked if one.officers_turn(today)]
    others = [one for one in asked if not one.officers_turn(today)]
    entries = [] if cursor else await waiting_in(conn, viewer=viewer, today=today)
    stands = {one.proposal.id: await _stands(conn, lookup, one, viewer) for one in mine if one.proposal.team_id}
    context: dict[str, Any] = {"mine": mine, "others": others, "rivals": rivals, "entries": entries}
    context["stands"] = stands
    context["first_href"] = "/carriers/proposals" if cursor else None
    context["next_href"] = f"/carriers/proposals?cursor={cursors.encode(last.closes_on, last.id)}" if last else None
    context |= {"refused": refused or {}, "ground": ground}
    status = 409 if refused else 200
    return page(request, "carrier/proposals.html", title="入驻提议和申请", status=status, **context)


async def _stands(conn: Conn, lookup: Lookup, asked: Asked, viewer: Viewer) -> tuple[str, list[str]]:
    """How the firm that a team says it has become stands beside the conditions of entry, and what it lacks."""
    p = asked.proposal
    if asked.firm_id is None:
        return "", []
    found = await conditions(conn, p.carrier_kind, asked.firm_id, policies=lookup.policies, since=p.since)
    return (
        (found.outcome.label, sentences(found, figures=viewer.may(Permission.ASSESSMENT_READ))) if found else ("", [])
    )


@router.post("/proposals/{proposal_id}/confirm")
async def confirm(
    request: Request,
    proposal_id: uuid.UUID,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    today: TodayDep,
    actor: Answer,
    ground: Annotated[str, Form(max_length=5000)] = "",
) -> Response:
    said = clean_text("ground", ground, longest=2000)
    try:
        made = await agree(conn, proposal_id, ground=said, policies=lookup.policies, by=actor, at=clock.now())
    except Refused as error:
        if not error.reasons or actor.viewer.role is Role.FIRM:
            raise
        return await _queue(request, conn, lookup, actor.viewer, today, "", refused={proposal_id: error}, ground=ground)
    if made and actor.viewer.role is not Role.FIRM:
        return see_other(request, f"/tenancies/{made}", "已确认入驻")
    return see_other(request, _home(actor), "已确认")


@router.post("/proposals/{proposal_id}/refuse")
async def refuse(
    request: Request,
    proposal_id: uuid.UUID,
    conn: ConnDep,
    clock: ClockDep,
    actor: Answer,
    reason: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    said = clean_text("reason", reason, longest=200)
    await proposing.refuse(conn, proposal_id, reason=said, by=actor, at=clock.now())
    return see_other(request, _home(actor), "已记为不同意；载体看不到是谁、为什么没有同意")


@router.post("/proposals/{proposal_id}/withdraw")
async def withdraw(
    request: Request, proposal_id: uuid.UUID, conn: ConnDep, clock: ClockDep, actor: LetSpaces
) -> Response:
    done = await proposing.withdraw(conn, proposal_id, by=actor, at=clock.now())
    home = "/carrier" if actor.viewer.role is Role.CARRIER else "/carriers/proposals"
    return see_other(request, f"{home}#h-proposals", "已撤回" if done else "早先已经撤回")
