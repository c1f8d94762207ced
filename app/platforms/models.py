import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base
from app.labels import Labelled
from app.platforms.terms import PlatformKind, PlatformLevel


def _one_of(column: str, words: type[Labelled]) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({', '.join(repr(str(w.value)) for w in words)})", name=column)


class PlatformRow(Base):
    """An innovation platform that an authority recognised, or a research institution that a firm runs by itself."""

    __tablename__ = "platforms"
    __table_args__ = (
        _one_of("kind", PlatformKind),
        _one_of("level", PlatformLevel),
        UniqueConstraint("kind", "level", "name"),
        CheckConstraint("firm_id IS NOT NULL OR (host_name <> '' AND region_code IS NOT NULL)", name="host"),
        CheckConstraint("valid_to IS NULL OR valid_to > recognised_on", name="valid_to"),
        CheckConstraint("ended_on IS NULL OR ended_on >= recognised_on", name="ended_on"),
        Index("ix_platforms_firm", "firm_id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    level: Mapped[str]
    name: Mapped[str]
    firm_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("firms.id", ondelete="CASCADE"))
    host_name: Mapped[str] = mapped_column(server_default="")
    region_code: Mapped[str | None] = mapped_column(ForeignKey("regions.code"))  # of a host that is no firm
    number: Mapped[str] = mapped_column(server_default="")
    recognised_on: Mapped[date]
    valid_to: Mapped[date | None]
    ended_on: Mapped[date | None]
    duties: Mapped[list[dict[str, Any]]] = mapped_column(server_default=text("'[]'"))
    source: Mapped[str] = mapped_column(server_default="")
    version: Mapped[int] = mapped_column(server_default=text("1"))
    recorded_at: Mapped[datetime]
    author_name: Mapped[str]
