"""Handing all of one's open work to another, over JSON."""

import uuid
from typing import Annotated, Literal

from fastapi import Depends, Query, Response

from app.access.terms import Permission, Viewer
from app.web.api.answers import answer, part
from app.web.api.deeds import Deed, doing, once_only
from app.web.api.openapi import KEYED
from app.web.api.work_schemas import HandoverIn, HandoverItem, HandoverItems, HandoverOut
from app.web.deps import ConnDep, guard
from app.web.forms import clean_text
from app.web.handover_input import named_in, pair_of
from app.work.handing import PAGE, pieces
from app.work.handover import Opening, hand_over, opening, people

router = part("走访与任务", "/handovers")


def _out(work: Opening) -> HandoverOut:
    return HandoverOut(
        giver=work.giver.name,
        taker=work.taker.name,
        seen=work.seen,
        goes={s.kind: len(s.ids) for s in work.shares},
        left={s.kind: s.left for s in work.shares},
    )


@router.get("/items", response_model=HandoverItems, summary="预览里数到的，一件一件")
async def items(
    conn: ConnDep,
    viewer: Annotated[Viewer, Depends(guard(Permission.HANDOVER))],
    giver: Annotated[uuid.UUID | None, Query(description="移交人；缺省为本人")] = None,
    taker: Annotated[uuid.UUID | None, Query(description="接手人；不给时列出全部")] = None,
    kind: Literal["firms", "tasks", "needs", "plans", "applications"] = "firms",
    left: Annotated[bool, Query(description="true：因管辖范围留下的")] = False,
    limit: Annotated[int, Query(ge=1, le=200)] = PAGE,
    cursor: uuid.UUID | None = None,
) -> Response:
    pair = named_in(await people(conn, viewer=viewer), str(giver or ""), str(taker or ""), viewer)
    found = await pieces(conn, *pair, kind, viewer=viewer, left=left, after=cursor, limit=limit)
    shown = found[:limit]
    each = [HandoverItem(id=p.id, uscc=p.uscc, name=p.firm_name, status=p.status, said=p.said, on=p.on) for p in shown]
    return answer(HandoverItems(items=each, next=str(shown[-1].id) if len(found) > limit else None))


@router.post("", response_model=HandoverOut, summary="预览或移交未办完的工作", openapi_extra=KEYED)
@once_only
async def carry_out(body: HandoverIn, deed: Annotated[Deed, Depends(doing(Permission.HANDOVER))]) -> Response:
    viewer = deed.viewer
    named = {"giver": str(body.giver), "taker": str(body.taker)}
    giver, taker = pair_of(await people(deed.conn, viewer=viewer), named, viewer)
    if body.dry_run:
        return answer(_out(await opening(deed.conn, giver, taker, viewer=viewer)))
    reason = clean_text("reason", body.reason, longest=500, required="请写明移交的原因。")
    return answer(_out(await hand_over(deed.conn, giver, taker, seen=body.seen, reason=reason, by=deed.by, at=deed.at)))
