"""A file as a roster of firms: its table found, its rows understood; and a row as it is kept until it is applied."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from app.exchange.columns import IGNORED, NAMES, REQUIRED
from app.exchange.examining import Examined
from app.exchange.marks import refuse_other_template
from app.exchange.naming import Names
from app.exchange.rules import Understood, compare_within, read_row
from app.exchange.terms import BatchKind, Message, ReadSheet, RowCertificate, Severity
from app.sheets import RawSheet, SheetError, find_table, rows_of
from app.text.clean import printable

_DATES, _AMOUNTS = frozenset({"registered_on"}), frozenset({"registered_capital"})


@dataclass(frozen=True, slots=True)
class Roster:
    sheet: str
    header_row: int
    unknown: Sequence[str]
    doubled: Sequence[str]
    columns: Mapping[str, int]  # field → column, from 0
    rows: Sequence[Understood]

    @property
    def read(self) -> ReadSheet:
        return ReadSheet(self.sheet, self.header_row, self.unknown, self.doubled, self.columns, len(self.rows))


def understand(sheets: Sequence[RawSheet], names: Names) -> Roster:
    """Raises SheetError."""
    refuse_other_template(BatchKind.FIRMS, sheets)
    table = find_table(sheets, NAMES, required=REQUIRED, ignored=IGNORED)
    found = rows_of(table, NAMES, identity=REQUIRED, code="uscc")
    rows = compare_within(read_row(r.number, r.cells, names=names) for r in found)
    if not rows:
        raise SheetError(f"工作表“{table.sheet.name}”有表头，没有企业。")
    return Roster(table.sheet.name, table.header_row, table.unknown, table.doubled, table.columns, rows)


def to_json(row: Understood) -> dict[str, Any]:
    certificate = row.certificate
    return {
        "values": {f: v if isinstance(v, bool) else str(v) for f, v in row.values.items()},
        "contact": [row.contact_name, row.contact_phone],
        "certificate": [certificate.number, certificate.issued_on.isoformat()] if certificate else None,
        "tier": row.tier,
        "messages": [m.to_json() for m in row.messages],
    }


def kept(examined: Examined) -> dict[str, Any]:
    """A row as `service.keep_rows` writes it."""
    row, firm = examined.row, examined.firm
    return {
        "row_no": row.row_no,
        "outcome": examined.outcome.value,
        "uscc": printable(row.uscc),
        "name": printable(row.name),
        "firm_id": firm.id if firm else None,
        "values": {**to_json(row), "version": firm.version if firm else None},
        "changes": [c.to_json() for c in examined.changes],
        "messages": [m.to_json() for m in examined.messages],
    }


def from_json(row_no: int, uscc: str, name: str, kept: Mapping[str, Any]) -> Understood:
    certificate = kept["certificate"]
    return Understood(
        row_no,
        name,
        uscc,
        {f: _value(f, v) for f, v in kept["values"].items()},
        kept["contact"][0],
        kept["contact"][1],
        RowCertificate(certificate[0], date.fromisoformat(certificate[1])) if certificate else None,
        kept["tier"],
        tuple(Message(m["field"], m["sentence"], Severity(m["severity"])) for m in kept["messages"]),
    )


def _value(name: str, value: Any) -> Any:
    if name in _DATES:
        return date.fromisoformat(value)
    return Decimal(value) if name in _AMOUNTS else value
