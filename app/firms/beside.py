"""What a page of firms shows beside their rows, for whoever asked for it."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Select, bindparam, func, literal_column, select

from app.firms.models import Firm
from app.statements import Kept


class Beside(Protocol):
    """Equal ones, which have the same columns, share a statement."""

    def columns(self) -> Sequence[ColumnElement[Any]]:
        """Of the table of firms."""

    def values(self) -> Mapping[str, Any]: ...

    def __hash__(self) -> int: ...


def with_beside(page: Select[Any], beside: Beside | None, rows: int | None = None) -> Kept:
    """What is beside them is read of the firms of a page alone, after they were chosen and in their order. `rows`
    then stands in the text: a plan for any number of firms would look up everybody's dates for those of fifty."""
    if beside is None or rows is None:
        return Kept(page.limit(bindparam("rows")))
    chosen = page.limit(literal_column(f"{rows}")).subquery()
    card = select(*chosen.c, func.row_number().over().label("position")).subquery("chosen")
    more = (column.label(f"beside_{n}") for n, column in enumerate(beside.columns()))
    whole = select(*(card.c[column.key] for column in chosen.c), *more)
    return Kept(whole.join(Firm.__table__, Firm.id == card.c.id).order_by(card.c.position))
