"""What the dialog of a move shows: each tier's gate, what was typed, and what was wrong with it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from typing import Any, Self

from fastapi import Request, Response

from app.access.terms import Permission
from app.errors import AppError, Invalid, Refused
from app.firms.terms import FirmDetail
from app.pipeline import service
from app.pipeline.queries import pending_moves
from app.pipeline.rules import Decision, Verdict, decide
from app.pipeline.terms import Span, Standing, Tier
from app.policy.terms import Outcome
from app.recognitions.terms import CertificateKind
from app.web.deps import ConnDep
from app.web.forms import raw_form
from app.web.htmx import is_htmx
from app.web.lookups import Lookup
from app.web.officer.move_certificate import kind_for, typed_in
from app.web.templating import fragment, page


@dataclass(frozen=True, slots=True)
class TargetView:
    tier: Tier
    verdict: str  # ok | lacking | reason | down | approval | unsure | refused | same | back
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


@dataclass(frozen=True, slots=True)
class Corrected:
    """What a correction looks back at: the stay before, and who agreed to the one that is set right."""

    before: Span | None
    approved_by: str


def _judge(firm: FirmDetail, lookup: Lookup, corrected: Corrected | None) -> Callable[..., Decision]:
    asked = partial(decide, lookup.main, Standing.of(firm))
    return partial(asked, correction=True, approved_by=corrected.approved_by) if corrected else asked


async def _targets(
    conn: ConnDep, firm: FirmDetail, lookup: Lookup, today: date, corrected: Corrected | None
) -> list[TargetView]:
    """To whoever corrects: also the tier where it stands, for another first day, and the one before as it was."""
    facts = await service.facts_of(conn, firm.id)
    judged = _judge(firm, lookup, corrected)
    views = []
    current = lookup.main.tier(firm.tier)
    for tier in lookup.main.tiers:
        if tier.code == firm.tier:
            if corrected:
                views.append(TargetView(tier, "same", ["仍在这一级，只改从哪一天起。"], ""))
            continue
        if corrected and corrected.before and tier.code == corrected.before.tier:
            said = f"生效日期写 {corrected.before.since}，就像没有移过一样：从那天起一直在这一级。"
            decision = judged(tier, None, restored=True)
            verdict = "approval" if decision.verdict is Verdict.WAIT else "back"
            views.append(TargetView(tier, verdict, [said, *decision.reasons], ""))
            continue
        if current and tier.rank < current.rank:
            views.append(_lower(tier, current, judged(tier, None)))
            continue
        assessment = lookup.policies.assess(tier.policy, facts, as_of=today)
        decision = judged(tier, assessment)
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


async def show(
    request: Request,
    conn: ConnDep,
    firm: FirmDetail,
    lookup: Lookup,
    today: date,
    form: FormView,
    *,
    error: AppError | None = None,
    offered: str = "",
    narrow: bool = False,
) -> Response:
    """`offered`: the step that suggests itself, unless its gate says no; then nobody chooses for the person. `narrow`:
    the person has chosen, so the other steps stand back."""
    waiting = [] if error else await pending_moves(conn, viewer=request.state.viewer, firm_id=firm.id)
    before, agreed = await service.looked_back(conn, firm, ladder=lookup.main)
    corrected = Corrected(before, agreed) if form.correction else None
    targets = await _targets(conn, firm, lookup, today, corrected)
    if offered and all(t.tier.code != offered or t.verdict != "refused" for t in targets):
        form = replace(form, to=offered)
    context: dict[str, Any] = {
        "firm": firm,
        "current": lookup.main.tier(firm.tier),
        "waiting": waiting[0] if waiting else None,
        "waiting_to": lookup.main.tier(waiting[0].to_tier) if waiting else None,
        "targets": targets,
        "leaving": _judge(firm, lookup, corrected)(None, None).reasons,
        "form": form,
        "chosen": form.to,
        "narrow": narrow and not error,
        "before": before,
        "before_tier": lookup.main.tier(before.tier) if before else None,
        "today": today,
        "error": error,
        "fields": error.fields if isinstance(error, Invalid) else {},
        "reasons": error.reasons if isinstance(error, Refused) else [],
        "can_certify": request.state.viewer.may(Permission.FIRM_CERTIFY),
        "can_measure": request.state.viewer.may(Permission.ASSESSMENT_READ),
        "can_override": bool(form.override_reason) or any(t.verdict == "refused" for t in targets),
    }
    status = error.status if error else 200
    if is_htmx(request):
        return fragment(request, "officer/pipeline/_move_form.html", status=status, **context)
    return page(request, "officer/pipeline/move.html", title=f"移动 {firm.name}", status=status, **context)
