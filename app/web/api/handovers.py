"""Handing all of one's open work to another, over JSON."""

import uuid
from typing import Annotated

from fastapi import Depends, Query, Response

from app.access.terms import Permission, Viewer
from app.db import Conn
from app.errors import NotFound
from app.web.api.answers import answer, part
from app.web.api.deeds import Deed, doing, once_only
from app.web.api.openapi import KEYED
from app.web.api.work_schemas import (
    HandedOver,
    HandedOverItem,
    HandedOverItems,
    HandedOverList,
    HandoverIn,
    HandoverItem,
    HandoverItems,
    HandoverOut,
)
from app.web.deps import ConnDep, guard
from app.web.forms import clean_text
from app.web.handover_input import caution_of, named_in, pair_of
from app.work.handback import take_back
from app.work.handed import Counts, Given, counts_of, counts_of_each, given_by_id, list_given, pieces_of
from app.work.handing import PAGE, Piece, pieces
from app.work.handover import Opening, hand_over, opening, people
from app.work.terms import Handed, WorkKind

router = part("走访与任务", "/handovers")
Reader = Annotated[Viewer, Depends(guard(Permission.HANDOVER))]


def _out(work: Opening, caution: str, made: uuid.UUID | None = None) -> HandoverOut:
    return HandoverOut(
        id=made,
        giver=work.giver.name,
        taker=work.taker.name,
        caution=caution,
        seen=work.seen,
        goes={s.kind.value: len(s.ids) for s in work.shares},
        left={s.kind.value: s.left for s in work.shares},
    )


def _item(p: Piece) -> HandoverItem:
    return HandoverItem(id=p.id, uscc=p.uscc, name=p.firm_name, status=p.status, said=p.said, on=p.on)


@router.get("/items", response_model=HandoverItems, summary="预览里数到的，一件一件")
async def items(
    conn: ConnDep,
    viewer: Reader,
    giver: Annotated[uuid.UUID | None, Query(description="移交人；缺省为本人")] = None,
    taker: Annotated[uuid.UUID | None, Query(description="接手人；不给时列出全部")] = None,
    kind: WorkKind = WorkKind.FIRMS,
    left: Annotated[bool, Query(description="true：因管辖范围留下的")] = False,
    limit: Annotated[int, Query(ge=1, le=200)] = PAGE,
    cursor: uuid.UUID | None = None,
) -> Response:
    pair = named_in(await people(conn, viewer=viewer), str(giver or ""), str(taker or ""), viewer)
    found = await pieces(conn, *pair, kind, viewer=viewer, left=left, after=cursor, limit=limit)
    shown = found[:limit]
    return answer(
        HandoverItems(items=[_item(p) for p in shown], next=str(shown[-1].id) if len(found) > limit else None)
    )


@router.post("", response_model=HandoverOut, summary="预览或移交未办完的工作", openapi_extra=KEYED)
@once_only
async def carry_out(body: HandoverIn, deed: Annotated[Deed, Depends(doing(Permission.HANDOVER))]) -> Response:
    viewer = deed.viewer
    named = {"giver": str(body.giver), "taker": str(body.taker)}
    giver, taker = pair_of(await people(deed.conn, viewer=viewer), named, viewer)
    work = await opening(deed.conn, giver, taker, viewer=viewer)
    caution = await caution_of(deed.conn, taker, at=deed.at)
    if body.dry_run:
        return answer(_out(work, caution))
    reason = clean_text("reason", body.reason, longest=500, required="请写明移交的原因。")
    made = await hand_over(deed.conn, giver, taker, seen=body.seen, reason=reason, by=deed.by, at=deed.at)
    return answer(_out(work, caution, made))


def _handed(given: Given, counts: Counts) -> HandedOver:
    return HandedOver(
        id=given.id,
        giver=given.giver_name,
        taker=given.taker_name,
        reason=given.reason,
        by=given.creator_name,
        at=given.created_at,
        undone_at=given.undone_at,
        undone_by=given.undoer_name,
        counts={kind.value: {o.value: n for o, n in of.items()} for kind, of in counts.items()},
    )


async def _seen(conn: Conn, handover_id: uuid.UUID, viewer: Viewer) -> Given:
    given = await given_by_id(conn, handover_id, viewer=viewer)
    if given is None:
        raise NotFound
    return given


async def _one(conn: Conn, handover_id: uuid.UUID, viewer: Viewer) -> Response:
    given = await _seen(conn, handover_id, viewer)
    return answer(_handed(given, await counts_of(conn, given.id)))


@router.get("", response_model=HandedOverList, summary="办过的移交，最近的在前")
async def list_made(
    conn: ConnDep, viewer: Reader, limit: Annotated[int, Query(ge=1, le=200)] = PAGE, cursor: uuid.UUID | None = None
) -> Response:
    found = await list_given(conn, viewer=viewer, before=cursor, limit=limit)
    counts = await counts_of_each(conn, [given.id for given in found[:limit]])
    each = [_handed(given, counts[given.id]) for given in found[:limit]]
    return answer(HandedOverList(items=each, next=found[limit - 1].id if len(found) > limit else None))


@router.get("/{handover_id}", response_model=HandedOver, summary="一次移交")
async def read(handover_id: uuid.UUID, conn: ConnDep, viewer: Reader) -> Response:
    return await _one(conn, handover_id, viewer)


@router.get("/{handover_id}/items", response_model=HandedOverItems, summary="一次移交里的工作，一件一件")
async def pieces_made(
    handover_id: uuid.UUID,
    conn: ConnDep,
    viewer: Reader,
    kind: WorkKind = WorkKind.FIRMS,
    outcome: Handed | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = PAGE,
    cursor: uuid.UUID | None = None,
) -> Response:
    given = await _seen(conn, handover_id, viewer)
    found = await pieces_of(conn, given.id, kind, viewer=viewer, outcome=outcome, after=cursor, limit=limit)
    each = [
        HandedOverItem(**_item(f.piece).model_dump(), outcome=f.outcome.value, reason=f.reason) for f in found[:limit]
    ]
    return answer(HandedOverItems(items=each, next=each[-1].id if len(found) > limit else None))


@router.post("/{handover_id}/undo", response_model=HandedOver, summary="撤销一次移交", openapi_extra=KEYED)
@once_only
async def undo(handover_id: uuid.UUID, deed: Annotated[Deed, Depends(doing(Permission.HANDOVER))]) -> Response:
    """退回给原来的人；移交之后办完的、又换了人的不动，outcome 为 kept。"""
    await take_back(deed.conn, handover_id, by=deed.by, at=deed.at)
    return await _one(deed.conn, handover_id, deed.viewer)
