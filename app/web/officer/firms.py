"""One firm's page and its notes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from fastapi import Depends, Form, Request, Response

from app.access.personal import hidden_from
from app.access.terms import Actor, Permission, Viewer
from app.assessments.queries import answers_for_firm
from app.assessments.terms import KeptAnswer
from app.carriers.tenancies import tenancies_of_firm
from app.errors import NotFound
from app.firms import queries
from app.firms.terms import FIELD_LABELS, INTERNAL_FIELDS, FirmDetail, FirmStatus
from app.pipeline import queries as pipeline
from app.pipeline.rules import taken_back
from app.pipeline.terms import MoveRecord, Tier
from app.platforms.queries import platforms_of
from app.recognitions.queries import held_by
from app.web.deps import ClockDep, ConnDep, LookupDep, acting, guard, lookup_of, today_of
from app.web.filters import status_label
from app.web.firm_words import field_words
from app.web.forms import clean_text
from app.web.htmx import see_other
from app.web.lookups import Lookup
from app.web.officer.timeline import timeline_of
from app.web.routing import Router
from app.web.templating import page
from app.work.merges import absorbed_by, merging_of
from app.work.notes import note

router = Router()
ListFirms = Annotated[Viewer, Depends(guard(Permission.FIRM_LIST))]
ReadFirms = Annotated[Viewer, Depends(guard(Permission.FIRM_READ))]


def shown_of(shown: int, hits: int) -> str:
    """Counted no further than the candidates from which the closest are chosen."""
    if hits <= shown:
        return f"{shown} 家"
    about = f"共 {hits} 家" if hits < queries.SEARCH_CANDIDATES else f"不少于 {hits} 家"
    return f"显示最相近的 {shown} 家，{about}"


@dataclass(frozen=True, slots=True)
class StepView:
    tier: Tier
    state: str  # done | skipped | current | todo
    note: str


# What is done on the page to a firm that stands for itself.
_ACTS = {
    "can_merge": Permission.FIRM_MERGE,
    "can_edit": Permission.FIRM_EDIT,
    "can_note": Permission.FIRM_NOTE,
    "can_certify": Permission.FIRM_CERTIFY,
    "can_keep_platforms": Permission.PLATFORM_KEEP,
}


@router.get("/firms/{uscc}")
async def firm_page(request: Request, uscc: str, viewer: ReadFirms, conn: ConnDep) -> Response:
    lookup, today = await lookup_of(request, conn), await today_of(request)
    firm = await firm_in_sight(conn, uscc, viewer)
    moves = await pipeline.history(conn, firm.id)
    # What the bureau writes about a firm is not for the firm.
    internal = viewer.may(Permission.FIRM_INTERNAL)
    pending = await pipeline.pending_moves(conn, viewer=viewer, firm_id=firm.id) if internal else []
    answers = await answers_for_firm(conn, firm.id) if viewer.may(Permission.ASSESSMENT_READ) else {}
    merged = firm.status == FirmStatus.MERGED
    timeline, absorbed = await timeline_of(conn, firm, moves, lookup) if internal else ([], False)
    context: dict[str, Any] = {
        "firm": firm,
        "region": lookup.reference.region(firm.region_code),
        "status_label": status_label(firm.status),
        "direction": lookup.reference.directions.get(firm.direction or ""),
        "tier": lookup.main.tier(firm.tier),
        "stale": firm.stale_on is not None and firm.stale_on <= today,
        "steps": _steps(firm, moves, lookup, today, answers),
        "facts": _facts(firm, lookup, internal=internal),
        "contacts": firm.contacts,
        "contacts_masked": bool(hidden_from(viewer)),
        "can_reveal": bool(firm.contacts) and viewer.may(Permission.CONTACT_REVEAL),
        "former_names": firm.former_names,
        "tags": firm.tags if internal else (),
        "certificates": await held_by(conn, firm.id, today=today),
        "platforms": await platforms_of(conn, firm.id),
        "tenancies": await tenancies_of_firm(conn, firm.id, viewer=viewer) if _sees_carriers(viewer) else [],
        "opens_tenancies": viewer.may(Permission.CARRIER_READ),
        "timeline": timeline,
        "overridden": sum(bool(move.override_reason) for move in moves) if internal else 0,
        "pending": pending[0] if pending else None,
        "pending_to": lookup.main.tier(pending[0].to_tier) if pending else None,
        "tabs": tabs_of(firm, viewer, ""),
        "merging": await merging_of(conn, firm.id, viewer=viewer) if merged else None,
        "absorbed": await absorbed_by(conn, firm, viewer=viewer) if absorbed and not merged else [],
        "can_unmerge": viewer.may(Permission.FIRM_MERGE),
        **{name: viewer.may(asked) and not merged for name, asked in _ACTS.items()},
        "can_move": viewer.may(Permission.MOVE)
        and not merged
        and (firm.status == FirmStatus.ACTIVE or firm.tier is not None),
        "can_see_papers": viewer.may(Permission.ASSESSMENT_READ),
        "can_approve": bool(pending) and viewer.may(Permission.MOVE_APPROVE) and pending[0].requested_by != viewer.id,
    }
    return page(request, "officer/firms/detail.html", title=firm.name, **context)


def _sees_carriers(viewer: Viewer) -> bool:
    return viewer.may(Permission.CARRIER_READ) or viewer.may(Permission.PORTAL)


def tabs_of(firm: FirmDetail, viewer: Viewer, here: str) -> list[tuple[str, str, bool]]:
    """The leaves of a firm's file that the viewer may open; `here` is the end of this one's address."""
    leaves = [
        ("概览", "", Permission.FIRM_READ),
        ("差距", "/gap", Permission.ASSESSMENT_READ),
        ("知识产权", "/rights", Permission.ASSESSMENT_READ),
        ("一企一策", "/plans", Permission.FIRM_INTERNAL),
        ("申报", "/filings", Permission.FIRM_INTERNAL),
        ("走访与任务", "/work", Permission.FIRM_INTERNAL),
        ("填报账号", "/clerks", Permission.CLERK_ADMIN),
    ]
    return [(word, f"/firms/{firm.uscc}{end}", end == here) for word, end, asked in leaves if viewer.may(asked)]


def firm_head(firm: FirmDetail, lookup: Lookup, viewer: Viewer, here: str) -> dict[str, Any]:
    """What the head of every leaf needs."""
    region = lookup.reference.region(firm.region_code)
    return {"firm": firm, "tier": lookup.main.tier(firm.tier), "region": region, "tabs": tabs_of(firm, viewer, here)}


async def firm_in_sight(conn: ConnDep, uscc: str, viewer: Viewer) -> FirmDetail:
    firm = await queries.firm_by_uscc(conn, uscc.upper(), viewer=viewer)
    if firm is None:
        raise NotFound
    return firm


def _steps(
    firm: FirmDetail, moves: list[MoveRecord], lookup: Lookup, today: date, answers: Mapping[str, KeptAnswer]
) -> list[StepView]:
    arrived: dict[str, date] = {}
    gone = taken_back(moves)
    for move in reversed(moves):
        if move.to_tier and move.id not in gone:
            arrived[move.to_tier] = move.effective_on
    current = lookup.main.tier(firm.tier)
    steps = []
    for tier in lookup.main.tiers:
        since = arrived.get(tier.code)
        if current and tier.code == current.code and firm.tier_since:
            note = f"{firm.tier_since} 起 {(today - firm.tier_since).days} 天"
            steps.append(StepView(tier, "current", note))
        elif current and tier.rank < current.rank:
            passed, note = ("done", f"{since:%Y-%m} 进入") if since else ("skipped", "未经过")
            steps.append(StepView(tier, passed, note))
        else:
            answer = answers.get(tier.sought)
            been = f"{since:%Y-%m} 曾进入" if since else ""
            notes = [been, answer.words if answer else "", "须第二人复核" if tier.needs_approval else ""]
            steps.append(StepView(tier, "todo", " · ".join(note for note in notes if note)))
    return steps


def _facts(firm: FirmDetail, lookup: Lookup, *, internal: bool) -> list[tuple[str, str]]:
    reference = lookup.reference
    industry = firm.industry_code or ""
    industry_name = reference.industries.get(industry) or reference.industries.get(industry[:3], "")
    values = {
        "registered_on": f"{firm.registered_on}" if firm.registered_on else "",
        "region_code": reference.region(firm.region_code),
        "park": firm.park or "",
        "industry_code": f"{industry} {industry_name}".strip(),
        "high_tech_field": reference.high_tech_fields.get(firm.high_tech_field or "", ""),
        "direction": reference.directions.get(firm.direction or "", ""),
        "registered_capital": field_words(firm, "registered_capital", lookup),
        "size_class": field_words(firm, "size_class", lookup),
        "above_designated_size": field_words(firm, "above_designated_size", lookup),
        "officer_id": firm.officer_name or "",
        "next_touch_on": f"{firm.next_touch_on}" if firm.next_touch_on else "",
        "address": firm.address or "",
        "uscc_override": firm.uscc_override or "",
        "remark": firm.remark or "",
    }
    hidden = frozenset() if internal else INTERNAL_FIELDS
    return [(FIELD_LABELS[k], v) for k, v in values.items() if k not in hidden and (v or k != "uscc_override")]


@router.post("/firms/{uscc}/notes")
async def add_note(
    request: Request,
    uscc: str,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    actor: Annotated[Actor, Depends(acting(Permission.FIRM_NOTE))],
    text: Annotated[str, Form()] = "",
) -> Response:
    firm = await firm_in_sight(conn, uscc, actor.viewer)
    at = clock.now()
    body = clean_text("text", text, longest=2000, required="请写点什么再保存。")
    made = await note(conn, firm, body, ladder=lookup.main, calendar=lookup.calendar, by=actor, at=at)
    return see_other(request, f"/firms/{firm.uscc}#timeline", f"已记录{made.told.sentence}")
