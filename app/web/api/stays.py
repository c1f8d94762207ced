"""入驻核对 and 毕业跟踪 over JSON: operators their own carriers, firms their own stays, officers their division."""

import uuid
from typing import Annotated

from fastapi import Depends, Query, Response

from app.access.terms import Permission, Role, Viewer
from app.carriers.tenancies import tenancies_of_firm, tenancy_by_id
from app.db import Conn
from app.errors import Invalid, NotFound
from app.firms.queries import firm_by_id
from app.firms.terms import FirmDetail
from app.incubation import disagreeing, following, reconciling
from app.incubation.after_terms import Disagreement, DisagreementState, Graduate, Said, YearAfter
from app.units import Unit
from app.web.api.answers import answer, part
from app.web.api.carrier_answers import own_tenancy_out
from app.web.api.carriers import Letter, Read, carrier_in_sight
from app.web.api.deeds import Deed, doing, once_only
from app.web.api.if_match import IfMatch, version_needed, version_of
from app.web.api.openapi import KEYED
from app.web.api.stay_schemas import (
    AfterIn,
    AfterOut,
    CheckOut,
    DisagreementIn,
    DisagreementList,
    DisagreementOut,
    GraduateList,
    GraduateOut,
    OwnTenancyList,
    WordOut,
    WordsIn,
)
from app.web.deps import ConnDep, TodayDep, guard
from app.web.forms import clean_text
from app.web.stay_input import read_word

router = part("孵化载体")
ReadStays = Annotated[Viewer, Depends(guard(Permission.STAY_READ))]
SeeOwn = Annotated[Viewer, Depends(guard(Permission.PORTAL))]
Speaker = Annotated[Deed, Depends(doing(Permission.STAY_SAY))]
Firm = Annotated[Deed, Depends(doing(Permission.PORTAL))]


def _out(d: Disagreement) -> DisagreementOut:
    return DisagreementOut(
        id=d.id,
        carrier_id=d.carrier_id,
        carrier=d.carrier_name,
        uscc=d.uscc,
        firm=d.firm_name,
        kind=d.kind.value,
        evidence=d.evidence,
        firm_word=d.firm_word,
        carrier_word=d.carrier_word,
        bureau_word=d.bureau_word,
        opened_by=d.opener_name,
        opened_at=d.opened_at,
        state=d.state.value,
        settled_by=d.settler_name,
        settled_at=d.settled_at,
        result=d.result,
        version=d.version,
    )


async def _shown(conn: Conn, disagreement_id: uuid.UUID, viewer: Viewer, *, status: int = 200) -> Response:
    found = await disagreeing.by_id(conn, disagreement_id, viewer=viewer)
    headers = {"etag": f'"{found.version}"'}
    if status == 201:
        headers["location"] = f"/api/v1/disagreements/{found.id}"
    return answer(_out(found), status=status, headers=headers)


async def _own_firm(conn: Conn, viewer: Viewer) -> FirmDetail:
    firm = await firm_by_id(conn, viewer.firm_id, viewer=viewer) if viewer.firm_id else None
    if firm is None:
        raise NotFound
    return firm


@router.get("/disagreements", response_model=DisagreementList, summary="入驻情况不一致的，最近的在前")
async def listed(
    conn: ConnDep,
    viewer: ReadStays,
    carrier: Annotated[uuid.UUID | None, Query(description="只要这个载体的")] = None,
    state: Annotated[DisagreementState | None, Query(description="open、settled；缺省全部")] = None,
    cursor: uuid.UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    found = await disagreeing.listed(
        conn, viewer=viewer, carrier_id=carrier, state=state, before=cursor, limit=limit + 1
    )
    more = str(found[limit - 1].id) if len(found) > limit else None
    return answer(DisagreementList(items=[_out(d) for d in found[:limit]], next=more))


@router.post(
    "/disagreements",
    response_model=DisagreementOut,
    status_code=201,
    summary="企业说不在这里，或已在里面",
    openapi_extra=KEYED,
)
@once_only
async def opened(body: DisagreementIn, deed: Firm) -> Response:
    firm = await _own_firm(deed.conn, deed.viewer)
    words = clean_text("words", body.words, longest=1000, required="请写明哪里不对。")
    if body.tenancy is not None and body.carrier is None:
        made = await disagreeing.deny(deed.conn, firm, body.tenancy, words, by=deed.by, at=deed.at)
    elif body.carrier is not None and body.tenancy is None:
        made = await disagreeing.claim(deed.conn, firm, body.carrier, words, by=deed.by, at=deed.at)
    else:
        raise Invalid({"tenancy": "tenancy 和 carrier 填一项。"})
    return await _shown(deed.conn, made, deed.viewer, status=201)


@router.post(
    "/carriers/{carrier_id}/disagreements/check", response_model=CheckOut, summary="现在核对", openapi_extra=KEYED
)
@once_only
async def checked(carrier_id: uuid.UUID, deed: Letter) -> Response:
    """每天夜里也核对一遍。"""
    made, agreed = await reconciling.check(deed.conn, carrier_id, viewer=deed.viewer, by=deed.by, at=deed.at)
    return answer(CheckOut(opened=made, settled=agreed))


@router.get("/disagreements/{disagreement_id}", response_model=DisagreementOut, summary="一条不一致")
async def read(disagreement_id: uuid.UUID, conn: ConnDep, viewer: ReadStays) -> Response:
    return await _shown(conn, disagreement_id, viewer)


@router.post(
    "/disagreements/{disagreement_id}/answer", response_model=DisagreementOut, summary="说明", openapi_extra=KEYED
)
@once_only
async def answered(disagreement_id: uuid.UUID, body: WordsIn, deed: Speaker, if_match: IfMatch = None) -> Response:
    """写在自己一方名下：企业、载体或主管部门。"""
    words = clean_text("words", body.words, longest=1000)
    await disagreeing.by_id(deed.conn, disagreement_id, viewer=deed.viewer)
    version = version_needed(if_match)
    await disagreeing.answer(deed.conn, disagreement_id, words, version=version, by=deed.by, at=deed.at)
    return await _shown(deed.conn, disagreement_id, deed.viewer)


@router.post(
    "/disagreements/{disagreement_id}/settle", response_model=DisagreementOut, summary="了结", openapi_extra=KEYED
)
@once_only
async def settled(disagreement_id: uuid.UUID, body: WordsIn, deed: Speaker, if_match: IfMatch = None) -> Response:
    """主管部门核定，或企业撤回自己提出的；载体不能了结。"""
    words = clean_text("words", body.words, longest=1000)
    await disagreeing.by_id(deed.conn, disagreement_id, viewer=deed.viewer)
    version = version_needed(if_match)
    await disagreeing.settle(deed.conn, disagreement_id, words, version=version, by=deed.by, at=deed.at)
    return await _shown(deed.conn, disagreement_id, deed.viewer)


def _said(one: Said) -> WordOut:
    word = one.word
    return WordOut(
        speaker=one.speaker.value,
        author=one.author_name,
        where=word.where.value,
        revenue=f"{word.revenue:.2f}" if word.revenue is not None else None,
        staff=word.staff,
        note=word.note,
        recorded_at=one.recorded_at,
        version=one.version,
    )


def _year(y: YearAfter) -> AfterOut:
    return AfterOut(
        nth=y.nth,
        due_on=y.due_on,
        year=y.year,
        due=y.due,
        where=y.where.value if y.where else None,
        revenue=f"{y.revenue:.2f}" if y.revenue is not None else None,
        staff=y.staff,
        tier=y.tier,
        source=y.source,
        words=[_said(one) for one in y.words],
    )


def _graduate(g: Graduate) -> GraduateOut:
    return GraduateOut(
        tenancy_id=g.tenancy_id,
        carrier_id=g.carrier_id,
        carrier=g.carrier_name,
        uscc=g.uscc,
        firm=g.name,
        graduated_on=g.graduated_on,
        document=g.document,
        years=[_year(y) for y in g.years],
    )


@router.get("/carriers/{carrier_id}/graduates", response_model=GraduateList, summary="毕业企业和毕业后三年")
async def graduates(carrier_id: uuid.UUID, conn: ConnDep, today: TodayDep, viewer: Read) -> Response:
    carrier = await carrier_in_sight(conn, carrier_id, viewer)
    found = await following.graduates_of(conn, carrier.id, viewer=viewer, today=today)
    return answer(GraduateList(items=[_graduate(g) for g in found], next=None))


@router.get("/own-tenancies", response_model=OwnTenancyList, summary="本企业（和它注册前的团队）的租约，最近的在前")
async def own_tenancies(conn: ConnDep, today: TodayDep, viewer: SeeOwn) -> Response:
    firm = await _own_firm(conn, viewer)
    held = await tenancies_of_firm(conn, firm.id, viewer=viewer)
    return answer(OwnTenancyList(items=[own_tenancy_out(t, today) for t in held], next=None))


@router.get("/graduations", response_model=GraduateList, summary="本企业的毕业和毕业后三年")
async def graduations(conn: ConnDep, today: TodayDep, viewer: SeeOwn) -> Response:
    firm = await _own_firm(conn, viewer)
    found = await following.graduations_of(conn, firm.id, today=today)
    return answer(GraduateList(items=[_graduate(g) for g in found], next=None))


@router.put(
    "/tenancies/{tenancy_id}/years/{nth}", response_model=GraduateOut, summary="登记毕业后的一年", openapi_extra=KEYED
)
@once_only
async def note_year(
    tenancy_id: uuid.UUID, nth: int, body: AfterIn, deed: Speaker, if_match: IfMatch = None
) -> Response:
    """写在自己一方名下；自己一方已经写过的，须带 If-Match，值为那一条的 version。"""
    word = read_word(body.model_dump(), unit=Unit.YUAN)
    version = version_of(if_match) or 0
    await following.note_year(deed.conn, tenancy_id, nth, word, version=version, by=deed.by, at=deed.at)
    if deed.viewer.role is Role.FIRM:
        firm = await _own_firm(deed.conn, deed.viewer)
        found = await following.graduations_of(deed.conn, firm.id, today=deed.today)
    else:
        held = await tenancy_by_id(deed.conn, tenancy_id, viewer=deed.viewer)
        assert held is not None
        found = await following.graduates_of(deed.conn, held.carrier_id, viewer=deed.viewer, today=deed.today)
    made = next(g for g in found if tenancy_id == g.tenancy_id)
    return answer(_graduate(made), headers={"etag": f'"{version + 1}"'})
