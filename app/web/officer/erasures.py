"""What one officer wants erased of a person, before the second person who does it."""

import uuid
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Form, Request, Response

from app.access.factors import factor_of
from app.access.terms import Actor, Permission
from app.db import Conn
from app.errors import Invalid
from app.firms import erasures
from app.firms.erasing import KEPT
from app.personal.terms import RULES
from app.web.deps import ClockDep, ConnDep, acting
from app.web.forms import clean_text
from app.web.htmx import see_other
from app.web.officer.persons import LONGEST_REASON, prove
from app.web.routing import Router
from app.web.templating import page

router = Router()
PLACE = erasures.PLACE
_LABELS = {"why": "为什么不抹去", "password": "您现在的口令", "code": "验证码", "value": "要抹去的"}
Confirmer = Annotated[Actor, Depends(acting(Permission.PERSON_CONFIRM))]


@router.get(PLACE)
async def waiting_page(request: Request, conn: ConnDep, actor: Confirmer) -> Response:
    erasures.must_answer_for_all(actor.viewer)
    asked = await erasures.waiting_erasures(conn)
    return page(
        request,
        "officer/persons/erasures.html",
        title="等第二个人同意抹去的",
        asked=asked,
        answers=actor.viewer.may(Permission.PERSON_ANSWER),
    )


@router.get(PLACE + "/{request_id}")
async def one_page(
    request: Request, request_id: uuid.UUID, conn: ConnDep, clock: ClockDep, actor: Confirmer
) -> Response:
    return await _one(request, conn, actor, request_id, at=clock.now())


@router.post(PLACE + "/{request_id}")
async def answer(
    request: Request,
    request_id: uuid.UUID,
    conn: ConnDep,
    clock: ClockDep,
    actor: Confirmer,
    act: Annotated[str, Form(max_length=20)] = "refuse",
    why: Annotated[str, Form(max_length=1000)] = "",
    password: Annotated[str, Form(max_length=1000)] = "",
    code: Annotated[str, Form(max_length=60)] = "",
) -> Response:
    erasures.must_answer_for_all(actor.viewer)
    at = clock.now()
    try:
        if act != "agree":
            clean = clean_text("why", why, longest=LONGEST_REASON)
            await erasures.refuse_to_erase(conn, request_id, clean, by=actor, at=at)
            return see_other(request, PLACE, "已答复：没有抹去")
        await erasures.must_wait_still(conn, request_id)
        await prove(request, conn, password, code, by=actor, at=at)
        gone = await erasures.agree_to_erase(conn, request_id, by=actor, at=at)
    except Invalid as error:
        # Answered, not raised: a wrong password must stay counted.
        return await _one(request, conn, actor, request_id, at=at, errors=error.fields, why=why)
    return see_other(request, PLACE, f"已抹去 {gone} 处。{KEPT}")


async def _one(
    request: Request,
    conn: Conn,
    actor: Actor,
    request_id: uuid.UUID,
    *,
    at: datetime,
    errors: dict[str, str] | None = None,
    why: str = "",
) -> Response:
    erasures.must_answer_for_all(actor.viewer)
    asked, found, whose = await erasures.erasure_asked(conn, request_id, viewer=actor.viewer)
    errors = errors or {}
    context: dict[str, Any] = {
        "asked": asked,
        "found": found,
        "whose": whose,
        "rules": RULES,
        "own": asked.asker_id == actor.viewer.id,
        "why": why,
        "at": at,
        "kept": KEPT,
        "errors": errors,
        "summary": [(name, _LABELS[name], sentence) for name, sentence in errors.items()],
        "labels": _LABELS,
        "has_factor": (await factor_of(conn, actor.viewer.id)).bound_at is not None,
    }
    status = 422 if errors else 200
    return page(request, "officer/persons/erasure.html", title="抹去个人信息", status=status, **context)
