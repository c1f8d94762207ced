import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class OutboxMessage(Base):
    """What must leave the house, written in the transaction that caused it and sent afterwards by the worker."""

    __tablename__ = "outbox_messages"
    __table_args__ = (
        Index("ix_outbox_messages_due", "next_attempt_at", postgresql_where=text("state = 'pending'")),
        Index("ix_outbox_messages_state_created", "state", "created_at"),
        Index("ix_outbox_messages_user_created", "user_id", "created_at", "id"),
        Index("ix_outbox_messages_untold", "created_at", postgresql_where=text("state = 'dead' AND told_at IS NULL")),
        Index("ix_outbox_messages_unread", "user_id", postgresql_where=text("read_at IS NULL AND channel = 'inbox'")),
        # See `app.sealed`.
        CheckConstraint(
            "coalesce(payload ->> 'to', '') = '' OR starts_with(payload ->> 'to', 'sealed:')", name="to_sealed"
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    dedup_key: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    channel: Mapped[str]
    user_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    payload: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(server_default="pending")
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    next_attempt_at: Mapped[datetime]
    lease_token: Mapped[uuid.UUID | None]
    answer: Mapped[str | None]
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]  # by its recipient, in the house
    holds: Mapped[bool] = mapped_column(server_default=text("false"))  # waits out the night and days off
    told_at: Mapped[datetime | None]  # when those concerned were told that it could not be delivered


class ChannelChoice(Base):
    """How an account, or a firm's contact, wants to hear of each topic; what is not chosen keeps the house's way."""

    __tablename__ = "channel_choices"
    __table_args__ = (
        CheckConstraint("num_nonnulls(user_id, firm_id) = 1", name="whose"),
        CheckConstraint("phone = '' OR starts_with(phone, 'sealed:')", name="phone_sealed"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    user_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), unique=True)
    firm_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("firms.id", ondelete="CASCADE"), unique=True)
    choices: Mapped[dict[str, Any]]  # topic → channels
    phone: Mapped[str] = mapped_column(server_default="")  # of the account; a firm's is its contact's
    version: Mapped[int] = mapped_column(server_default=text("1"))
    changed_at: Mapped[datetime]
    changer_name: Mapped[str]


class OutboxFile(Base):
    """A letter's page, picture or attachment, by its sum: a hundred letters that carry the same carry one."""

    __tablename__ = "outbox_files"
    __table_args__ = (Index("ix_outbox_files_kept", "kept_at"),)

    sha256: Mapped[str] = mapped_column(primary_key=True)
    data: Mapped[bytes] = mapped_column(LargeBinary)
    kept_at: Mapped[datetime]


class JobRun(Base):
    __tablename__ = "job_runs"
    __table_args__ = (Index("ix_job_runs_job_started", "job", "started_at"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    job: Mapped[str]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    detail: Mapped[dict[str, Any] | None]
    seconds: Mapped[float | None]


class Heartbeat(Base):
    __tablename__ = "heartbeats"

    name: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]


class Outlet(Base):
    """A group's robot or a web hook: where the bureau is told, beside its own inbox."""

    __tablename__ = "outlets"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    channel: Mapped[str]
    title: Mapped[str]
    address: Mapped[str]
    secret: Mapped[str] = mapped_column(server_default="")  # signs what is sent; shown to nobody again
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    next_free_at: Mapped[datetime]  # a group takes twenty messages a minute
    created_at: Mapped[datetime]
