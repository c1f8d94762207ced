"""An operator's proposal that a firm become its tenant, which the firm itself, or an officer in its stead, answers."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from app.carriers.terms import CarrierKind, place_of
from app.labels import Labelled

# Our own defaults, no authority's.
ANSWER_DAYS = 7  # for the firm; after them the bureau's officer may answer in its stead
OPEN_DAYS = 30  # until a proposal that nobody has agreed to is over
PROPOSED_A_DAY = 20  # by one carrier
OVERTAKEN = "房间已另外租出"  # why a proposal is over before its last day


class ProposalState(Labelled):
    WAITING = "waiting", "等待确认"
    CONFIRMED = "confirmed", "已确认"
    REFUSED = "refused", "未同意"
    WITHDRAWN = "withdrawn", "已撤回"
    LAPSED = "lapsed", "未获确认"


@dataclass(frozen=True, slots=True)
class Proposal:
    id: uuid.UUID
    carrier_id: uuid.UUID
    carrier_name: str
    carrier_kind: CarrierKind
    region_code: str  # of the carrier
    operator: str
    uscc: str  # as it was typed; whether there is such a firm is looked up by who answers
    space_id: uuid.UUID | None
    building: str
    floor: str
    room: str
    exclusive: bool  # a room for one; False where it is about a team
    team_id: uuid.UUID | None  # a team that says it has become the firm
    team_name: str
    since: date
    until: date | None
    terms: Mapping[str, Any]  # of the lease
    state: ProposalState
    proposer_name: str
    created_at: datetime
    due_on: date
    closes_on: date
    tenancy_id: uuid.UUID | None
    overtaken: bool  # somebody else has the room

    @property
    def called(self) -> str:
        """By the name that its operator knew it by, or its code."""
        return str(self.terms.get("called") or self.uscc)

    @property
    def place(self) -> str:
        return place_of(self.building, self.floor, self.room)

    def open(self, today: date) -> bool:
        return self.state is ProposalState.WAITING and today <= self.closes_on


@dataclass(frozen=True, slots=True)
class Asked:
    """A proposal before an officer: with the firm, where the registry has it in sight, and who is to answer."""

    proposal: Proposal
    firm_name: str  # empty: no such firm in sight
    has_account: bool
    firm_id: uuid.UUID | None = None
    registered_on: date | None = None

    @property
    def another(self) -> bool:
        """A firm of another day is not what the team has become."""
        return bool(self.proposal.team_id and self.registered_on and self.registered_on != self.proposal.since)

    def officers_turn(self, today: date) -> bool:
        return not self.has_account or today > self.proposal.due_on


def told_operator(proposal: Proposal, today: date) -> ProposalState:
    """What its operator hears: the same of a firm that said no, that never answered, and that there is not."""
    if proposal.state in (ProposalState.CONFIRMED, ProposalState.WITHDRAWN):
        return proposal.state
    if proposal.state is ProposalState.LAPSED or today > proposal.closes_on:
        return ProposalState.LAPSED
    return ProposalState.WAITING


def rivals_of(one: Proposal, waiting: Iterable[Proposal]) -> list[Proposal]:
    """Those for the same room of one's own on some of the same days, of which the first to be agreed to gets it."""
    last = one.until or date.max
    return [
        other
        for other in waiting
        if one.exclusive
        and (other.space_id, other.id != one.id) == (one.space_id, True)
        and other.since <= last
        and one.since <= (other.until or date.max)
    ]


def days_of(on: date) -> tuple[date, date]:
    """By when the firm answers, and the last day of the whole."""
    return on + timedelta(days=ANSWER_DAYS), on + timedelta(days=OPEN_DAYS)
