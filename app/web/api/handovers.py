"""Handing all of one's open work to another, over JSON."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from app.access.terms import Actor, Permission
from app.web.api.answers import PROBLEMS, answer
from app.web.api.openapi import KEYED
from app.web.api.work_schemas import HandoverIn, HandoverOut
from app.web.deps import ClockDep, ConnDep, acting
from app.web.forms import clean_text
from app.web.handover_input import pair_of
from app.web.idempotency import KeyDep, once
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
async def carry_out(
    body: HandoverIn,
    conn: ConnDep,
    clock: ClockDep,
    actor: Annotated[Actor, Depends(acting(Permission.HANDOVER))],
    key: KeyDep,
) -> Response:
    at, viewer = clock.now(), actor.viewer
    async with once(conn, key, viewer=viewer, at=at) as slot:
        if slot.replayed is not None:
            return slot.replayed
        named = {"giver": str(body.giver), "taker": str(body.taker)}
        giver, taker = pair_of(await people(conn, viewer=viewer), named, viewer)
        if body.dry_run:
            return answer(_out(await opening(conn, giver, taker, viewer=viewer)))
        reason = clean_text("reason", body.reason, longest=500, required="请写明移交的原因。")
        return slot.keep(
            answer(_out(await hand_over(conn, giver, taker, seen=body.seen, reason=reason, by=actor, at=at)))
        )
