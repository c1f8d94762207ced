import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import SmallInteger

from app.db import Base
from app.policy.figures import IpKind, ObtainedBy
from app.recognitions.terms import ClaimKind, ClaimState

_IP_KINDS = ", ".join(f"'{kind.value}'" for kind in IpKind)
_CLAIMED = ", ".join(f"'{kind.value}'" for kind in ClaimKind)
_CLAIM_STATES = ", ".join(f"'{state.value}'" for state in ClaimState)
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


class TitleClaim(Base):
    """What a firm says it holds, until an officer has verified it: only then does it stand in the ledger and count.

    What is new enters the ledger under the claim's own id, so that its evidence stays where it hangs; `target_id` is
    the right in the ledger that shall read otherwise.
    """

    __tablename__ = "title_claims"
    __table_args__ = (
        CheckConstraint(f"kind IN ({_CLAIMED})", name="kind"),
        CheckConstraint(f"state IN ({_CLAIM_STATES})", name="state"),
        CheckConstraint("(state = 'waiting') = (decided_at IS NULL)", name="decided"),
        Index("ix_title_claims_firm", "firm_id", "created_at"),
        Index("ix_title_claims_waiting", "created_at", "id", postgresql_where=text("state = 'waiting'")),
        Index(
            "uq_title_claims_one_a_target",
            "target_id",
            unique=True,
            postgresql_where=text("state = 'waiting' AND target_id IS NOT NULL"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    firm_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("firms.id", ondelete="CASCADE"))
    kind: Mapped[str]
    target_id: Mapped[uuid.UUID | None]
    state: Mapped[str] = mapped_column(server_default="waiting")
    version: Mapped[int] = mapped_column(SmallInteger, server_default=text("1"))
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    words: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[datetime]
    created_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    creator_name: Mapped[str]
    reason: Mapped[str] = mapped_column(server_default="")
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    decider_name: Mapped[str] = mapped_column(server_default="")
