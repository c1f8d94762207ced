"""Which template a workbook is: its guide says so, and a file that says nothing is anybody's own."""

import re
from collections.abc import Sequence

from app.exchange.terms import BatchKind
from app.sheets import RawSheet, SheetError

VERSION = 1  # of every kind's columns; one that takes a column away, or means it otherwise, counts on
_MARK = re.compile(r"模板版本：(.{1,10})-(\d{1,4})", re.ASCII)
_SEARCHED = 3


def mark_of(kind: BatchKind) -> str:
    return f"模板版本：{kind.label}-{VERSION}"


def refuse_other_template(kind: BatchKind, sheets: Sequence[RawSheet]) -> None:
    """Raises SheetError for a template of another list, or of a house that is ahead of this one."""
    cells = [cell for sheet in sheets for row in sheet.rows[:_SEARCHED] for cell in row[:_SEARCHED]]
    for cell in cells:
        found = _MARK.fullmatch(cell.strip()) if isinstance(cell, str) else None
        if found is None:
            continue
        if found[1] != kind.label and found[1] in {k.label for k in BatchKind}:
            raise SheetError(f"这是“{found[1]}”的模板，上传时选的是“{kind.label}”；请改选后重新上传。")
        if int(found[2]) > VERSION:
            raise SheetError(f"这份模板的版本是 {found[2]}，本系统只认到 {VERSION}；请在这里重新下载模板。")
