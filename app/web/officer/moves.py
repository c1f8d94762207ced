"""移动到…: the move itself; the second person's yes or no."""

import uuid
from dataclasses import replace
from datetime import date
from typing import Annotated

from fastapi import Depends, Form, Request, Response

from app.access.terms import Actor, Permission, Viewer
from app.assessments.policies import load_policies
from app.errors import Conflict, Invalid, Refused
from app.firms.terms import FirmStatus
from app.pipeline import service
from app.pipeline.queries import pending_moves
from app.pipeline.recording import MoveOrder
from app.text import DateError, parse_date
from app.web.deps import ClockDep, ConnDep, LookupDep, TodayDep, acting, clock_of, guard, lookup_of, today_of
from app.web.forms import LONGEST_ADDRESS, clean_text
from app.web.htmx import changed, see_other
from app.web.idempotency import KeyDep, once
from app.web.lookups import Lookup
from app.web.officer.firms import firm_in_sight
from app.web.officer.move_certificate import with_certificate
from app.web.officer.move_form import FormView, show
from app.web.routing import Router
from app.web.security import safe_path
from app.web.templating import page

router = Router()
Mover = Annotated[Actor, Depends(acting(Permission.MOVE))]
Rejecter = Annotated[Actor, Depends(acting(Permission.MOVE_REJECT))]
Approver = Annotated[Actor, Depends(acting(Permission.MOVE_APPROVE))]


@router.get("/firms/{uscc}/move")
async def move_form(
    request: Request,
    uscc: str,
    conn: ConnDep,
    lookup: LookupDep,
    today: TodayDep,
    viewer: Annotated[Viewer, Depends(guard(Permission.MOVE))],
    to: str = "",
    correct: str = "",
) -> Response:
    """`correct`: "previous" to put the firm back where it stood before, "current" for another first day."""
    firm = await firm_in_sight(conn, uscc, viewer)
    current = lookup.main.tier(firm.tier)
    rank = current.rank if current else 0
    following = next((t.code for t in lookup.main.tiers if t.rank == rank + 1), "")
    if firm.status != FirmStatus.ACTIVE:
        following = "exit"
    form = FormView(
        to=to,
        effective_on=today.isoformat(),
        expected=firm.tier or "",
        idempotency_key=uuid.uuid4().hex,
    )
    if correct and firm.tier and firm.tier_since:
        before, _ = await service.looked_back(conn, firm, ladder=lookup.main)
        back = (before.tier, before.since) if before and correct == "previous" else (firm.tier, firm.tier_since)
        form = replace(form, to=back[0], effective_on=back[1].isoformat(), correction=True)
    chosen = bool(form.to)
    return await show(request, conn, firm, lookup, today, form, offered="" if chosen else following, narrow=chosen)


@router.post("/firms/{uscc}/move")
async def move(
    request: Request,
    uscc: str,
    conn: ConnDep,
    actor: Mover,
    key: KeyDep,
) -> Response:
    at, lookup, today = (await clock_of(request)).now(), await lookup_of(request, conn), await today_of(request)
    form = await FormView.typed(request, key.value)
    try:
        async with once(conn, key, viewer=actor.viewer, at=at) as slot:
            if slot.replayed is not None:
                return slot.replayed
            if not form.to:
                raise Invalid({"to": "请选择要移动到的梯队。"})
            order = MoveOrder(
                to=None if form.to == "exit" else form.to,
                effective_on=_day(form.effective_on, today),
                reason=_short(form.reason, "reason"),
                expected=form.expected or None,
                override=_short(form.override_reason, "override_reason"),
                correction=form.correction,
            )
            tier, given = lookup.main.tier(order.to), form.certificate
            async with with_certificate(conn, uscc.upper(), tier, given, by=actor, today=today, at=at) as registered:
                done = await service.move_firm(
                    conn,
                    uscc.upper(),
                    order,
                    ladder=lookup.main,
                    # What is kept in memory may be a minute old; a gate judges by what counts now.
                    policies=await load_policies(conn, lookup.policies),
                    calendar=lookup.calendar,
                    by=actor,
                    at=at,
                )
            where = f"“{tier.label}”" if tier else "梯队之外"
            what = f"更正到{where}（{order.effective_on} 起）" if order.correction else f"移到{where}"
            sentence = f"{registered}{done.standing.name} 已{what}"
            if done.waits:
                sentence = f"{registered}{done.standing.name} {what}的申请已提交，等待第二人复核"
            return slot.keep(changed(request, f"/firms/{done.standing.uscc}", sentence, event="firm-moved"))
    except (Refused, Invalid, Conflict) as error:
        firm = await firm_in_sight(conn, uscc, actor.viewer)
        if isinstance(error, Conflict) and not isinstance(error, Refused):
            # The person saw an older tier; the form that comes back shows where the firm is now.
            form = replace(form, expected=firm.tier or "", idempotency_key=uuid.uuid4().hex)
        return await show(request, conn, firm, lookup, today, form, error=error)


@router.post("/moves/{request_id}/approve")
async def approve(
    request: Request,
    request_id: uuid.UUID,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    actor: Approver,
    back: Annotated[str, Form(max_length=LONGEST_ADDRESS)] = "",
) -> Response:
    standing = await service.approve(
        conn,
        request_id,
        ladder=lookup.main,
        policies=await load_policies(conn, lookup.policies),
        calendar=lookup.calendar,
        by=actor,
        at=clock.now(),
    )
    return see_other(request, safe_path(back or f"/firms/{standing.uscc}"), f"已通过 {standing.name} 的移动")


@router.post("/moves/{request_id}/reject")
async def reject(
    request: Request,
    request_id: uuid.UUID,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    actor: Rejecter,
    reason: Annotated[str, Form()] = "",
    back: Annotated[str, Form(max_length=LONGEST_ADDRESS)] = "",
) -> Response:
    try:
        standing = await service.reject(conn, request_id, reason=_short(reason, "reason"), by=actor, at=clock.now())
    except Invalid as error:
        return await _ask_reason(request, conn, lookup, request_id, (reason, back), actor.viewer, error)
    return see_other(request, safe_path(back or f"/firms/{standing.uscc}"), f"已驳回 {standing.name} 的移动")


async def _ask_reason(
    request: Request,
    conn: ConnDep,
    lookup: Lookup,
    request_id: uuid.UUID,
    typed: tuple[str, str],
    viewer: Viewer,
    error: Invalid,
) -> Response:
    """The move that is to be refused, with what was typed and what is wrong with it."""
    pending = next(iter(await pending_moves(conn, viewer=viewer, request_id=request_id)), None)
    own = pending is not None and pending.requested_by == viewer.id
    if pending is None or not (own or viewer.may(Permission.MOVE_APPROVE)):
        raise error
    return page(
        request,
        "officer/pipeline/reject.html",
        title=f"{'撤回' if own else '驳回'} {pending.firm_name} 的移动",
        status=error.status,
        pending=pending,
        own=own,
        reason=typed[0],
        back=typed[1] and safe_path(typed[1]),
        fault=error.fields.get("reason", error.sentence),
        from_tier=lookup.main.tier(pending.from_tier),
        to_tier=lookup.main.tier(pending.to_tier),
    )


def _day(value: str, today: date) -> date:
    if not value.strip():
        return today
    try:
        return parse_date(value)
    except DateError as error:
        raise Invalid({"effective_on": str(error)}) from error


def _short(value: str, field: str) -> str:
    return clean_text(field, value, longest=1000)
