"""What a batch's messages look like in the workbook they are about."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from app.exchange.columns import NAMES, REASON
from app.exchange.terms import Severity
from app.sheets.annotating import Mark, Notes


def notes_for(
    sheet: str,
    header_row: int,
    columns: Mapping[str, int],
    messages: Mapping[int, Sequence[Mapping[str, Any]]],
    names: Collection[str] = tuple(NAMES),
) -> Notes:
    """`columns` by field from 0, `messages` by row, each as `Message.to_json` writes it."""
    marks = [
        Mark(row, columns[m["field"]] + 1, m["severity"] == Severity.ERROR.value)
        for row, said in messages.items()
        for m in said
        if m["field"] in columns
    ]
    reasons = {row: "\n".join(m["sentence"] for m in said) for row, said in messages.items() if said}
    return Notes(sheet, header_row, REASON, reasons, marks, tuple(names))
