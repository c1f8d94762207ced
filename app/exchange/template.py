"""The import templates: headers, drop-downs, a sheet that says how to fill it in and which version it is."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.exchange.columns import COLUMNS, REQUIRED, Column
from app.exchange.examining import Bureau
from app.exchange.listing import LISTS
from app.exchange.marks import mark_of
from app.exchange.terms import BatchKind
from app.sheets.writing import list_sheet

_ROWS = 2_000  # how far down the drop-downs reach
_AS_TEXT = frozenset({"uscc", "contact_phone", "industry_code", "certificate_number", "phone", "number"})
ALWAYS = (
    "表头的名称不要改，列的先后可以换，不用的列可以删；带 * 的必填。",
    "上传后先看预览，确认之后才写入；导入之后还可以整批撤销。",
)
_PART = ("有错的行会在下载的工作簿里标红并写明原因；改好后把整份再传一次，已导入的不会重复，只补没成功的。",)
_FIRM_RULES = (
    "只填“名册”这张表，一行一家企业。",
    "留空表示不知道：已有的资料不会被空格子清掉。",
    "按统一社会信用代码认企业：库里已有的更新，没有的新增。",
)


@dataclass(frozen=True, slots=True)
class Form:
    sheet: str
    columns: Sequence[Column]
    required: Sequence[str]
    rules: Sequence[str]
    lists: Sequence[tuple[str, Sequence[str]]]


def _form(kind: BatchKind, bureau: Bureau, scope: str) -> Form:
    if kind in LISTS:
        one = LISTS[kind]
        return Form(kind.label, one.columns, one.required, one.rules, one.lists(bureau))
    regions = bureau.reference.regions
    towns = [n for c, n in regions.items() if c.startswith(scope) and len(c) > len(scope)]
    lists = [
        ("region_code", towns),
        ("tier", [t.label for t in bureau.ladder.tiers]),
        ("direction", list(bureau.reference.directions.values())),
        ("above_designated_size", ["是", "否"]),
    ]
    return Form("名册", COLUMNS, REQUIRED, _FIRM_RULES, lists)


def write_template(kind: BatchKind, bureau: Bureau, *, scope: str) -> bytes:
    form = _form(kind, bureau, scope)
    return write_form(replace(form, rules=(*form.rules, *ALWAYS, *_PART)), kind, place=bureau.names.place)


def write_form(form: Form, kind: BatchKind, *, place: str = "") -> bytes:
    import xlsxwriter  # noqa: PLC0415

    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        page, guide = book.add_worksheet(form.sheet), book.add_worksheet("填写说明")
        _fill_page(book, page, form, list_sheet(book, form.lists))
        _fill_guide(book, guide, form, f"{place}{kind.label}填写说明", mark_of(kind))
    return out.getvalue()


def _fill_page(book: Any, page: Any, form: Form, lists: Mapping[str, str]) -> None:
    must = book.add_format({"bold": True, "bg_color": "#E3E8EE", "font_color": "#B3261E"})
    may = book.add_format({"bold": True, "bg_color": "#E3E8EE"})
    text = book.add_format({"num_format": "@"})
    for n, column in enumerate(form.columns):
        needed = column.field in form.required
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


def _fill_guide(book: Any, guide: Any, form: Form, title: str, mark: str) -> None:
    bold, wrap = book.add_format({"bold": True}), book.add_format({"text_wrap": True, "valign": "top"})
    guide.set_column(0, 0, 22)
    guide.set_column(1, 1, 70)
    guide.set_column(2, 2, 26)
    guide.write_string(0, 0, title, bold)
    guide.write_string(1, 0, mark)
    for row, rule in enumerate(form.rules, 1):
        guide.write_string(row + 1, 0, f"{row}. {rule}")
    start = len(form.rules) + 3
    _write_row(guide, start, ("列", "怎么填", "例子"), bold)
    for row, column in enumerate(form.columns, start + 1):
        _write_row(guide, row, (column.title, column.hint, column.example), wrap)


def _write_row(page: Any, row: int, cells: Sequence[str], look: Any) -> None:
    for column, cell in enumerate(cells):
        page.write_string(row, column, cell, look)
