"""誊抄单: what was reported, laid out as the national platforms ask for it."""

from typing import Any

from fastapi import APIRouter, Request, Response

from app.access.terms import Viewer
from app.config import SEEDS
from app.db import Conn
from app.errors import NotFound
from app.reports.copying import CopiedBlock, Layout, copied, read_layouts
from app.reports.queries import Filing, figures_before, pages_of, rounds_of
from app.reports.reading import examine
from app.sheets.tables import Table, write_tables
from app.web.deps import ConnDep, LookupDep
from app.web.downloads import XLSX, attachment
from app.web.lookups import Lookup
from app.web.portal.frame import UsePortal
from app.web.portal.report import Year, filing_in_hand, form_of, report_head
from app.web.templating import page

router = APIRouter()
_HERE = "/portal/report/{year}/copy"
_UNKNOWN = "本系统没有收集"


def _layout(sheet: str) -> Layout:
    found = read_layouts(SEEDS / "sheets").get(sheet)
    if found is None:
        raise NotFound("没有这张誊抄单。")
    return found


async def _blocks(conn: Conn, filing: Filing, layout: Layout, lookup: Lookup) -> list[CopiedBlock]:
    """What is on the way while it may change, what was signed afterwards."""
    form = form_of(filing, lookup)
    answers = {code: kept.answers for code, kept in (await pages_of(conn, filing.id)).items()}
    if not filing.editable and (rounds := await rounds_of(conn, filing.id)):
        answers = dict(rounds[0].answers)
    last = await figures_before(conn, filing.firm_id, filing.year)
    earlier = {1: last, 2: await figures_before(conn, filing.firm_id, filing.year - 1)}
    blocks = copied(layout, form, answers, examine(form, answers, last), earlier)
    return [_dated(block, filing.year) for block in blocks]


def _dated(block: CopiedBlock, year: int) -> CopiedBlock:
    heads = [f"{year + int(head)} 年" if head.lstrip("-").isdigit() else head for head in block.heads]
    return CopiedBlock(block.title, heads, block.lines, block.empty)


@router.get(_HERE)
async def copy_page(
    request: Request, year: Year, viewer: UsePortal, conn: ConnDep, lookup: LookupDep, sheet: str = "107-2"
) -> Response:
    firm, filing = await filing_in_hand(conn, viewer, year)
    layout = _layout(sheet)
    context: dict[str, Any] = await report_head(conn, firm, filing)
    context |= {
        "layouts": list(read_layouts(SEEDS / "sheets").values()),
        "layout": layout,
        "blocks": await _blocks(conn, filing, layout, lookup),
        "unknown": _UNKNOWN,
    }
    return page(request, "portal/report/copy.html", title=f"{year} 年度誊抄单：{layout.title}", **context)


@router.get(_HERE + ".xlsx")
async def copy_workbook(
    year: Year, viewer: UsePortal, conn: ConnDep, lookup: LookupDep, sheet: str = "107-2"
) -> Response:
    return await _workbook(conn, viewer, year, lookup, _layout(sheet))


async def _workbook(conn: Conn, viewer: Viewer, year: int, lookup: Lookup, layout: Layout) -> Response:
    firm, filing = await filing_in_hand(conn, viewer, year)
    blocks = await _blocks(conn, filing, layout, lookup)
    signed = "" if filing.round and not filing.editable else "（草稿，未签字）"
    lead = [
        f"{firm.name} {year} 年度 {layout.title}{signed}",
        f"依据：{layout.doc}（{layout.grade.label}）",
        layout.note,
    ]
    tables = [_table(block, lead) for block in blocks]
    return attachment(write_tables(tables), f"{firm.name} {year} 誊抄单 {layout.title}.xlsx", XLSX)


def _table(block: CopiedBlock, lead: list[str]) -> Table:
    rows = [
        ["　" * line.deep + line.label, line.unit, *[c.value if c.known else _UNKNOWN for c in line.cells]]
        for line in block.lines
    ]
    return Table(block.title, [*lead, block.title], ["项目", "单位", *block.heads], rows)
