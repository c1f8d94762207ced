"""Masking where the database writes a list by itself."""

from typing import Any

from sqlalchemy import ColumnElement, case, func

from app.personal.masking import MARK
from app.personal.terms import Kind


def masked_column(kind: Kind, column: Any) -> ColumnElement[Any]:
    """As `app.personal.masking.mask` does it, for a name or a telephone."""
    length = func.length(column)
    if kind is Kind.NAME:
        return func.concat(func.left(column, 1), func.repeat(MARK, func.greatest(length - 1, 1)))
    long = func.concat(func.left(column, 3), func.repeat(MARK, length - 7), func.right(column, 4))
    short = func.concat(func.repeat(MARK, func.greatest(length - 2, 0)), func.right(column, 2))
    return case((length >= 10, long), else_=short)
