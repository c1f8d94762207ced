"""A firm's certificates by hand: the form of a new one, and a page where one is marked as revoked or struck out."""

import uuid
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Depends, Request, Response

from app.access.terms import Actor, Permission, Viewer
from app.errors import AppError, Conflict, Invalid, NotFound
from app.firms.terms import FirmDetail
from app.recognitions import registering
from app.recognitions.queries import HeldCertificate, held_by
from app.recognitions.terms import CertificateKind
from app.web.certificate_input import read_certificate, read_reason, read_revocation
from app.web.deps import ClockDep, ConnDep, LookupDep, TodayDep, acting, guard
from app.web.htmx import see_other
from app.web.idempotency import KeyDep, KeyReused, once
from app.web.lookups import Lookup
from app.web.officer.firms import firm_in_sight
from app.web.routing import Router
from app.web.templating import page

router = Router()
Reader = Annotated[Viewer, Depends(guard(Permission.FIRM_CERTIFY))]
Certifier = Annotated[Actor, Depends(acting(Permission.FIRM_CERTIFY))]
_LABELS = {
    "kind": "证书种类",
    "number": "证书编号",
    "issued_on": "发证日期",
    "expires_on": "有效期止",
    "revoked_on": "撤销日期",
    "reason": "依据",
}


async def _raw(request: Request) -> dict[str, str]:
    form = await request.form(max_fields=20, max_files=0)
    return {k: v for k, v in form.items() if isinstance(v, str)}


def _faults(error: AppError | None) -> tuple[Mapping[str, str], str]:
    """By field, and what is said of the whole."""
    if isinstance(error, Invalid):
        return error.fields, "" if error.fields else error.sentence
    return {}, error.sentence if error else ""


def _new_page(
    request: Request, firm: FirmDetail, values: Mapping[str, str], key: str, error: AppError | None = None
) -> Response:
    faults, sentence = _faults(error)
    if isinstance(error, Conflict) and not isinstance(error, KeyReused):
        faults, sentence = {"number": sentence}, ""
    context: dict[str, Any] = {
        "firm": firm,
        "kinds": [("", "请选择"), *CertificateKind.options()],
        "values": {f: values.get(f, "") for f in _LABELS},
        "faults": faults,
        "errors": [(f, _LABELS.get(f, ""), s) for f, s in faults.items()],
        "sentence": sentence,
        "idempotency_key": key,
    }
    status = error.status if error else 200
    return page(request, "officer/firms/certificate_new.html", title=f"登记证书 {firm.name}", status=status, **context)


@router.get("/firms/{uscc}/certificates/new")
async def new_form(request: Request, uscc: str, conn: ConnDep, viewer: Reader) -> Response:
    firm = await firm_in_sight(conn, uscc, viewer)
    return _new_page(request, firm, {"kind": CertificateKind.HNTE.value}, uuid.uuid4().hex)


@router.post("/firms/{uscc}/certificates/new")
async def register(
    request: Request, uscc: str, conn: ConnDep, clock: ClockDep, today: TodayDep, actor: Certifier, key: KeyDep
) -> Response:
    firm = await firm_in_sight(conn, uscc, actor.viewer)
    raw, at = await _raw(request), clock.now()
    try:
        async with once(conn, key, viewer=actor.viewer, at=at) as slot:
            if slot.replayed is not None:
                return slot.replayed
            new = read_certificate(raw, today=today)
            await registering.register(conn, firm.uscc, new, by=actor, at=at)
            said = f"已登记 {new.kind.label}证书 {new.number}"
            return slot.keep(see_other(request, f"/firms/{firm.uscc}#h-certificates", said))
    except (Invalid, Conflict) as error:
        return _new_page(request, firm, raw, key.value, error)


async def _one(conn: ConnDep, firm: FirmDetail, certificate_id: uuid.UUID, today: TodayDep) -> HeldCertificate:
    for held in await held_by(conn, firm.id, today=today):
        if held.id == certificate_id:
            return held
    raise NotFound


def _one_page(
    request: Request,
    firm: FirmDetail,
    held: HeldCertificate,
    values: Mapping[str, str],
    *,
    form: str = "",
    error: AppError | None = None,
) -> Response:
    """`form` is the one that was sent: "revoke" or "strike"; its faults stand in it."""
    faults, sentence = _faults(error)
    context: dict[str, Any] = {
        "firm": firm,
        "certificate": held,
        "values": {f: values.get(f, "") for f in ("revoked_on", "reason")},
        "faults": faults,
        "errors": [(f"{form}-{f}", _LABELS.get(f, ""), s) for f, s in faults.items()],
        "sentence": sentence,
        "sent": form,
    }
    title = f"{held.kind.label}证书 {held.number}"
    status = error.status if error else 200
    return page(request, "officer/firms/certificate.html", title=title, status=status, **context)


@router.get("/firms/{uscc}/certificates/{certificate_id}")
async def one_page(
    request: Request, uscc: str, certificate_id: uuid.UUID, conn: ConnDep, today: TodayDep, viewer: Reader
) -> Response:
    firm = await firm_in_sight(conn, uscc, viewer)
    return _one_page(request, firm, await _one(conn, firm, certificate_id, today), {})


@router.post("/firms/{uscc}/certificates/{certificate_id}/revoke")
async def revoke(
    request: Request,
    uscc: str,
    certificate_id: uuid.UUID,
    conn: ConnDep,
    clock: ClockDep,
    today: TodayDep,
    lookup: LookupDep,
    actor: Certifier,
) -> Response:
    firm = await firm_in_sight(conn, uscc, actor.viewer)
    held, raw = await _one(conn, firm, certificate_id, today), await _raw(request)
    try:
        on, reason = read_revocation(raw)
        await registering.revoke(conn, firm.uscc, held.id, on=on, reason=reason, by=actor, at=clock.now())
    except (Invalid, Conflict) as error:
        return _one_page(request, firm, held, raw, form="revoke", error=error)
    return see_other(request, f"/firms/{firm.uscc}#h-certificates", "已登记撤销" + _look_again(firm, held, lookup))


@router.post("/firms/{uscc}/certificates/{certificate_id}/strike")
async def strike(
    request: Request,
    uscc: str,
    certificate_id: uuid.UUID,
    conn: ConnDep,
    clock: ClockDep,
    today: TodayDep,
    lookup: LookupDep,
    actor: Certifier,
) -> Response:
    firm = await firm_in_sight(conn, uscc, actor.viewer)
    held, raw = await _one(conn, firm, certificate_id, today), await _raw(request)
    try:
        await registering.strike(conn, firm.uscc, held.id, reason=read_reason(raw), by=actor, at=clock.now())
    except Invalid as error:
        return _one_page(request, firm, held, raw, form="strike", error=error)
    return see_other(request, f"/firms/{firm.uscc}#h-certificates", "已删去" + _look_again(firm, held, lookup))


def _look_again(firm: FirmDetail, held: HeldCertificate, lookup: Lookup) -> str:
    """A tier does not fall by itself: somebody must say whether the firm still belongs there."""
    tier = lookup.main.tier(firm.tier)
    if tier is None or tier.code != held.kind.value:
        return ""
    return f"；企业仍在“{tier.label}”，请核对是否要移动"
