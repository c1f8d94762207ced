import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, desc, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class Digest(Base):
    """A week's digest of a division as it was composed and sent. Append-only by trigger: it is never made again."""

    __tablename__ = "digests"
    __table_args__ = (UniqueConstraint("week", "scope"), Index("ix_digests_scope_week", "scope", desc("week")))

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    week: Mapped[str]  # "2026-W47"
    scope: Mapped[str]  # a division's code; the digest speaks of everything below it
    day: Mapped[date]  # that it calls today
    known_at: Mapped[datetime]
    composed_at: Mapped[datetime]
    document: Mapped[dict[str, Any]]
    sha256: Mapped[str]  # of the document, which holds a sum of each list
    said: Mapped[str]  # its words, for the archive's search


class DigestList(Base):
    """Everybody whom a number of a digest counts, as [code, name, division, facts]. Append-only by trigger."""

    __tablename__ = "digest_lists"

    # Looked at when the transaction ends: the lists are written while the digest is being counted.
    digest_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("digests.id", deferrable=True, initially="DEFERRED"), primary_key=True
    )
    key: Mapped[str] = mapped_column(primary_key=True)
    rows: Mapped[list[Any]] = mapped_column(JSONB)


class DigestSending(Base):
    """To whom a digest went: once each, whoever sends."""

    __tablename__ = "digest_sendings"
    __table_args__ = (UniqueConstraint("digest_id", "user_id"), Index("ix_digest_sendings_user", "user_id"))

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    digest_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("digests.id"))
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    sections: Mapped[list[str]]
    by_mail: Mapped[bool]
    at: Mapped[datetime]


class DigestSubscription(Base):
    """What a person wants of a division's digest. A manager without one gets all of their own division's."""

    __tablename__ = "digest_subscriptions"

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    scope: Mapped[str] = mapped_column(primary_key=True)
    sections: Mapped[list[str]]
    by_mail: Mapped[bool] = mapped_column(server_default=text("true"))
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    updated_at: Mapped[datetime]
