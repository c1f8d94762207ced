import uuid
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import SmallInteger, Text, Uuid

from app.assessments.terms import PlanState, VersionState
from app.db import Base
from app.policy.terms import Outcome

_STATES = ", ".join(f"'{state.value}'" for state in VersionState)
_PLAN_STATES = ", ".join(f"'{state.value}'" for state in PlanState)
_OUTCOMES = ", ".join(f"'{outcome.value}'" for outcome in Outcome)


class PolicyVersion(Base):
    """One version of a policy, as `app.policy.packs.Version` reads it. A published body is never changed by hand:
    a correction is a new version, so that what was judged under it can be looked up."""

    __tablename__ = "policy_versions"
    __table_args__ = (
        UniqueConstraint("policy", "version"),
        CheckConstraint(f"state IN ({_STATES})", name="state"),
        Index("ix_policy_versions_state", "state", "policy"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    policy: Mapped[str]
    version: Mapped[str]
    title: Mapped[str]
    subject: Mapped[str]
    state: Mapped[str]
    origin: Mapped[str]
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    row_version: Mapped[int] = mapped_column(server_default=text("1"))
    created_at: Mapped[datetime]
    created_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    author_name: Mapped[str]
    submitted_at: Mapped[datetime | None]
    submitted_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    submitter_name: Mapped[str] = mapped_column(server_default="")
    published_at: Mapped[datetime | None]
    published_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    publisher_name: Mapped[str] = mapped_column(server_default="")
    editors: Mapped[list[uuid.UUID]] = mapped_column(ARRAY(Uuid()), server_default="{}")  # none of them may publish it
    returned_at: Mapped[datetime | None]
    returner_name: Mapped[str] = mapped_column(server_default="")
    return_reason: Mapped[str] = mapped_column(server_default="")
    # Asked for by one person, done by another. From `retire_on` on it no longer answers; before that day it still does.
    retire_on: Mapped[date | None]
    retire_reason: Mapped[str] = mapped_column(server_default="")
    retire_asked_at: Mapped[datetime | None]
    retire_asked_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    retire_asker_name: Mapped[str] = mapped_column(server_default="")
    retired_at: Mapped[datetime | None]
    retired_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    retirer_name: Mapped[str] = mapped_column(server_default="")


class PolicyImpact(Base):
    """What a version would change if it answered today: asked for by a person, counted batch by batch."""

    __tablename__ = "policy_impacts"
    __table_args__ = (Index("ix_policy_impacts_unfinished", "asked_at", postgresql_where=text("finished_at IS NULL")),)

    version_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("policy_versions.id", ondelete="CASCADE"), primary_key=True
    )
    text_hash: Mapped[str]  # of the version's text as it was judged; another text needs another count
    as_of: Mapped[date]
    asked_at: Mapped[datetime]
    last_firm: Mapped[uuid.UUID | None]  # where the next batch goes on
    done: Mapped[int] = mapped_column(server_default=text("0"))
    total: Mapped[int]
    counts: Mapped[dict[str, Any]]  # "met>not_met" to how many firms, those that stay the same among them
    finished_at: Mapped[datetime | None]


class PolicyImpactFirm(Base):
    """A firm whose answer would be another one."""

    __tablename__ = "policy_impact_firms"
    __table_args__ = (Index("ix_policy_impact_firms_firm", "firm_id"),)  # for a firm that goes

    version_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("policy_impacts.version_id", ondelete="CASCADE"), primary_key=True
    )
    firm_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("firms.id", ondelete="CASCADE"), primary_key=True)
    before: Mapped[str]
    after: Mapped[str]


class FirmAssessment(Base):
    """A policy's latest answer for a firm, as lists need it; the sentences are made when somebody reads them."""

    __tablename__ = "assessments"
    __table_args__ = (
        CheckConstraint(f"outcome IN ({_OUTCOMES})", name="outcome"),
        # The near-miss lists: unmet by few conditions and little, or lacking only data.
        Index("ix_assessments_near", "policy", "outcome", "missed", "shortfall", "firm_id"),
    )

    firm_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("firms.id", ondelete="CASCADE"), primary_key=True)
    policy: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str]
    outcome: Mapped[str]
    missed: Mapped[int] = mapped_column(SmallInteger)  # conditions not met
    lacking: Mapped[int] = mapped_column(SmallInteger)  # conditions that cannot be told for want of data
    shortfall: Mapped[Decimal | None] = mapped_column(Numeric(12, 6))  # of the farthest missed; NULL: no measure
    score_low: Mapped[int | None] = mapped_column(SmallInteger)
    score_high: Mapped[int | None] = mapped_column(SmallInteger)
    open_codes: Mapped[list[str]] = mapped_column(ARRAY(Text()))  # the conditions missed, then those lacking data
    as_of: Mapped[date]
    assessed_at: Mapped[datetime]


class ChangedFirm(Base):
    """A firm whose facts have changed since it was last assessed; triggers on the fact tables write it."""

    __tablename__ = "changed_firms"

    firm_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("firms.id", ondelete="CASCADE"), primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class FirmPlan(Base):
    """一企一策: how one firm is to come to one title, by when, and who of the bureau sees to it."""

    __tablename__ = "firm_plans"
    __table_args__ = (
        CheckConstraint(f"state IN ({_PLAN_STATES})", name="state"),
        Index("uq_firm_plans_open", "firm_id", "policy", unique=True, postgresql_where=text("state = 'open'")),
        Index("ix_firm_plans_firm", "firm_id"),
        Index("ix_firm_plans_officer", "officer_id", postgresql_where=text("state = 'open'")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    firm_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("firms.id", ondelete="CASCADE"))
    policy: Mapped[str]
    title: Mapped[str]
    filing_on: Mapped[date]
    officer_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    note: Mapped[str] = mapped_column(server_default="")
    state: Mapped[str] = mapped_column(server_default="open")
    row_version: Mapped[int] = mapped_column(server_default=text("1"))
    basis: Mapped[dict[str, Any]] = mapped_column(JSONB)  # what the path that it was made from rested on
    created_at: Mapped[datetime]
    created_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    author_name: Mapped[str]
    changed_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    closed_reason: Mapped[str] = mapped_column(server_default="")


class FirmPlanStep(Base):
    __tablename__ = "firm_plan_steps"
    __table_args__ = (
        CheckConstraint("(done_at IS NULL) = (doer_name = '')", name="done"),
        Index("ix_firm_plan_steps_plan", "plan_id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    plan_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("firm_plans.id", ondelete="CASCADE"))
    position: Mapped[int] = mapped_column(SmallInteger)
    action: Mapped[str]
    condition: Mapped[str] = mapped_column(server_default="")  # which condition it closes, and its article
    due_on: Mapped[date]
    done_at: Mapped[datetime | None]
    done_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    doer_name: Mapped[str] = mapped_column(server_default="")
