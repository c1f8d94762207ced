"""年度填报: begun, its task list, checked whole, signed, and the receipt."""

import asyncio
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Path, Request, Response

from app.access.terms import Viewer
from app.attachments.queries import attachments_on
from app.attachments.terms import ObjectKind
from app.clerks.signatories import is_signatory
from app.db import Conn
from app.errors import NotFound, Refused
from app.firms.terms import FirmDetail
from app.owing.service import begin_owed
from app.reports import drafting, handing
from app.reports.catalogue import Form, Section
from app.reports.queries import Filing, own_filing, pages_of, rounds_of
from app.reports.reading import MONEY_WORDS, Answers, Examined, rows_of, shown
from app.reports.receipts import check_code, main_figures, receipt_pdf
from app.reports.terms import ANNUAL
from app.web.deps import ClockDep, ConnDep, LookupDep, SettingsDep, TodayDep
from app.web.downloads import attachment
from app.web.forms import clean_text
from app.web.htmx import see_other
from app.web.lookups import Lookup
from app.web.noting import note_taken
from app.web.portal.frame import ActPortal, UsePortal, head, own_firm
from app.web.routing import Router
from app.web.templating import page

router = Router()


@dataclass(frozen=True, slots=True)
class Asked:
    """Which form of which year an address is about: `2025` the yearly one, `2025-hnte_annual` another."""

    year: int
    form: str


def _asked(year: Annotated[str, Path(pattern=r"^(19|20)[0-9]{2}(-[a-z_]{1,30})?$", examples=["2025"])]) -> Asked:
    number, _, form = year.partition("-")
    return Asked(int(number), form or ANNUAL)


Which = Annotated[Asked, Depends(_asked)]


@dataclass(frozen=True, slots=True)
class Task:
    section: Section
    href: str
    state: str
    tone: str
    note: str


async def filing_in_hand(conn: Conn, viewer: Viewer, which: Asked) -> tuple[FirmDetail, Filing]:
    firm = await own_firm(conn, viewer)
    return firm, await own_filing_in_hand(conn, viewer, which)


async def own_filing_in_hand(conn: Conn, viewer: Viewer, which: Asked) -> Filing:
    """Without the firm, which nobody who only saves a page looks at."""
    filing = await own_filing(conn, viewer.firm_id, which.year, which.form) if viewer.firm_id else None
    if filing is None:
        raise NotFound(f"{which.year} 年度还没有开始填报，请从首页开始。")
    return filing


def form_of(filing: Filing, lookup: Lookup) -> Form:
    """The version it was begun under, whatever has come since."""
    form = lookup.forms.get((filing.form, filing.form_version))
    if form is None:
        raise NotFound("这份填报用的表单版本不在系统里，请联系主管部门。")
    return form


async def report_head(conn: Conn, firm: FirmDetail, filing: Filing) -> dict[str, Any]:
    rounds = await rounds_of(conn, filing.id)
    returned = rounds[0].comments if rounds and filing.state == "returned" else {}
    return {**head(firm, "/portal"), "filing": filing, "rounds": rounds, "comments": returned}


@router.post("/portal/report/{year}/begin")
async def begin(
    request: Request, which: Which, conn: ConnDep, lookup: LookupDep, clock: ClockDep, today: TodayDep, actor: ActPortal
) -> Response:
    firm = await own_firm(conn, actor.viewer)
    known: dict[str, Any] = {"forms": lookup.forms, "reference": lookup.reference, "today": today}
    filing = await begin_owed(conn, firm, which.year, which.form, **known, by=actor, at=clock.now())
    return see_other(request, filing.href)


@router.get("/portal/report/{year}")
async def tasks_page(request: Request, which: Which, viewer: UsePortal, conn: ConnDep, lookup: LookupDep) -> Response:
    firm, filing = await filing_in_hand(conn, viewer, which)
    form = form_of(filing, lookup)
    context = await report_head(conn, firm, filing)
    found = await handing.examined(conn, filing, form)
    pages = await pages_of(conn, filing.id)
    tasks = [_task(s, filing, found, context["comments"], pages[s.code].answers) for s in form.sections]
    context |= {
        "form": form,
        "tasks": tasks,
        "left": sum(task.tone in ("warn", "bad") for task in tasks),
        "silent": sum(not filing.explanations.get(doubt.key) for doubt in found.doubts),
        "pages": pages,
        "evidence": len(await attachments_on(conn, ObjectKind.REPORT, filing.id)),
    }
    return page(request, "portal/report/tasks.html", title=filing.name, **context)


def _task(section: Section, filing: Filing, found: Examined, comments: dict[str, str], answers: Answers) -> Task:
    href = f"{filing.href}/{section.code}"
    asked = [q.code for q in section.questions if q.code in comments] + [c for c in (section.code,) if c in comments]
    faults = found.faults_of(section.code)
    wrong = [f for f in faults if not f.missing]
    note = f"{len(rows_of(answers))} 条" if section.group else ""
    if asked:
        return Task(section, href, f"退回 {len(asked)} 处", "bad", note)
    if wrong:
        return Task(section, href, f"{len(wrong)} 处有误", "bad", note)
    if faults:
        return Task(section, href, f"还缺 {len(faults)} 项", "warn", note)
    if not answers and (section.group or all(q.optional or q.of for q in section.questions)):
        return Task(section, href, "选填", "", "")
    return Task(section, href, "已填好", "good", note)


async def _check_page(
    request: Request, conn: Conn, lookup: Lookup, viewer: Viewer, which: Asked, *, refused: Refused | None = None
) -> Response:
    firm, filing = await filing_in_hand(conn, viewer, which)
    form = form_of(filing, lookup)
    found = await handing.examined(conn, filing, form)
    context = await report_head(conn, firm, filing)
    context |= {
        "form": form,
        "found": found,
        "silent": [(f"x.{d.key}", d.label, d.sentence) for d in found.doubts if not filing.explanations.get(d.key)],
        "pages": await pages_of(conn, filing.id),
        "signs": await is_signatory(conn, viewer.id),
        "refused": refused,
        "show": shown,
        "units": dict(MONEY_WORDS),
    }
    status = refused.status if refused else 200
    return page(request, "portal/report/check.html", title=f"{filing.name}：核对", status=status, **context)


@router.get("/portal/report/{year}/check")
async def check_page(request: Request, which: Which, viewer: UsePortal, conn: ConnDep, lookup: LookupDep) -> Response:
    return await _check_page(request, conn, lookup, viewer, which)


async def _keep_words(request: Request, conn: Conn, filing: Filing) -> None:
    form = await request.form()
    words = {key[2:]: str(value) for key, value in form.items() if key.startswith("x.")}
    kept = {key[:60]: clean_text(f"x.{key}", value, longest=500) for key, value in list(words.items())[:200]}
    if kept and filing.editable:
        await drafting.explain(conn, filing, kept)


@router.post("/portal/report/{year}/explain")
async def explain(request: Request, which: Which, conn: ConnDep, actor: ActPortal) -> Response:
    _, filing = await filing_in_hand(conn, actor.viewer, which)
    await _keep_words(request, conn, filing)
    return see_other(request, f"{filing.href}/check", "说明已保存")


@router.post("/portal/report/{year}/submit")
async def submit(
    request: Request, which: Which, conn: ConnDep, lookup: LookupDep, clock: ClockDep, actor: ActPortal
) -> Response:
    firm, filing = await filing_in_hand(conn, actor.viewer, which)
    await _keep_words(request, conn, filing)
    if not (await request.form()).get("declared"):
        refused = Refused("请先勾选声明：数据真实、完整，由签字人负责。")
        return await _check_page(request, conn, lookup, actor.viewer, which, refused=refused)
    try:
        form = form_of(filing, lookup)
        await handing.hand_in(conn, firm.id, filing.year, form, officer=firm.officer_id, by=actor, at=clock.now())
    except Refused as error:
        # Answered, not raised: the explanations that came along are kept.
        return await _check_page(request, conn, lookup, actor.viewer, which, refused=error)
    return see_other(request, f"{filing.href}/receipt")


@router.get("/portal/report/{year}/receipt")
async def receipt_page(request: Request, which: Which, viewer: UsePortal, conn: ConnDep, lookup: LookupDep) -> Response:
    firm, filing = await filing_in_hand(conn, viewer, which)
    context = await report_head(conn, firm, filing)
    if not context["rounds"]:
        raise NotFound("还没有提交过，没有回执。")
    form, signed = form_of(filing, lookup), context["rounds"][0]
    context |= {"form": form, "figures": main_figures(form, signed.figures), "check": check_code(signed)}
    return page(request, "portal/report/receipt.html", title=f"{filing.name}回执", **context)


@router.get("/portal/report/{year}/receipt.pdf")
async def receipt_sheet(
    which: Which, actor: ActPortal, conn: ConnDep, lookup: LookupDep, settings: SettingsDep, clock: ClockDep
) -> Response:
    firm, filing = await filing_in_hand(conn, actor.viewer, which)
    rounds = await rounds_of(conn, filing.id)
    if not rounds:
        raise NotFound("还没有提交过，没有回执。")
    name = f"{firm.name} {filing.name}回执 {rounds[0].number}.pdf"
    await note_taken(conn, name, "report", filing.id, by=actor, at=clock.now())
    how = {"bureau": lookup.reference.bureau, "fonts": settings.fonts}
    made = await asyncio.to_thread(receipt_pdf, firm, filing, form_of(filing, lookup), rounds[0], **how)
    return attachment(made, name, "application/pdf")
