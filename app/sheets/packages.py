"""A streaming look into an .xlsx before its parser opens it: no entities, no endless sheets, and where formulas are."""

import io
import posixpath
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

from app.sheets.guard import SHAPE
from app.sheets.terms import MAX_CELLS, MAX_ROWS, SheetError

_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships id"
_STRICT_REL = "http://purl.oclc.org/ooxml/officeDocument/relationships id"
_CHUNK = 1 << 18
_QUOTED = 120
_MAX_COLUMNS = 16_384


@dataclass(frozen=True, slots=True)
class Scanned:
    """Formulas by (row, column), both from 1."""

    formulas: Mapping[tuple[int, int], str]


def scan(data: bytes) -> dict[str, Scanned]:
    """Every worksheet by name. Raises SheetError."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            parts = _sheet_parts(package)
            _refuse_entities(package, set(parts.values()))
            return {name: _scan_sheet(package, part, name) for name, part in parts.items()}
    except (zipfile.BadZipFile, KeyError, zlib.error, EOFError, expat.ExpatError, NotImplementedError) as error:
        raise SheetError(SHAPE) from error


def _parse(package: zipfile.ZipFile, part: str, **handlers: Callable[..., Any]) -> None:
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartDoctypeDeclHandler = _refuse
    for name, handler in handlers.items():
        setattr(parser, name, handler)
    with package.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            parser.Parse(chunk, False)
        parser.Parse(b"", True)


def _refuse(*_: object) -> None:
    raise SheetError("文件里有不安全的 XML 声明，没有打开。请在 Excel 里另存为 .xlsx 后再上传。")


def _refuse_entities(package: zipfile.ZipFile, seen_later: set[str]) -> None:
    """No honest workbook declares a document type; the bombs that expand entities do."""
    for name in package.namelist():
        if name.endswith((".xml", ".rels")) and name not in seen_later:
            _parse(package, name)


def _sheet_parts(package: zipfile.ZipFile) -> dict[str, str]:
    sheets: dict[str, str] = {}
    targets: dict[str, str] = {}

    def on_sheet(tag: str, attributes: dict[str, str]) -> None:
        if tag.endswith(" sheet"):
            sheets[attributes.get("name", "")] = attributes.get(_REL) or attributes.get(_STRICT_REL, "")

    def on_relation(tag: str, attributes: dict[str, str]) -> None:
        if tag.endswith(" Relationship") and attributes.get("Type", "").endswith("/worksheet"):
            targets[attributes.get("Id", "")] = attributes.get("Target", "")

    _parse(package, "xl/workbook.xml", StartElementHandler=on_sheet)
    _parse(package, "xl/_rels/workbook.xml.rels", StartElementHandler=on_relation)
    # A chart sheet has a name but no worksheet part.
    return {name: _resolve(targets[rel]) for name, rel in sheets.items() if rel in targets}


def _resolve(target: str) -> str:
    return target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join("xl", target))


@dataclass
class _Walker:
    """Follows a worksheet's cells; counts only those that hold something, however far formatting reaches."""

    sheet: str
    row: int = 0
    column: int = 0
    last_row: int = 0
    last_column: int = 0
    filled_row: int = 0
    filled_rows: int = 0
    in_formula: bool = False
    formulas: dict[tuple[int, int], str] = field(default_factory=dict)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(" ")[2]
        if name == "c":
            place = attributes.get("r")
            self.row, self.column = _place(place) if place else (self.row, self.column + 1)
        elif name == "row":
            self.row, self.column = int(attributes.get("r") or self.row + 1), 0
        elif name in ("v", "is", "f"):
            self._filled()
            if name == "f":
                self.in_formula = True
                self.formulas[self.row, self.column] = ""

    def end(self, tag: str) -> None:
        if self.in_formula and tag.endswith(" f"):
            self.in_formula = False

    def text(self, text: str) -> None:
        if self.in_formula:
            known = self.formulas[self.row, self.column]
            self.formulas[self.row, self.column] = (known + text)[:_QUOTED]

    def _filled(self) -> None:
        if self.row != self.filled_row:
            self.filled_row, self.filled_rows = self.row, self.filled_rows + 1
        self.last_row, self.last_column = max(self.last_row, self.row), max(self.last_column, self.column)
        # The parser makes a dense table of everything between the first and the last cell.
        if self.last_row * self.last_column > MAX_CELLS or self.filled_rows > MAX_ROWS:
            raise SheetError(
                f"工作表“{self.sheet}”太大：最多 {MAX_ROWS:,} 行；远处若有多余的内容，请删去后另存，或分成几个文件。"
            )


def _place(reference: str) -> tuple[int, int]:
    """ "AB12" → (12, 28)."""
    letters = reference.rstrip("0123456789")
    column = 0
    for letter in letters[:4].upper():
        column = column * 26 + ord(letter) - 64
    if not 0 < column <= _MAX_COLUMNS or not (digits := reference[len(letters) :]):
        raise SheetError(SHAPE)
    return int(digits[:8]), column


def _scan_sheet(package: zipfile.ZipFile, part: str, name: str) -> Scanned:
    walker = _Walker(name)
    try:
        _parse(
            package,
            part,
            StartElementHandler=walker.start,
            EndElementHandler=walker.end,
            CharacterDataHandler=walker.text,
        )
    except ValueError as error:
        raise SheetError(SHAPE) from error
    return Scanned(walker.formulas)
