import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class Certificate(Base):
    """A dated recognition that an authority issued to a firm."""

    __tablename__ = "certificates"
    __table_args__ = (
        UniqueConstraint("kind", "number"),
        CheckConstraint("expires_on > issued_on", name="dates"),
        Index("ix_certificates_firm_kind", "firm_id", "kind", "expires_on"),
        Index("ix_certificates_expires", "kind", "expires_on"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    firm_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("firms.id", ondelete="CASCADE"))
    kind: Mapped[str]
    number: Mapped[str]
    issued_on: Mapped[date]
    expires_on: Mapped[date]
    revoked_on: Mapped[date | None]
    source: Mapped[str] = mapped_column(server_default="")
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
