"""An operator's proposals: the officers' queue of them, and the answers of firms and officers."""

import uuid
from collections.abc import Mapping, Sequence
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
from app.incubation.entering import agree, conditions_each
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
    context: dict[str, Any] = {"mine": mine, "others": others, "rivals": rivals, "entries": entries}
    context["stands"] = await _stands(conn, lookup, mine, viewer)
    context["first_href"] = "/carriers/proposals" if cursor else None
    context["next_href"] = f"/carriers/proposals?cursor={cursors.encode(last.closes_on, last.id)}" if last else None
    context |= {"refused": refused or {}, "ground": ground}
    status = 409 if refused else 200
    return page(request, "carrier/proposals.html", title="入驻提议和申请", status=status, **context)


async def _stands(
    conn: Conn, lookup: Lookup, asked: Sequence[Asked], viewer: Viewer
) -> dict[uuid.UUID, tuple[str, list[str]]]:
    """How the firms that teams say they have become stand beside the conditions of entry, and what each lacks."""
    teams = [(one.proposal, one.firm_id) for one in asked if one.proposal.team_id and one.firm_id]
    each = [(p.carrier_kind, firm_id, p.since) for p, firm_id in teams]
    figures = viewer.may(Permission.ASSESSMENT_READ)
    found = await conditions_each(conn, each, policies=lookup.policies)
    return {
        p.id: (one.outcome.label, sentences(one, figures=figures))
        for (p, _), one in zip(teams, found, strict=True)
        if one
    }


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
