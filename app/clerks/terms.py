import uuid
from dataclasses import dataclass
from datetime import datetime

from app.labels import Labelled

INVITATION_DAYS = 7
RESET_HOURS = 1
# What one address may ask for within an hour; a bureau's hall has a few computers, a flood has thousands of letters.
ASKED_AN_HOUR = 5


class AskedState(Labelled):
    WAITING = "waiting", "待审核"
    APPROVED = "approved", "已同意"
    REFUSED = "refused", "未同意"


@dataclass(frozen=True, slots=True)
class Asked:
    """Whom an invitation is for."""

    name: str
    email: str
    signatory: bool = False


@dataclass(frozen=True, slots=True)
class Opening:
    """What a person who was invited makes of the invitation."""

    login: str
    name: str
    password: str
    again: str


@dataclass(frozen=True, slots=True)
class Clerk:
    id: uuid.UUID
    login: str
    name: str
    email: str | None
    signatory: bool
    last_sign_in_at: datetime | None


@dataclass(frozen=True, slots=True)
class Invitation:
    id: uuid.UUID
    firm_id: uuid.UUID
    firm_name: str
    name: str
    email: str
    signatory: bool
    inviter_id: uuid.UUID | None
    inviter_name: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Application:
    """Somebody who says that they report for a firm."""

    uscc: str
    name: str
    email: str
    phone: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    id: uuid.UUID
    uscc: str
    firm_name: str | None  # None when the registry has no such code
    name: str
    email: str
    phone: str
    words: str
    state: AskedState
    created_at: datetime
