import uuid
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, text
from sqlalchemy.orm import Mapped, mapped_column

from app.carriers.models import one_of
from app.db import Base
from app.incubation.terms import AskState


class EntryApplication(Base):
    """入孵申请: by a firm, of a carrier; the carrier gives it a room or says why not."""

    __tablename__ = "entry_applications"
    __table_args__ = (
        one_of("state", AskState),
        CheckConstraint("area > 0", name="area"),
        CheckConstraint("seats > 0", name="seats"),
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
