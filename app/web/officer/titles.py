"""What firms say they hold, verified one by one; and a firm's rights, with those of class Ⅱ that served a filing."""

import uuid
from datetime import date
from typing import Annotated, Any

from fastapi import Depends, Form, Request, Response

from app.access.terms import Actor, Permission, Viewer
from app.attachments.queries import attachments_of, attachments_on
from app.attachments.terms import ObjectKind
from app.clock import business_day
from app.db import Conn
from app.errors import AppError, Conflict, Invalid, NotFound, Refused
from app.recognitions import claiming, rights
from app.recognitions.claims import claim_by_id, claims_of, claims_waiting, held_elsewhere, judged_at
from app.recognitions.papers import held_body
from app.recognitions.rights import rights_of
from app.recognitions.terms import ClaimKind, ClaimState
from app.web.deps import ClockDep, ConnDep, LookupDep, TodayDep, acting, guard
from app.web.forms import clean_text, error_context
from app.web.htmx import see_other
from app.web.lookups import Lookup
from app.web.officer.firms import firm_head, firm_in_sight
from app.web.routing import Router
from app.web.templating import page
from app.web.title_words import changed, said

router = Router()
Reader = Annotated[Viewer, Depends(guard(Permission.ASSESSMENT_READ))]
Verifier = Annotated[Viewer, Depends(guard(Permission.FIRM_CERTIFY))]
Certifier = Annotated[Actor, Depends(acting(Permission.FIRM_CERTIFY))]
Version = Annotated[int, Form(ge=0, le=30000)]
Reason = Annotated[str, Form(max_length=1000)]
_LABELS = {"reason": "理由", "ids": "知识产权", "year": "申报年度"}
_WHY = "请写明理由，企业会看到。"


@router.get("/claims")
async def queue_page(request: Request, viewer: Verifier, conn: ConnDep) -> Response:
    waiting = await claims_waiting(conn, viewer=viewer)
    papers: dict[uuid.UUID, Any] = {}
    for kind in ClaimKind:
        ids = [c.object_id for c in waiting if c.kind is kind]
        papers |= await attachments_of(conn, ObjectKind(kind.value), ids)
    context: dict[str, Any] = {"waiting": waiting, "papers": {k: len(files) for k, files in papers.items()}}
    return page(request, "officer/titles/queue.html", title="证书与知识产权核实", **context)


@router.get("/claims/{claim_id}")
async def claim_page(
    request: Request, claim_id: uuid.UUID, viewer: Verifier, conn: ConnDep, today: TodayDep
) -> Response:
    return await _claim(request, conn, viewer, claim_id, today)


async def _claim(
    request: Request,
    conn: Conn,
    viewer: Viewer,
    claim_id: uuid.UUID,
    today: date,
    *,
    reason: str = "",
    error: AppError | None = None,
) -> Response:
    claim = await claim_by_id(conn, claim_id, viewer=viewer)
    if claim is None:
        raise NotFound
    held = next((r for r in await rights_of(conn, claim.firm_id) if r.id == claim.target_id), None)
    kind, sealed = ObjectKind(claim.kind.value), await judged_at(conn, claim.object_id)
    body = claim.body
    if claim.papers_only:
        body = await held_body(conn, claim.firm_id, claim.kind, claim.object_id, today=today) or body
    context: dict[str, Any] = {
        "claim": claim,
        "said": said(claim.kind, body),
        "changed": changed(held, body) if held else [],
        "files": await attachments_on(conn, kind, claim.object_id),
        "unverified": (lambda f: f.created_at > sealed) if sealed and claim.state is ClaimState.WAITING else None,
        "elsewhere": await held_elsewhere(conn, claim, viewer=viewer),
        "open": claim.state is ClaimState.WAITING,
        "reason": reason,
        **error_context(error, _LABELS),
    }
    status = error.status if error else 200
    return page(request, "officer/titles/claim.html", title=f"核实：{claim.title}", status=status, **context)


@router.post("/claims/{claim_id}/accept")
async def accept(
    request: Request, claim_id: uuid.UUID, conn: ConnDep, clock: ClockDep, actor: Certifier, version: Version = 0
) -> Response:
    at = clock.now()
    try:
        claim = await claiming.accept(conn, claim_id, seen=version, by=actor, at=at)
    except (Conflict, Invalid) as error:
        return await _claim(request, conn, actor.viewer, claim_id, business_day(at), error=error)
    return see_other(request, "/claims", f"已核实 {claim.firm_name} 的 {claim.title}")


@router.post("/claims/{claim_id}/refuse")
async def refuse(
    request: Request,
    claim_id: uuid.UUID,
    conn: ConnDep,
    clock: ClockDep,
    actor: Certifier,
    version: Version = 0,
    reason: Reason = "",
) -> Response:
    at = clock.now()
    try:
        words = clean_text("reason", reason, longest=300, required=_WHY)
        claim = await claiming.refuse(conn, claim_id, reason=words, seen=version, by=actor, at=at)
    except (Conflict, Invalid) as error:
        return await _claim(request, conn, actor.viewer, claim_id, business_day(at), reason=reason, error=error)
    return see_other(request, "/claims", f"已告诉 {claim.firm_name} {claim.title} 没有通过核实")


@router.get("/firms/{uscc}/rights")
async def rights_page(
    request: Request, uscc: str, viewer: Reader, conn: ConnDep, lookup: LookupDep, today: TodayDep
) -> Response:
    return await _rights(request, conn, lookup, viewer, uscc, year=str(today.year))


async def _rights(
    request: Request,
    conn: Conn,
    lookup: Lookup,
    viewer: Viewer,
    uscc: str,
    *,
    year: str,
    chosen: frozenset[uuid.UUID] = frozenset(),
    error: AppError | None = None,
) -> Response:
    firm = await firm_in_sight(conn, uscc, viewer)
    held = await rights_of(conn, firm.id)
    files = await attachments_of(conn, ObjectKind.IP_RIGHT, [right.id for right in held])
    used = sorted({r.used_in_hnte_year for r in held if r.used_in_hnte_year is not None}, reverse=True)
    claims = await claims_of(conn, firm.id) if viewer.may(Permission.FIRM_CERTIFY) else []
    context: dict[str, Any] = {
        **firm_head(firm, lookup, viewer, "/rights"),
        "rights": held,
        "free": [right for right in held if right.free],
        "used": [(y, [r for r in held if r.used_in_hnte_year == y]) for y in used],
        "papers": {right_id: len(some) for right_id, some in files.items()},
        "waiting": [c for c in claims if c.state is ClaimState.WAITING],
        "may_keep": viewer.may(Permission.FIRM_CERTIFY),
        "year": year,
        "chosen": chosen,
        **error_context(error, _LABELS),
    }
    status = error.status if error else 200
    return page(request, "officer/titles/rights.html", title=f"知识产权 {firm.name}", status=status, **context)


@router.post("/firms/{uscc}/rights/use")
async def use_up(
    request: Request,
    uscc: str,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    actor: Certifier,
    ids: Annotated[list[uuid.UUID], Form()] = [],  # noqa: B006  # read, never changed
    year: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    firm = await firm_in_sight(conn, uscc, actor.viewer)
    try:
        if not (year.isascii() and year.isdigit() and len(year) == 4):
            raise Invalid({"year": "请填四位年份，如 2026。"})
        done = await rights.use_up(conn, firm.uscc, ids, year=int(year), by=actor, at=clock.now())
    except (Conflict, Invalid) as error:
        more = {"year": year, "chosen": frozenset(ids), "error": error}
        return await _rights(request, conn, lookup, actor.viewer, uscc, **more)  # type: ignore[arg-type]
    return see_other(request, f"/firms/{firm.uscc}/rights", f"已登记 {len(done)} 项用于 {year} 年高企申报")


@router.post("/firms/{uscc}/rights/{right_id}/free")
async def give_free(
    request: Request,
    uscc: str,
    right_id: uuid.UUID,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    today: TodayDep,
    actor: Certifier,
    reason: Reason = "",
) -> Response:
    firm = await firm_in_sight(conn, uscc, actor.viewer)
    try:
        words = clean_text("reason", reason, longest=300, required="请写明为什么改。")
        right = await rights.give_free(conn, firm.uscc, right_id, reason=words, by=actor, at=clock.now())
    except (Refused, Invalid) as error:
        return await _rights(request, conn, lookup, actor.viewer, uscc, year=str(today.year), error=error)
    return see_other(request, f"/firms/{firm.uscc}/rights", f"已改正：{right.number} 没有用过")
