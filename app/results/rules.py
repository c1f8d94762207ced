"""What a list's lines say, and which firm a line means, on plain facts."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from app.results.terms import Candidate, Line, Match
from app.sheets import Broken, Formula, RawSheet, SheetError, find_table, rows_of
from app.sheets import Row as SheetRow
from app.text import DateError, TextError, key, normalise, parse_date
from app.text.uscc import normalise_code

MOST = 300
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "name": ("企业名称", "单位名称", "公司名称", "申报企业", "申报单位", "企业", "名称"),
    "uscc": ("统一社会信用代码", "社会信用代码", "信用代码"),
    "number": ("证书编号", "高企证书编号", "入库登记编号", "登记编号", "编号"),
    "issued_on": ("发证日期", "发证时间", "认定日期", "入库日期", "登记日期"),
    "expires_on": ("有效期止", "有效期至", "有效期截止", "到期日期"),
}
NAMES = {key(word): field for field, words in COLUMNS.items() for word in words}
_CODE = re.compile(r"[0-9A-Z]{18}", re.ASCII)
# The number of a 科技型中小企业 has eighteen characters too; it begins with its year, as no firm's code does.
_DATED = re.compile(r"20\d\d", re.ASCII)
_COUNT = re.compile(r"[（(]?\d{1,4}[)）.、．]?")
_NUMBER = re.compile(r"(?=.*\d)[0-9A-Z][0-9A-Z-]{5,39}", re.ASCII)
_PARTED = re.compile(r"[\t,，;；|]|\s{2,}| ")
_NAME_LONGEST = 100


def lines_of_sheets(sheets: Sequence[RawSheet]) -> list[Line]:
    """Raises SheetError."""
    table = find_table(sheets, NAMES, required=("name",), ignored=frozenset())
    code = "uscc" if "uscc" in table.columns else "name"
    return _bounded([_line(row) for row in rows_of(table, NAMES, identity=("name",), code=code)])


def lines_of_text(text: str) -> list[Line]:
    """Pasted from a page or a document: with a header as a table is, else a name a line, whatever stands beside it.

    Raises SheetError.
    """
    rows = [[cell.strip() for cell in _PARTED.split(raw)] for raw in text.splitlines()]
    pasted = RawSheet("粘贴", [[cell or None for cell in row] for row in rows])
    if any(NAMES.get(key(cell)) == "name" for row in rows for cell in row):
        return lines_of_sheets([pasted])
    found = [_loose(number, [c for c in row if c]) for number, row in enumerate(rows, start=1) if any(row)]
    return _bounded([line for line in found if line is not None])


def _bounded(lines: Sequence[Line]) -> list[Line]:
    if not lines:
        raise SheetError("名单里没有读到企业名称。")
    if len(lines) > MOST:
        raise SheetError(f"名单有 {len(lines)} 行，一次最多 {MOST} 行；请只留本地的企业，或分几次。")
    return list(lines)


def _line(row: SheetRow) -> Line:
    return line_of(row.number, {field: _plain(cell) for field, cell in row.cells.items()})


def line_of(number: int, said: Mapping[str, Any]) -> Line:
    """By the fields of `COLUMNS`; what is missing is not said."""
    return _read(number, {field: said.get(field) or "" for field in COLUMNS})


def _plain(cell: Any) -> Any:
    value = cell.result if isinstance(cell, Formula) else cell.text if isinstance(cell, Broken) else cell
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, date) else "" if value is None else str(value)


def _loose(number: int, cells: Sequence[str]) -> Line | None:
    """A line without a header: what looks like a code, a number or a day is one, and the first of the rest the name."""
    said: dict[str, Any] = dict.fromkeys(COLUMNS, "")
    for cell in cells:
        tight = normalise_code(cell)
        if _CODE.fullmatch(tight) and not _DATED.match(tight) and not said["uscc"]:
            said["uscc"] = tight
        elif _COUNT.fullmatch(cell):
            continue
        elif _NUMBER.fullmatch(tight) and not said["number"] and not _is_day(cell):
            said["number"] = tight
        elif _is_day(cell):
            said["expires_on" if said["issued_on"] else "issued_on"] = cell
        elif not said["name"]:
            said["name"] = re.sub(r"^[（(]?\d{1,4}[)）.、．]\s*", "", cell)
    return _read(number, said) if said["name"] else None


def _is_day(cell: str) -> bool:
    try:
        parse_date(cell)
    except DateError:
        return False
    return not cell.isdecimal()


def _read(number: int, said: Mapping[str, Any]) -> Line:
    problems: list[str] = []

    def day(field: str) -> date | None:
        if said[field] == "":
            return None
        try:
            return parse_date(said[field])
        except DateError as error:
            problems.append(str(error))
            return None

    try:
        name = normalise(str(said["name"]), longest=_NAME_LONGEST)
    except TextError as error:
        name = ""
        problems.append(str(error))
    issued, expires = day("issued_on"), day("expires_on")
    code, held = normalise_code(str(said["uscc"])), "".join(str(said["number"]).split()).upper()[:60]
    if code and not _CODE.fullmatch(code):
        problems.append(f"信用代码“{code[:30]}”不是 18 位，按名称核对。")
        code = ""
    return Line(number, name, code, held, issued, expires, " ".join(problems))


def judge(line: Line, candidates: Iterable[Candidate]) -> tuple[Match, str]:
    """Exact only when nothing contradicts it: then the firm's code, and nobody needs to look."""
    found = list(candidates)
    same = [c for c in found if key(c.name) == key(line.name) and (not line.uscc or c.uscc == line.uscc)]
    if len(same) == 1 and not line.problem:
        return Match.EXACT, same[0].uscc
    return (Match.SIMILAR, "") if found else (Match.NONE, "")


def doubled(lines: Sequence[Line], chosen: Mapping[int, str]) -> dict[int, int]:
    """Of two lines that mean one firm, the later one, to the earlier one's number."""
    first: dict[str, int] = {}
    found: dict[int, int] = {}
    for line in lines:
        code = chosen.get(line.row_no, "")
        if code and code in first:
            found[line.row_no] = first[code]
        elif code:
            first[code] = line.row_no
    return found
