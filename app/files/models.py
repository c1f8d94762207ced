import uuid
from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base
from app.files.terms import Scan

_SCANS = ", ".join(f"'{scan.value}'" for scan in Scan)
_UNSEEN = "scan IN ('waiting', 'unscanned') AND kind <> ''"


class StoredFile(Base):
    """A file kept in the file store under its SHA-256; the name people gave it lives only here.

    `kind` is empty for what the house only reads itself, such as rosters, and never hands out again.
    """

    __tablename__ = "stored_files"
    __table_args__ = (
        CheckConstraint(f"scan IN ({_SCANS})", name="scan"),
        Index("ix_stored_files_unscanned", "id", postgresql_where=text(_UNSEEN)),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(index=True)
    size: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str]
    kind: Mapped[str] = mapped_column(server_default="")
    scan: Mapped[str] = mapped_column(server_default="unscanned")
    created_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime]
