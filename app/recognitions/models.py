import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import SmallInteger

from app.db import Base
from app.policy.figures import IpKind, ObtainedBy

_IP_KINDS = ", ".join(f"'{kind.value}'" for kind in IpKind)
_WAYS = ", ".join(f"'{way.value}'" for way in ObtainedBy)


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


class IpRightRow(Base):
    """An intellectual property right of a firm. `used_in_hnte_year`: class Ⅱ serves one 高企 filing, 195号 三(二)."""

    __tablename__ = "ip_rights"
    __table_args__ = (
        UniqueConstraint("firm_id", "kind", "number"),
        CheckConstraint(f"kind IN ({_IP_KINDS})", name="kind"),
        CheckConstraint(f"obtained_by IN ({_WAYS})", name="obtained_by"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    firm_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("firms.id", ondelete="CASCADE"))
    kind: Mapped[str]
    number: Mapped[str]
    name: Mapped[str] = mapped_column(server_default="")
    obtained_by: Mapped[str | None]
    granted_on: Mapped[date | None]
    in_force: Mapped[bool | None]
    used_in_hnte_year: Mapped[int | None] = mapped_column(SmallInteger)
    source: Mapped[str] = mapped_column(server_default="")
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
