"""The registry over JSON."""

from dataclasses import asdict
from datetime import date
from typing import Annotated, Any

from fastapi import Depends, Path, Query, Response

from app.access.terms import Permission, Viewer
from app.assessments.queries import answers_for_policy
from app.errors import NotFound, Stale
from app.firms import queries, service
from app.firms.revealing import reveal_contacts
from app.firms.terms import INTERNAL_FIELDS, FirmDetail, Sort
from app.firms.trail import who_was_faster
from app.recognitions.queries import HeldCertificate, held_by
from app.units import Unit
from app.web.api.answers import answer, kept_answer, part
from app.web.api.deeds import Deed, doing, once_only
from app.web.api.if_match import IfMatch, version_needed
from app.web.api.openapi import FILTERED, KEYED
from app.web.api.schemas import ContactIn, FirmIn, FirmList, FirmOut, FirmPatch, FirmSummary, RevealIn, RevealOut
from app.web.deps import ConnDep, LookupDep, TodayDep, guard
from app.web.filters import FilterDep
from app.web.firm_input import FirmReader
from app.web.forms import clean_text
from app.web.lookups import Lookup

router = part("企业", "/firms")
ReadFirms = Annotated[Viewer, Depends(guard(Permission.FIRM_READ))]
Editor = Annotated[Deed, Depends(doing(Permission.FIRM_EDIT))]
Revealer = Annotated[Deed, Depends(doing(Permission.CONTACT_REVEAL))]
Uscc = Annotated[str, Path(max_length=40, examples=["91440783M159083022"])]
Limit = Annotated[int, Query(ge=1, le=200)]


@router.get("", response_model=FirmList, summary="企业列表", openapi_extra=FILTERED)
async def list_firms(
    viewer: ReadFirms,
    conn: ConnDep,
    today: TodayDep,
    filters: FilterDep,
    sort: Annotated[
        str,
        Query(
            pattern=f"^-?({'|'.join(Sort)})$",
            max_length=40,
            description="updated、name、tier_since、registered、next_touch；前加 - 倒序",
        ),
    ] = "-updated",
    cursor: Annotated[str | None, Query(max_length=400)] = None,
    limit: Limit = 50,
) -> Response:
    found = await queries.list_firms(
        conn, filters, viewer=viewer, today=today, sort=sort, cursor=cursor or None, limit=limit
    )
    ids = [r.id for r in found.items]
    gaps = await answers_for_policy(conn, ids, filters.policy) if filters.policy else {}
    items = [
        FirmSummary(
            uscc=r.uscc,
            name=r.name,
            region_code=r.region_code,
            park=r.park,
            tier=r.tier,
            tier_since=r.tier_since,
            stale=r.stale_on is not None and r.stale_on <= today,
            status=r.status,
            officer=r.officer_name,
            updated_at=r.updated_at,
            assessment=kept_answer(gaps.get(r.id)),
        )
        for r in found.items
    ]
    return answer(FirmList(items=items, next=found.next))


@router.post("", response_model=FirmOut, status_code=201, summary="登记企业", openapi_extra=KEYED)
@once_only
async def create(body: FirmIn, deed: Editor, lookup: LookupDep) -> Response:
    raw = _raw(body)
    entry = FirmReader(raw, lookup, deed.viewer).read(creating=True)
    await service.register(deed.conn, entry, by=deed.by, at=deed.at)
    made = await _shown(deed.conn, entry.values["uscc"], deed.viewer, lookup, deed.today, status=201)
    made.headers["location"] = f"/api/v1/firms/{entry.values['uscc']}"
    return made


@router.get("/{uscc}", response_model=FirmOut, summary="一家企业")
async def read(uscc: Uscc, viewer: ReadFirms, conn: ConnDep, lookup: LookupDep, today: TodayDep) -> Response:
    return await _shown(conn, uscc, viewer, lookup, today)


@router.patch("/{uscc}", response_model=FirmOut, summary="修改企业", openapi_extra=KEYED)
@once_only
async def patch(
    uscc: Uscc,
    body: FirmPatch,
    deed: Editor,
    lookup: LookupDep,
    if_match: IfMatch = None,
) -> Response:
    firm = await _firm(deed.conn, uscc, deed.viewer)
    if version_needed(if_match) != firm.version:
        raise Stale(f"{await who_was_faster(deed.conn, firm.id)} 已改过这家企业的资料，请重新读取后再改。")
    raw = {"uscc": firm.uscc, "uscc_override": firm.uscc_override, **_raw(body)}
    entry = FirmReader(raw, lookup, deed.viewer, firm).read(creating=False)
    await service.edit(deed.conn, firm, entry, version=firm.version, by=deed.by, at=deed.at)
    return await _shown(deed.conn, firm.uscc, deed.viewer, lookup, deed.today)


def _raw(body: FirmPatch) -> dict[str, Any]:
    return {**body.model_dump(exclude_unset=True), "registered_capital_unit": Unit.YUAN.value}


async def _firm(conn: ConnDep, uscc: str, viewer: Viewer) -> FirmDetail:
    firm = await queries.firm_by_uscc(conn, uscc.upper(), viewer=viewer)
    if firm is None:
        raise NotFound
    return firm


async def _shown(
    conn: ConnDep, uscc: str, viewer: Viewer, lookup: Lookup, today: date, *, status: int = 200
) -> Response:
    firm = await _firm(conn, uscc, viewer)
    certificates = await held_by(conn, firm.id, today=today)
    shown = _out(firm, certificates, lookup)
    if not viewer.may(Permission.FIRM_INTERNAL):
        shown = shown.model_copy(
            update={f: [] if f == "tags" else None for f in INTERNAL_FIELDS & FirmOut.model_fields.keys()}
        )
    return answer(shown, status=status, headers={"etag": f'"{firm.version}"'})


def _out(firm: FirmDetail, certificates: list[HeldCertificate], lookup: Lookup) -> FirmOut:
    plain = asdict(firm)
    capital = firm.registered_capital
    return FirmOut(
        **{k: v for k, v in plain.items() if k in FirmOut.model_fields and k not in ("registered_capital", "contacts")},
        region=lookup.reference.region(firm.region_code),
        officer=firm.officer_name,
        registered_capital=str(capital) if capital is not None else None,
        contacts=plain["contacts"],
        certificates=[
            {
                "kind": c.kind.value,
                "number": c.number,
                "issued_on": c.issued_on,
                "expires_on": c.expires_on,
                "state": c.state.value,
            }
            for c in certificates
        ],
    )


@router.post("/{uscc}/contacts/reveal", response_model=RevealOut, summary="完整的联系方式；每次都记入审计记录")
async def reveal(uscc: Uscc, body: RevealIn, deed: Revealer) -> Response:
    """No key is asked for: the first answer would be kept to be given again, and each look is an act of its own."""
    firm = await _firm(deed.conn, uscc, deed.viewer)
    said = clean_text("reason", body.reason, longest=200, required="请写明为什么要看。")
    contacts = await reveal_contacts(deed.conn, firm, reason=said, by=deed.by, at=deed.at)
    return answer(RevealOut(uscc=firm.uscc, contacts=[ContactIn(**asdict(contact)) for contact in contacts]))
