import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from app.clerks.terms import AskedState
from app.db import Base

_STATES = ", ".join(f"'{state.value}'" for state in AskedState)


class ClerkInvitation(Base):
    """A link by which one person opens one account of one firm, once. Only the hash of its token is kept."""

    __tablename__ = "clerk_invitations"
    __table_args__ = (
        Index("ix_clerk_invitations_firm", "firm_id", "created_at"),
        CheckConstraint("email = '' OR starts_with(email, 'sealed:')", name="email_sealed"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    firm_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("firms.id", ondelete="CASCADE"))
    name: Mapped[str]
    email: Mapped[str]
    signatory: Mapped[bool] = mapped_column(server_default=text("false"))
    inviter_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    inviter_name: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    used_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    revoked_at: Mapped[datetime | None]


class ClerkRequest(Base):
    """Somebody asks for an account of a firm. The code is kept as it was typed: whether there is such a firm is looked
    up by the officer who decides, never by the page that a stranger can open."""

    __tablename__ = "clerk_requests"
    __table_args__ = (
        CheckConstraint(f"state IN ({_STATES})", name="state"),
        Index("ix_clerk_requests_waiting", "created_at", postgresql_where=text("state = 'waiting'")),
        Index("ix_clerk_requests_ip_created", "ip", "created_at"),
        CheckConstraint("email = '' OR starts_with(email, 'sealed:')", name="email_sealed"),
        CheckConstraint("phone = '' OR starts_with(phone, 'sealed:')", name="phone_sealed"),
        # Sealed, one address is another text in each row; its mark is the same.
        Index(
            "uq_clerk_requests_waiting",
            "uscc",
            text("split_part(split_part(email, ':', 5), '.', 1)"),
            unique=True,
            postgresql_where=text("state = 'waiting'"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    uscc: Mapped[str]
    name: Mapped[str]
    email: Mapped[str]
    phone: Mapped[str]
    words: Mapped[str] = mapped_column(server_default="")
    ip: Mapped[str] = mapped_column(server_default="")
    state: Mapped[str] = mapped_column(server_default="waiting")
    created_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    decider_name: Mapped[str] = mapped_column(server_default="")
    refusal: Mapped[str] = mapped_column(server_default="")
