"""A firm's certificates over JSON."""

import uuid
from typing import Annotated

from fastapi import Depends, Path, Response

from app.access.terms import Permission, Viewer
from app.errors import NotFound
from app.firms import queries
from app.recognitions import registering
from app.recognitions.queries import HeldCertificate, held_by
from app.web.api.answers import answer, part
from app.web.api.certificate_schemas import (
    CertificateIn,
    CertificateList,
    CertificateOut,
    RevocationIn,
    StrikeIn,
)
from app.web.api.deeds import Deed, doing, once_only
from app.web.api.openapi import KEYED
from app.web.certificate_input import read_certificate, read_reason, read_revocation
from app.web.deps import ConnDep, TodayDep, guard

router = part("证书", "/firms/{uscc}/certificates")
Reader = Annotated[Viewer, Depends(guard(Permission.FIRM_READ))]
Certifier = Annotated[Deed, Depends(doing(Permission.FIRM_CERTIFY))]
Uscc = Annotated[str, Path(max_length=40, examples=["91440783M159083022"])]


async def _held(conn: ConnDep, uscc: str, viewer: Viewer, today: TodayDep) -> list[HeldCertificate]:
    firm = await queries.firm_by_uscc(conn, uscc.upper(), viewer=viewer)
    if firm is None:
        raise NotFound
    return await held_by(conn, firm.id, today=today)


def _out(held: HeldCertificate) -> CertificateOut:
    return CertificateOut(
        id=held.id,
        kind=held.kind.value,
        number=held.number,
        issued_on=held.issued_on,
        expires_on=held.expires_on,
        revoked_on=held.revoked_on,
        state=held.state.value,
    )


async def _one(conn: ConnDep, uscc: str, certificate_id: uuid.UUID, viewer: Viewer, today: TodayDep) -> CertificateOut:
    return next(_out(held) for held in await _held(conn, uscc, viewer, today) if held.id == certificate_id)


def _list(held: list[HeldCertificate]) -> Response:
    return answer(CertificateList(items=[_out(one) for one in held], next=None))


@router.get("", response_model=CertificateList, summary="企业的证书")
async def read(uscc: Uscc, conn: ConnDep, today: TodayDep, viewer: Reader) -> Response:
    return _list(await _held(conn, uscc, viewer, today))


@router.post("", response_model=CertificateOut, status_code=201, summary="登记证书", openapi_extra=KEYED)
@once_only
async def register(uscc: Uscc, body: CertificateIn, deed: Certifier) -> Response:
    await _held(deed.conn, uscc, deed.viewer, deed.today)  # out of sight comes before what is wrong with the body
    new = read_certificate(body.model_dump(), today=deed.today)
    made = await registering.register(deed.conn, uscc.upper(), new, by=deed.by, at=deed.at)
    return answer(await _one(deed.conn, uscc, made, deed.viewer, deed.today), status=201)


@router.post("/{certificate_id}/revoke", response_model=CertificateOut, summary="登记证书撤销", openapi_extra=KEYED)
@once_only
async def revoke(uscc: Uscc, certificate_id: uuid.UUID, body: RevocationIn, deed: Certifier) -> Response:
    on, reason = read_revocation(body.model_dump())
    await registering.revoke(deed.conn, uscc.upper(), certificate_id, on=on, reason=reason, by=deed.by, at=deed.at)
    return answer(await _one(deed.conn, uscc, certificate_id, deed.viewer, deed.today))


@router.post("/{certificate_id}/strike", response_model=CertificateList, summary="删去误登的证书", openapi_extra=KEYED)
@once_only
async def strike(uscc: Uscc, certificate_id: uuid.UUID, body: StrikeIn, deed: Certifier) -> Response:
    """What is left is the answer."""
    reason = read_reason(body.model_dump())
    await registering.strike(deed.conn, uscc.upper(), certificate_id, reason=reason, by=deed.by, at=deed.at)
    return _list(await _held(deed.conn, uscc, deed.viewer, deed.today))
