import uuid
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, TextClause, desc, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from app.db import Base
from app.firms.terms import ErasureState, FirmStatus

_STATUSES = ", ".join(f"'{s.value}'" for s in FirmStatus)
_ERASURES = ", ".join(f"'{s.value}'" for s in ErasureState)
_ACTIVE = text("status = 'active'")
# Of a sealed text, the mark of the whole of it.
WHOLE_MARK = "split_part(split_part({}, ':', 5), '.', 1)"


def _last(column: str) -> TextClause:
    """A sort key in which an unknown date comes last, so that keyset pages need no special case for NULL."""
    return text(f"coalesce({column}, 'infinity'::date)")


class Region(Base):
    """An administrative division or statistical zone, by its official code; a code's prefix is its parent."""

    __tablename__ = "regions"

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    kind: Mapped[str]  # province | city | county | town | zone
    parent: Mapped[str | None] = mapped_column(ForeignKey("regions.code"))
    source: Mapped[str] = mapped_column(server_default="")


class Industry(Base):
    __tablename__ = "industries"

    code: Mapped[str] = mapped_column(primary_key=True)  # section letter, or section letter + division
    name: Mapped[str]
    section: Mapped[str]


class HighTechField(Base):
    __tablename__ = "high_tech_fields"

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    parent: Mapped[str | None] = mapped_column(ForeignKey("high_tech_fields.code"))


class Direction(Base):
    __tablename__ = "directions"

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    rank: Mapped[int]
    synonyms: Mapped[list[str]]


class Park(Base):
    """A park beside the towns. A firm's own `park` stays text, so that a roster may name one that is not listed yet."""

    __tablename__ = "parks"

    name: Mapped[str] = mapped_column(primary_key=True)
    full_name: Mapped[str] = mapped_column(server_default="")
    region_code: Mapped[str | None] = mapped_column(ForeignKey("regions.code"))
    synonyms: Mapped[list[str]]
    source: Mapped[str] = mapped_column(server_default="")


class Bureau(Base):
    """Whose system this is: the name on top of every page and the number to call."""

    __tablename__ = "bureaus"

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    region_code: Mapped[str] = mapped_column(ForeignKey("regions.code"))
    phone: Mapped[str] = mapped_column(server_default="")
    source: Mapped[str] = mapped_column(server_default="")


class Firm(Base):
    """A firm as the bureau knows it. Natural key: the unified social credit code.

    `tier`, `tier_since` and `stale_on` repeat the current placement on the main ladder, so that lists and
    the board read one table; only `app.pipeline` writes them, and a trigger keeps the counters beside them.
    """

    __tablename__ = "firms"
    __table_args__ = (
        CheckConstraint(f"status IN ({_STATUSES})", name="status"),
        CheckConstraint("(tier IS NULL) = (tier_since IS NULL)", name="tier_since"),
        CheckConstraint("stale_on IS NULL OR tier IS NOT NULL", name="stale_on"),
        Index("ix_firms_updated", "updated_at", "id", postgresql_where=_ACTIVE),
        Index("ix_firms_name", "name_pinyin", "id", postgresql_where=_ACTIVE),
        Index("ix_firms_tier_since", _last("tier_since"), "id", postgresql_where=_ACTIVE),
        Index("ix_firms_registered", _last("registered_on"), "id", postgresql_where=_ACTIVE),
        Index("ix_firms_next_touch", _last("next_touch_on"), "id", postgresql_where=_ACTIVE),
        Index("ix_firms_tier_updated", "tier", "updated_at", "id", postgresql_where=_ACTIVE),
        Index("ix_firms_board", "tier", "tier_since", "id", postgresql_where=_ACTIVE),
        Index("ix_firms_region_updated", "region_code", "updated_at", "id", postgresql_where=_ACTIVE),
        Index("ix_firms_region_tier_updated", "region_code", "tier", "updated_at", "id", postgresql_where=_ACTIVE),
        Index("ix_firms_region_board", "region_code", "tier", "tier_since", "id", postgresql_where=_ACTIVE),
        Index("ix_firms_officer", "officer_id", "updated_at", "id", postgresql_where=_ACTIVE),
        Index("ix_firms_officer_touch", "officer_id", _last("next_touch_on"), "id", postgresql_where=_ACTIVE),
        Index("ix_firms_stale", "stale_on", "id", postgresql_where=_ACTIVE),
        Index("ix_firms_grams", "search_grams", postgresql_using="gin", postgresql_with={"fastupdate": "off"}),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    uscc: Mapped[str] = mapped_column(unique=True)
    uscc_override: Mapped[str | None]  # why a code whose check character fails was taken all the same
    name: Mapped[str]
    name_key: Mapped[str] = mapped_column(index=True)
    name_pinyin: Mapped[str]
    name_initials: Mapped[str]
    region_code: Mapped[str] = mapped_column(ForeignKey("regions.code"))
    park: Mapped[str | None]
    industry_code: Mapped[str | None]
    high_tech_field: Mapped[str | None] = mapped_column(ForeignKey("high_tech_fields.code"))
    direction: Mapped[str | None] = mapped_column(ForeignKey("directions.code"))
    size_class: Mapped[str | None]
    above_designated_size: Mapped[bool | None]
    registered_on: Mapped[date | None]
    registered_capital: Mapped[Decimal | None] = mapped_column(Numeric(18, 2))  # 元
    address: Mapped[str | None]
    remark: Mapped[str | None]
    status: Mapped[str] = mapped_column(server_default="active")
    officer_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    next_touch_on: Mapped[date | None]
    tier: Mapped[str | None]
    tier_since: Mapped[date | None]
    stale_on: Mapped[date | None]
    search_extra: Mapped[str] = mapped_column(server_default="")  # certificate numbers, from the domain above
    search_text: Mapped[str]
    search_grams: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    version: Mapped[int] = mapped_column(server_default=text("1"))
    created_at: Mapped[datetime]
    created_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    updated_at: Mapped[datetime]


class FormerName(Base):
    __tablename__ = "former_names"

    firm_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("firms.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    name_key: Mapped[str] = mapped_column(index=True)
    changed_on: Mapped[date | None]


class Contact(Base):
    """`phone` and `email` are sealed, see `app.sealed`."""

    __tablename__ = "contacts"
    __table_args__ = (
        CheckConstraint("phone = '' OR starts_with(phone, 'sealed:')", name="phone_sealed"),
        CheckConstraint("email = '' OR starts_with(email, 'sealed:')", name="email_sealed"),
        Index("ix_contacts_phone_mark", text(WHOLE_MARK.format("phone"))),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    firm_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("firms.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    title: Mapped[str] = mapped_column(server_default="")
    phone: Mapped[str] = mapped_column(server_default="")
    email: Mapped[str] = mapped_column(server_default="")
    is_primary: Mapped[bool] = mapped_column(server_default=text("false"))


class FirmTag(Base):
    __tablename__ = "firm_tags"
    __table_args__ = (Index("ix_firm_tags_tag_firm", "tag", "firm_id"),)

    firm_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("firms.id", ondelete="CASCADE"), primary_key=True)
    tag: Mapped[str] = mapped_column(primary_key=True)


class FirmNote(Base):
    __tablename__ = "firm_notes"
    __table_args__ = (Index("ix_firm_notes_firm_at", "firm_id", desc("at")),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    firm_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("firms.id", ondelete="CASCADE"))
    author_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    author_name: Mapped[str]
    at: Mapped[datetime]
    body: Mapped[str]


class FirmFollow(Base):
    """Somebody of the bureau who wants to hear what happens to a firm that is not theirs to look after."""

    __tablename__ = "firm_follows"
    __table_args__ = (Index("ix_firm_follows_user", "user_id", "since"),)

    firm_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("firms.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    since: Mapped[datetime]


class FirmRegion(Base):
    """Divisions in which a firm is or was: triggers add to them. So few that every request may look whether any is
    beyond its viewer's."""

    __tablename__ = "firm_regions"

    region_code: Mapped[str] = mapped_column(primary_key=True)


class FirmsToldApart(Base):
    """Two records that look alike, of which somebody has said that they are two firms."""

    __tablename__ = "firms_told_apart"
    __table_args__ = (
        CheckConstraint("one_id < other_id", name="order"),
        Index("ix_firms_told_apart_other", "other_id"),
        Index("ix_firms_told_apart_told", desc("told_at")),
    )

    one_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("firms.id", ondelete="CASCADE"), primary_key=True)
    other_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("firms.id", ondelete="CASCADE"), primary_key=True)
    teller_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    teller_name: Mapped[str]
    told_at: Mapped[datetime]


class TierCount(Base):
    """How many active firms stand on a tier in a division, folded now and then from `TierCountDelta`."""

    __tablename__ = "tier_counts"

    tier: Mapped[str] = mapped_column(primary_key=True)  # "" for firms on no tier
    region_code: Mapped[str] = mapped_column(primary_key=True)
    n: Mapped[int]


class TierCountDelta(Base):
    """What a statement changed in the counts, appended by a trigger.

    Appending instead of updating a counter keeps two officers who move firms in the same town from
    waiting for each other; a reader adds the deltas to the counts, so the sum is exact at any moment.
    """

    __tablename__ = "tier_count_deltas"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    tier: Mapped[str]
    region_code: Mapped[str]
    n: Mapped[int]


class ErasureRequest(Base):
    """One officer asks that what is held under a number or an address be erased, a second person does it."""

    __tablename__ = "erasure_requests"
    __table_args__ = (
        CheckConstraint(f"state IN ({_ERASURES})", name="state"),
        CheckConstraint("sought = '' OR starts_with(sought, 'sealed:')", name="sought_sealed"),
        Index("ix_erasure_requests_waiting", "asked_at", postgresql_where=text("state = 'waiting'")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    sought: Mapped[str]  # sealed, see app.sealed; nothing once it is answered
    label: Mapped[str]
    reason: Mapped[str]
    asker_id: Mapped[uuid.UUID]
    asker_name: Mapped[str]
    asked_at: Mapped[datetime]
    state: Mapped[str]
    decider_name: Mapped[str] = mapped_column(server_default="")
    decided_at: Mapped[datetime | None]
