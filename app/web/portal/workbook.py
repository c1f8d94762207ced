"""用 Excel 填: the form as a workbook to take home; what came back is shown beside the draft before it is kept."""

import asyncio
import tempfile
from pathlib import Path
from typing import Annotated, Any

import orjson
from fastapi import File, Request, Response, UploadFile

from app.access.sight import SeenBy
from app.access.terms import Viewer
from app.db import Conn
from app.errors import AppError, Invalid, Stale
from app.reports import drafting
from app.reports.catalogue import Form
from app.reports.comparing import Change, Compared, compare, merged
from app.reports.earlier import figures_before
from app.reports.queries import Filing, pages_of, version_tag
from app.reports.reading import Answers
from app.reports.workbook import Sent, write_workbook
from app.reports.workbook_reading import Filled, read_workbook
from app.sheets import MAX_FILE, RawSheet, SheetError, kind_of
from app.sheets.isolated import in_turn, read_isolated
from app.web.deps import ClockDep, ConnDep, DatabaseDep, LookupDep, LookupsDep
from app.web.downloads import XLSX, attachment
from app.web.forms import error_context
from app.web.htmx import see_other
from app.web.later import Later
from app.web.lookups import Lookup
from app.web.noting import note_taken
from app.web.portal.frame import ActPortal, UsePortal
from app.web.portal.report import Asked, Which, filing_in_hand, form_of, report_head
from app.web.portal.report_views import answer_words, rows_words
from app.web.routing import Router
from app.web.templating import page

router = Router()
_HERE = "/portal/report/{year}/workbook"
_LONGEST = 1 << 20


def _locked(filing: Filing, form: Form) -> frozenset[str]:
    codes = [*form.questions, *(s.code for s in form.sections if s.group)]
    return frozenset(code for code in codes if filing.locked(code))


@router.get(_HERE)
async def workbook_page(request: Request, which: Which, viewer: UsePortal, conn: ConnDep) -> Response:
    return await _ask(request, conn, viewer, which)


async def _ask(request: Request, conn: Conn, viewer: Viewer, which: Asked, error: AppError | None = None) -> Response:
    firm, filing = await filing_in_hand(conn, viewer, which)
    context = await report_head(conn, firm, filing) | error_context(error, {"file": "工作簿"})
    status = error.status if error else 200
    return page(request, "portal/report/workbook.html", title=f"{filing.name}：用 Excel 填", status=status, **context)


@router.get(_HERE + ".xlsx")
async def workbook(which: Which, actor: ActPortal, conn: ConnDep, lookup: LookupDep, clock: ClockDep) -> Response:
    firm, filing = await filing_in_hand(conn, actor.viewer, which)
    form, context = form_of(filing, lookup), await report_head(conn, firm, filing)
    sent = Sent(
        uscc=firm.uscc,
        firm=firm.name,
        year=filing.year,
        answers={code: kept.answers for code, kept in (await pages_of(conn, filing.id)).items()},
        last=await figures_before(conn, firm.id, filing.year),
        locked=_locked(filing, form),
        comments=context["comments"],
    )
    name = f"{firm.name} {filing.name}.xlsx"
    await note_taken(conn, name, "report", filing.id, by=actor, at=clock.now())
    return attachment(await asyncio.to_thread(write_workbook, form, sent), name, XLSX)


@router.post(_HERE)
async def upload(
    request: Request,
    which: Which,
    database: DatabaseDep,
    lookups: LookupsDep,
    actor: ActPortal,
    file: Annotated[UploadFile | None, File()] = None,
) -> Response:
    """Nothing is kept yet."""
    data, name = (await file.read(MAX_FILE + 1), file.filename or "") if file else (b"", "")

    async def work() -> Response:
        sheets = await _sheets(data, name)
        async with SeenBy(database, actor.viewer).reading() as conn:
            lookup = await lookups.get(conn)
            firm, filing = await filing_in_hand(conn, actor.viewer, which)
            try:
                if isinstance(sheets, Invalid):
                    raise sheets
                filled = read_workbook(sheets, form_of(filing, lookup), uscc=firm.uscc, year=filing.year)
            except Invalid as error:
                return await _ask(request, conn, actor.viewer, which, error)
            return await _beside(request, conn, lookup, actor.viewer, which, filled)

    return Later(work)


async def _sheets(data: bytes, name: str) -> list[RawSheet] | Invalid:
    if not name:
        return Invalid({"file": "请选择填好的工作簿。"})
    try:
        if kind_of(data, name) == "csv":
            raise SheetError("请上传 Excel 工作簿（.xlsx 或 .xls），不是 CSV。")
        return await in_turn(_read, data, name)
    except SheetError as error:
        return Invalid({"file": str(error)})


def _read(data: bytes, name: str) -> list[RawSheet]:
    with tempfile.NamedTemporaryFile() as kept:
        kept.write(data)
        kept.flush()
        return read_isolated(Path(kept.name), name)


async def _compared(conn: Conn, filing: Filing, form: Form, filled: Filled) -> tuple[Compared, dict[str, Answers], str]:
    pages = await pages_of(conn, filing.id)
    kept = {code: found.answers for code, found in pages.items()}
    return compare(form, kept, filled, _locked(filing, form)), kept, version_tag(filing, pages)


async def _beside(
    request: Request,
    conn: Conn,
    lookup: Lookup,
    viewer: Viewer,
    which: Asked,
    filled: Filled,
    *,
    stale: Stale | None = None,
) -> Response:
    firm, filing = await filing_in_hand(conn, viewer, which)
    form = form_of(filing, lookup)
    found, _, tag = await _compared(conn, filing, form, filled)
    context: dict[str, Any] = await report_head(conn, firm, filing)
    context |= {
        "plain": [_words(c) for c in found.changes if not c.contested],
        "contested": [_words(c) for c in found.changes if c.contested],
        "wrong": found.wrong,
        "shut": found.shut,
        "held": orjson.dumps({c.code: [c.was, c.now] for c in found.changes}).decode(),
        "seen": tag,
        "sentence": "您看对照的时候，同事保存过这份填报；下面是与现在的不同，请再看一遍。" if stale else "",
    }
    title = f"{filing.name}：核对 Excel 里的改动"
    status = stale.status if stale else 200
    return page(request, "portal/report/workbook_check.html", title=title, status=status, **context)


def _words(change: Change) -> dict[str, str]:
    section, code = change.section, change.code
    said: dict[str, str] = {"code": code, "label": change.label, "where": section.title}
    if section.group:
        return said | {
            "now": rows_words(section, change.now, change.theirs),
            "theirs": f"{len(change.theirs)} 条",
        }
    question = next(q for q in section.questions if q.code == code)
    return said | {"now": answer_words(question, change.now), "theirs": answer_words(question, change.theirs)}


def _held(text: str, form: Form) -> Filled:
    """What the page of differences sent along: by code, how it was and how it shall be."""
    try:
        held = orjson.loads(text[:_LONGEST])
        pairs = {str(code): (was, now) for code, (was, now) in held.items()}
        figures = {code: _typed(now) for code, (_, now) in pairs.items() if code in form.questions}
        rows = {code: [_row(r) for r in now] for code, (_, now) in pairs.items() if code not in form.questions}
        before: dict[str, Any] = {s.code: {} for s in form.sections}
        for section in form.sections:
            if section.group and section.code in pairs:
                before[section.code] = {"rows": [_row(r) for r in pairs[section.code][0] or ()]}
            for question in section.questions:
                if question.code in figures and (was := pairs[question.code][0]):
                    before[section.code][question.code] = _typed(was)
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise Invalid({"file": "这一页已经不完整，请重新上传工作簿。"}) from error
    return Filled(figures, rows, before)


def _typed(value: Any) -> list[str]:
    text, unit = value
    return [str(text)[:500], str(unit)[:20]]


def _row(value: Any) -> dict[str, list[str]]:
    return {str(code): _typed(typed) for code, typed in value.items()}


@router.post(_HERE + "/save")
async def save(
    request: Request, which: Which, conn: ConnDep, lookup: LookupDep, clock: ClockDep, actor: ActPortal
) -> Response:
    firm, filing = await filing_in_hand(conn, actor.viewer, which)
    sent, form = await request.form(), form_of(filing, lookup)
    try:
        filled = _held(str(sent.get("held", "")), form)
    except Invalid as error:
        return await _ask(request, conn, actor.viewer, which, error)
    found, kept, _ = await _compared(conn, filing, form, filled)
    mine = {str(code) for code in sent.getlist("mine")}
    wanted = {c.code: c.now for c in found.changes if not c.contested or c.code in mine}
    whole, seen = merged(form, kept, wanted), str(sent.get("seen", ""))
    try:
        changed = await drafting.save_whole(
            conn, firm.id, filing.year, form, whole, seen=seen, way="Excel", by=actor, at=clock.now()
        )
    except Stale as error:
        return await _beside(request, conn, lookup, actor.viewer, which, filled, stale=error)
    said = f"已存为草稿，改了 {len(changed)} 处" if changed else "没有要改的，草稿和原来一样"
    return see_other(request, filing.href, said)
