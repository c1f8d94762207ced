"""The import template: headers, drop-downs, a sheet that says how to fill it in."""

import io
from collections.abc import Sequence
from typing import Any

from app.exchange.columns import COLUMNS, REQUIRED
from app.exchange.naming import Names
from app.firms.terms import Reference
from app.pipeline.terms import Ladder
from app.sheets.writing import list_sheet

_ROWS = 2_000  # how far down the drop-downs reach
_AS_TEXT = frozenset({"uscc", "contact_phone", "industry_code", "certificate_number"})
_RULES = (
    "只填“名册”这张表，一行一家企业；表头的名称不要改，列的先后可以换，不用的列可以删。",
    "带 * 的必填。其余留空表示不知道：已有的资料不会被空格子清掉。",
    "按统一社会信用代码认企业：库里已有的更新，没有的新增。",
    "上传后先看预览，确认之后才写入；导入之后还可以整批撤销。",
)


def write_template(reference: Reference, ladder: Ladder, names: Names, *, scope: str) -> bytes:
    import xlsxwriter  # noqa: PLC0415

    out = io.BytesIO()
    towns = [n for c, n in reference.regions.items() if c.startswith(scope) and len(c) > len(scope)]
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        page, guide = book.add_worksheet("名册"), book.add_worksheet("填写说明")
        lists = list_sheet(
            book,
            [
                ("region_code", towns),
                ("tier", [t.label for t in ladder.tiers]),
                ("direction", list(reference.directions.values())),
                ("above_designated_size", ["是", "否"]),
            ],
        )
        _fill_page(book, page, lists)
        _fill_guide(book, guide, names.place)
    return out.getvalue()


def _fill_page(book: Any, page: Any, lists: dict[str, str]) -> None:
    must = book.add_format({"bold": True, "bg_color": "#E3E8EE", "font_color": "#B3261E"})
    may = book.add_format({"bold": True, "bg_color": "#E3E8EE"})
    text = book.add_format({"num_format": "@"})
    for n, column in enumerate(COLUMNS):
        needed = column.field in REQUIRED
        page.set_column(n, n, column.width, text if column.field in _AS_TEXT else None)
        page.write_string(0, n, column.title + ("*" if needed else ""), must if needed else may)
        if column.field in lists:
            # A warning and not a wall: synonyms are understood too.
            rule = {
                "validate": "list",
                "source": lists[column.field],
                "error_type": "warning",
                "error_title": "请核对",
                "error_message": f"“{column.title}”最好从下拉列表里选。",
            }
            page.data_validation(1, n, _ROWS, n, rule)
    page.freeze_panes(1, 2)


def _fill_guide(book: Any, guide: Any, place: str) -> None:
    bold, wrap = book.add_format({"bold": True}), book.add_format({"text_wrap": True, "valign": "top"})
    guide.set_column(0, 0, 22)
    guide.set_column(1, 1, 70)
    guide.set_column(2, 2, 26)
    guide.write_string(0, 0, f"{place}企业名册填写说明", bold)
    for row, rule in enumerate(_RULES, 1):
        guide.write_string(row, 0, f"{row}. {rule}")
    start = len(_RULES) + 2
    _write_row(guide, start, ("列", "怎么填", "例子"), bold)
    for row, column in enumerate(COLUMNS, start + 1):
        _write_row(guide, row, (column.title, column.hint, column.example), wrap)


def _write_row(page: Any, row: int, cells: Sequence[str], look: Any) -> None:
    for column, cell in enumerate(cells):
        page.write_string(row, column, cell, look)
