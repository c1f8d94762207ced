"""Moves over JSON: the same service as the dialog, the same refusals."""

import uuid
from typing import Annotated

from fastapi import Depends, Query, Response

from app.access.terms import Permission, Viewer
from app.assessments.policies import load_policies
from app.clock import business_day
from app.errors import NotFound
from app.firms import cursors
from app.firms.queries import firm_by_uscc
from app.firms.terms import Sort
from app.pipeline import queries, service
from app.pipeline.recording import MoveOrder
from app.web.api.answers import answer, part
from app.web.api.deeds import Deed, doing, once_only
from app.web.api.firms import Uscc
from app.web.api.openapi import KEYED
from app.web.api.schemas import Decided, MoveIn, MoveList, MoveMade, MoveOut, RejectIn
from app.web.deps import ConnDep, LookupDep, guard
from app.web.forms import clean_text

router = part("梯队移动")


@router.post(
    "/firms/{uscc}/moves",
    response_model=MoveMade,
    status_code=201,
    responses={202: {"model": MoveMade, "description": "已提交，等待第二人复核"}},
    summary="移动企业",
    openapi_extra=KEYED,
)
@once_only
async def move(
    uscc: Uscc, body: MoveIn, deed: Annotated[Deed, Depends(doing(Permission.MOVE))], lookup: LookupDep
) -> Response:
    order = MoveOrder(
        to=body.to,
        effective_on=body.effective_on or business_day(deed.at),
        reason=clean_text("reason", body.reason, longest=1000),
        expected=body.expected,
        override=clean_text("override.reason", body.override.reason, longest=1000) if body.override else "",
        correction=body.correction,
    )
    done = await service.move_firm(
        deed.conn,
        uscc.upper(),
        order,
        ladder=lookup.main,
        # What is kept in memory may be a minute old; a gate judges by what counts now.
        policies=await load_policies(deed.conn, lookup.policies),
        calendar=lookup.calendar,
        by=deed.by,
        at=deed.at,
    )
    made = MoveMade(
        id=done.id,
        state="pending" if done.waits else "recorded",
        uscc=done.standing.uscc,
        from_tier=done.standing.tier,
        to_tier=order.to,
        kind=done.decision.kind.value,
        effective_on=order.effective_on,
        reasons=list(done.decision.reasons),
    )
    return answer(made, status=202 if done.waits else 201)


@router.get("/firms/{uscc}/moves", response_model=MoveList, summary="移动记录")
async def history(
    uscc: Uscc,
    conn: ConnDep,
    viewer: Annotated[Viewer, Depends(guard(Permission.FIRM_INTERNAL))],
    cursor: Annotated[str, Query(max_length=200)] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 100,
) -> Response:
    firm = await firm_by_uscc(conn, uscc.upper(), viewer=viewer)
    if firm is None:
        raise NotFound
    after = cursors.decode(cursor, Sort.UPDATED) if cursor else None
    found = await queries.history(conn, firm.id, after=after, limit=limit + 1)
    shown = found[:limit]
    items = [
        MoveOut(
            id=m.id,
            from_tier=m.from_tier,
            to_tier=m.to_tier,
            kind=m.kind.value,
            effective_on=m.effective_on,
            recorded_at=m.recorded_at,
            actor=m.actor_name,
            approver=m.approver_name,
            reason=m.reason,
            override_reason=m.override_reason,
            first_recorder=m.first_recorder,
            first_recorded_on=m.first_recorded_on,
        )
        for m in shown
    ]
    more = len(found) > limit
    return answer(MoveList(items=items, next=cursors.encode(shown[-1].recorded_at, shown[-1].id) if more else None))


@router.post("/moves/{move_id}/approve", response_model=Decided, summary="复核通过", openapi_extra=KEYED)
@once_only
async def approve(
    move_id: uuid.UUID, deed: Annotated[Deed, Depends(doing(Permission.MOVE_APPROVE))], lookup: LookupDep
) -> Response:
    standing = await service.approve(
        deed.conn,
        move_id,
        ladder=lookup.main,
        policies=await load_policies(deed.conn, lookup.policies),
        calendar=lookup.calendar,
        by=deed.by,
        at=deed.at,
    )
    return answer(Decided(id=move_id, state="approved", uscc=standing.uscc))


@router.post("/moves/{move_id}/reject", response_model=Decided, summary="驳回或撤回", openapi_extra=KEYED)
@once_only
async def reject(
    move_id: uuid.UUID, body: RejectIn, deed: Annotated[Deed, Depends(doing(Permission.MOVE_REJECT))]
) -> Response:
    reason = clean_text("reason", body.reason, longest=1000)
    standing = await service.reject(deed.conn, move_id, reason=reason, by=deed.by, at=deed.at)
    return answer(Decided(id=move_id, state="rejected", uscc=standing.uscc))
