import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import SmallInteger

from app.collecting.terms import AnswerState
from app.db import Base

_SEALED = "coalesce(figures ->> 'tenant.phone', '') = '' OR starts_with(figures ->> 'tenant.phone', 'sealed:')"
# The telephone is the last column of the tenants' form.
_FORM_OPEN = '$ ? (@.head[last] == "26 电话").rows[*][last] ? (@ != "" && !(@ starts with "sealed:"))'
_STATES = ", ".join(f"'{state.value}'" for state in AnswerState)


class CollectionRound(Base):
    """What a carrier gathers for a year, its first half, a quarter or a month. Closed, it keeps its forms as they were:
    `frozen`."""

    __tablename__ = "collection_rounds"
    __table_args__ = (
        UniqueConstraint("carrier_id", "period"),
        CheckConstraint("period ~ '^20[0-9]{2}(Q[1-4]|H1|M(0[1-9]|1[0-2]))?$'", name="period"),
        CheckConstraint("(closed_at IS NULL) = (frozen IS NULL)", name="closed"),
        CheckConstraint(f"NOT jsonb_path_exists(frozen, '{_FORM_OPEN}')", name="frozen_sealed"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    carrier_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("carriers.id", ondelete="CASCADE"))
    period: Mapped[str]
    due_on: Mapped[date]
    opened_at: Mapped[datetime]
    opener_name: Mapped[str]
    closed_at: Mapped[datetime | None]
    closer_name: Mapped[str] = mapped_column(server_default="")
    despite: Mapped[str] = mapped_column(server_default="")
    frozen: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    version: Mapped[int] = mapped_column(server_default=text("1"))


class CollectionAnswer(Base):
    """What one tenant owes to a round. `figures` by the codes of `items`: amounts in 元, all as strings."""

    __tablename__ = "collection_answers"
    __table_args__ = (
        UniqueConstraint("round_id", "firm_id", "team_id", postgresql_nulls_not_distinct=True),
        CheckConstraint(f"state IN ({_STATES})", name="state"),
        CheckConstraint("(firm_id IS NULL) <> (team_id IS NULL)", name="holder"),
        CheckConstraint("(state = 'exempt') = (exempt_reason <> '')", name="exempt"),
        CheckConstraint("state <> 'answered' OR answered_at IS NOT NULL", name="answered"),
        CheckConstraint("jsonb_typeof(figures) = 'object'", name="figures"),
        CheckConstraint(_SEALED, name="phone_sealed"),
        Index("ix_collection_answers_firm", "firm_id", postgresql_where=text("firm_id IS NOT NULL")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    round_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("collection_rounds.id", ondelete="CASCADE"))
    firm_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("firms.id", ondelete="CASCADE"))
    team_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("carrier_teams.id", ondelete="CASCADE"))
    state: Mapped[str] = mapped_column(server_default="waiting")
    figures: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    answered_at: Mapped[datetime | None]
    answerer_name: Mapped[str] = mapped_column(server_default="")
    basis: Mapped[str] = mapped_column(server_default="")
    exempt_reason: Mapped[str] = mapped_column(server_default="")
    chased_at: Mapped[datetime | None]
    chases: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    version: Mapped[int] = mapped_column(server_default=text("1"))


class CollectionVersion(Base):
    """Every answer as it was given; never changed."""

    __tablename__ = "collection_versions"
    __table_args__ = (CheckConstraint(_SEALED, name="phone_sealed"),)

    answer_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("collection_answers.id", ondelete="CASCADE"), primary_key=True
    )
    version: Mapped[int] = mapped_column(primary_key=True)
    figures: Mapped[dict[str, Any]] = mapped_column(JSONB)
    at: Mapped[datetime]
    author_name: Mapped[str]
    note: Mapped[str] = mapped_column(server_default="")


class CollectionCell(Base):
    """What the operator entered for a line of the carrier's own form; the last of a code counts, all are kept."""

    __tablename__ = "collection_cells"
    __table_args__ = (Index("ix_collection_cells_round", "round_id", "code", "at"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    round_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("collection_rounds.id", ondelete="CASCADE"))
    code: Mapped[str]
    value: Mapped[str]
    reason: Mapped[str] = mapped_column(server_default="")
    author_name: Mapped[str]
    at: Mapped[datetime]
