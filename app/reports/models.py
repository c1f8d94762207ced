import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
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
