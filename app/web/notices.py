"""通知方式: how the signed-in person, and the firm that they report for, want to hear of each topic."""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import Depends, Request, Response

from app.access.choosing import Choice, choice_of, choose
from app.access.terms import Actor, Permission
from app.errors import AppError, Invalid, Stale
from app.outbox.rules import Chosen
from app.outbox.terms import FIXED, PERSONAL, Topic
from app.text import halve
from app.web.deps import ClockDep, ConnDep, SettingsDep, acting
from app.web.htmx import see_other
from app.web.routing import Router
from app.web.templating import page

router = Router()
Self = Annotated[Actor, Depends(acting(Permission.SELF))]
_CHANNELS = {c.value: c for c in PERSONAL}
_LONGEST_PHONE = 30


@router.get("/account/notices")
async def notices_page(request: Request, conn: ConnDep, settings: SettingsDep, actor: Self) -> Response:
    return await _page(request, conn, settings, actor)


async def _page(
    request: Request,
    conn: ConnDep,
    settings: SettingsDep,
    actor: Actor,
    error: AppError | None = None,
    *,
    sent: str = "",
    typed: tuple[Chosen, str] = ({}, ""),
) -> Response:
    """`sent` is the form that was sent, "own" or "firm"; what was typed stays in it, and its faults stand beside."""
    texts = bool(settings.sms_url)
    parts: list[tuple[str, Choice]] = []
    for name in ("own", "firm"):
        choice = await choice_of(conn, actor, firm=name == "firm", texts=texts)
        if choice is not None:
            parts.append((name, replace(choice, chosen=typed[0], phone=typed[1]) if name == sent else choice))
    faults = error.fields if isinstance(error, Invalid) else {}
    context: dict[str, Any] = {
        "parts": parts,
        "fixed": FIXED,
        "texts": texts,
        "mails": bool(settings.smtp_url),
        "sent": sent,
        "faults": faults,
        "errors": [(f"{sent}-{field}", _label(field), said) for field, said in faults.items()],
        "sentence": error.sentence if error and not faults else "",
    }
    return page(request, "account/notices.html", title="通知方式", status=error.status if error else 200, **context)


def _label(field: str) -> str:
    return Topic(field).label if field in {t.value for t in Topic} else "手机号码"


@router.post("/account/notices")
async def save(request: Request, conn: ConnDep, clock: ClockDep, settings: SettingsDep, actor: Self) -> Response:
    form = await request.form(max_fields=80, max_files=0)
    whose = "firm" if form.get("whose") == "firm" else "own"
    firm, texts = whose == "firm", bool(settings.sms_url)
    held = await choice_of(conn, actor, firm=firm, texts=texts)
    chosen: Chosen = {
        topic: frozenset(_CHANNELS[v] for v in map(str, form.getlist(topic.value)) if v in _CHANNELS)
        for topic in (held.offered if held else ())
    }
    phone = "".join(halve(str(form.get("phone", "")))[:_LONGEST_PHONE].split())
    expected = str(form.get("expected", ""))
    try:
        await choose(
            conn,
            chosen,
            phone,
            firm=firm,
            texts=texts,
            expected=int(expected) if expected.isdecimal() and len(expected) < 10 else -1,
            by=actor,
            at=clock.now(),
        )
    except (Invalid, Stale) as error:
        return await _page(request, conn, settings, actor, error, sent=whose, typed=(chosen, phone))
    return see_other(request, "/account/notices", "通知方式已保存")
