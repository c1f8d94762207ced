"""What is held of persons, what for and how long: for anybody to read, made of the one list of it."""

from itertools import groupby
from typing import Any

from fastapi import Request, Response

from app.access.terms import Permission, Viewer
from app.personal.terms import BASIS, HELD, RULES, Kind
from app.web.deps import recognise
from app.web.routing import Router
from app.web.templating import page

router = Router()


@router.get("/personal")
async def notice(request: Request) -> Response:
    await recognise(request)
    order = list(RULES)
    by_purpose = groupby(sorted(HELD, key=lambda held: order.index(held.purpose)), key=lambda held: held.purpose)
    kinds = {purpose: {held.kind for held in several} for purpose, several in by_purpose}
    rows = [(p.label, [k.label for k in Kind if k in kinds[p]], RULES[p].why, RULES[p].until) for p in order]
    viewer: Viewer | None = getattr(request.state, "viewer", None)
    answers = viewer is not None and viewer.may(Permission.PERSON_ANSWER)
    context: dict[str, Any] = {"rows": rows, "basis": BASIS, "answers": answers}
    return page(request, "account/personal.html", title="个人信息说明", **context)
