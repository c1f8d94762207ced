import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, desc, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base
from app.labels import Labelled
from app.work.terms import Handed, MergeState, NeedKind, NeedState, Owner, TaskState, VisitKind, WorkKind


def _one_of(column: str, words: type[Labelled]) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({', '.join(repr(str(w.value)) for w in words)})", name=column)


_OPEN = text("state = 'open'")


class FirmVisit(Base):
    """走访: who spoke with whom of the firm, when, and about what. A mistaken one is struck, never erased."""

    __tablename__ = "firm_visits"
    __table_args__ = (
        _one_of("kind", VisitKind),
        CheckConstraint("(struck_at IS NULL) = (striker_name = '')", name="struck"),
        Index("ix_firm_visits_firm", "firm_id", desc("visited_on"), desc("id")),
        Index("ix_firm_visits_visitor", "visitor_id", "visited_on", postgresql_where=text("struck_at IS NULL")),
        Index("ix_firm_visits_day", "visited_on", postgresql_where=text("struck_at IS NULL")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    firm_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("firms.id", ondelete="CASCADE"))
    visited_on: Mapped[date]
    kind: Mapped[str]
    people: Mapped[str] = mapped_column(server_default="")
    summary: Mapped[str]
    next_touch_on: Mapped[date | None]
    visitor_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    visitor_name: Mapped[str]
    logged_at: Mapped[datetime]
    struck_at: Mapped[datetime | None]
    striker_name: Mapped[str] = mapped_column(server_default="")
    strike_reason: Mapped[str] = mapped_column(server_default="")


class FirmTask(Base):
    """What somebody is to do for a firm, by a day; or what the firm said it would do."""

    __tablename__ = "firm_tasks"
    __table_args__ = (
        _one_of("state", TaskState),
        _one_of("owner", Owner),
        CheckConstraint("(closed_at IS NULL) = (state = 'open')", name="closed"),
        Index("ix_firm_tasks_firm", "firm_id"),
        Index("ix_firm_tasks_officer", "officer_id", "due_on", "id", postgresql_where=_OPEN),
        Index("ix_firm_tasks_due", "due_on", "id", postgresql_where=_OPEN),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    firm_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("firms.id", ondelete="CASCADE"))
    visit_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("firm_visits.id", ondelete="SET NULL"), index=True)
    title: Mapped[str]
    due_on: Mapped[date]
    owner: Mapped[str]
    officer_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    state: Mapped[str] = mapped_column(server_default="open")
    row_version: Mapped[int] = mapped_column(server_default=text("1"))
    author_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    author_name: Mapped[str]
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    closer_name: Mapped[str] = mapped_column(server_default="")


class FirmNeed(Base):
    """诉求: what a firm asks of the government, followed until it is answered."""

    __tablename__ = "firm_needs"
    __table_args__ = (
        _one_of("kind", NeedKind),
        _one_of("state", NeedState),
        CheckConstraint("(closed_at IS NULL) = (state = 'open')", name="closed"),
        Index("ix_firm_needs_firm", "firm_id"),
        Index("ix_firm_needs_officer", "officer_id", "due_on", "id", postgresql_where=_OPEN),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    firm_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("firms.id", ondelete="CASCADE"))
    visit_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("firm_visits.id", ondelete="SET NULL"), index=True)
    kind: Mapped[str]
    body: Mapped[str]
    raised_on: Mapped[date]
    due_on: Mapped[date | None]
    officer_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    state: Mapped[str] = mapped_column(server_default="open")
    answer: Mapped[str] = mapped_column(server_default="")
    row_version: Mapped[int] = mapped_column(server_default=text("1"))
    author_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    author_name: Mapped[str]
    logged_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    closer_name: Mapped[str] = mapped_column(server_default="")


class NeedFollowUp(Base):
    __tablename__ = "need_follow_ups"
    __table_args__ = (Index("ix_need_follow_ups_need", "need_id", "at"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    need_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("firm_needs.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    author_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    author_name: Mapped[str]
    body: Mapped[str]


class StaleEscalation(Base):
    """When the bureau's head was last told that nobody speaks with a firm: once for each silence."""

    __tablename__ = "stale_escalations"

    firm_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("firms.id", ondelete="CASCADE"), primary_key=True)
    told_on: Mapped[date]


class FirmMerge(Base):
    """Two records of one firm made one, with all that is needed to take it back."""

    __tablename__ = "firm_merges"
    __table_args__ = (
        _one_of("state", MergeState),
        Index("uq_firm_merges_gone", "gone_id", unique=True, postgresql_where=text("state = 'done'")),
        Index("ix_firm_merges_kept", "kept_id"),
        Index("ix_firm_merges_at", desc("merged_at"), desc("id")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    kept_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("firms.id", ondelete="CASCADE"))
    gone_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("firms.id", ondelete="CASCADE"))
    state: Mapped[str] = mapped_column(server_default="done")
    record: Mapped[dict[str, Any]]
    merged_at: Mapped[datetime]
    merged_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    merger_name: Mapped[str]
    undone_at: Mapped[datetime | None]
    undoer_name: Mapped[str] = mapped_column(server_default="")


class Handover(Base):
    """All of somebody's open work given to another in one act, and perhaps taken back since."""

    __tablename__ = "handovers"
    __table_args__ = (CheckConstraint("(undone_at IS NULL) = (undoer_name = '')", name="undone"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    giver_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    giver_name: Mapped[str]
    taker_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    taker_name: Mapped[str]
    reason: Mapped[str]
    scope: Mapped[str]  # the division within which its creator sees firms
    created_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    creator_name: Mapped[str]
    created_at: Mapped[datetime]
    undone_at: Mapped[datetime | None]
    undoer_name: Mapped[str] = mapped_column(server_default="")


class HandoverItem(Base):
    """One piece of it. No key to the piece: what was handed over outlives it."""

    __tablename__ = "handover_items"
    __table_args__ = (_one_of("kind", WorkKind), _one_of("outcome", Handed))

    handover_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("handovers.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    item_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    outcome: Mapped[str] = mapped_column(server_default=text("'given'"))
    reason: Mapped[str] = mapped_column(server_default="")
