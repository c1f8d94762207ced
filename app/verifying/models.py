import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import SmallInteger

from app.db import Base
from app.verifying.terms import Likeness, Outcome

_KINDS = ", ".join(f"'{kind.value}'" for kind in Likeness)
_OUTCOMES = ", ".join(f"'{outcome.value}'" for outcome in Outcome)


class VerifiedLikeness(Base):
    """What a reviewer found out about a likeness of firms; another look is another row."""

    __tablename__ = "verified_likenesses"
    __table_args__ = (
        CheckConstraint(f"kind IN ({_KINDS})", name="kind"),
        CheckConstraint(f"outcome IN ({_OUTCOMES})", name="outcome"),
        Index("ix_verified_likenesses_firm", "firm_id", "kind", "key"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    firm_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("firms.id", ondelete="CASCADE"))
    kind: Mapped[str]
    key: Mapped[str]
    weight: Mapped[int] = mapped_column(SmallInteger)
    outcome: Mapped[str]
    words: Mapped[str]
    at: Mapped[datetime]
    person_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    name: Mapped[str]
