"""Titles kept by the firm over JSON: laid open, changed, taken back; verified or refused by an officer."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any

from fastapi import Depends, Form, Path, Query, Response, UploadFile
from fastapi import File as FormFile

from app.access.terms import Permission, Viewer
from app.attachments.queries import attachments_of, attachments_on
from app.attachments.terms import ObjectKind
from app.db import Conn
from app.errors import Invalid, NotFound
from app.firms import cursors
from app.firms.queries import firm_by_uscc
from app.firms.terms import FirmDetail, Sort
from app.recognitions import claiming
from app.recognitions.claims import Claim, claim_by_id, claims_of, claims_waiting, held_elsewhere
from app.recognitions.papers import named_in_ledger
from app.recognitions.rights import body_of, rights_of
from app.recognitions.terms import ClaimKind
from app.web.api.answers import answer, part
from app.web.api.claim_schemas import (
    ClaimChange,
    ClaimDetail,
    ClaimIn,
    ClaimList,
    ClaimOut,
    ClaimRefusal,
    Elsewhere,
    PaperOut,
    RightList,
    RightOut,
    TitleIn,
    TitleOut,
)
from app.web.api.deeds import Deed, doing, once_only
from app.web.api.if_match import IfMatch, version_needed
from app.web.api.openapi import KEYED
from app.web.deps import ClockDep, ConnDep, FilesDep, SettingsDep, guard
from app.web.evidence import file_in_sight, hold_on
from app.web.forms import clean_text
from app.web.taking import hang, must_change, take, take_off
from app.web.title_input import read_title

router = part("证书与知识产权")
Reader = Annotated[Viewer, Depends(guard(Permission.ASSESSMENT_READ))]
Verifier = Annotated[Viewer, Depends(guard(Permission.FIRM_CERTIFY))]
Holder = Annotated[Deed, Depends(doing(Permission.PORTAL))]
Certifier = Annotated[Deed, Depends(doing(Permission.FIRM_CERTIFY))]
Uscc = Annotated[str, Path(max_length=40, examples=["91440783M159083022"])]
Cursor = Annotated[str, Query(max_length=300)]
Limit = Annotated[int, Query(ge=1, le=200)]


async def _firm(conn: Conn, uscc: str, viewer: Viewer) -> FirmDetail:
    firm = await firm_by_uscc(conn, uscc.upper(), viewer=viewer)
    if firm is None:
        raise NotFound
    return firm


async def _one(conn: Conn, claim_id: uuid.UUID, viewer: Viewer) -> Claim:
    found = await claim_by_id(conn, claim_id, viewer=viewer)
    if found is None:
        raise NotFound
    return found


def _out(c: Claim, papers: int) -> dict[str, Any]:
    return {
        "id": c.id,
        "uscc": c.uscc,
        "firm": c.firm_name,
        "what": c.kind.value,
        "of": c.target_id,
        "state": c.state.value,
        "title": TitleOut.model_validate(c.body),
        "papers_only": c.papers_only,
        "words": c.words,
        "made_at": c.created_at,
        "made_by": c.creator_name,
        "reason": c.reason,
        "decided_at": c.decided_at,
        "decided_by": c.decider_name,
        "version": c.version,
        "papers": papers,
    }


async def _listed(conn: Conn, found: Sequence[Claim], limit: int) -> Response:
    shown, papers = found[:limit], dict[uuid.UUID, int]()
    for kind in ClaimKind:
        ids = [c.object_id for c in shown if c.kind is kind]
        files = await attachments_of(conn, ObjectKind(kind.value), ids)
        papers |= {object_id: len(some) for object_id, some in files.items()}
    more = cursors.encode(shown[-1].created_at, shown[-1].id) if len(found) > limit else None
    items = [ClaimOut(**_out(c, papers.get(c.object_id, 0))) for c in shown]
    return answer(ClaimList(items=items, next=more))


async def _shown(conn: Conn, claim_id: uuid.UUID, viewer: Viewer, *, status: int = 200) -> Response:
    c = await _one(conn, claim_id, viewer)
    kind = ObjectKind(c.kind.value)
    hold = await hold_on(conn, kind, c.object_id, viewer=viewer)
    files = [
        PaperOut(
            id=f.id,
            name=f.name,
            size=f.size,
            kind=f.kind.value,
            scan=f.scan.value,
            note=f.note,
            sent_at=f.created_at,
            sent_by=f.creator_name,
            verified=not hold.unverified(f),
            removable=hold.may_remove(f),
        )
        for f in await attachments_on(conn, kind, c.object_id)
    ]
    others = await held_elsewhere(conn, c, viewer=viewer) if viewer.may(Permission.FIRM_CERTIFY) else []
    elsewhere = [Elsewhere(uscc=uscc, name=name) for uscc, name in others]
    body = ClaimDetail(**_out(c, len(files)), files=files, elsewhere=elsewhere)
    headers = {"etag": f'"{c.version}"'}
    if status == 201:
        headers["location"] = f"/api/v1/claims/{c.id}"
    return answer(body, status=status, headers=headers)


def _read(kind: ClaimKind, title: TitleIn, words: str, today: date) -> tuple[Mapping[str, Any], str]:
    raw: dict[str, Any] = {f: value for f, value in title.model_dump().items() if value is not None}
    raw |= {"words": words, "used": str(raw.pop("used_in_hnte_year", ""))}
    if "in_force" in raw:
        raw["in_force"] = "yes" if raw["in_force"] else "no"
    try:
        return read_title(kind, raw, today=today)
    except Invalid as error:
        said = {"used": "title.used_in_hnte_year", "words": "words"}
        fields = {said.get(name, f"title.{name}"): sentence for name, sentence in error.fields.items()}
        raise Invalid(fields, error.sentence) from error


@router.get("/firms/{uscc}/rights", response_model=RightList, summary="台账里的知识产权")
async def rights(uscc: Uscc, conn: ConnDep, viewer: Reader) -> Response:
    firm = await _firm(conn, uscc, viewer)
    held = await rights_of(conn, firm.id)
    files = await attachments_of(conn, ObjectKind.IP_RIGHT, [r.id for r in held])
    items = [
        RightOut(
            id=r.id, class_two=r.class_two, free=r.free, source=r.source, papers=len(files.get(r.id, ())), **body_of(r)
        )
        for r in held
    ]
    return answer(RightList(items=items, next=None))


@router.get("/firms/{uscc}/claims", response_model=ClaimList, summary="企业登记的证书和知识产权，最近的在前")
async def of_firm(uscc: Uscc, conn: ConnDep, viewer: Reader, cursor: Cursor = "", limit: Limit = 50) -> Response:
    """企业只看自己的。台账里的证书在 /firms/{uscc}/certificates，知识产权在 /firms/{uscc}/rights。"""
    firm = await _firm(conn, uscc, viewer)
    after = cursors.decode(cursor, Sort.UPDATED) if cursor else None
    return await _listed(conn, await claims_of(conn, firm.id, after=after, limit=limit + 1), limit)


@router.get("/claims", response_model=ClaimList, summary="等核实的，等得最久的在前")
async def waiting(conn: ConnDep, viewer: Verifier, cursor: Cursor = "", limit: Limit = 50) -> Response:
    after = cursors.decode(cursor, Sort.UPDATED) if cursor else None
    return await _listed(conn, await claims_waiting(conn, viewer=viewer, after=after, limit=limit + 1), limit)


@router.get("/claims/{claim_id}", response_model=ClaimDetail, summary="登记的一项，附证明材料")
async def read(claim_id: uuid.UUID, conn: ConnDep, viewer: Reader) -> Response:
    return await _shown(conn, claim_id, viewer)


@router.post(
    "/firms/{uscc}/claims", response_model=ClaimDetail, status_code=201, summary="登记一项", openapi_extra=KEYED
)
@once_only
async def lay_open(uscc: Uscc, body: ClaimIn, deed: Holder) -> Response:
    """仅本企业账号。核实之前不进台账，不计入政策条件；随后上传证明材料。"""
    firm = await _firm(deed.conn, uscc, deed.viewer)
    if body.what not in dict(ClaimKind.options()):
        raise Invalid({"what": "what 为 certificate 或 ip_right。"})
    kind = ClaimKind(body.what)
    title, words = await _laid_open(deed, firm, kind, body)
    made = await claiming.claim(deed.conn, firm, kind, title, target=body.of, words=words, by=deed.by, at=deed.at)
    return await _shown(deed.conn, made, deed.viewer, status=201)


async def _laid_open(deed: Deed, firm: FirmDetail, kind: ClaimKind, body: ClaimIn) -> tuple[Mapping[str, Any], str]:
    if body.title is not None:
        if kind is ClaimKind.CERTIFICATE and body.of is not None:
            raise Invalid({"title": "台账里的证书有误，请联系责任专员更正；这里只能补充证明材料。"})
        return _read(kind, body.title, body.words, deed.today)
    if body.of is None:
        raise Invalid({"title": "请填写登记的内容。"})
    title = await named_in_ledger(deed.conn, firm.id, kind, body.of)
    if title is None:
        raise NotFound
    return title, clean_text("words", body.words, longest=500)


@router.put("/claims/{claim_id}", response_model=ClaimDetail, summary="修改待核实的一项", openapi_extra=KEYED)
@once_only
async def change(claim_id: uuid.UUID, body: ClaimChange, deed: Holder, if_match: IfMatch = None) -> Response:
    held = await _one(deed.conn, claim_id, deed.viewer)
    seen = version_needed(if_match)
    title, words = _read(held.kind, body.title, body.words, deed.today)
    await claiming.change(deed.conn, claim_id, title, words=words, seen=seen, by=deed.by, at=deed.at)
    return await _shown(deed.conn, claim_id, deed.viewer)


@router.post("/claims/{claim_id}/withdraw", response_model=ClaimDetail, summary="撤回登记", openapi_extra=KEYED)
@once_only
async def withdraw(claim_id: uuid.UUID, deed: Holder, if_match: IfMatch = None) -> Response:
    await _one(deed.conn, claim_id, deed.viewer)
    await claiming.withdraw(deed.conn, claim_id, seen=version_needed(if_match), by=deed.by, at=deed.at)
    return await _shown(deed.conn, claim_id, deed.viewer)


@router.post("/claims/{claim_id}/accept", response_model=ClaimDetail, summary="核实无误", openapi_extra=KEYED)
@once_only
async def accept(claim_id: uuid.UUID, deed: Certifier, if_match: IfMatch = None) -> Response:
    """企业在读取之后改了内容或换了证明材料的，回答 412。"""
    await _one(deed.conn, claim_id, deed.viewer)
    await claiming.accept(deed.conn, claim_id, seen=version_needed(if_match), by=deed.by, at=deed.at)
    return await _shown(deed.conn, claim_id, deed.viewer)


@router.post("/claims/{claim_id}/refuse", response_model=ClaimDetail, summary="不通过核实", openapi_extra=KEYED)
@once_only
async def refuse(claim_id: uuid.UUID, body: ClaimRefusal, deed: Certifier, if_match: IfMatch = None) -> Response:
    await _one(deed.conn, claim_id, deed.viewer)
    seen = version_needed(if_match)
    reason = clean_text("reason", body.reason, longest=300, required="请写明理由，企业会看到。")
    await claiming.refuse(deed.conn, claim_id, reason=reason, seen=seen, by=deed.by, at=deed.at)
    return await _shown(deed.conn, claim_id, deed.viewer)


@router.post(
    "/claims/{claim_id}/files",
    response_model=ClaimDetail,
    status_code=201,
    summary="上传证明材料（multipart/form-data）",
    openapi_extra=KEYED,
)
@once_only
async def send(
    claim_id: uuid.UUID,
    deed: Holder,
    files: FilesDep,
    settings: SettingsDep,
    clock: ClockDep,
    file: Annotated[UploadFile, FormFile(description="PDF、图片、.xlsx、.docx，不超过 10 MB")],
    note: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    """每次上传都使版本加一：专员核实的是当时看到的材料。"""
    held = await _one(deed.conn, claim_id, deed.viewer)
    hold = await hold_on(deed.conn, ObjectKind(held.kind.value), held.object_id, viewer=deed.viewer)
    must_change(hold)
    words = clean_text("note", note, longest=200)
    taken = await take(file, files, settings)
    await hang(deed.conn, hold.target, taken, note=words, by=deed.by, clock=clock)
    return await _shown(deed.conn, claim_id, deed.viewer, status=201)


@router.delete(
    "/claims/{claim_id}/files/{file_id}", response_model=ClaimDetail, summary="移除证明材料", openapi_extra=KEYED
)
@once_only
async def take_away(claim_id: uuid.UUID, file_id: uuid.UUID, deed: Holder, clock: ClockDep) -> Response:
    held = await _one(deed.conn, claim_id, deed.viewer)
    file = await file_in_sight(deed.conn, file_id, viewer=deed.viewer, hold=True)
    if (file.object_kind.value, file.object_id) != (held.kind.value, held.object_id):
        raise NotFound
    await take_off(deed.conn, file, by=deed.by, clock=clock)
    return await _shown(deed.conn, claim_id, deed.viewer)
