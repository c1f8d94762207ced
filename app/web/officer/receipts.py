"""凭据: what a move rested on, as it was kept with the move; made to be printed and filed."""

import uuid
from datetime import date
from functools import partial
from typing import Annotated, Any

from fastapi import Depends, Request, Response

from app.access.terms import Permission, Viewer
from app.errors import NotFound
from app.pipeline.receipts import receipt_of
from app.policy.stored import read_back
from app.web.deps import ConnDep, LookupDep, guard
from app.web.gap_views import condition_view, input_view, says, score_of
from app.web.routing import Router
from app.web.templating import page

router = Router()


@router.get("/moves/{move_id}/receipt")
async def receipt_page(
    request: Request,
    move_id: uuid.UUID,
    viewer: Annotated[Viewer, Depends(guard(Permission.FIRM_INTERNAL))],
    conn: ConnDep,
    lookup: LookupDep,
) -> Response:
    receipt = await receipt_of(conn, move_id, viewer=viewer)
    if receipt is None:
        raise NotFound
    kept = read_back(receipt.assessment)
    context: dict[str, Any] = {
        "receipt": receipt,
        "region": lookup.reference.region(receipt.region_code),
        "from_tier": lookup.main.tier(receipt.from_tier),
        "to_tier": lookup.main.tier(receipt.to_tier),
        "kept": kept,
        "as_of": kept.as_of if kept and kept.as_of != date.min else None,
        "says": says(kept) if kept else "",
        "score": score_of(kept) if kept else "",
        # Where each figure came from was not kept, only what it was.
        "conditions": [condition_view(c, partial(input_view, lookup=lookup)) for c in kept.criteria] if kept else [],
    }
    return page(request, "officer/pipeline/receipt.html", title=f"移动凭据 {receipt.firm_name}", **context)
