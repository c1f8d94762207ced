import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import SmallInteger

from app.db import Base
from app.reports.terms import COUNTED, ReportState, StatementKind

_STATES = ", ".join(f"'{state.value}'" for state in ReportState)
_COUNTED = ", ".join(f"'{state.value}'" for state in COUNTED)
_KINDS = ", ".join(f"'{kind.value}'" for kind in StatementKind)


class YearlyReport(Base):
    """A firm's figures of one year, one row a version: what was submitted once stays as it was.

    `figures` by the codes of `app.reports.terms.REPORTED`: amounts in 元 and counts, all as strings, exactly as stated.
    """

    __tablename__ = "yearly_reports"
    __table_args__ = (
        UniqueConstraint("firm_id", "year", "version"),
        CheckConstraint(f"state IN ({_STATES})", name="state"),
        CheckConstraint("year BETWEEN 1990 AND 2100", name="year"),
        CheckConstraint("jsonb_typeof(figures) = 'object'", name="figures"),
        Index(
            "ix_yearly_reports_counted",
            "firm_id",
            "year",
            text("version DESC"),
            postgresql_where=text(f"state IN ({_COUNTED})"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    firm_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("firms.id", ondelete="CASCADE"))
    year: Mapped[int] = mapped_column(SmallInteger)
    version: Mapped[int] = mapped_column(SmallInteger)
    state: Mapped[str]
    figures: Mapped[dict[str, Any]] = mapped_column(JSONB)
    source: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    submitted_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    submitter_name: Mapped[str] = mapped_column(server_default="")
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    decider_name: Mapped[str] = mapped_column(server_default="")


class FormVersion(Base):
    """A form with everything it asks, as it was when somebody could first begin it; never changed afterwards."""

    __tablename__ = "form_versions"

    form: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    title: Mapped[str]
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime]


class Submission(Base):
    """A firm's form of one year, pinned to the version it was begun under. What is typed stands in its sections."""

    __tablename__ = "submissions"
    __table_args__ = (
        UniqueConstraint("firm_id", "year", "form"),
        ForeignKeyConstraint(["form", "form_version"], ["form_versions.form", "form_versions.version"]),
        CheckConstraint(f"state IN ({_STATES})", name="state"),
        CheckConstraint("year BETWEEN 1990 AND 2100", name="year"),
        Index("ix_submissions_waiting", "submitted_at", "id", postgresql_where=text("state = 'submitted'")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    firm_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("firms.id", ondelete="CASCADE"))
    year: Mapped[int] = mapped_column(SmallInteger)
    form: Mapped[str]
    form_version: Mapped[int] = mapped_column(SmallInteger)
    state: Mapped[str] = mapped_column(server_default="draft")
    round: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    explanations: Mapped[dict[str, str]] = mapped_column(server_default=text("'{}'"))
    # What a return opened: codes of questions, and sections with rows. Empty while nothing is locked.
    open_questions: Mapped[list[str]] = mapped_column(server_default=text("'[]'"))
    created_at: Mapped[datetime]
    created_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    submitted_at: Mapped[datetime | None]


_TYPED_OPEN = '"tenant.phone"[0] ? (@ != "" && !(@ starts with "sealed:"))'
_SIGNED_OPEN = '"tenant.phone"[0] ? (@ != "" && !(@ starts with "signed:"))'
_BESIDE_OPEN = '*[*] ? (!(@ starts with "sealed:"))'


class SubmissionSection(Base):
    """One page of the form: saved whole, under a version, so that two who type at once lose nothing."""

    __tablename__ = "submission_sections"
    __table_args__ = (CheckConstraint(f"NOT jsonb_path_exists(answers, '$.{_TYPED_OPEN}')", name="phone_sealed"),)

    submission_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("submissions.id", ondelete="CASCADE"), primary_key=True)
    section: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(server_default=text("0"))
    answers: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    saved_at: Mapped[datetime | None]
    saver_name: Mapped[str] = mapped_column(server_default="")


class SectionEditor(Base):
    """Who has a section open, and was last heard of when."""

    __tablename__ = "section_editors"

    submission_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("submissions.id", ondelete="CASCADE"), primary_key=True)
    section: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str]
    at: Mapped[datetime]


class SubmissionRound(Base):
    """What was signed and handed in, each time, and what became of it. Its answers and figures are never changed: of
    a number that somebody is reached by they hold a digest; itself it lies in `reached`, to be sealed anew or erased.
    """

    __tablename__ = "submission_rounds"
    __table_args__ = (
        CheckConstraint("state IN ('submitted', 'returned', 'accepted')", name="state"),
        CheckConstraint("(state = 'submitted') = (decided_at IS NULL)", name="decided"),
        CheckConstraint(f"NOT jsonb_path_exists(answers, '$.*.{_SIGNED_OPEN}')", name="phone_beside"),
        CheckConstraint(f"NOT jsonb_path_exists(reached, '$.{_BESIDE_OPEN}')", name="reached_sealed"),
    )

    submission_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("submissions.id", ondelete="CASCADE"), primary_key=True)
    round: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    state: Mapped[str] = mapped_column(server_default="submitted")
    answers: Mapped[dict[str, Any]] = mapped_column(JSONB)
    reached: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    printed: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    figures: Mapped[dict[str, Any]] = mapped_column(JSONB)
    explanations: Mapped[dict[str, str]]
    submitted_at: Mapped[datetime]
    submitted_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    submitter_name: Mapped[str]
    comments: Mapped[dict[str, str]] = mapped_column(server_default=text("'{}'"))
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    decider_name: Mapped[str] = mapped_column(server_default="")


class FirmStatement(Base):
    """One kind of fact about a firm, as it was known on `true_on`, from a named source."""

    __tablename__ = "firm_statements"
    __table_args__ = (CheckConstraint(f"kind IN ({_KINDS})", name="kind"),)

    firm_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("firms.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    body: Mapped[Any] = mapped_column(JSONB)
    true_on: Mapped[date]
    source: Mapped[str] = mapped_column(server_default="")
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
