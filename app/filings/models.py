import uuid
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import SmallInteger

from app.db import Base
from app.filings.stages import Happening, Stage
from app.filings.terms import ProgrammeKind, WindowChange, WindowState
from app.labels import Labelled


def _one_of(column: str, words: type[Labelled]) -> CheckConstraint:
    listed = ", ".join(f"'{w.value}'" for w in words)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


class ProgrammeRow(Base):
    """Something that is filed for again every year."""

    __tablename__ = "programmes"
    __table_args__ = (_one_of("kind", ProgrammeKind),)

    code: Mapped[str] = mapped_column(primary_key=True)
    label: Mapped[str]
    short: Mapped[str]
    kind: Mapped[str]
    rank: Mapped[int] = mapped_column(SmallInteger)
    applicants: Mapped[str]
    certificate: Mapped[str | None]
    policy: Mapped[str | None]
    once_a_year: Mapped[bool]
    yearly: Mapped[dict[str, str]] = mapped_column(server_default=text("'{}'"))  # batch → the day a law fixes, as 05-31
    basis: Mapped[str] = mapped_column(server_default="")
    source: Mapped[str] = mapped_column(server_default="")
    grade: Mapped[str]
    materials: Mapped[list[dict[str, Any]]] = mapped_column(server_default=text("'[]'"))
    field_checks: Mapped[list[dict[str, Any]]] = mapped_column(server_default=text("'[]'"))


class DatesMixin:
    """The same columns on a window, as it stands, and on each of its versions."""

    state: Mapped[str]
    opens_on: Mapped[date | None]
    firm_due: Mapped[date | None]
    firm_until: Mapped[time | None]
    review_due: Mapped[date | None]
    city_due: Mapped[date | None]
    paper_due: Mapped[date | None]
    document: Mapped[str] = mapped_column(server_default="")
    address: Mapped[str] = mapped_column(server_default="")
    grade: Mapped[str]
    remark: Mapped[str] = mapped_column(server_default="")


class FilingWindow(DatesMixin, Base):
    """A programme's window of a year, batch and region, as its latest version has it."""

    __tablename__ = "filing_windows"
    __table_args__ = (
        UniqueConstraint("programme", "year", "batch", "region"),
        _one_of("state", WindowState),
        CheckConstraint("month BETWEEN 1 AND 12", name="month"),
        Index("ix_filing_windows_year", "year", "programme", "batch"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    programme: Mapped[str] = mapped_column(ForeignKey("programmes.code"))
    year: Mapped[int] = mapped_column(SmallInteger)
    batch: Mapped[int] = mapped_column(SmallInteger)  # 0 where the year has one window only
    label: Mapped[str] = mapped_column(server_default="")
    region: Mapped[str]  # a division's code; 000000 is the whole country
    month: Mapped[int | None] = mapped_column(SmallInteger)
    version: Mapped[int] = mapped_column(server_default=text("1"))
    opened_at: Mapped[datetime | None]  # when it was found to be open under its present dates
    created_at: Mapped[datetime]


class WindowVersionRow(DatesMixin, Base):
    """What a window said at a time, who made it say so and after which notice. Append-only by trigger."""

    __tablename__ = "window_versions"
    __table_args__ = (_one_of("state", WindowState), _one_of("change", WindowChange))

    window_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("filing_windows.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    change: Mapped[str]
    reason: Mapped[str] = mapped_column(server_default="")
    actor_id: Mapped[uuid.UUID | None]
    actor_name: Mapped[str]
    at: Mapped[datetime]


class ApplicationRow(Base):
    """A firm in a window, as far as its latest event has brought it."""

    __tablename__ = "applications"
    __table_args__ = (
        UniqueConstraint("window_id", "firm_id"),
        _one_of("stage", Stage),
        Index("ix_applications_firm", "firm_id"),
        Index("ix_applications_stage", "window_id", "stage", "id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    window_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("filing_windows.id"))
    firm_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("firms.id", ondelete="CASCADE"))
    stage: Mapped[str]
    officer_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    version: Mapped[int] = mapped_column(server_default=text("1"))
    submitted_on: Mapped[date | None]
    ready: Mapped[list[str]] = mapped_column(server_default=text("'[]'"))
    check_reasons: Mapped[list[str]] = mapped_column(server_default=text("'[]'"))
    check: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class ApplicationEventRow(Base):
    """What happened to an application. Append-only by trigger; no foreign key, it outlives an import taken back."""

    __tablename__ = "application_events"
    __table_args__ = (
        _one_of("kind", Happening),
        Index("ix_application_events_application", "application_id", "at", "id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    application_id: Mapped[uuid.UUID]
    kind: Mapped[str]
    from_stage: Mapped[str | None]
    to_stage: Mapped[str | None]
    at: Mapped[datetime]
    actor_id: Mapped[uuid.UUID | None]
    actor_name: Mapped[str]
    reason: Mapped[str] = mapped_column(server_default="")
    detail: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
