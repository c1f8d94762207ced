"""移动到…: the dialog that shows each tier's gate, and the move itself; the second person's yes or no."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Annotated, Any, Self

from fastapi import Depends, Form, Request, Response

from app.access.terms import Actor, Permission, Viewer
from app.assessments.policies import load_policies
from app.errors import AppError, Conflict, Invalid, Refused
from app.firms.terms import FirmDetail, FirmStatus
from app.pipeline import service
from app.pipeline.queries import pending_moves
from app.pipeline.recording import MoveOrder
from app.pipeline.rules import Decision, Verdict, decide
from app.pipeline.terms import Standing, Tier
from app.policy.terms import Outcome
from app.recognitions.terms import CertificateKind
from app.text import DateError, parse_date
from app.web.deps import ClockDep, ConnDep, LookupDep, TodayDep, acting, clock_of, guard, lookup_of, today_of
from app.web.forms import clean_text, raw_form
from app.web.htmx import changed, is_htmx, see_other
from app.web.idempotency import KeyDep, once
from app.web.lookups import Lookup
from app.web.officer.firms import firm_in_sight
from app.web.officer.move_certificate import kind_for, typed_in, with_certificate
from app.web.routing import Router
from app.web.templating import fragment, page

router = Router()
Mover = Annotated[Actor, Depends(acting(Permission.MOVE))]
Rejecter = Annotated[Actor, Depends(acting(Permission.MOVE_REJECT))]
Approver = Annotated[Actor, Depends(acting(Permission.MOVE_APPROVE))]


@dataclass(frozen=True, slots=True)
class TargetView:
    tier: Tier
    verdict: str  # ok | lacking | reason | down | approval | unsure | refused
    sentences: list[str]
    source: str
    certificate: CertificateKind | None = None  # without it the step is shut
    gap_href: str = ""


@dataclass(frozen=True, slots=True)
class FormView:
    """What the dialog shows in its fields: what the person typed, or the day's defaults."""

    to: str
    effective_on: str
    reason: str = ""
    override_reason: str = ""
    correction: bool = False
    expected: str = ""
    idempotency_key: str = ""
    certificate: Mapping[str, str] = field(default_factory=lambda: typed_in({}))

    @classmethod
    async def typed(cls, request: Request, key: str) -> Self:
        """All of the form at once: parameters of the route, each looked up and checked by itself, cost a move more
        than its placement."""
        raw = await raw_form(request)
        text = {name: raw.get(name, "") for name in ("to", "effective_on", "reason", "override_reason", "expected")}
        correction = _YES_NO.get(raw.get("correction", ""))
        if correction is None:
            raise Invalid({"correction": "请填写是或否。"})
        return cls(**text, correction=correction, idempotency_key=key, certificate=typed_in(raw))


_YES_NO = {"": False, "false": False, "true": True}


async def _targets(conn: ConnDep, firm: FirmDetail, lookup: Lookup, today: date) -> list[TargetView]:
    facts = await service.facts_of(conn, firm.id)
    standing = Standing.of(firm)
    views = []
    current = lookup.main.tier(firm.tier)
    for tier in lookup.main.tiers:
        if tier.code == firm.tier:
            continue
        if current and tier.rank < current.rank:
            views.append(_lower(tier, current, decide(lookup.main, standing, tier, None)))
            continue
        assessment = lookup.policies.assess(tier.policy, facts, as_of=today)
        decision = decide(lookup.main, standing, tier, assessment)
        if decision.verdict is Verdict.GO:
            verdict = {Outcome.MET: "ok", Outcome.UNKNOWN: "lacking"}.get(assessment.outcome, "reason")
        else:
            waits = "unsure" if assessment.outcome is Outcome.UNKNOWN else "approval"
            verdict = waits if decision.verdict is Verdict.WAIT else "refused"
        # A second person decides with open conditions before them; who skips a tier hears of them as well.
        sentences = list(dict.fromkeys((*decision.reasons, *assessment.sentences)))
        open_still = assessment.outcome is not Outcome.MET
        kind = kind_for(tier) if open_still else None
        gap = f"/firms/{firm.uscc}/gap?policy={tier.sought}" if open_still and assessment.sentences else ""
        views.append(TargetView(tier, verdict, sentences, tier.source, kind, gap))
    return views


def _lower(tier: Tier, current: Tier, decision: Decision) -> TargetView:
    """Nobody is let down by conditions, so none is shown: read as advice they would say to earn less."""
    told = f"这是下移：从“{current.label}”退到“{tier.label}”，不看本级条件，须写明理由。"
    verdict = {Verdict.GO: "down", Verdict.WAIT: "approval"}.get(decision.verdict, "refused")
    said = list(decision.reasons)
    return TargetView(tier, verdict, said if verdict == "refused" else [told, *said], tier.source)


async def _form(
    request: Request,
    conn: ConnDep,
    firm: FirmDetail,
    lookup: Lookup,
    today: date,
    form: FormView,
    *,
    error: AppError | None = None,
    offered: str = "",
) -> Response:
    """`offered`: the step that suggests itself, unless its gate says no; then nobody chooses for the person."""
    waiting = [] if error else await pending_moves(conn, viewer=request.state.viewer, firm_id=firm.id)
    targets = await _targets(conn, firm, lookup, today)
    if offered and all(t.tier.code != offered or t.verdict != "refused" for t in targets):
        form = replace(form, to=offered)
    context: dict[str, Any] = {
        "firm": firm,
        "current": lookup.main.tier(firm.tier),
        "waiting": waiting[0] if waiting else None,
        "waiting_to": lookup.main.tier(waiting[0].to_tier) if waiting else None,
        "targets": targets,
        "form": form,
        "chosen": form.to,
        "today": today,
        "error": error,
        "fields": error.fields if isinstance(error, Invalid) else {},
        "reasons": error.reasons if isinstance(error, Refused) else [],
        "can_certify": request.state.viewer.may(Permission.FIRM_CERTIFY),
        "can_measure": request.state.viewer.may(Permission.ASSESSMENT_READ),
        "can_override": isinstance(error, Refused) or bool(form.override_reason),
    }
    status = error.status if error else 200
    if is_htmx(request):
        return fragment(request, "officer/pipeline/_move_form.html", status=status, **context)
    return page(request, "officer/pipeline/move.html", title=f"移动 {firm.name}", status=status, **context)


@router.get("/firms/{uscc}/move")
async def move_form(
    request: Request,
    uscc: str,
    conn: ConnDep,
    lookup: LookupDep,
    today: TodayDep,
    viewer: Annotated[Viewer, Depends(guard(Permission.MOVE))],
    to: str = "",
) -> Response:
    firm = await firm_in_sight(conn, uscc, viewer)
    current = lookup.main.tier(firm.tier)
    rank = current.rank if current else 0
    following = next((t.code for t in lookup.main.tiers if t.rank == rank + 1), "")
    if firm.status != FirmStatus.ACTIVE:
        following = "exit"
    form = FormView(
        to=to,
        effective_on=today.isoformat(),
        expected=firm.tier or "",
        idempotency_key=uuid.uuid4().hex,
    )
    return await _form(request, conn, firm, lookup, today, form, offered="" if to else following)


@router.post("/firms/{uscc}/move")
async def move(
    request: Request,
    uscc: str,
    conn: ConnDep,
    actor: Mover,
    key: KeyDep,
) -> Response:
    at, lookup, today = (await clock_of(request)).now(), await lookup_of(request, conn), await today_of(request)
    form = await FormView.typed(request, key.value)
    try:
        async with once(conn, key, viewer=actor.viewer, at=at) as slot:
            if slot.replayed is not None:
                return slot.replayed
            if not form.to:
                raise Invalid({"to": "请选择要移动到的梯队。"})
            order = MoveOrder(
                to=None if form.to == "exit" else form.to,
                effective_on=_day(form.effective_on, today),
                reason=_short(form.reason, "reason"),
                expected=form.expected or None,
                override=_short(form.override_reason, "override_reason"),
                correction=form.correction,
            )
            tier, given = lookup.main.tier(order.to), form.certificate
            async with with_certificate(conn, uscc.upper(), tier, given, by=actor, today=today, at=at) as registered:
                done = await service.move_firm(
                    conn,
                    uscc.upper(),
                    order,
                    ladder=lookup.main,
                    # What is kept in memory may be a minute old; a gate judges by what counts now.
                    policies=await load_policies(conn, lookup.policies),
                    calendar=lookup.calendar,
                    by=actor,
                    at=at,
                )
            where = f"“{tier.label}”" if tier else "梯队之外"
            sentence = f"{registered}{done.standing.name} 已移到{where}"
            if done.waits:
                sentence = f"{registered}{done.standing.name} 移到{where}的申请已提交，等待第二人复核"
            return slot.keep(changed(request, f"/firms/{done.standing.uscc}", sentence, event="firm-moved"))
    except (Refused, Invalid, Conflict) as error:
        firm = await firm_in_sight(conn, uscc, actor.viewer)
        if isinstance(error, Conflict) and not isinstance(error, Refused):
            # The person saw an older tier; the form that comes back shows where the firm is now.
            form = replace(form, expected=firm.tier or "", idempotency_key=uuid.uuid4().hex)
        return await _form(request, conn, firm, lookup, today, form, error=error)


@router.post("/moves/{request_id}/approve")
async def approve(
    request: Request, request_id: uuid.UUID, conn: ConnDep, lookup: LookupDep, clock: ClockDep, actor: Approver
) -> Response:
    standing = await service.approve(
        conn,
        request_id,
        ladder=lookup.main,
        policies=await load_policies(conn, lookup.policies),
        calendar=lookup.calendar,
        by=actor,
        at=clock.now(),
    )
    return see_other(request, f"/firms/{standing.uscc}", f"已通过 {standing.name} 的移动")


@router.post("/moves/{request_id}/reject")
async def reject(
    request: Request,
    request_id: uuid.UUID,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    actor: Rejecter,
    reason: Annotated[str, Form()] = "",
) -> Response:
    try:
        standing = await service.reject(conn, request_id, reason=_short(reason, "reason"), by=actor, at=clock.now())
    except Invalid as error:
        return await _ask_reason(request, conn, lookup, request_id, reason, actor.viewer, error)
    return see_other(request, f"/firms/{standing.uscc}", f"已驳回 {standing.name} 的移动")


async def _ask_reason(
    request: Request,
    conn: ConnDep,
    lookup: Lookup,
    request_id: uuid.UUID,
    reason: str,
    viewer: Viewer,
    error: Invalid,
) -> Response:
    """The move that is to be refused, with what was typed and what is wrong with it."""
    pending = next(iter(await pending_moves(conn, viewer=viewer, request_id=request_id)), None)
    own = pending is not None and pending.requested_by == viewer.id
    if pending is None or not (own or viewer.may(Permission.MOVE_APPROVE)):
        raise error
    return page(
        request,
        "officer/pipeline/reject.html",
        title=f"{'撤回' if own else '驳回'} {pending.firm_name} 的移动",
        status=error.status,
        pending=pending,
        own=own,
        reason=reason,
        fault=error.fields.get("reason", error.sentence),
        from_tier=lookup.main.tier(pending.from_tier),
        to_tier=lookup.main.tier(pending.to_tier),
    )


def _day(value: str, today: date) -> date:
    if not value.strip():
        return today
    try:
        return parse_date(value)
    except DateError as error:
        raise Invalid({"effective_on": str(error)}) from error


def _short(value: str, field: str) -> str:
    return clean_text(field, value, longest=1000)
