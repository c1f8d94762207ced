"""Handing all of one's open work to another, over JSON."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from app.access.terms import Permission
from app.web.api.answers import PROBLEMS, answer
from app.web.api.deeds import Deed, doing, once_only
from app.web.api.openapi import KEYED
from app.web.api.work_schemas import HandoverIn, HandoverOut
from app.web.forms import clean_text
from app.web.handover_input import pair_of
from app.work.handover import Opening, hand_over, opening, people

router = APIRouter(prefix="/handovers", tags=["走访与任务"], responses=PROBLEMS)


def _out(work: Opening) -> HandoverOut:
    return HandoverOut(
        giver=work.giver.name,
        taker=work.taker.name,
        seen=work.seen,
        goes={s.kind: len(s.ids) for s in work.shares},
        left={s.kind: s.left for s in work.shares},
    )


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
