import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, desc, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class ImportBatch(Base):
    __tablename__ = "import_batches"
    __table_args__ = (
        Index("ix_import_batches_created", desc("created_at")),
        Index(
            "ix_import_batches_carrier",
            *("carrier_id", "kind", desc("created_at")),
            postgresql_where=text("carrier_id IS NOT NULL"),
        ),
        Index(
            "ix_import_batches_waiting",
            "created_at",
            postgresql_where=text("state IN ('uploaded', 'checking', 'queued', 'applying', 'undo_queued', 'undoing')"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    file_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("stored_files.id"))
    filename: Mapped[str]
    carrier_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("carriers.id", ondelete="CASCADE"))  # whose list
    state: Mapped[str]
    created_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    creator_name: Mapped[str]
    created_at: Mapped[datetime]
    applied_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    lease_until: Mapped[datetime | None]
    total: Mapped[int] = mapped_column(server_default=text("0"))
    done: Mapped[int] = mapped_column(server_default=text("0"))
    created: Mapped[int] = mapped_column(server_default=text("0"))
    updated: Mapped[int] = mapped_column(server_default=text("0"))
    unchanged: Mapped[int] = mapped_column(server_default=text("0"))
    warned: Mapped[int] = mapped_column(server_default=text("0"))
    rejected: Mapped[int] = mapped_column(server_default=text("0"))
    sheet: Mapped[dict[str, Any] | None]  # sheet name, header row, unknown columns
    sentence: Mapped[str | None]  # why it could not be read, or what an undo left alone


class ImportRow(Base):
    __tablename__ = "import_rows"
    __table_args__ = (Index("ix_import_rows_code", "batch_id", "uscc", "row_no"),)

    batch_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("import_batches.id", ondelete="CASCADE"), primary_key=True)
    row_no: Mapped[int] = mapped_column(primary_key=True)
    outcome: Mapped[str]
    uscc: Mapped[str] = mapped_column(server_default="")
    name: Mapped[str] = mapped_column(server_default="")
    firm_id: Mapped[uuid.UUID | None]
    values: Mapped[dict[str, Any]]  # as understood
    changes: Mapped[list[dict[str, Any]]]  # {"field", "label", "before", "after"}
    messages: Mapped[list[dict[str, Any]]]  # {"field", "sentence", "severity"}
    undo: Mapped[dict[str, Any] | None]  # the before-image that an undo restores
