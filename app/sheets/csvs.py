"""CSV as people send it: any of three encodings, comma or tab, cells of one record over several lines."""

import csv
import io
from collections.abc import Collection
from itertools import islice

from app.sheets.terms import MAX_CELLS, MAX_ROWS, Formula, RawSheet, SheetError, Value
from app.sheets.writing import RISKY
from app.text import key

_LONGEST_FIELD = 1 << 20
_DELIMITERS = ",\t;，"
_HEAD = 50_000  # characters in which the header is, as far as the delimiter goes
_SEARCHED_ROWS = 200


def read_csv(data: bytes, name: str, titles: Collection[str] = ()) -> RawSheet:
    """`titles` are keys (see app.text.key) of headers: what separates them separates everything."""
    text = decode(data)
    csv.field_size_limit(_LONGEST_FIELD)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text, titles))
    rows: list[list[Value]] = []
    numbers: list[int] = []
    cells, line = 0, 1
    try:
        for record in reader:
            rows.append([_value(cell) for cell in record])
            numbers.append(line)
            line = reader.line_num + 1
            cells += len(record)
            if len(rows) > MAX_ROWS or cells > MAX_CELLS:
                raise SheetError(f"文件太大：最多 {MAX_ROWS:,} 行，请分成几个文件。")
    except csv.Error as error:
        raise SheetError(f"第 {reader.line_num} 行的格式不是 CSV：可能少了一个引号，或一格内容太长。") from error
    return RawSheet(name, rows, numbers=numbers)


def decode(data: bytes) -> str:
    """UTF-8 with or without its mark, UTF-16 with it, else GB18030. Raises SheetError."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        candidates: tuple[str, ...] = ("utf-16",)
    else:
        candidates = ("utf-8-sig", "gb18030")
    for encoding in candidates:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if _is_text(text):
            return text
    raise SheetError("文件不是文本，或编码不是 UTF-8、GB18030。请用 Excel 另存为“CSV UTF-8”后再上传。")


def _is_text(text: str) -> bool:
    """A program renamed .csv may decode; it is full of control characters. A stray one in a name is not."""
    head = text[:20_000]
    strange = sum(1 for char in head if char < " " and char not in "\t\r\n")
    return strange * 50 <= len(head)


def _delimiter(text: str, titles: Collection[str]) -> str:
    """The first that shows a header; a remark may hold more of another than its file has columns."""
    head = text[:_HEAD]
    found = next((mark for mark in _DELIMITERS if _shows_header(head, mark, titles)), None)
    return found or max(_DELIMITERS, key=lambda mark: (head.count(mark), -_DELIMITERS.index(mark)))


def _shows_header(head: str, mark: str, titles: Collection[str]) -> bool:
    try:
        records = list(islice(csv.reader(io.StringIO(head, newline=""), delimiter=mark), _SEARCHED_ROWS))
    except csv.Error:
        return False
    return any(len({key(cell) for cell in record}.intersection(titles)) > 1 for record in records)


def _value(cell: str) -> Value:
    if not cell:
        return None
    # Our own exports put an apostrophe before what a spreadsheet would run; here it comes off again.
    if cell[0] == "'" and cell[1:].startswith(RISKY):
        return cell[1:]
    return Formula(cell[:120]) if cell[0] == "=" and len(cell) > 1 else cell
