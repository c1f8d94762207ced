"""CSV as people send it: any of three encodings, comma or tab, cells of one record over several lines."""

import csv
import io
from collections.abc import Iterator

from app.sheets.terms import MAX_CELLS, MAX_ROWS, Formula, RawSheet, SheetError, Value

_LONGEST_FIELD = 1 << 20
_DELIMITERS = ",\t;，"
_RISKY = ("=", "+", "-", "@", "\t", "\r")


def read_csv(data: bytes, name: str) -> RawSheet:
    text = decode(data)
    csv.field_size_limit(_LONGEST_FIELD)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
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


def _delimiter(text: str) -> str:
    lines = [line for line in text[:50_000].splitlines() if line.strip()][:30]
    return max(_DELIMITERS, key=lambda mark: (sum(line.count(mark) for line in lines), -_DELIMITERS.index(mark)))


def _value(cell: str) -> Value:
    if not cell:
        return None
    # Our own exports put an apostrophe before what a spreadsheet would run; here it comes off again.
    if cell[0] == "'" and cell[1:].startswith(_RISKY):
        return cell[1:]
    return Formula(cell[:120]) if cell[0] == "=" and len(cell) > 1 else cell


def escape(text: str) -> str:
    """A cell that no spreadsheet will run (OWASP: CSV injection)."""
    return "'" + text if text.startswith(_RISKY) else text


def lines_of(records: Iterator[list[str]]) -> Iterator[bytes]:
    """Records as CSV in bytes, the mark of UTF-8 first so that Excel reads Chinese."""
    yield b"\xef\xbb\xbf"
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    for record in records:
        writer.writerow(record)
        if buffer.tell() > 1 << 16:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()
