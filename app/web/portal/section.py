"""One section a page: saved by its button, or by itself while one types; what two typed at once is shown to both."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from fastapi import Request, Response

from app.access.terms import Viewer
from app.db import Conn
from app.errors import NotFound, Stale
from app.firms.terms import FirmDetail
from app.owing.knowing import facts_of
from app.reports import drafting
from app.reports.catalogue import Form, Level, Section
from app.reports.earlier import figures_before
from app.reports.queries import Filing, others_editing, pages_of
from app.reports.reading import MONEY_WORDS, ROWS, Answers, Examined, examine, rows_of
from app.reports.sharing import begun_with, told_elsewhere
from app.reports.terms import ANNUAL, IP_ROWS
from app.web.deps import ClockDep, ConnDep, LookupDep, TodayDep
from app.web.htmx import see_other
from app.web.lookups import Lookup
from app.web.portal.frame import ActPortal, UsePortal
from app.web.portal.report import Asked, Which, filing_in_hand, form_of, own_filing_in_hand, report_head
from app.web.portal.report_views import Around, fields_of, rows_view, said_of, typed_in
from app.web.routing import Router
from app.web.templating import fragment, page

router = Router()
_HERE = "/portal/report/{year}/{section}"


@dataclass(frozen=True, slots=True)
class House:
    """Who asks, when, and what every page names."""

    lookup: Lookup
    viewer: Viewer
    today: date


def section_of(filing: Filing, lookup: Lookup, code: str) -> Section:
    section = form_of(filing, lookup).section(code)
    if section is None:
        raise NotFound("填报表里没有这一节。")
    return section


def _neighbours(filing: Filing, lookup: Lookup, code: str) -> tuple[str, str]:
    codes = [s.code for s in form_of(filing, lookup).sections]
    at = codes.index(code)
    base = filing.href
    before = f"{base}/{codes[at - 1]}" if at else base
    after = f"{base}/{codes[at + 1]}" if at + 1 < len(codes) else f"{base}/check"
    return before, after


def _missing(section: Section, answers: Answers, rights: list[Any]) -> list[Any]:
    """Rights of the ledger that the form does not list, by their number."""
    listed = {"".join(str(row["ip.number"][0]).split()).upper() for row in rows_of(answers) if "ip.number" in row}
    missing = [right for right in rights if right.get("ip.number", [""])[0] not in listed]
    return missing[: max(0, section.most - len(rows_of(answers)))]


async def _with_known(
    conn: Conn, firm: FirmDetail, filing: Filing, section: Section, kept: Answers, *, house: House
) -> tuple[Answers, int]:
    """The page with what the house has come to know since the form was begun, and how much of it there is."""
    own = filing.form == ANNUAL
    if not filing.editable or (own and section.code != IP_ROWS):
        return kept, 0
    form = form_of(filing, house.lookup)
    about: dict[str, Any] = {"reference": house.lookup.reference, "viewer": house.viewer, "today": house.today}
    facts = await facts_of(conn, firm, form, filing.year, **about)
    if own:
        new = _missing(section, kept, facts[IP_ROWS]) if not filing.locked(section.code) else []
        return ({ROWS: [*rows_of(kept), *new]}, len(new))
    known = begun_with(form, await told_elsewhere(conn, filing), facts)[section.code]
    left = {code: typed for code, typed in known.items() if code not in kept and not filing.locked(code)}
    return {**kept, **left}, len(left)


@router.post(_HERE + "/bring")
async def bring(
    request: Request,
    which: Which,
    section: str,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    today: TodayDep,
    actor: ActPortal,
) -> Response:
    """What has become known since the form was begun and does not stand in it."""
    firm, filing = await filing_in_hand(conn, actor.viewer, which)
    chosen = section_of(filing, lookup, section)
    kept, house = (await pages_of(conn, filing.id))[section], House(lookup, actor.viewer, today)
    answers, count = await _with_known(conn, firm, filing, chosen, kept.answers, house=house)
    if count:
        seen, at = kept.version, clock.now()
        await drafting.save_page(
            conn, firm.id, filing.year, chosen, answers, form=filing.form, seen=seen, by=actor, at=at
        )
    return see_other(request, f"{filing.href}/{section}", f"已补入 {count} 项")


@router.get(_HERE)
async def section_page(
    request: Request,
    which: Which,
    section: str,
    viewer: UsePortal,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    today: TodayDep,
    faults: str = "",
    add: str = "",
) -> Response:
    firm, filing = await filing_in_hand(conn, viewer, which)
    chosen = section_of(filing, lookup, section)
    context = await report_head(conn, firm, filing)
    pages = await pages_of(conn, filing.id)
    editing = await others_editing(conn, filing.id, section, me=viewer.id, at=clock.now())
    context |= {"editing": editing, "version": pages[section].version, "saved": pages[section]}
    answers = {code: kept.answers for code, kept in pages.items()}
    shown = bool(faults) or filing.state == "returned"
    context |= await _shown(conn, filing, lookup, chosen, answers, context["comments"], faults=shown, more=bool(add))
    house = House(lookup, viewer, today)
    _, context["missing"] = await _with_known(conn, firm, filing, chosen, pages[section].answers, house=house)
    return page(request, "portal/report/section.html", title=f"{filing.name}：{chosen.title}", **context)


async def _shown(
    conn: Conn,
    filing: Filing,
    lookup: Lookup,
    section: Section,
    answers: Mapping[str, Answers],
    comments: Mapping[str, str],
    *,
    faults: bool = False,
    theirs: Answers | None = None,
    more: bool = False,
) -> dict[str, Any]:
    last = await figures_before(conn, filing.firm_id, filing.year)
    found = examine(form_of(filing, lookup), answers, last, await told_elsewhere(conn, filing))
    # What cannot be read is said at once; what is missing only when somebody asks for it.
    wrong = [f for f in found.faults_of(section.code) if faults or not f.missing]
    around = Around(filing, last, comments, {f.field: f.sentence for f in wrong}, theirs)
    mine = answers.get(section.code, {})
    before, after = _neighbours(filing, lookup, section.code)
    return {
        "section": section,
        "fields": [] if section.group else fields_of(section, mine, around, found),
        "rows": rows_view(section, mine, around, more=more) if section.group else [],
        "summary": [(f.field, f.label, f.sentence) for f in wrong],
        "doubts": [d for d in found.doubts if d.section == section.code],
        "locked": all(filing.locked(code) for code in (*[q.code for q in section.questions], section.code)),
        "units": MONEY_WORDS,
        "before": before,
        "after": after,
        "stale": theirs is not None,
        "missing": 0,
    }


@router.post(_HERE)
async def save(
    request: Request,
    which: Which,
    section: str,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    actor: ActPortal,
) -> Response:
    filing = await own_filing_in_hand(conn, actor.viewer, which)
    chosen, at = section_of(filing, lookup, section), clock.now()
    form = {key: str(value) for key, value in (await request.form()).items()}
    act = form.get("act", "save")
    typed = _acted(chosen, typed_in(chosen, form), act)
    version = form.get("version", "")
    seen = int(version) if version.isascii() and version.isdigit() and len(version) < 9 else -1
    try:
        now = await drafting.save_page(
            conn, filing.firm_id, filing.year, chosen, typed, form=filing.form, seen=seen, by=actor, at=at
        )
    except Stale as error:
        if act == "auto":
            context: dict[str, Any] = {"at": None, "sentence": error.sentence, "wrong": [], "said": []}
            return fragment(request, "portal/report/_saved.html", status=412, **context)
        return await _both(request, conn, lookup, filing, chosen, typed, error)
    found = await _looked_at(conn, filing, form_of(filing, lookup), chosen, typed)
    # A draft is saved whatever is in it; what cannot be is said at once, what is missing only when asked for.
    wrong = [f for f in found.faults_of(chosen.code) if not f.missing]
    if act == "auto":
        context = {"at": at, "sentence": "", "wrong": wrong, "said": said_of(chosen, found)}
        return fragment(request, "portal/report/_saved.html", headers={"x-version": str(now)}, **context)
    target, sentence = _onward(chosen, filing, lookup, act, wrong=len(wrong))
    return see_other(request, target, sentence)


def _onward(section: Section, filing: Filing, lookup: Lookup, act: str, *, wrong: int) -> tuple[str, str]:
    here = f"{filing.href}/{section.code}"
    if act.startswith("remove."):
        return here, "已删去一条"
    if act == "add":
        return f"{here}?add=1#more", "已保存"
    if wrong:
        return f"{here}?faults=1", f"已保存；有 {wrong} 处不对，提交前要改"
    return _neighbours(filing, lookup, section.code)[1] if act == "next" else here, "已保存"


async def _looked_at(conn: Conn, filing: Filing, form: Form, section: Section, typed: Answers) -> Examined:
    """The page that was just saved, with the other pages only where it is held against them; of a returned form, as it
    was kept: what is locked did not come with the page."""
    mine = {q.code for q in section.questions}
    hard = [check.of for q in section.questions for check in q.checks if check.level is Level.HARD]
    elsewhere = any(not mine.issuperset(codes) for codes in (*hard, *(q.of for q in section.questions)))
    kept = await pages_of(conn, filing.id) if elsewhere or filing.state == "returned" else {}
    answers = {section.code: typed} | {code: page.answers for code, page in kept.items()}
    return examine(form, answers, {})


def _acted(section: Section, typed: dict[str, Any], act: str) -> dict[str, Any]:
    if section.group and act.startswith("remove.") and act[7:].isascii() and act[7:].isdigit():
        n, rows = int(act[7:]), typed[ROWS]
        return {ROWS: rows[:n] + rows[n + 1 :]}
    return typed


async def _both(
    request: Request,
    conn: Conn,
    lookup: Lookup,
    filing: Filing,
    section: Section,
    typed: dict[str, Any],
    error: Stale,
) -> Response:
    """Mine in the fields, theirs beside them; saving again is a decision, and nothing typed was lost on the way."""
    firm, filing = await filing_in_hand(conn, request.state.viewer, Asked(filing.year, filing.form))
    pages = await pages_of(conn, filing.id)
    context = await report_head(conn, firm, filing)
    answers = {code: kept.answers for code, kept in pages.items()} | {section.code: typed}
    theirs = pages[section.code].answers
    context |= await _shown(conn, filing, lookup, section, answers, context["comments"], theirs=theirs)
    context |= {"editing": [], "version": pages[section.code].version, "saved": pages[section.code]}
    context |= {"sentence": error.sentence}
    title = f"{filing.name}：{section.title}"
    return page(request, "portal/report/section.html", title=title, status=error.status, **context)


@router.post(_HERE + "/editing")
async def editing(
    request: Request, which: Which, section: str, conn: ConnDep, lookup: LookupDep, clock: ClockDep, actor: ActPortal
) -> Response:
    """Says that one is here, and who else is."""
    filing = await own_filing_in_hand(conn, actor.viewer, which)
    section_of(filing, lookup, section)
    await drafting.note_editor(conn, filing.id, section, by=actor, at=clock.now())
    others = await others_editing(conn, filing.id, section, me=actor.viewer.id, at=clock.now())
    return fragment(request, "portal/report/_editing.html", editing=others)
