import uuid
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import SmallInteger

from app.carriers.models import one_of
from app.db import Base
from app.incubation.after_terms import DisagreementKind, DisagreementState, Speaker, Whereabouts
from app.incubation.terms import AskState


class EntryApplication(Base):
    """入孵申请: by a firm, of a carrier; the carrier gives it a room or says why not."""

    __tablename__ = "entry_applications"
    __table_args__ = (
        one_of("state", AskState),
        CheckConstraint("area > 0", name="area"),
        CheckConstraint("seats > 0", name="seats"),
        CheckConstraint("contact = '' OR starts_with(contact, 'sealed:')", name="contact_sealed"),
        CheckConstraint("(state = 'admitted') = (tenancy_id IS NOT NULL)", name="admitted"),
        Index(
            "uq_entry_applications_open",
            "firm_id",
            "carrier_id",
            unique=True,
            postgresql_where=text("state = 'waiting'"),
        ),
        Index("ix_entry_applications_carrier", "carrier_id", "asked_at"),
        Index("ix_entry_applications_firm", "firm_id", "asked_at"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    carrier_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("carriers.id", ondelete="CASCADE"))
    firm_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("firms.id", ondelete="CASCADE"))
    since: Mapped[date]
    area: Mapped[Decimal | None] = mapped_column(Numeric(12, 2))
    seats: Mapped[int | None]
    business: Mapped[str] = mapped_column(server_default="")
    stage_target: Mapped[str] = mapped_column(server_default="")
    contact: Mapped[str] = mapped_column(server_default="")
    found: Mapped[dict[str, Any] | None]
    state: Mapped[str] = mapped_column(server_default="waiting")
    asker_name: Mapped[str]
    asked_at: Mapped[datetime]
    closes_on: Mapped[date]
    answered_at: Mapped[datetime | None]
    answerer_name: Mapped[str] = mapped_column(server_default="")
    answer: Mapped[str] = mapped_column(server_default="")
    tenancy_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("tenancies.id"))


class StayDisagreement(Base):
    """The operator's list, the firm's own word and its registered address do not say the same of a stay."""

    __tablename__ = "stay_disagreements"
    __table_args__ = (
        one_of("kind", DisagreementKind),
        one_of("state", DisagreementState),
        CheckConstraint("(settled_at IS NULL) = (state = 'open')", name="settled"),
        Index(
            "uq_stay_disagreements_open",
            *("carrier_id", "firm_id", "kind"),
            unique=True,
            postgresql_where=text("state = 'open'"),
        ),
        Index("ix_stay_disagreements_carrier", "carrier_id", "opened_at"),
        Index("ix_stay_disagreements_firm", "firm_id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    carrier_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("carriers.id", ondelete="CASCADE"))
    firm_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("firms.id", ondelete="CASCADE"))
    kind: Mapped[str]
    firm_word: Mapped[str] = mapped_column(server_default="")
    carrier_word: Mapped[str] = mapped_column(server_default="")
    evidence: Mapped[str] = mapped_column(server_default="")  # what the facts showed when it was opened
    bureau_word: Mapped[str] = mapped_column(server_default="")
    opener_name: Mapped[str]
    opened_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(server_default="open")
    settler_name: Mapped[str] = mapped_column(server_default="")
    settled_at: Mapped[datetime | None]
    result: Mapped[str] = mapped_column(server_default="")
    version: Mapped[int] = mapped_column(server_default=text("1"))


class GraduateWord(Base):
    """What one side says of a graduate's year, where the firm's own figures do not say it."""

    __tablename__ = "graduate_words"
    __table_args__ = (
        one_of("whereabouts", Whereabouts),
        one_of("speaker", Speaker),
        CheckConstraint("nth BETWEEN 1 AND 3", name="nth"),
        CheckConstraint("revenue >= 0", name="revenue"),
        CheckConstraint("staff >= 0", name="staff"),
    )

    tenancy_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("tenancies.id", ondelete="CASCADE"), primary_key=True)
    nth: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    speaker: Mapped[str] = mapped_column(primary_key=True)
    whereabouts: Mapped[str]
    revenue: Mapped[Decimal | None] = mapped_column(Numeric(17, 2))  # 元
    staff: Mapped[int | None]
    note: Mapped[str] = mapped_column(server_default="")
    author_name: Mapped[str]
    recorded_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(server_default=text("1"))
