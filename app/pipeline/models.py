import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, desc, text
from sqlalchemy.dialects.postgresql import DATERANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class LadderRow(Base):
    __tablename__ = "ladders"

    code: Mapped[str] = mapped_column(primary_key=True)
    label: Mapped[str]
    source: Mapped[str] = mapped_column(server_default="")


class TierRow(Base):
    __tablename__ = "tiers"

    ladder: Mapped[str] = mapped_column(ForeignKey("ladders.code"), primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    label: Mapped[str]
    short: Mapped[str]
    rank: Mapped[int]
    policy: Mapped[str]
    expected_months: Mapped[int | None]
    stale_working_days: Mapped[int | None]
    escalate_working_days: Mapped[int | None]
    needs_approval: Mapped[bool] = mapped_column(server_default=text("false"))
    source: Mapped[str] = mapped_column(server_default="")


class Placement(Base):
    """A firm on a tier from a day until (not including) another: never two at once on one ladder."""

    __tablename__ = "placements"
    __table_args__ = (
        ForeignKeyConstraint(["ladder", "tier"], ["tiers.ladder", "tiers.code"]),
        CheckConstraint("NOT isempty(period) AND NOT lower_inf(period)", name="period"),
        ExcludeConstraint(
            ("firm_id", "="), ("ladder", "="), ("period", "&&"), name="ex_placements_overlap", using="gist"
        ),
        Index(
            "ix_placements_current",
            "firm_id",
            "ladder",
            unique=True,
            postgresql_where=text("upper_inf(period)"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    firm_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("firms.id", ondelete="CASCADE"))
    ladder: Mapped[str]
    tier: Mapped[str]
    period: Mapped[Range[date]] = mapped_column(DATERANGE)


class Move(Base):
    """What happened, when it took effect and when it was recorded. Append-only by trigger."""

    __tablename__ = "moves"
    __table_args__ = (
        Index("ix_moves_firm_recorded", "firm_id", desc("recorded_at")),
        Index("ix_moves_recorded", desc("recorded_at")),
        Index("ix_moves_overridden", "firm_id", postgresql_where=text("override_reason IS NOT NULL")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    # No foreign key: history outlives a firm that an undone import takes back.
    firm_id: Mapped[uuid.UUID]
    ladder: Mapped[str]
    from_tier: Mapped[str | None]
    to_tier: Mapped[str | None]
    kind: Mapped[str]
    effective_on: Mapped[date]
    recorded_at: Mapped[datetime]
    actor_id: Mapped[uuid.UUID | None]
    actor_name: Mapped[str]
    approver_id: Mapped[uuid.UUID | None]
    approver_name: Mapped[str | None]
    reason: Mapped[str]
    override_reason: Mapped[str | None]
    assessment: Mapped[dict[str, Any]]  # the gate's result as the officer saw it
    first_recorder: Mapped[str | None]  # of a move that was brought from elsewhere: who wrote it down there, and when
    first_recorded_on: Mapped[date | None]


class MoveRequest(Base):
    """A move that waits for its second person. The move that follows carries the same id."""

    __tablename__ = "move_requests"
    __table_args__ = (
        Index(
            "uq_move_requests_pending",
            "firm_id",
            "ladder",
            unique=True,
            postgresql_where=text("state = 'pending'"),
        ),
        Index("ix_move_requests_pending_at", "requested_at", postgresql_where=text("state = 'pending'")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    firm_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("firms.id", ondelete="CASCADE"), index=True)
    ladder: Mapped[str]
    from_tier: Mapped[str | None]
    to_tier: Mapped[str | None]
    kind: Mapped[str]
    effective_on: Mapped[date]
    reason: Mapped[str]
    override_reason: Mapped[str | None]
    assessment: Mapped[dict[str, Any]]
    requested_by: Mapped[uuid.UUID]
    requester_name: Mapped[str]
    requested_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(server_default="pending")
    decided_by: Mapped[uuid.UUID | None]
    decider_name: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    decision_reason: Mapped[str | None]
