"""誊抄单: what was reported, laid out as the national platforms ask for it."""

from typing import Any

from fastapi import Request, Response

from app.config import SEEDS
from app.db import Conn
from app.errors import NotFound
from app.reports.copying import CopiedBlock, Layout, copied, read_layouts
from app.reports.earlier import figures_before
from app.reports.queries import Filing, pages_of, rounds_of
from app.reports.reading import examine
from app.reports.terms import ANNUAL
from app.sheets.tables import Table, write_tables
from app.web.deps import ClockDep, ConnDep, LookupDep
from app.web.downloads import XLSX, attachment
from app.web.lookups import Lookup
from app.web.noting import note_taken
from app.web.portal.frame import ActPortal, UsePortal
from app.web.portal.report import Which, filing_in_hand, form_of, report_head
from app.web.routing import Router
from app.web.templating import page

router = Router()
_HERE = "/portal/report/{year}/copy"
_UNKNOWN = "本系统没有收集"
_USUAL = {ANNUAL: "107-2"}


def _layouts(filing: Filing) -> list[Layout]:
    return [layout for layout in read_layouts(SEEDS / "sheets").values() if layout.form == filing.form]


def _layout(filing: Filing, sheet: str) -> Layout:
    """The one that was asked for, else the usual one of that form."""
    known = _layouts(filing)
    found = next((layout for layout in known if layout.sheet == (sheet or _USUAL.get(filing.form, ""))), None)
    if found is None and (sheet or not known):
        raise NotFound("没有这张誊抄单。")
    return found or known[0]


async def _blocks(conn: Conn, filing: Filing, layout: Layout, lookup: Lookup) -> list[CopiedBlock]:
    """What is on the way while it may change, what was signed afterwards."""
    form = form_of(filing, lookup)
    answers = {code: kept.answers for code, kept in (await pages_of(conn, filing.id)).items()}
    if not filing.editable and (rounds := await rounds_of(conn, filing.id)):
        answers = dict(rounds[0].answers)
    last = await figures_before(conn, filing.firm_id, filing.year)
    earlier = {1: last, 2: await figures_before(conn, filing.firm_id, filing.year - 1)}
    firm = {"name": filing.firm_name, "uscc": filing.uscc}
    blocks = copied(layout, form, answers, examine(form, answers, last), earlier, firm)
    return [_dated(block, filing.year) for block in blocks]


def _dated(block: CopiedBlock, year: int) -> CopiedBlock:
    heads = [f"{year + int(head)} 年" if head.lstrip("-").isdigit() else head for head in block.heads]
    return CopiedBlock(block.title, heads, block.lines, block.empty)


@router.get(_HERE)
async def copy_page(
    request: Request, which: Which, viewer: UsePortal, conn: ConnDep, lookup: LookupDep, sheet: str = ""
) -> Response:
    firm, filing = await filing_in_hand(conn, viewer, which)
    layout = _layout(filing, sheet)
    context: dict[str, Any] = await report_head(conn, firm, filing)
    context |= {
        "layouts": _layouts(filing),
        "layout": layout,
        "blocks": await _blocks(conn, filing, layout, lookup),
        "unknown": _UNKNOWN,
    }
    return page(request, "portal/report/copy.html", title=f"{filing.name}誊抄单：{layout.title}", **context)


@router.get(_HERE + ".xlsx")
async def copy_workbook(
    which: Which, actor: ActPortal, conn: ConnDep, lookup: LookupDep, clock: ClockDep, sheet: str = ""
) -> Response:
    firm, filing = await filing_in_hand(conn, actor.viewer, which)
    layout = _layout(filing, sheet)
    blocks = await _blocks(conn, filing, layout, lookup)
    signed = "" if filing.round and not filing.editable else "（草稿，未签字）"
    lead = [
        f"{firm.name} {filing.year} 年度 {layout.title}{signed}",
        f"依据：{layout.doc}（{layout.grade.label}）",
        layout.note,
    ]
    tables = [_table(block, lead) for block in blocks]
    name = f"{firm.name} {filing.year} 誊抄单 {layout.title}.xlsx"
    await note_taken(conn, name, "report", filing.id, by=actor, at=clock.now())
    return attachment(write_tables(tables), name, XLSX)


def _table(block: CopiedBlock, lead: list[str]) -> Table:
    rows = [
        ["　" * line.deep + line.label, line.unit, *[c.value if c.known else _UNKNOWN for c in line.cells]]
        for line in block.lines
    ]
    return Table(block.title, [*lead, block.title], ["项目", "单位", *block.heads], rows)
