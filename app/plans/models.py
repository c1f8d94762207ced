import uuid
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, Numeric, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import SmallInteger

from app.db import Base
from app.labels import Labelled
from app.plans.terms import ActualState, IndicatorKind, Origin, PlanState, Reading, SnapshotKind, TargetLevel


def _one_of(column: str, words: type[Labelled]) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({', '.join(repr(str(w.value)) for w in words)})", name=column)


class PlanRow(Base):
    """A five-year plan of a division. Its version counts every change to it, its indicators and its targets."""

    __tablename__ = "plans"
    __table_args__ = (
        _one_of("state", PlanState),
        CheckConstraint("baseline_year < first_year AND first_year <= last_year", name="years"),
    )

    code: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    short: Mapped[str]
    region: Mapped[str] = mapped_column(ForeignKey("regions.code"))
    baseline_year: Mapped[int] = mapped_column(SmallInteger)
    first_year: Mapped[int] = mapped_column(SmallInteger)
    last_year: Mapped[int] = mapped_column(SmallInteger)
    state: Mapped[str]
    nature: Mapped[str] = mapped_column(server_default="")  # 预期性 or 约束性, as the plan itself says
    document: Mapped[str] = mapped_column(server_default="")
    grade: Mapped[str]
    ledger_since: Mapped[date | None]  # before that day the ledger was not whole, and nothing is counted from it
    version: Mapped[int] = mapped_column(server_default=text("1"))


class PlanIndicatorRow(Base):
    """What is measured, how, and who publishes it. `supporting` ones are kept beside the plan and have no target."""

    __tablename__ = "plan_indicators"
    __table_args__ = (
        _one_of("kind", IndicatorKind),
        _one_of("reading", Reading),
        CheckConstraint("scale > 0", name="scale"),
        CheckConstraint("weight >= 0", name="weight"),
    )

    plan: Mapped[str] = mapped_column(ForeignKey("plans.code", ondelete="CASCADE"), primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    rank: Mapped[int] = mapped_column(SmallInteger)
    title: Mapped[str]
    unit: Mapped[str]
    kind: Mapped[str]
    supporting: Mapped[bool] = mapped_column(server_default=text("false"))
    money: Mapped[bool] = mapped_column(server_default=text("false"))  # its levels are kept in 元
    scale: Mapped[Decimal] = mapped_column(Numeric(10, 2), server_default=text("100"))
    baseline: Mapped[Decimal | None] = mapped_column(Numeric(24, 6))
    baseline_words: Mapped[str] = mapped_column(server_default="")
    definition: Mapped[str] = mapped_column(server_default="")
    owner: Mapped[str] = mapped_column(server_default="")
    basis: Mapped[str] = mapped_column(server_default="")
    notes: Mapped[list[str]] = mapped_column(server_default=text("'[]'"))
    counting: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))  # how the ledger counts it
    readings: Mapped[list[str]] = mapped_column(server_default=text("'[]'"))
    reading: Mapped[str] = mapped_column(server_default=Reading.CUMULATIVE.value)
    weight: Mapped[Decimal] = mapped_column(Numeric(6, 2), server_default=text("0"))  # on the towns' scoreboard


class PlanTargetRow(Base):
    """A value for a year and a part of the division; none where the plan speaks of a target that nobody has issued."""

    __tablename__ = "plan_targets"
    __table_args__ = (
        ForeignKeyConstraint(
            ["plan", "indicator"], ["plan_indicators.plan", "plan_indicators.code"], ondelete="CASCADE"
        ),
        _one_of("level", TargetLevel),
        CheckConstraint("value IS NOT NULL OR words <> ''", name="value"),
    )

    plan: Mapped[str] = mapped_column(primary_key=True)
    indicator: Mapped[str] = mapped_column(primary_key=True)
    scope: Mapped[str] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    level: Mapped[str] = mapped_column(primary_key=True, server_default=TargetLevel.TARGET.value)
    value: Mapped[Decimal | None] = mapped_column(Numeric(24, 6))
    words: Mapped[str] = mapped_column(server_default="")


class PlanActualRow(Base):
    """What was reached, as somebody said it at a time. A correction is another version; none is written over."""

    __tablename__ = "plan_actuals"
    __table_args__ = (
        ForeignKeyConstraint(["plan", "indicator"], ["plan_indicators.plan", "plan_indicators.code"]),
        UniqueConstraint("plan", "indicator", "scope", "year", "version"),
        _one_of("state", ActualState),
        _one_of("origin", Origin),
        CheckConstraint("value IS NOT NULL OR (numerator IS NOT NULL AND denominator > 0)", name="value"),
        CheckConstraint("(state = 'final') = (confirmed_at IS NOT NULL)", name="confirmed"),
        Index("ix_plan_actuals_proposed", "plan", postgresql_where=text("state = 'proposed'")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    plan: Mapped[str]
    indicator: Mapped[str]
    scope: Mapped[str]
    year: Mapped[int] = mapped_column(SmallInteger)
    version: Mapped[int]
    value: Mapped[Decimal | None] = mapped_column(Numeric(24, 6))
    numerator: Mapped[Decimal | None] = mapped_column(Numeric(24, 6))
    denominator: Mapped[Decimal | None] = mapped_column(Numeric(24, 6))
    state: Mapped[str]
    as_of: Mapped[date]
    origin: Mapped[str]
    source: Mapped[str]
    note: Mapped[str] = mapped_column(server_default="")
    entered_at: Mapped[datetime]
    entered_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    enterer_name: Mapped[str]
    confirmed_at: Mapped[datetime | None]
    confirmed_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    confirmer_name: Mapped[str] = mapped_column(server_default="")


class PlanSnapshotRow(Base):
    """What a year looked like when it was evaluated. Append-only by trigger."""

    __tablename__ = "plan_snapshots"
    __table_args__ = (UniqueConstraint("plan", "kind", "year", "taken_at"), _one_of("kind", SnapshotKind))

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    plan: Mapped[str] = mapped_column(ForeignKey("plans.code"))
    kind: Mapped[str]
    year: Mapped[int] = mapped_column(SmallInteger)
    body: Mapped[list[dict[str, Any]]]
    remark: Mapped[str] = mapped_column(server_default="")
    taken_at: Mapped[datetime]
    actor_id: Mapped[uuid.UUID | None]
    actor_name: Mapped[str]
