import uuid
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, Numeric, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import DATERANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import SmallInteger

from app.carriers.proposal_terms import ProposalState
from app.carriers.stay_terms import EndReason, Happening, SpecialField
from app.carriers.terms import CarrierKind, CarrierLevel, CarrierState, DutyKind
from app.db import Base
from app.labels import Labelled


def one_of(column: str, words: type[Labelled]) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({', '.join(repr(str(w.value)) for w in words)})", name=column)


_AREA = Numeric(12, 2)  # square metres
_PLACE = ("building", "floor", "room")


class CarrierRecord(Base):
    """A makerspace, incubator, accelerator, park or 星创天地, and whoever runs it."""

    __tablename__ = "carriers"
    __table_args__ = (
        one_of("kind", CarrierKind),
        one_of("level", CarrierLevel),
        one_of("state", CarrierState),
        CheckConstraint("(closed_on IS NULL) = (state = 'operating')", name="closed"),
        Index("ix_carriers_region", "region_code", "name", "id"),
        CheckConstraint("contact_phone = '' OR starts_with(contact_phone, 'sealed:')", name="contact_phone_sealed"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    level: Mapped[str]
    region_code: Mapped[str] = mapped_column(ForeignKey("regions.code"))
    park: Mapped[str | None]
    operator: Mapped[str] = mapped_column(server_default="")
    address: Mapped[str] = mapped_column(server_default="")
    focus: Mapped[str] = mapped_column(server_default="")
    opened_on: Mapped[date | None]
    state: Mapped[str] = mapped_column(server_default="operating")
    closed_on: Mapped[date | None]
    contact_name: Mapped[str] = mapped_column(server_default="")
    contact_phone: Mapped[str] = mapped_column(server_default="")
    remark: Mapped[str] = mapped_column(server_default="")
    area_total: Mapped[Decimal | None] = mapped_column(_AREA)
    area_office: Mapped[Decimal | None] = mapped_column(_AREA)
    area_tenants: Mapped[Decimal | None] = mapped_column(_AREA)
    area_public: Mapped[Decimal | None] = mapped_column(_AREA)
    area_other: Mapped[Decimal | None] = mapped_column(_AREA)
    version: Mapped[int] = mapped_column(server_default=text("1"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class CarrierTitle(Base):
    """认定或备案: what an authority recognised the carrier as, on which paper, for how long."""

    __tablename__ = "carrier_titles"
    __table_args__ = (
        one_of("level", CarrierLevel),
        CheckConstraint("valid_until >= issued_on", name="dates"),
        Index("ix_carrier_titles_carrier", "carrier_id", "issued_on"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    carrier_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("carriers.id", ondelete="CASCADE"))
    level: Mapped[str]
    name: Mapped[str]
    document: Mapped[str] = mapped_column(server_default="")
    issued_on: Mapped[date]
    valid_until: Mapped[date | None]
    recorded_at: Mapped[datetime]
    recorder_name: Mapped[str]


class CarrierDuty(Base):
    """What a carrier owes an authority by a day."""

    __tablename__ = "carrier_duties"
    __table_args__ = (
        one_of("kind", DutyKind),
        CheckConstraint("(done_on IS NULL) = (doer_name = '')", name="done"),
        Index("ix_carrier_duties_carrier", "carrier_id", "due_on"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    carrier_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("carriers.id", ondelete="CASCADE"))
    kind: Mapped[str]
    what: Mapped[str]
    due_on: Mapped[date]
    basis: Mapped[str] = mapped_column(server_default="")
    done_on: Mapped[date | None]
    doer_name: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[datetime]


class CarrierChangeRow(Base):
    """A change that has to be reported: what it was and became, when it happened and when it was recorded."""

    __tablename__ = "carrier_changes"
    __table_args__ = (Index("ix_carrier_changes_carrier", "carrier_id", "at"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    carrier_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("carriers.id", ondelete="CASCADE"))
    changed_on: Mapped[date]
    what: Mapped[str]
    before: Mapped[str]
    after: Mapped[str]
    actor_name: Mapped[str]
    at: Mapped[datetime]


class CarrierStay(Base):
    """How long a kind of carrier keeps its tenants: seeded with its source, then the bureau's to set."""

    __tablename__ = "carrier_stays"
    __table_args__ = (one_of("kind", CarrierKind),)

    kind: Mapped[str] = mapped_column(primary_key=True)
    months: Mapped[int | None] = mapped_column(SmallInteger)
    special_months: Mapped[int | None] = mapped_column(SmallInteger)
    document: Mapped[str] = mapped_column(server_default="")
    grade: Mapped[str]


class CarrierSpace(Base):
    """A room or a hall of seats. What was let keeps its size: a rebuilt room is closed, and another one opened."""

    __tablename__ = "carrier_spaces"
    __table_args__ = (
        UniqueConstraint("id", "carrier_id", "exclusive"),
        Index("ix_carrier_spaces_carrier", "carrier_id", *_PLACE, "id"),
        Index(
            "uq_carrier_spaces_place", "carrier_id", *_PLACE, unique=True, postgresql_where=text("closed_on IS NULL")
        ),
        CheckConstraint("area > 0", name="area"),
        CheckConstraint("capacity IS NULL OR (capacity > 0 AND NOT exclusive)", name="capacity"),
        CheckConstraint("closed_on > opened_on", name="dates"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    carrier_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("carriers.id", ondelete="CASCADE"))
    building: Mapped[str] = mapped_column(server_default="")
    floor: Mapped[str] = mapped_column(server_default="")
    room: Mapped[str]
    area: Mapped[Decimal] = mapped_column(_AREA)
    exclusive: Mapped[bool]
    capacity: Mapped[int | None]
    opened_on: Mapped[date | None]  # None: as long as anybody remembers
    closed_on: Mapped[date | None]  # the first day on which it is no more
    closed_at: Mapped[datetime | None]  # when that was recorded
    joined_into: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("carrier_spaces.id"))  # the other row of the room
    version: Mapped[int] = mapped_column(server_default=text("1"))
    created_at: Mapped[datetime]


class CarrierTeam(Base):
    """A team without a code yet. Once it is a firm, its tenancies stay its own and are the firm's from that day."""

    __tablename__ = "carrier_teams"
    __table_args__ = (
        UniqueConstraint("carrier_id", "name"),
        CheckConstraint("(firm_id IS NULL) = (linked_on IS NULL)", name="linked"),
        Index("ix_carrier_teams_firm", "firm_id", postgresql_where=text("firm_id IS NOT NULL")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    carrier_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("carriers.id", ondelete="CASCADE"))
    name: Mapped[str]
    leader: Mapped[str] = mapped_column(server_default="")
    members: Mapped[int | None]
    firm_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("firms.id"))
    linked_on: Mapped[date | None]
    linked_at: Mapped[datetime | None]  # when that was recorded
    created_at: Mapped[datetime]


class TenancyRow(Base):
    """A firm or a team in a space from a day until (not including) another. An exclusive space is never let twice."""

    __tablename__ = "tenancies"
    __table_args__ = (
        # `exclusive` repeats the space's own, so that the constraint below can see it; the key keeps it true.
        ForeignKeyConstraint(
            ["space_id", "carrier_id", "exclusive"],
            ["carrier_spaces.id", "carrier_spaces.carrier_id", "carrier_spaces.exclusive"],
        ),
        ExcludeConstraint(
            *(("space_id", "="), ("during", "&&")), name="ex_tenancies_overlap", using="gist", where=text("exclusive")
        ),
        one_of("special_field", SpecialField),
        one_of("end_reason", EndReason),
        CheckConstraint("(firm_id IS NULL) <> (team_id IS NULL)", name="holder"),
        CheckConstraint("(ended_on IS NULL) = (end_reason IS NULL)", name="ended"),
        CheckConstraint("isempty(during) = (end_reason IS NOT DISTINCT FROM 'struck')", name="during"),
        CheckConstraint("NOT lower_inf(during)", name="begun"),
        CheckConstraint("seats > 0 AND (seats = 1 OR NOT exclusive)", name="seats"),
        Index("ix_tenancies_carrier", "carrier_id", "space_id"),
        Index("ix_tenancies_open", "carrier_id", postgresql_where=text("ended_on IS NULL")),
        Index("ix_tenancies_space", "space_id"),
        Index("ix_tenancies_firm", "firm_id"),
        Index("ix_tenancies_team", "team_id"),
        Index("ix_tenancies_previous", "previous_id", postgresql_where=text("previous_id IS NOT NULL")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    carrier_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("carriers.id"))
    space_id: Mapped[uuid.UUID]
    exclusive: Mapped[bool]
    seats: Mapped[int] = mapped_column(server_default=text("1"))
    firm_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("firms.id", ondelete="CASCADE"))
    team_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("carrier_teams.id"))
    during: Mapped[Range[date]] = mapped_column(DATERANGE)
    incubating_since: Mapped[date | None]  # kept along the whole chain
    clock_since: Mapped[date | None]  # in this kind of carrier, for the limit
    limit_months: Mapped[int | None] = mapped_column(SmallInteger)
    limit_basis: Mapped[str] = mapped_column(server_default="")
    special_field: Mapped[str | None]
    rent_reduced: Mapped[bool] = mapped_column(server_default=text("false"))
    agreement_no: Mapped[str] = mapped_column(server_default="")
    agreement_on: Mapped[date | None]
    stage_target: Mapped[str] = mapped_column(server_default="")
    previous_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("tenancies.id"))
    ended_on: Mapped[date | None]
    end_reason: Mapped[str | None]
    end_note: Mapped[str] = mapped_column(server_default="")
    ground: Mapped[dict[str, Any] | None]
    entry: Mapped[dict[str, Any] | None]
    version: Mapped[int] = mapped_column(server_default=text("1"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class TenancyEventRow(Base):
    """What was recorded of a tenancy and when, with its interval then. Append-only: an old day's answer stays."""

    __tablename__ = "tenancy_events"
    __table_args__ = (
        one_of("kind", Happening),
        Index("ix_tenancy_events_tenancy", "tenancy_id", "at", "id"),
        Index("ix_tenancy_events_carrier", "carrier_id", "tenancy_id", "at"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    tenancy_id: Mapped[uuid.UUID]  # no key: it outlives whatever an import taken back removes
    carrier_id: Mapped[uuid.UUID]
    kind: Mapped[str]
    during: Mapped[Range[date]] = mapped_column(DATERANGE)
    open: Mapped[bool]  # whether no end was recorded yet
    reason: Mapped[str] = mapped_column(server_default="")
    detail: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    actor_id: Mapped[uuid.UUID | None]
    actor_name: Mapped[str]
    at: Mapped[datetime]


class TenancyProposal(Base):
    """What an operator asks of a firm by its code, which is kept as it was typed: see `proposing`."""

    __tablename__ = "tenancy_proposals"
    __table_args__ = (
        one_of("state", ProposalState),
        CheckConstraint("(space_id IS NULL) <> (team_id IS NULL)", name="about"),
        Index(
            "uq_tenancy_proposals_open",
            *("uscc", "carrier_id", "space_id", "team_id"),
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where=text("state IN ('waiting', 'refused')"),
        ),
        Index("ix_tenancy_proposals_carrier", "carrier_id", "created_at"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    carrier_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("carriers.id", ondelete="CASCADE"))
    uscc: Mapped[str]
    space_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("carrier_spaces.id", ondelete="CASCADE"))
    team_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("carrier_teams.id", ondelete="CASCADE"))
    since: Mapped[date]
    until: Mapped[date | None]
    terms: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    state: Mapped[str] = mapped_column(server_default="waiting")
    proposer_name: Mapped[str]
    created_at: Mapped[datetime]
    due_on: Mapped[date]
    closes_on: Mapped[date]
    decided_at: Mapped[datetime | None]
    decider_name: Mapped[str] = mapped_column(server_default="")
    refusal: Mapped[str] = mapped_column(server_default="")
    tenancy_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("tenancies.id", ondelete="SET NULL"))
