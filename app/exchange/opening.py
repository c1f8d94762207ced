"""Telephones of an export: sealed where the database writes the list, opened or masked on the way out."""

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, Text, bindparam, case, func, literal_column

from app.personal.masking import mask
from app.personal.terms import Kind
from app.sealed import PARTS, UNREADABLE, value_at
from app.vault import Unreadable, Vault

_RISKY = "=+-@\t\r"
_OPTION = "tidu_opening"


@dataclass(frozen=True, slots=True)
class Opening:
    """`token` stands in front of what is to be opened, and nobody who writes into a field knows it: what somebody typed
    that looks sealed stays as it is."""

    token: str
    masked: bool

    @classmethod
    def new(cls, *, masked: bool) -> "Opening":
        return cls(secrets.token_hex(16), masked)

    def cell(self, row: Any, column: Any) -> Any:
        """`row`: whose it is, so that what was moved there from elsewhere is not opened. Of what is sealed only the
        last part: the place is known here, and a county has a hundred thousand of them."""
        token = bindparam(None, self.token, type_=Text(), unique=True)
        value = func.split_part(column, literal_column("':'"), literal_column(f"{PARTS}"))
        return case((column != "", func.concat(token, row, literal_column("'/'"), value)))

    def put(self, query: Select[Any]) -> Select[Any]:
        return query.execution_options(**{_OPTION: self})

    def row(self, vault: Vault, row: Iterable[Any], place: int) -> list[Any]:
        cells = list(row)
        if cells[place]:
            cells[place] = self.opened(vault, cells[place])
        return cells

    def opened(self, vault: Vault, cell: str) -> str:
        row, _, sealed = cell[len(self.token) :].partition("/")
        try:
            value = value_at(vault, sealed, column="contacts.phone", row=row)
        except Unreadable:
            return UNREADABLE
        return mask(Kind.PHONE, value) if self.masked else value


def opening_of(query: Select[Any]) -> Opening:
    """Of a list without telephones: one whose token stands nowhere."""
    found: Opening | None = query.get_execution_options().get(_OPTION)
    return found or Opening.new(masked=True)


class Lines:
    """The CSV in whole lines, however it comes from the database."""

    def __init__(self, opening: Opening, vault: Vault) -> None:
        self._opening, self._vault, self._rest = opening, vault, b""
        self._cell = re.compile(re.escape(opening.token.encode()) + rb"[\w.:/\-]+")

    def of(self, data: bytes) -> bytes:
        whole, end, self._rest = (self._rest + data).rpartition(b"\n")
        return self._cell.sub(self._written, whole + end)

    def rest(self) -> bytes:
        return self._cell.sub(self._written, self._rest)

    def _written(self, found: re.Match[bytes]) -> bytes:
        value = self._opening.opened(self._vault, found[0].decode())
        if value[:1] in _RISKY:
            value = "'" + value
        if any(c in value for c in ',"\n\r'):
            value = '"' + value.replace('"', '""') + '"'
        return value.encode()
