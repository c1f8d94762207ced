import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, desc, text
from sqlalchemy.orm import Mapped, mapped_column

from app.bulk.terms import ActState, BulkKind, LineOutcome
from app.db import Base
from app.labels import Labelled


def _one_of(column: str, words: type[Labelled]) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({', '.join(repr(str(w.value)) for w in words)})", name=column)


_BUSY = ", ".join(repr(s.value) for s in ActState if s.busy)


class BulkAct(Base):
    """One thing done to many firms, from its preview to its undoing."""

    __tablename__ = "bulk_acts"
    __table_args__ = (
        _one_of("kind", BulkKind),
        _one_of("state", ActState),
        Index("ix_bulk_acts_created", desc("created_at"), desc("id")),
        Index("ix_bulk_acts_waiting", "created_at", postgresql_where=text(f"state IN ({_BUSY})")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    change: Mapped[dict[str, Any]]
    query: Mapped[str]  # the filter as an address writes it; "" for firms named one by one
    state: Mapped[str]
    scope: Mapped[str]  # the division within which its creator sees firms
    created_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    creator_name: Mapped[str]
    created_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    undoer_name: Mapped[str] = mapped_column(server_default="")
    lease_until: Mapped[datetime | None]
    total: Mapped[int] = mapped_column(server_default=text("0"))
    missing: Mapped[int] = mapped_column(server_default=text("0"))  # named, and not in sight or not there
    sentence: Mapped[str] = mapped_column(server_default="")


class BulkLine(Base):
    """A firm in a bulk act, as the preview saw it. No key to the firm: what was done outlives it."""

    __tablename__ = "bulk_lines"
    __table_args__ = (_one_of("outcome", LineOutcome), Index("ix_bulk_lines_outcome", "act_id", "outcome", "firm_id"))

    act_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("bulk_acts.id", ondelete="CASCADE"), primary_key=True)
    firm_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    tier: Mapped[str | None]
    since: Mapped[date | None]
    outcome: Mapped[str]
    reason: Mapped[str] = mapped_column(server_default="")
    undo: Mapped[dict[str, Any] | None]  # what an undo puts back
