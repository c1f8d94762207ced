"""A firm's yearly figures over JSON. The firm writes and signs; the bureau accepts or sends back, and changes none."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Body, Depends, Header, Path, Query, Response

from app.access.terms import Permission, Viewer
from app.db import Conn
from app.errors import Invalid, NotFound, PreconditionRequired, Stale
from app.firms.queries import firm_by_uscc
from app.firms.terms import FirmDetail
from app.owing.service import begin_owed
from app.reports import drafting, handing
from app.reports.bringing import plain, read_brought
from app.reports.catalogue import Form, Question
from app.reports.queries import Filing, own_filing, pages_of, version_tag
from app.reports.reading import Typed
from app.reports.terms import ANNUAL
from app.web.api.answers import answer, part
from app.web.api.deeds import Deed, doing, once_only
from app.web.api.figure_schemas import FiguresIn, FiguresOut, ReturnIn, SubmitIn
from app.web.api.figure_views import shown_figures
from app.web.api.openapi import KEYED
from app.web.deps import ConnDep, LookupDep, guard
from app.web.forms import clean_text
from app.web.lookups import Lookup

router = part("年度数据", "/firms/{uscc}/figures/{year}")
Reader = Annotated[Viewer, Depends(guard(Permission.ASSESSMENT_READ))]
Reporter = Annotated[Deed, Depends(doing(Permission.PORTAL))]
Reviewer = Annotated[Deed, Depends(doing(Permission.REPORT_REVIEW))]
Uscc = Annotated[str, Path(max_length=40, examples=["91440783M159083022"])]
Year = Annotated[int, Path(ge=1990, le=2100, examples=[2025])]
FormCode = Annotated[
    str,
    Query(
        pattern="^[a-z_]{1,30}$",
        description="哪一张表：annual 企业年度科技数据，hnte_annual 高新技术企业年报，incubator_tenant 在孵企业情况",
    ),
]
IfMatch = Annotated[str | None, Header(description="读取时得到的 ETag", max_length=60)]
_SUBMIT = SubmitIn(explanations={})


async def _firm(conn: Conn, uscc: str, viewer: Viewer) -> FirmDetail:
    firm = await firm_by_uscc(conn, uscc.upper(), viewer=viewer)
    if firm is None:
        raise NotFound
    return firm


async def _shown(
    conn: Conn, firm: FirmDetail, year: int, form: str, viewer: Viewer, lookup: Lookup, *, status: int = 200
) -> Response:
    body, tag = await shown_figures(conn, firm, year, form, viewer=viewer, lookup=lookup)
    return answer(body, status=status, headers={"etag": f'"{tag}"'})


def _form(filing: Filing, lookup: Lookup) -> Form:
    form = lookup.forms.get((filing.form, filing.form_version))
    if form is None:
        raise NotFound("这份填报用的表单版本不在系统里，请联系主管部门。")
    return form


def _tag_of(if_match: str) -> str:
    return if_match.strip().removeprefix("W/").strip('"')


def _asked(if_match: str | None) -> str:
    if not if_match:
        raise PreconditionRequired("须带 If-Match，值为读取时得到的 ETag。")
    return if_match


async def _must_match(conn: Conn, filing: Filing, if_match: str | None) -> None:
    """What somebody signs, accepts or sends back is what they have read."""
    if _tag_of(_asked(if_match)) != version_tag(filing, await pages_of(conn, filing.id)):
        raise Stale("这份填报在您读取之后有变化，请重新读取后再办。")


@router.get("", response_model=FiguresOut, summary="企业的年度数据")
async def read(
    uscc: Uscc, year: Year, conn: ConnDep, lookup: LookupDep, viewer: Reader, form: FormCode = ANNUAL
) -> Response:
    """企业看到自己的草稿；主管部门看到的是最近一次签字提交的。"""
    return await _shown(conn, await _firm(conn, uscc, viewer), year, form, viewer, lookup)


def _typed(question: Question | None, value: object) -> Typed:
    text = "" if value is None else str(value)
    return plain(question, text) if question else [text, ""]


def _flat(figures: Mapping[str, Any], form: Form) -> dict[str, Typed]:
    """`{"rd": {"personnel": …}}` is how facts are written, `rd.personnel` how the catalogue names it."""
    flat = {
        code: value
        for key, held in figures.items()
        for code, value in (
            {f"{key}.{k}": v for k, v in held.items()} if isinstance(held, dict) else {key: held}
        ).items()
    }
    return {code: _typed(form.questions.get(code), value) for code, value in flat.items()}


def _rows(rows: Mapping[str, Any], form: Form) -> dict[str, list[dict[str, Typed]]]:
    known = {q.code: q for s in form.sections if s.group for q in s.questions}
    return {
        code: [{name: _typed(known.get(name), value) for name, value in row.items()} for row in listed]
        for code, listed in rows.items()
    }


def _words(said: Mapping[str, str], *, longest: int, within: str) -> dict[str, str]:
    return {code: clean_text(f"{within}.{code}", words, longest=longest) for code, words in said.items()}


@router.put(
    "",
    response_model=FiguresOut,
    summary="保存草稿（仅本企业账号）",
    responses={201: {"model": FiguresOut, "description": "这一年度的第一份草稿"}},
    openapi_extra=KEYED,
)
@once_only
async def save(
    uscc: Uscc,
    year: Year,
    body: FiguresIn,
    deed: Reporter,
    lookup: LookupDep,
    form: FormCode = ANNUAL,
    if_match: IfMatch = None,
) -> Response:
    """还没有草稿时新建；已有的须带 If-Match。退回补正后只能改退回的项目，其余即使写了也须与原来一致。"""
    firm = await _firm(deed.conn, uscc, deed.viewer)
    filing, status, seen = await own_filing(deed.conn, firm.id, year, form), 200, if_match
    if filing is None:
        if if_match:
            raise Stale("这一年度还没有草稿，没有可比的 ETag。")
        known: dict[str, Any] = {"forms": lookup.forms, "reference": lookup.reference, "today": deed.today}
        filing, status = await begin_owed(deed.conn, firm, year, form, **known, by=deed.by, at=deed.at), 201
        seen = "0.0.0"
    tag, asked = _tag_of(_asked(seen)), _form(filing, lookup)
    brought = read_brought(asked, _flat(body.figures, asked), _rows(body.rows, asked))
    await drafting.save_whole(deed.conn, firm.id, year, asked, brought, seen=tag, way="接口", by=deed.by, at=deed.at)
    await _explain(deed.conn, filing, body.explanations)
    return await _shown(deed.conn, firm, year, form, deed.viewer, lookup, status=status)


async def _explain(conn: Conn, filing: Filing, said: Mapping[str, str]) -> None:
    if said:
        words = _words(said, longest=500, within="explanations")
        await drafting.explain(conn, filing, words)


@router.post("/submit", response_model=FiguresOut, summary="签字提交（仅签字人）", openapi_extra=KEYED)
@once_only
async def submit(
    uscc: Uscc,
    year: Year,
    deed: Reporter,
    lookup: LookupDep,
    body: Annotated[SubmitIn, Body()] = _SUBMIT,
    form: FormCode = ANNUAL,
    if_match: IfMatch = None,
) -> Response:
    """须带 If-Match。提交即声明数据真实、完整，由签字人负责。重复提交得到同一张回执。"""
    firm = await _firm(deed.conn, uscc, deed.viewer)
    filing = await own_filing(deed.conn, firm.id, year, form, hold="update")
    if filing is None:
        raise NotFound(f"{year} 年度还没有开始填报。")
    _asked(if_match)
    if filing.editable:
        await _must_match(deed.conn, filing, if_match)
        await _explain(deed.conn, filing, body.explanations)
    asked = _form(filing, lookup)
    await handing.hand_in(deed.conn, firm.id, year, asked, officer=firm.officer_id, by=deed.by, at=deed.at)
    return await _shown(deed.conn, firm, year, form, deed.viewer, lookup)


async def _signed(conn: Conn, firm: FirmDetail, year: int, form: str) -> Filing:
    """A draft is nobody's statement yet, and nobody else's to know of."""
    filing = await own_filing(conn, firm.id, year, form, hold="update")
    if filing is None or not filing.round:
        raise NotFound(f"没有收到这家企业 {year} 年度的填报。")
    return filing


@router.post("/accept", response_model=FiguresOut, summary="审核通过", openapi_extra=KEYED)
@once_only
async def accept(
    uscc: Uscc, year: Year, deed: Reviewer, lookup: LookupDep, form: FormCode = ANNUAL, if_match: IfMatch = None
) -> Response:
    """须带 If-Match。签字的数据原样进入年度台账，谁也不能改动。"""
    firm = await _firm(deed.conn, uscc, deed.viewer)
    filing = await _signed(deed.conn, firm, year, form)
    await _must_match(deed.conn, filing, if_match)
    await handing.accept(deed.conn, filing.id, by=deed.by, at=deed.at)
    return await _shown(deed.conn, firm, year, form, deed.viewer, lookup)


@router.post("/return", response_model=FiguresOut, summary="退回补正", openapi_extra=KEYED)
@once_only
async def give_back(
    uscc: Uscc,
    year: Year,
    body: ReturnIn,
    deed: Reviewer,
    lookup: LookupDep,
    form: FormCode = ANNUAL,
    if_match: IfMatch = None,
) -> Response:
    """须带 If-Match。写了意见的项目对企业重新开放，其余锁定。"""
    firm = await _firm(deed.conn, uscc, deed.viewer)
    filing = await _signed(deed.conn, firm, year, form)
    await _must_match(deed.conn, filing, if_match)
    asked = _form(filing, lookup)
    known = {q.code for q in asked.questions.values() if not q.of} | {s.code for s in asked.sections if s.group}
    if strange := [code for code in body.comments if code not in known]:
        raise Invalid({f"comments.{code}": "填报表里没有这一项，或者它是自动合计的。" for code in strange})
    comments = _words(body.comments, longest=300, within="comments")
    await handing.give_back(deed.conn, filing.id, comments, asked, by=deed.by, at=deed.at)
    return await _shown(deed.conn, firm, year, form, deed.viewer, lookup)
