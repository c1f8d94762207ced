import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.attachments.terms import ObjectKind
from app.db import Base

_KINDS = ", ".join(f"'{kind.value}'" for kind in ObjectKind)


class AttachmentRow(Base):
    """A file on an object of any kind. What was taken off stays: somebody may have signed or judged with it in sight.

    No key to a firm: the object has one, and where the object goes the file goes.
    """

    __tablename__ = "attachments"
    __table_args__ = (
        CheckConstraint(f"object_kind IN ({_KINDS})", name="object_kind"),
        Index("ix_attachments_object", "object_kind", "object_id", "created_at"),
        Index(
            "uq_attachments_same",
            "object_kind",
            "object_id",
            "place",
            "sha256",
            unique=True,
            postgresql_where=text("removed_at IS NULL"),
        ),
        Index("ix_attachments_file", "file_id"),
        Index("ix_attachments_sha256", "sha256"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    object_kind: Mapped[str]
    object_id: Mapped[uuid.UUID]
    place: Mapped[str] = mapped_column(server_default="")
    note: Mapped[str] = mapped_column(server_default="")
    file_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("stored_files.id"))
    sha256: Mapped[str]
    created_at: Mapped[datetime]
    created_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    creator_name: Mapped[str]
    removed_at: Mapped[datetime | None]
    removed_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
