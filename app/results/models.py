import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base
from app.labels import Labelled
from app.results.terms import ListKind, ListState, Match, Outcome


def _one_of(column: str, words: type[Labelled]) -> CheckConstraint:
    listed = ", ".join(f"'{w.value}'" for w in words)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


class ResultListRow(Base):
    """A list that an authority published, as somebody of the bureau brought it in."""

    __tablename__ = "result_lists"
    __table_args__ = (
        _one_of("kind", ListKind),
        _one_of("state", ListState),
        Index("ix_result_lists_window", "window_id", "created_at"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    window_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("filing_windows.id"))
    scope: Mapped[str]  # the division of whoever brought it in
    kind: Mapped[str]
    document: Mapped[str]
    address: Mapped[str] = mapped_column(server_default="")
    announced_on: Mapped[date]
    issued_on: Mapped[date | None]  # of the lines that have no day of their own
    source: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=ListState.PREVIEW.value)
    version: Mapped[int] = mapped_column(server_default=text("1"))
    created_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    creator_name: Mapped[str]
    created_at: Mapped[datetime]
    applied_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]


class ResultLineRow(Base):
    """A line of it. Firms stand in it by their code, as a list names them: it outlives a firm taken back."""

    __tablename__ = "result_lines"
    __table_args__ = (
        _one_of("match", Match),
        _one_of("outcome", Outcome),
        Index("ix_result_lines_chosen", "chosen", postgresql_where=text("chosen <> ''")),
    )

    list_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("result_lists.id", ondelete="CASCADE"), primary_key=True)
    row_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str]
    uscc: Mapped[str] = mapped_column(server_default="")
    number: Mapped[str] = mapped_column(server_default="")
    issued_on: Mapped[date | None]
    expires_on: Mapped[date | None]
    problem: Mapped[str] = mapped_column(server_default="")
    match: Mapped[str]
    candidates: Mapped[list[dict[str, Any]]] = mapped_column(server_default=text("'[]'"))
    settled: Mapped[bool] = mapped_column(server_default=text("false"))
    chosen: Mapped[str] = mapped_column(server_default="")
    outcome: Mapped[str | None]
    said: Mapped[str] = mapped_column(server_default="")
    undo: Mapped[dict[str, Any] | None]
