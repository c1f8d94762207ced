"""入驻申请: a firm asks a carrier for a room, sees how it stands beside the conditions, and reads the answer."""

import uuid
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from functools import partial
from typing import Any

from fastapi import Request, Response

from app.access.terms import Viewer
from app.carriers.tenancies import tenancies_of_firm
from app.carriers.terms import Carrier
from app.db import Conn
from app.errors import AppError, Conflict, Invalid, TooMany
from app.firms.terms import FirmDetail
from app.incubation import disagreeing, following
from app.incubation.after_terms import DisagreementKind, Speaker, Whereabouts
from app.incubation.applying import apply, asked_by, carrier_near, carriers_near, take_back
from app.incubation.entering import POLICY, conditions
from app.incubation.following import graduations_of
from app.policy.terms import Outcome
from app.units import show_wan
from app.web.carrier_input import LABELS
from app.web.deps import ClockDep, ConnDep, LookupDep, TodayDep
from app.web.entry_input import read_need
from app.web.forms import clean_text, error_context, raw_form, version_in
from app.web.gap_views import condition_view, input_view
from app.web.htmx import see_other
from app.web.idempotency import KeyDep, once
from app.web.lookups import Lookup
from app.web.portal.frame import ActPortal, UsePortal, head, own_firm
from app.web.routing import Router
from app.web.stay_input import read_word
from app.web.templating import page

router = Router(prefix="/portal")


class Step(StrEnum):
    DENY = "deny"
    CLAIM = "claim"
    ANSWER = "answer"
    SETTLE = "settle"


_DONE = {
    Step.DENY: "已告诉载体，请它核对",
    Step.CLAIM: "已告诉载体，请它核对",
    Step.ANSWER: "已说明，载体和主管部门看得到",
    Step.SETTLE: "已撤回",
}
_FIELDS = ("since", "area", "seats", "business", "stage_target", "contact")


@router.get("/entries")
async def entries_page(
    request: Request, viewer: UsePortal, conn: ConnDep, lookup: LookupDep, today: TodayDep
) -> Response:
    firm = await own_firm(conn, viewer)
    return await _page(request, conn, lookup, firm, viewer, today)


async def _page(
    request: Request,
    conn: Conn,
    lookup: Lookup,
    firm: FirmDetail,
    viewer: Viewer,
    today: date,
    *,
    failed: str = "",
    raw: Mapping[str, str] | None = None,
    error: AppError | None = None,
) -> Response:
    asked = await asked_by(conn, firm.id)
    stays = [t for t in await tenancies_of_firm(conn, firm.id, viewer=viewer) if t.open]
    waiting = {a.carrier_id for a in asked if a.open(today)}
    disputed = await disagreeing.of_firm(conn, firm.id)
    context: dict[str, Any] = {
        **head(firm, "/portal/entries"),
        "asked": [(a, a.told(today), a.open(today)) for a in asked],
        "carriers": [
            (c, lookup.reference.region(c.region_code), c.id in waiting, c.id in {t.carrier_id for t in stays})
            for c in await carriers_near(conn, firm, today=today)
        ],
        "stays": stays,
        "disagreements": disputed,
        "denied": {d.carrier_id: d.evidence for d in disputed if d.kind is DisagreementKind.NOT_THERE},
        "claimed": {d.carrier_id for d in disputed if d.kind is DisagreementKind.NOT_LISTED},
        "graduations": [g for g in await graduations_of(conn, firm.id, today=today) if any(y.due for y in g.years)],
        "speaker": Speaker.FIRM,
        "places": Whereabouts.options(),
        "money": show_wan,
        "failed": failed,
        "values": dict(raw or {}),
        **error_context(error, {**LABELS, "words": "说明"}),
    }
    status = error.status if error else 200
    return page(request, "portal/entries.html", title="载体入驻", status=status, **context)


@router.post("/stays/{step}/{which}")
async def say(
    request: Request,
    step: Step,
    which: uuid.UUID,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    today: TodayDep,
    actor: ActPortal,
) -> Response:
    """`deny` a tenancy, `claim` to be in a carrier, `answer` or `settle` what is being looked into."""
    firm, raw, at = await own_firm(conn, actor.viewer), await raw_form(request), clock.now()
    try:
        words = clean_text("words", raw.get("words", ""), longest=1000)
        if step is Step.DENY:
            await disagreeing.deny(conn, firm, which, words, by=actor, at=at)
        elif step is Step.CLAIM:
            await disagreeing.claim(conn, firm, which, words, by=actor, at=at)
        else:
            do = disagreeing.settle if step is Step.SETTLE else disagreeing.answer
            await do(conn, which, words, version=version_in(raw), by=actor, at=at)
    except (Invalid, Conflict) as error:
        shown = Invalid({"words": next(iter(error.fields.values()))}) if isinstance(error, Invalid) else error
        failed = f"{step}:{which}"
        return await _page(request, conn, lookup, firm, actor.viewer, today, failed=failed, raw=raw, error=shown)
    return see_other(request, "/portal/entries", _DONE[step])


@router.post("/graduations/{tenancy_id}/{nth}")
async def note_year(
    request: Request,
    tenancy_id: uuid.UUID,
    nth: int,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    today: TodayDep,
    actor: ActPortal,
) -> Response:
    firm, raw = await own_firm(conn, actor.viewer), await raw_form(request)
    try:
        await following.note_year(
            conn, tenancy_id, nth, read_word(raw), version=version_in(raw), by=actor, at=clock.now()
        )
    except (Invalid, Conflict) as error:
        failed = f"year:{tenancy_id}:{nth}"
        return await _page(request, conn, lookup, firm, actor.viewer, today, failed=failed, raw=raw, error=error)
    return see_other(request, "/portal/entries", "已登记，载体和主管部门看得到")


@router.get("/entries/to/{carrier_id}")
async def entry_form(
    request: Request, carrier_id: uuid.UUID, viewer: UsePortal, conn: ConnDep, lookup: LookupDep, today: TodayDep
) -> Response:
    firm = await own_firm(conn, viewer)
    held = await carrier_near(conn, firm, carrier_id, today=today)
    contact = next((f"{c.name} {c.phone}".strip() for c in firm.contacts), "")
    raw = {"since": today.isoformat(), "contact": contact}
    return await _form(request, conn, lookup, firm, held, today, raw, key=uuid.uuid4().hex)


@router.post("/entries/to/{carrier_id}")
async def ask(
    request: Request,
    carrier_id: uuid.UUID,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    today: TodayDep,
    actor: ActPortal,
    key: KeyDep,
) -> Response:
    firm, raw, at = await own_firm(conn, actor.viewer), await raw_form(request), clock.now()
    held = await carrier_near(conn, firm, carrier_id, today=today)
    try:
        async with once(conn, key, viewer=actor.viewer, at=at) as slot:
            if slot.replayed is not None:
                return slot.replayed
            need = read_need(raw)
            await apply(conn, firm, held.id, need, policies=lookup.policies, by=actor, at=at)
            return slot.keep(see_other(request, "/portal/entries", f"已向{held.name}提出申请"))
    except (Invalid, Conflict, TooMany) as error:
        return await _form(request, conn, lookup, firm, held, today, raw, key=key.value, error=error)


@router.post("/entries/{entry_id}/withdraw")
async def withdraw(request: Request, entry_id: uuid.UUID, conn: ConnDep, clock: ClockDep, actor: ActPortal) -> Response:
    done = await take_back(conn, entry_id, by=actor, at=clock.now())
    return see_other(request, "/portal/entries", "已撤回" if done else "早先已经撤回")


async def _form(
    request: Request,
    conn: Conn,
    lookup: Lookup,
    firm: FirmDetail,
    carrier: Carrier,
    today: date,
    raw: Mapping[str, str],
    *,
    key: str,
    error: AppError | None = None,
) -> Response:
    found = await conditions(conn, carrier.kind, firm.id, policies=lookup.policies, since=today)
    version = lookup.policies.packs[POLICY].version_on(today, found.case) if found else None
    grade, told = (version.source.grade if version else ""), partial(input_view, lookup=lookup)
    context: dict[str, Any] = {
        **head(firm, "/portal/entries"),
        "carrier": carrier,
        "values": {name: raw.get(name, "") for name in _FIELDS},
        "labels": {**LABELS, "since": "希望哪天入驻", "area": "要多大的房间"},
        "conditions": [condition_view(c, told, grade) for c in (found.criteria if found else ())],
        "outcome": Outcome(found.outcome).label if found else "",
        "document": found.document if found else "",
        "idempotency_key": key,
        **error_context(error, LABELS),
    }
    status = error.status if error else 200
    return page(request, "portal/entry.html", title=f"申请入驻 {carrier.name}", status=status, **context)
