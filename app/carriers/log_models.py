import uuid
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, text
from sqlalchemy.orm import Mapped, mapped_column

from app.carriers.log_terms import LogKind, LogSort
from app.carriers.models import one_of
from app.db import Base


class CarrierLog(Base):
    """A service, an event, a mentor or an investment. Struck, it counts no more and can still be read."""

    __tablename__ = "carrier_logs"
    __table_args__ = (
        one_of("kind", LogKind),
        one_of("sort", LogSort),
        CheckConstraint("firm_id IS NULL OR team_id IS NULL", name="holder"),
        CheckConstraint("kind <> 'investment' OR num_nonnulls(firm_id, team_id) = 1", name="financed"),
        CheckConstraint("(amount IS NOT NULL) = (kind = 'investment') AND amount > 0", name="amount"),
        CheckConstraint("kind = 'service' OR mentor_id IS NULL", name="mentor"),
        CheckConstraint("kind = 'mentor' OR until IS NULL", name="term"),
        CheckConstraint("until >= happened_on", name="dates"),
        CheckConstraint("(sort IS NULL) = (kind = 'mentor')", name="sorted"),
        CheckConstraint("people > 0", name="people"),
        CheckConstraint("(struck_at IS NULL) = (striker_name = '')", name="struck"),
        Index(
            "uq_carrier_logs_same",
            *("carrier_id", "kind", "happened_on", "title", "firm_id", "team_id"),
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where=text("struck_at IS NULL"),
        ),
        Index("ix_carrier_logs_carrier", "carrier_id", "kind", "happened_on", "id"),
        Index("ix_carrier_logs_firm", "firm_id", postgresql_where=text("firm_id IS NOT NULL")),
        Index("ix_carrier_logs_mentor", "mentor_id", postgresql_where=text("mentor_id IS NOT NULL")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    carrier_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("carriers.id", ondelete="CASCADE"))
    kind: Mapped[str]
    happened_on: Mapped[date]
    until: Mapped[date | None]
    sort: Mapped[str | None]
    title: Mapped[str]
    party: Mapped[str] = mapped_column(server_default="")
    firm_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("firms.id", ondelete="CASCADE"))
    team_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("carrier_teams.id", ondelete="CASCADE"))
    mentor_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("carrier_logs.id"))
    people: Mapped[int | None]
    amount: Mapped[Decimal | None] = mapped_column(Numeric(17, 2))  # 元
    note: Mapped[str] = mapped_column(server_default="")
    version: Mapped[int] = mapped_column(server_default=text("1"))
    author_name: Mapped[str]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    struck_at: Mapped[datetime | None]
    striker_name: Mapped[str] = mapped_column(server_default="")
    strike_reason: Mapped[str] = mapped_column(server_default="")
