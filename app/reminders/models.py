import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import SmallInteger

from app.db import Base
from app.labels import Labelled
from app.reminders.terms import Anchor, Party, ReminderState, RuleState


def _one_of(column: str, words: type[Labelled]) -> CheckConstraint:
    listed = ", ".join(f"'{w.value}'" for w in words)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


class ReminderRule(Base):
    """Who is reminded of which date, how long before. Nobody is, until a person has seen to whom and put it to work."""

    __tablename__ = "reminder_rules"
    __table_args__ = (_one_of("anchor", Anchor), _one_of("state", RuleState))

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    anchor: Mapped[str]
    programme: Mapped[str | None] = mapped_column(ForeignKey("programmes.code"))
    milestone: Mapped[str | None]
    certificate: Mapped[str | None]
    audience: Mapped[list[str]]
    near_missed: Mapped[int] = mapped_column(SmallInteger, server_default=text("1"))
    near_percent: Mapped[int] = mapped_column(SmallInteger, server_default=text("10"))
    steps: Mapped[list[dict[str, Any]]]
    template: Mapped[str]
    mandatory: Mapped[bool] = mapped_column(server_default=text("false"))
    basis: Mapped[str] = mapped_column(server_default="")
    state: Mapped[str] = mapped_column(server_default="draft")
    version: Mapped[int] = mapped_column(server_default=text("1"))
    planned_on: Mapped[date | None]
    activated_at: Mapped[datetime | None]
    activator_name: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class ReminderTemplate(Base):
    """One version of a text; a sent message keeps its own words, so a version is never changed."""

    __tablename__ = "reminder_templates"
    __table_args__ = (UniqueConstraint("code", "version"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    code: Mapped[str]
    version: Mapped[int]
    title: Mapped[str]
    subject: Mapped[str]
    body: Mapped[str]
    staff_subject: Mapped[str]
    staff_body: Mapped[str]
    author_name: Mapped[str]
    created_at: Mapped[datetime]


class Reminder(Base):
    """The ledger: a step of a rule, for one date, to one recipient, once. Its id is also that of its message."""

    __tablename__ = "reminders"
    __table_args__ = (
        _one_of("party", Party),
        _one_of("state", ReminderState),
        # What was taken back before it left may be written again; everything else is there once, whoever plans.
        Index(
            "uq_reminders_once",
            "rule_id",
            "subject_id",
            "recipient_id",
            "step",
            "anchor_on",
            unique=True,
            postgresql_where=text("state <> 'withdrawn'"),
        ),
        Index("ix_reminders_firm", "firm_id", "created_at"),
        Index("ix_reminders_subject", "subject_id", "created_at"),
        Index("ix_reminders_created", "created_at", "id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    rule_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("reminder_rules.id"))
    subject_id: Mapped[uuid.UUID]  # the window or the certificate
    recipient_id: Mapped[uuid.UUID]  # the firm, or the person who looks after several
    step: Mapped[str]
    anchor_on: Mapped[date]
    due_on: Mapped[date]
    party: Mapped[str]
    firm_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("firms.id", ondelete="CASCADE"))
    milestone: Mapped[str | None]
    reason: Mapped[str] = mapped_column(server_default="")
    state: Mapped[str]
    firms: Mapped[int] = mapped_column(server_default=text("1"))
    template_version: Mapped[int]
    created_at: Mapped[datetime]


class ReminderSkip(Base):
    """A step whose day passed while nobody planned, or before its rule was put to work: what was left out, and why."""

    __tablename__ = "reminder_skips"
    __table_args__ = (UniqueConstraint("rule_id", "subject_id", "step", "anchor_on"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    rule_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("reminder_rules.id"))
    subject_id: Mapped[uuid.UUID]
    step: Mapped[str]
    anchor_on: Mapped[date]
    due_on: Mapped[date]
    why: Mapped[str]
    at: Mapped[datetime]


class ReminderSetting(Base):
    """One row: what holds for all rules."""

    __tablename__ = "reminder_settings"
    __table_args__ = (CheckConstraint("id = 1", name="single"), CheckConstraint("weekly_cap > 0", name="weekly_cap"))

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    weekly_cap: Mapped[int] = mapped_column(SmallInteger)
