import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import Index, desc, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class AuditEvent(Base):
    """Who did what to what, when and from where. Append-only: a trigger refuses UPDATE, DELETE and TRUNCATE."""

    __tablename__ = "audit_events"
    __table_args__ = (
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
