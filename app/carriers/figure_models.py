import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import SmallInteger

from app.db import Base


class CarrierFigures(Base):
    """What of a carrier's year only its operator knows: staff, fund, income; by the codes of `figure_terms`."""

    __tablename__ = "carrier_figures"

    carrier_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("carriers.id", ondelete="CASCADE"), primary_key=True)
    year: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    figures: Mapped[dict[str, Any]]  # decimals as text
    version: Mapped[int] = mapped_column(server_default=text("1"))
    author_name: Mapped[str]
    updated_at: Mapped[datetime]
