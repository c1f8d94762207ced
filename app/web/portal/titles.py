"""证书与知识产权: what the firm holds by the ledger, and what it has laid open for the officer to verify."""

import uuid
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Form, Query, Request, Response

from app.access.terms import Viewer
from app.attachments.queries import attachments_of
from app.attachments.terms import ObjectKind
from app.db import Conn
from app.errors import AppError, Conflict, Invalid, NotFound, Refused
from app.policy.figures import IpKind, ObtainedBy
from app.recognitions import claiming
from app.recognitions.claims import Claim, claim_by_id, claims_of
from app.recognitions.papers import held_body
from app.recognitions.queries import held_by
from app.recognitions.rights import HeldRight, body_of, rights_of
from app.recognitions.terms import CertificateKind, ClaimKind, ClaimState
from app.web.deps import ClockDep, ConnDep, TodayDep
from app.web.forms import error_context, raw_form
from app.web.htmx import see_other
from app.web.idempotency import KeyDep, once
from app.web.portal.frame import ActPortal, UsePortal, head, own_firm
from app.web.routing import Router
from app.web.templating import page
from app.web.title_input import LABELS, read_title, typed_of
from app.web.title_words import said

router = Router()
_HERE = "/portal/titles"
Version = Annotated[int, Form(ge=0, le=30000)]


@router.get(_HERE)
async def titles_page(request: Request, viewer: UsePortal, conn: ConnDep, today: TodayDep) -> Response:
    firm = await own_firm(conn, viewer)
    rights, claims = await rights_of(conn, firm.id), await claims_of(conn, firm.id)
    certificates = await held_by(conn, firm.id, today=today)
    papers = await attachments_of(conn, ObjectKind.IP_RIGHT, [*(r.id for r in rights), *(c.object_id for c in claims)])
    papers |= await attachments_of(
        conn, ObjectKind.CERTIFICATE, [*(c.id for c in certificates), *(c.object_id for c in claims)]
    )
    context: dict[str, Any] = {
        **head(firm, _HERE),
        "rights": rights,
        "free": sum(right.free for right in rights),
        "certificates": certificates,
        "waiting": [c for c in claims if c.state is ClaimState.WAITING],
        "decided": [c for c in claims if c.state is not ClaimState.WAITING][:20],
        "papers": {object_id: len(files) for object_id, files in papers.items()},
    }
    return page(request, "portal/titles/list.html", title="证书与知识产权", **context)


def _kind(value: str) -> ClaimKind:
    if value not in dict(ClaimKind.options()):
        raise NotFound
    return ClaimKind(value)


async def _target(conn: Conn, firm_id: uuid.UUID, of: uuid.UUID | None) -> HeldRight | None:
    if of is None:
        return None
    found = next((right for right in await rights_of(conn, firm_id) if right.id == of), None)
    if found is None:
        raise NotFound
    return found


async def _form(
    request: Request,
    conn: Conn,
    viewer: Viewer,
    kind: ClaimKind,
    values: Mapping[str, str],
    *,
    action: str,
    error: AppError | None = None,
    **more: Any,
) -> Response:
    firm = await own_firm(conn, viewer)
    kinds = CertificateKind.options() if kind is ClaimKind.CERTIFICATE else IpKind.options()
    context: dict[str, Any] = {
        **head(firm, _HERE),
        "kind": kind,
        "kinds": [("", "请选择"), *kinds],
        "ways": [("", "请选择"), *ObtainedBy.options()],
        "forces": [("", "请选择"), ("yes", "有效"), ("no", "已失效")],
        "values": {field: values.get(field, "") for field in LABELS},
        "action": action,
        **error_context(error, LABELS),
        **more,
    }
    title = f"登记{kind.label}" if not more.get("changing") else f"修改{kind.label}"
    status = error.status if error else 200
    return page(request, "portal/titles/form.html", title=title, status=status, **context)


@router.get(_HERE + "/new")
async def new_form(
    request: Request, viewer: UsePortal, conn: ConnDep, kind: Annotated[str, Query()] = "ip_right", of: str = ""
) -> Response:
    """`of`: a right in the ledger that should read otherwise."""
    chosen, firm = _kind(kind), await own_firm(conn, viewer)
    right = await _target(conn, firm.id, _id(of)) if chosen is ClaimKind.IP_RIGHT else None
    values = typed_of(body_of(right)) if right else {}
    more: dict[str, Any] = {
        "of": of if right else "",
        "changing": right is not None,
        "idempotency_key": uuid.uuid4().hex,
    }
    return await _form(request, conn, viewer, chosen, values, action=f"{_HERE}/new?kind={chosen.value}", **more)


def _id(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text) if text else None
    except ValueError as error:
        raise NotFound from error


@router.post(_HERE + "/new")
async def lay_open(
    request: Request,
    conn: ConnDep,
    clock: ClockDep,
    today: TodayDep,
    actor: ActPortal,
    key: KeyDep,
    kind: Annotated[str, Query()] = "ip_right",
) -> Response:
    chosen, firm, raw = _kind(kind), await own_firm(conn, actor.viewer), await raw_form(request)
    of, at = raw.get("of", ""), clock.now()
    try:
        async with once(conn, key, viewer=actor.viewer, at=at) as slot:
            if slot.replayed is not None:
                return slot.replayed
            body, words = read_title(chosen, raw, today=today)
            target = _id(of) if chosen is ClaimKind.IP_RIGHT else None
            claim_id = await claiming.claim(conn, firm, chosen, body, target=target, words=words, by=actor, at=at)
            onto = f"/files/on/{chosen.value}/{target or claim_id}"
            return slot.keep(see_other(request, onto, "已登记，等专员核实；请在这里上传证书扫描件等证明"))
    except (Invalid, Conflict, Refused) as error:
        more: dict[str, Any] = {"of": of, "changing": bool(of), "idempotency_key": key.value, "error": error}
        return await _form(request, conn, actor.viewer, chosen, raw, action=f"{_HERE}/new?kind={chosen.value}", **more)


async def _own(conn: Conn, viewer: Viewer, claim_id: uuid.UUID) -> Claim:
    found = await claim_by_id(conn, claim_id, viewer=viewer)
    if found is None or found.firm_id != viewer.firm_id:
        raise NotFound
    return found


@router.get(_HERE + "/{claim_id}")
async def claim_page(
    request: Request, claim_id: uuid.UUID, viewer: UsePortal, conn: ConnDep, today: TodayDep
) -> Response:
    found = await _own(conn, viewer, claim_id)
    body = found.body
    if found.papers_only:
        body = await held_body(conn, found.firm_id, found.kind, found.object_id, today=today) or body
    if found.state is ClaimState.WAITING and not (found.papers_only and found.kind is ClaimKind.CERTIFICATE):
        values = typed_of(body) | {"words": found.words}
        more: dict[str, Any] = {"claim": found, "changing": True, "version": found.version}
        return await _form(request, conn, viewer, found.kind, values, action=f"{_HERE}/{claim_id}", **more)
    firm = await own_firm(conn, viewer)
    context: dict[str, Any] = {**head(firm, _HERE), "claim": found, "said": said(found.kind, body)}
    return page(request, "portal/titles/claim.html", title=found.title, **context)


@router.post(_HERE + "/{claim_id}")
async def change(
    request: Request,
    claim_id: uuid.UUID,
    conn: ConnDep,
    clock: ClockDep,
    today: TodayDep,
    actor: ActPortal,
    version: Version = 0,
) -> Response:
    found, raw = await _own(conn, actor.viewer, claim_id), await raw_form(request)
    try:
        body, words = read_title(found.kind, raw, today=today)
        await claiming.change(conn, claim_id, body, words=words, seen=version, by=actor, at=clock.now())
    except (Invalid, Conflict) as error:
        more: dict[str, Any] = {"claim": found, "changing": True, "version": found.version, "error": error}
        return await _form(request, conn, actor.viewer, found.kind, raw, action=f"{_HERE}/{claim_id}", **more)
    return see_other(request, _HERE, "已保存，等专员核实")


@router.post(_HERE + "/{claim_id}/withdraw")
async def withdraw(
    request: Request, claim_id: uuid.UUID, conn: ConnDep, clock: ClockDep, actor: ActPortal, version: Version = 0
) -> Response:
    found = await _own(conn, actor.viewer, claim_id)
    await claiming.withdraw(conn, found.id, seen=version, by=actor, at=clock.now())
    return see_other(request, _HERE, f"已撤回 {found.title}")
