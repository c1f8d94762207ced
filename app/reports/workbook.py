"""A year's form as a workbook, filled with what is known, to be taken home and brought back.

A sheet that nobody sees says what stood in it when it left. So what its reader never touched is told apart from what
they changed, and a colleague's save in the meantime is not undone by a workbook that is older.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import orjson

from app.reports.catalogue import Form, Kind, Question, Section
from app.reports.reading import MONEY_UNITS, Answers, Typed, read, rows_of, shown, typed_of
from app.units import Unit

ONCE = "逐项填写"
GUIDE = "填写说明"
MARK = "tidu-form"
_HIDDEN = "原值"
HEAD = ("代码", "所属", "项目", "填写", "单位", "上年", "要求", "说明", "退回意见")
_SUMMED = "自动合计，不用填"


@dataclass(frozen=True, slots=True)
class Sent:
    """Whose form it is, and how it stood when the workbook was written."""

    uscc: str
    firm: str
    year: int
    answers: Mapping[str, Answers]
    last: Mapping[str, Decimal]
    locked: frozenset[str] = frozenset()  # codes of questions, and of sections with rows
    comments: Mapping[str, str] = field(default_factory=dict)


def write_workbook(form: Form, sent: Sent) -> bytes:
    import xlsxwriter  # noqa: PLC0415

    out = io.BytesIO()
    plainly = dict.fromkeys(("strings_to_formulas", "strings_to_urls", "strings_to_numbers"), False)
    with xlsxwriter.Workbook(out, {"in_memory": True, **plainly}) as book:
        looks = _Looks(book)
        _guide(book.add_worksheet(GUIDE), looks, form, sent)
        _once(book.add_worksheet(ONCE), looks, form, sent)
        for section in form.sections:
            if section.group:
                _group(book.add_worksheet(_sheet_of(section)), looks, section, sent)
        _remember(book.add_worksheet(_HIDDEN), form, sent)
    return out.getvalue()


def _sheet_of(section: Section) -> str:
    return f"{section.group} {section.title}"[:31]


class _Looks:
    def __init__(self, book: Any) -> None:
        wrap = {"text_wrap": True, "valign": "top"}
        self.bold = book.add_format({"bold": True})
        self.head = book.add_format({"bold": True, "bg_color": "#E3E8EE", **wrap})
        self.must = book.add_format({"bold": True, "bg_color": "#E3E8EE", "font_color": "#B3261E", **wrap})
        self.fixed = book.add_format({"font_color": "#55616F", **wrap})
        self.open = book.add_format({"locked": False, "num_format": "@", "border": 1, "bg_color": "#FFFDE7", **wrap})
        self.back = book.add_format({"font_color": "#B3261E", **wrap})


def _guide(page: Any, looks: _Looks, form: Form, sent: Sent) -> None:
    page.set_column(0, 0, 100)
    lines = [
        f"{sent.firm}（{sent.uscc}）{sent.year} 年度 {form.title}，第 {form.version} 版",
        f"1. 填“{ONCE}”和后面各张表里浅黄色的格子；代码、项目这些灰色的列是锁住的，不要改。",
        "2. 金额的单位在数字旁边选：元、千元、万元。带“必填”的要填；没有发生的填 0，不要留空。",
        "3. 分条填的表一行一条，中间不要空行；表头第一行的代码不要改。金额的单位写在表头里。",
        "4. 日期写成 2025-03-01。有下拉列表的从列表里选。",
        "5. 填好后在本系统“用 Excel 填”那一页上传：先列出与现在草稿的不同，您看过、确认以后才保存，保存的仍是草稿。",
        "6. 没有改过的格子不会覆盖同事在系统里后来填的；两边都改过的会列出来由您选。把原来有数的格子清空，就是清空。",
        "7. 提交仍在系统里由签字人办理。",
    ]
    for row, line in enumerate(lines):
        page.write_string(row, 0, line, looks.bold if row == 0 else looks.fixed)
    page.protect()


def _once(page: Any, looks: _Looks, form: Form, sent: Sent) -> None:
    for column, width in enumerate((26, 18, 30, 20, 8, 20, 10, 44, 30)):
        page.set_column(column, column, width)
    for column, title in enumerate(HEAD):
        page.write_string(0, column, title, looks.head)
    at = 0
    for section in form.sections:
        for question in section.questions if not section.group else ():
            at += 1
            _question(page, at, looks, section, question, sent)
    page.freeze_panes(1, 3)
    page.protect()


def _question(page: Any, at: int, looks: _Looks, section: Section, question: Question, sent: Sent) -> None:
    shut = question.kind is Kind.SUM or question.code in sent.locked
    typed = sent.answers.get(section.code, {}).get(question.code)
    text, unit = (str(typed[0]), str(typed[1])) if typed else ("", "")
    look = looks.fixed if shut else looks.open
    before = sent.last.get(question.code)
    for column, cell in (
        (0, question.code),
        (1, section.title),
        (2, question.label),
        (5, "" if before is None else shown(before, question)),
        (6, "" if question.kind is Kind.SUM else "锁定" if shut else "选填" if question.optional else "必填"),
        (7, question.help),
    ):
        page.write_string(at, column, cell, looks.fixed)
    page.write_string(at, 8, sent.comments.get(question.code, ""), looks.back)
    page.write_string(at, 3, _SUMMED if question.kind is Kind.SUM else _worded(question, text), look)
    if question.money and question.kind is not Kind.SUM:
        page.write_string(at, 4, Unit(unit or question.spoken.value).label, look)
        if not shut:
            page.data_validation(at, 4, at, 4, {"validate": "list", "source": [u.label for u in MONEY_UNITS]})
    else:
        page.write_string(at, 4, "" if question.money else question.unit, looks.fixed)
    if question.kind is Kind.CHOICE and not shut:
        page.data_validation(at, 3, at, 3, _choices(question))


def _choices(question: Question) -> dict[str, Any]:
    return {"validate": "list", "source": [word for _, word in question.options], "error_type": "warning"}


def _worded(question: Question, text: str) -> str:
    """A choice by its word."""
    return dict(question.options).get(text, text)


def _group(page: Any, looks: _Looks, section: Section, sent: Sent) -> None:
    """Codes above the titles, so that a title may be reworded; amounts of a column in one unit."""
    page.write_string(0, 0, section.code, looks.fixed)
    page.write_string(1, 0, "编号", looks.head)
    page.set_column(0, 0, 10)
    rows, shut = rows_of(sent.answers.get(section.code, {})), section.code in sent.locked
    look = looks.fixed if shut else looks.open
    for column, question in enumerate(section.questions, 1):
        unit = question.spoken.label if question.money else question.unit
        title = question.label + (f"（{unit}）" if unit else "")
        page.set_column(column, column, 24 if question.kind is Kind.TEXT else 16, look)
        page.write_string(0, column, question.code, looks.fixed)
        page.write_string(1, column, title, looks.head if question.optional else looks.must)
        if question.kind is Kind.CHOICE and not shut:
            # A list of more than 255 characters is none for Excel.
            rule = _choices(question)
            if len(",".join(rule["source"])) <= 255:
                page.data_validation(2, column, 1 + section.most, column, rule)
    for n in range(len(rows) if shut else section.most):
        page.write_string(2 + n, 0, f"{section.group}{n + 1:02d}", looks.fixed)
    for n, row in enumerate(rows, 2):
        for column, question in enumerate(section.questions, 1):
            page.write_string(n, column, _in_column(question, row.get(question.code)), look)
    page.freeze_panes(2, 1)
    page.protect()


def _in_column(question: Question, typed: Typed | None) -> str:
    value = read(question, typed)
    if question.money and value.number is not None:
        return typed_of(value.number, question)[0]
    return _worded(question, str(typed[0])) if typed else ""


def _remember(page: Any, form: Form, sent: Sent) -> None:
    page.very_hidden()
    page.write_row(0, 0, [MARK, form.code, str(form.version), sent.uscc, str(sent.year)])
    at = 0
    for section in form.sections:
        held = sent.answers.get(section.code, {})
        for entry in rows_of(held) if section.group else [held]:
            at += 1
            page.write_string(at, 0, section.code)
            page.write_string(at, 1, orjson.dumps(entry).decode()[:32_000])
    page.protect()
