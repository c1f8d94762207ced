"""Statements that are built once and run all day, and their rows."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import asyncpg
from sqlalchemy import Dialect, Executable
from sqlalchemy.exc import MultipleResultsFound, NoResultFound


class Kept:
    """`_NOTES = Kept(select(...))`, then `conn.execute(_NOTES, values)`.

    SQLAlchemy's own execution of a statement costs twice what the driver and PostgreSQL need together. What it works
    out each time (the text, the order of the parameters, how each is written) is worked out once for a kept one.

    `looks`: where it finds a row, it also tells the database for whom this connection looks from now on.
    """

    def __init__(self, statement: Executable, *, looks: bool = False) -> None:
        self.statement = statement
        self.looks = looks
        self.ready: Written | None = None

    def written(self, dialect: Dialect) -> "Written":
        if self.ready is None:
            self.ready = Written(self.statement, dialect)
        return self.ready


class Written:
    """A kept statement as the driver takes it."""

    def __init__(self, statement: Executable, dialect: Dialect) -> None:
        compiled: Any = statement.compile(dialect=dialect)  # type: ignore[attr-defined]
        # Values that go into the text itself, such as a search's words, make another text each time; a column's
        # default is worked out by SQLAlchemy. Such a statement is run the ordinary way.
        written_each_time = compiled.literal_execute_params or compiled.post_compile_params
        self.fixed = not (written_each_time or compiled.insert_prefetch or compiled.update_prefetch)
        self.text: str = compiled.string
        binds = [(name, compiled.binds[name]) for name in compiled.positiontup or ()]
        self._parameters = [(name, bind.type.dialect_impl(dialect).bind_processor(dialect)) for name, bind in binds]
        self._given = {name: bind.effective_value for name, bind in binds if not bind.required}

    def filled(self, values: Mapping[str, Any]) -> list[Any] | None:
        """The parameters in their order; None when one is missing, which SQLAlchemy says best."""
        given = {**self._given, **values} if self._given else values
        try:
            return [write(given[name]) if write else given[name] for name, write in self._parameters]
        except KeyError:
            return None


class Row(asyncpg.Record):  # type: ignore[misc]
    """The driver's row, read by position or by name, as SQLAlchemy's rows are."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError as error:
            raise AttributeError(name) from error


class Rows:
    """A kept statement's answer, all of it; the names are those of SQLAlchemy's results."""

    __slots__ = ("_rows",)

    def __init__(self, rows: Sequence[Any]) -> None:
        self._rows = rows

    def __iter__(self) -> Iterator[Any]:
        return iter(self._rows)

    def all(self) -> Sequence[Any]:
        return self._rows

    def one_or_none(self) -> Any:
        if len(self._rows) > 1:
            raise MultipleResultsFound("more than one row where one at most was expected")
        return self._rows[0] if self._rows else None

    def one(self) -> Any:
        row = self.one_or_none()
        if row is None:
            raise NoResultFound("no row where one was expected")
        return row

    def scalar_one(self) -> Any:
        return self.one()[0]
