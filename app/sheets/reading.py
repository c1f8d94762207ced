"""One file in, its sheets out: rows of plain values, or one sentence why not."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from app.sheets.csvs import read_csv
from app.sheets.guard import ENCRYPTED, SHAPE, check_package, kind_of
from app.sheets.packages import scan
from app.sheets.terms import MAX_CELLS, MAX_ROWS, Broken, Formula, RawSheet, SheetError, Value

_ERRORS = frozenset({"#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!", "#GETTING_DATA", "#SPILL!"})


def read(data: bytes, name: str, titles: Collection[str] = ()) -> list[RawSheet]:
    """Raises SheetError. Whoever reads a stranger's file does it through `app.sheets.isolated`."""
    kind = kind_of(data, name)
    if kind == "csv":
        return [read_csv(data, name, titles)]
    if kind == "xls":
        return _workbook(data, {})
    check_package(data)
    return _workbook(data, {name: sheet.formulas for name, sheet in scan(data).items()})


def _workbook(data: bytes, formulas: Mapping[str, Mapping[tuple[int, int], str]]) -> list[RawSheet]:
    import io  # noqa: PLC0415

    from python_calamine import (  # noqa: PLC0415
        CalamineError,
        CalamineWorkbook,
        PasswordError,
        SheetTypeEnum,
        SheetVisibleEnum,
    )

    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(data)) as book:
            return [
                RawSheet(
                    meta.name,
                    _rows(book.get_sheet_by_name(meta.name), formulas.get(meta.name, {})),
                    visible=meta.visible is SheetVisibleEnum.Visible,
                )
                for meta in book.sheets_metadata
                if meta.typ is SheetTypeEnum.WorkSheet
            ]
    except PasswordError as error:
        raise SheetError(ENCRYPTED) from error
    except (CalamineError, ValueError, OSError) as error:
        raise SheetError(SHAPE) from error
    except BaseException as error:
        # The parser is written in Rust; its panics are no subclass of Exception.
        if type(error).__name__ == "PanicException":
            raise SheetError(SHAPE) from error
        raise


def _rows(sheet: Any, formulas: Mapping[tuple[int, int], str]) -> list[list[Value]]:
    if sheet.total_height > MAX_ROWS * 2 or sheet.total_height * sheet.total_width > MAX_CELLS:
        raise SheetError(f"工作表“{sheet.name}”太大：最多 {MAX_ROWS:,} 行，请分成几个文件。")
    rows = [[_plain(cell) for cell in row] for row in sheet.to_python(skip_empty_area=False)]
    for (row, column), text in formulas.items():
        _put(rows, row, column, text)
    if sum(1 for row in rows if any(v is not None for v in row)) > MAX_ROWS:
        raise SheetError(f"工作表“{sheet.name}”太大：最多 {MAX_ROWS:,} 行，请分成几个文件。")
    return rows


def _put(rows: list[list[Value]], row: int, column: int, text: str) -> None:
    """Formulas may lie outside what the parser kept, when none of them has a result."""
    while len(rows) < row:
        rows.append([])
    cells = rows[row - 1]
    cells.extend([None] * (column - len(cells)))
    result = cells[column - 1]
    known = None if isinstance(result, (Formula, Broken)) else result
    cells[column - 1] = Formula("=" + text, known)


def _plain(cell: Any) -> Value:
    if cell == "" or cell is None:
        return None
    if isinstance(cell, str):
        return Broken(cell) if cell in _ERRORS else cell
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, (bool, date)):
        return cell
    if isinstance(cell, (int, float)):
        return float(cell)
    # A time of day or a span of hours is nothing a roster asks for; it is kept as it reads.
    return str(cell)


def filled(row: Sequence[Value]) -> bool:
    return any(v is not None and not (isinstance(v, str) and not v.strip()) for v in row)
