"""What a person asks of the house: to see what is held of them, a copy, a correction, or that it go.

One address takes all four, each with a reason and with the officer proving anew who they are: it shows people of every
division, to whoever answers for the whole county. What goes, a second person has go. No number is ever in an address.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import Depends, Form, Request, Response

from app.access.factors import factor_of
from app.access.proving import must_know_password, must_prove
from app.access.terms import Actor, Permission
from app.clock import BUSINESS_ZONE
from app.config import Settings
from app.db import Conn
from app.errors import Invalid, Waiting
from app.firms.correcting import CORRECTED, correct
from app.firms.erasing import KEPT, said_number
from app.firms.erasures import ask_to_erase, must_answer_for_all
from app.firms.holding import Holding, holdings
from app.personal.terms import RULES
from app.sheets.writing import harmless
from app.vault import vault_of
from app.web.coming_in import device_of
from app.web.deps import ClockDep, ConnDep, TodayDep, acting
from app.web.downloads import CSV, attachment
from app.web.forms import clean_text
from app.web.routing import Router
from app.web.templating import page

router = Router()
PLACE = "/personal/requests"
LONGEST_REASON = 200
_WHY = "请写明谁、什么时候要求的，怎样核实是本人。"
_TITLES = ("用途", "种类", "在哪里", "项目", "内容", "为什么保存", "保存到什么时候")
_LABELS = {
    "value": "电话或邮箱",
    "reason": "要求的来由",
    "new": "换成",
    "password": "您现在的口令",
    "code": "验证码",
}
_ACTS = {"copy": "下载 CSV", "correct": "更正", "erase": "提出抹去"}
Answerer = Annotated[Actor, Depends(acting(Permission.PERSON_ANSWER))]


@dataclass(frozen=True, slots=True)
class Wanted:
    """As it was typed."""

    act: str = "find"
    value: str = ""
    reason: str = ""
    new: str = ""


@router.get(PLACE)
async def requests_page(request: Request, conn: ConnDep, actor: Answerer) -> Response:
    must_answer_for_all(actor.viewer)
    return await _page(request, conn, actor, Wanted())


async def wanted(
    act: Annotated[str, Form(max_length=20)] = "find",
    value: Annotated[str, Form(max_length=200)] = "",
    reason: Annotated[str, Form(max_length=1000)] = "",
    new: Annotated[str, Form(max_length=200)] = "",
) -> Wanted:
    return Wanted(act, value, reason, new)


@router.post(PLACE)
async def answer(
    request: Request,
    conn: ConnDep,
    clock: ClockDep,
    today: TodayDep,
    actor: Answerer,
    asked: Annotated[Wanted, Depends(wanted)],
    password: Annotated[str, Form(max_length=1000)] = "",
    code: Annotated[str, Form(max_length=60)] = "",
) -> Response:
    must_answer_for_all(actor.viewer)
    at = clock.now()
    try:
        value = said_number(asked.value)
        reason = clean_text("reason", asked.reason, longest=LONGEST_REASON, required=_WHY)
        new = said_number(asked.new, field="new") if asked.act == "correct" else ""
        await prove(request, conn, password, code, by=actor, at=at)
        done = await _do(conn, asked.act, value, new, reason=reason, by=actor, at=at)
    except (Invalid, Waiting) as error:
        # Answered, not raised: a wrong password must stay counted.
        return await _page(request, conn, actor, asked, errors=_fields(error))
    whole = asked.act == "copy"
    found = await holdings(conn, value, reason=reason, by=actor, at=at, copied=whole)
    if whole:
        return attachment(_copy(found, value, actor, at), f"个人信息-{today}.csv", CSV)
    still = Wanted(value=value, reason=reason)
    return await _page(request, conn, actor, still, found=found, done=done, at=at)


async def prove(request: Request, conn: Conn, password: str, code: str, *, by: Actor, at: datetime) -> None:
    settings: Settings = request.app.state.settings
    cheap = settings.cheap_passwords
    await must_know_password(conn, password, by=by, at=at, device=device_of(request), cheap=cheap)
    await must_prove(conn, code, vault=vault_of(settings), by=by, at=at)


def _fields(error: Invalid | Waiting) -> dict[str, str]:
    return dict(error.fields) if isinstance(error, Invalid) else {"value": error.sentence}


async def _do(conn: Conn, act: str, value: str, new: str, *, reason: str, by: Actor, at: datetime) -> str:
    """What is said of it afterwards."""
    if act == "correct":
        count = await correct(conn, value, new, reason=reason, by=by, at=at)
        return f"已更正 {count} 处。下面是原来的号码还留在哪里。"
    if act == "erase":
        places = await ask_to_erase(conn, value, reason=reason, by=by, at=at)
        return f"已提出抹去 {places} 处，等第二个人（另一位局专员或局领导）同意；答复会发消息给您。"
    return ""


def _copy(found: Sequence[Holding], value: str, actor: Actor, at: datetime) -> bytes:
    """For the person: in full, with why and until when, and by whom it was made."""
    out = io.StringIO()
    write = csv.writer(out).writerow
    write(_TITLES)
    for one in found:
        rule, purpose = RULES[one.where.purpose], one.where.purpose.label
        for place in one.places:
            for word, said in place.says or (("", ""),):
                line = (purpose, one.where.kind.label, place.about, word, said, rule.why, rule.until)
                write([harmless(cell) for cell in line])
    when = f"{at.astimezone(BUSINESS_ZONE):%Y-%m-%d %H:%M}"
    write([harmless(f"{value} 的个人信息，由 {actor.viewer.name}（{actor.viewer.login}）于 {when} 导出")])
    return "\ufeff".encode() + out.getvalue().encode()


async def _page(
    request: Request,
    conn: Conn,
    actor: Actor,
    asked: Wanted,
    *,
    found: Sequence[Holding] | None = None,
    done: str = "",
    errors: dict[str, str] | None = None,
    at: datetime | date | None = None,
) -> Response:
    errors = errors or {}
    context: dict[str, Any] = {
        "asked": asked,
        "found": found,
        # With a fault in what is sought there is nothing yet that an act could be about.
        "again": _ACTS.get(asked.act, "") if errors and not errors.keys() & {"value", "reason"} else "",
        "rules": RULES,
        "done": done,
        "at": at,
        "errors": errors,
        "summary": [(name, _LABELS[name], sentence) for name, sentence in errors.items()],
        "labels": _LABELS,
        "kept": KEPT,
        "waits": any(one.where.table == "erasure_requests" for one in found or ()),
        "corrects": any(one.where.table in CORRECTED for one in found or ()),
        "has_factor": (await factor_of(conn, actor.viewer.id)).bound_at is not None,
    }
    status = 422 if errors else 200
    return page(request, "officer/persons/requests.html", title="答复个人信息要求", status=status, **context)
