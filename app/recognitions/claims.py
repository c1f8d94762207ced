"""What firms say they hold, read: a clerk's own firm's, and for the officer what waits to be verified."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, tuple_

from app.access.terms import Viewer
from app.db import Conn
from app.firms.filtering import visible_to
from app.firms.models import Firm
from app.policy.figures import IpKind
from app.recognitions.models import Certificate, IpRightRow, TitleClaim
from app.recognitions.terms import CertificateKind, ClaimKind, ClaimState

MOST = 100
NAMED = frozenset({"kind", "number"})


@dataclass(frozen=True, slots=True)
class Claim:
    id: uuid.UUID
    firm_id: uuid.UUID
    firm_name: str
    uscc: str
    kind: ClaimKind
    target_id: uuid.UUID | None
    state: ClaimState
    version: int
    body: Mapping[str, Any]
    words: str
    created_at: datetime
    creator_name: str
    reason: str
    decided_at: datetime | None
    decider_name: str

    @property
    def object_id(self) -> uuid.UUID:
        """What its evidence hangs on: the right that it is about, else what it becomes."""
        return self.target_id or self.id

    @property
    def papers_only(self) -> bool:
        """Nothing in the ledger shall read otherwise: there is more to see of what it says."""
        return self.body.keys() <= NAMED

    @property
    def title(self) -> str:
        kind = self.body["kind"]
        label = CertificateKind(kind).label if self.kind is ClaimKind.CERTIFICATE else IpKind(kind).label
        return f"{label} {self.body['number']}"


_FIRM = {"firm_name": Firm.name, "uscc": Firm.uscc}
_COLUMNS: tuple[Any, ...] = tuple(_FIRM.get(f) or getattr(TitleClaim, f) for f in Claim.__dataclass_fields__)


def _claims() -> Any:
    return select(*_COLUMNS).join(Firm, Firm.id == TitleClaim.firm_id)


def _claim(row: Any) -> Claim:
    named = dict(zip(Claim.__dataclass_fields__, row, strict=True))
    return Claim(**{**named, "kind": ClaimKind(named["kind"]), "state": ClaimState(named["state"])})


Position = tuple[datetime, uuid.UUID]


async def claims_of(conn: Conn, firm_id: uuid.UUID, *, after: Position | None = None, limit: int = MOST) -> list[Claim]:
    """Newest first."""
    c = TitleClaim
    query = _claims().where(c.firm_id == firm_id).order_by(c.created_at.desc(), c.id.desc())
    if after is not None:
        query = query.where(tuple_(c.created_at, c.id) < tuple_(*after))
    return [_claim(row) for row in await conn.execute(query.limit(limit))]


async def claims_waiting(
    conn: Conn, *, viewer: Viewer, after: Position | None = None, limit: int = MOST
) -> list[Claim]:
    """Longest waiting first."""
    c = TitleClaim
    query = _claims().where(c.state == ClaimState.WAITING.value, visible_to(viewer)).order_by(c.created_at, c.id)
    if after is not None:
        query = query.where(tuple_(c.created_at, c.id) > tuple_(*after))
    return [_claim(row) for row in await conn.execute(query.limit(limit))]


async def count_waiting(conn: Conn, *, viewer: Viewer) -> int:
    query = select(func.count()).select_from(TitleClaim).join(Firm, Firm.id == TitleClaim.firm_id)
    waiting = query.where(TitleClaim.state == ClaimState.WAITING.value, visible_to(viewer))
    return int((await conn.execute(waiting)).scalar_one())


async def claim_by_id(conn: Conn, claim_id: uuid.UUID, *, viewer: Viewer, hold: bool = False) -> Claim | None:
    query = _claims().where(TitleClaim.id == claim_id, visible_to(viewer))
    query = query.with_for_update(of=TitleClaim.__table__) if hold else query
    row = (await conn.execute(query)).one_or_none()
    return _claim(row) if row else None


async def judged_at(conn: Conn, object_id: uuid.UUID) -> datetime | None:
    """When an officer last had the evidence of it in hand, whatever they made of it."""
    c, judged = TitleClaim, (ClaimState.ACCEPTED.value, ClaimState.REFUSED.value)
    query = select(func.max(c.decided_at)).where(func.coalesce(c.target_id, c.id) == object_id, c.state.in_(judged))
    found: datetime | None = (await conn.execute(query)).scalar_one_or_none()
    return found


async def held_elsewhere(conn: Conn, claim: Claim, *, viewer: Viewer) -> list[tuple[str, str]]:
    """Firms in sight, by code and name, that hold the like under the same number."""
    model: Any = Certificate if claim.kind is ClaimKind.CERTIFICATE else IpRightRow
    same = (model.kind == claim.body["kind"], model.number == claim.body["number"], model.firm_id != claim.firm_id)
    query = select(Firm.uscc, Firm.name).join(model, model.firm_id == Firm.id).where(*same, visible_to(viewer))
    return [(uscc, name) for uscc, name in await conn.execute(query.order_by(Firm.name).limit(5))]
