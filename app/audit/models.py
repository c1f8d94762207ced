import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, LargeBinary, desc, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class AuditEvent(Base):
    """Who did what to what, when and from where. Append-only: triggers refuse UPDATE, TRUNCATE and any DELETE but that
    of sealed events whose time of keeping is over, after a record of their removal (`app.audit.keeping`).

    `number` is drawn when a transaction has its id already, so that a sealer which waits for the transactions of a
    moment has seen every event that bears a smaller number than was drawn then.
    """

    __tablename__ = "audit_events"
    __table_args__ = (
        Index("uq_audit_events_number", "number", unique=True),
        Index("ix_audit_events_at_id", desc("at"), desc("id")),
        Index("ix_audit_events_object", "object_id", desc("at")),
        Index("ix_audit_events_label", "object_label", desc("at")),
        Index("ix_audit_events_actor", "actor_name", desc("at")),
        Index("ix_audit_events_action", "action", desc("at")),
        Index(
            "ix_audit_events_tenant",
            text("(after ->> 'uscc')"),
            desc("at"),
            postgresql_where=text("object_type = 'carrier'"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    actor_id: Mapped[uuid.UUID | None]
    actor_name: Mapped[str]
    actor_role: Mapped[str]
    action: Mapped[str]  # "subject:aspect:verb", e.g. firm:tier:moved
    object_type: Mapped[str]
    object_id: Mapped[str]
    object_label: Mapped[str] = mapped_column(server_default="")
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]
    succeeded: Mapped[bool] = mapped_column(server_default=text("true"))
    ip: Mapped[str] = mapped_column(server_default="")
    session_id: Mapped[str] = mapped_column(server_default="")
    request_id: Mapped[str] = mapped_column(server_default="")
    number: Mapped[int] = mapped_column(
        BigInteger,
        server_default=text("CASE WHEN pg_current_xact_id() IS NOT NULL THEN nextval('audit_events_number') END"),
    )


class AuditSeal(Base):
    """A stretch of the trail, closed: the digest of each of its events, hashed together with the seal before it.

    Append-only. Seals outlive their events, so that the chain can be followed from its beginning.
    """

    __tablename__ = "audit_seals"

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    sealed_at: Mapped[datetime]
    through: Mapped[int] = mapped_column(BigInteger)
    events: Mapped[int]
    digests: Mapped[bytes] = mapped_column(LargeBinary)
    former: Mapped[bytes] = mapped_column(LargeBinary)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
