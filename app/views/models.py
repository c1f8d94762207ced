import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.access.terms import Role
from app.db import Base
from app.views.terms import PAGE_SIZES, Density

_ROLES = ", ".join(f"'{r.value}'" for r in Role)
_DENSITIES = ", ".join(f"'{d.value}'" for d in Density)
_SIZES = ", ".join(map(str, PAGE_SIZES))


class SavedView(Base):
    __tablename__ = "saved_views"
    __table_args__ = (
        UniqueConstraint("owner_id", "name_key"),
        CheckConstraint("shared = (scope <> '')", name="scope"),
        Index("ix_saved_views_shared", "scope", postgresql_where=text("shared")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    owner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str]
    name_key: Mapped[str]
    query: Mapped[str]
    shared: Mapped[bool] = mapped_column(server_default=text("false"))
    scope: Mapped[str] = mapped_column(server_default="")  # the owner's division when it was shared
    version: Mapped[int] = mapped_column(server_default=text("1"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class ListArrangement(Base):
    """How one person wants the list: a row once anything was chosen."""

    __tablename__ = "list_arrangements"
    __table_args__ = (
        CheckConstraint(f"density IN ({_DENSITIES})", name="density"),
        CheckConstraint(f"page_size IN ({_SIZES})", name="page_size"),
    )

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    hidden: Mapped[list[str]] = mapped_column(server_default=text("'[]'"))
    density: Mapped[str] = mapped_column(server_default=Density.NORMAL.value)
    page_size: Mapped[int] = mapped_column(server_default=text("50"))
    first_view_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("saved_views.id", ondelete="SET NULL"), index=True
    )
    version: Mapped[int] = mapped_column(server_default=text("1"))
    changed_at: Mapped[datetime]


class RoleView(Base):
    """The view that a division's people of one role begin with until they choose their own."""

    __tablename__ = "role_views"
    __table_args__ = (CheckConstraint(f"role IN ({_ROLES})", name="role"),)

    scope: Mapped[str] = mapped_column(primary_key=True)
    role: Mapped[str] = mapped_column(primary_key=True)
    view_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("saved_views.id", ondelete="CASCADE"), index=True)
    version: Mapped[int] = mapped_column(server_default=text("1"))
    changed_at: Mapped[datetime]
    changer_name: Mapped[str]
