"""What list, register and address show by themselves: opened once where they differ, settled when they agree again."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, select

from app.access.terms import SYSTEM, Actor, Viewer
from app.carriers.models import CarrierTeam, TenancyRow
from app.carriers.queries import lock_carrier
from app.carriers.terms import Carrier
from app.db import Conn
from app.errors import NotFound
from app.firms.models import Firm
from app.firms.terms import FirmStatus
from app.incubation.after_rules import same_place
from app.incubation.after_terms import Disagreement, DisagreementKind
from app.incubation.disagreeing import About, locked_in, open_one, settle_one
from app.incubation.models import StayDisagreement

_D, _T, _M = StayDisagreement, TenancyRow, CarrierTeam
_KINDS = DisagreementKind
_LEFT = (FirmStatus.MOVED_OUT, FirmStatus.DEREGISTERED)


@dataclass(frozen=True, slots=True)
class _Inside:
    """A firm with an open tenancy, as the registry has it."""

    name: str
    uscc: str
    address: str | None
    status: FirmStatus
    incubates: bool


async def check(
    conn: Conn, carrier_id: uuid.UUID, *, viewer: Viewer | None, by: Actor, at: datetime
) -> tuple[int, int]:
    """How many were opened and how many had settled themselves. Addresses are compared for incubated firms only: 300号
    第八条(二) asks them to be registered and at work inside. `viewer` None: for a job. Raises NotFound."""
    carrier = await lock_carrier(conn, carrier_id, viewer=viewer)  # who check at once come one after the other
    if carrier is None:
        raise NotFound
    waiting, agreed = await locked_in(conn, carrier.id), 0
    inside = await _inside(conn, carrier.id)
    for one in waiting:
        if result := _agrees(one, inside, carrier):
            await settle_one(conn, one, result, by=Actor(SYSTEM.viewer, by.origin), at=at)
            agreed += 1
    known = {(d.firm_id, d.kind) for d in waiting}
    decided, opened = await _decided(conn, carrier.id), 0
    for firm_id, firm in inside.items():
        for kind, words in _differs(firm, carrier):
            if (firm_id, kind) in known or (firm_id, kind.value, words) in decided:
                continue
            about = About(firm_id, firm.name, firm.uscc, kind)
            await open_one(conn, (carrier.id, carrier.name), about, words, by=by, at=at)
            opened += 1
    return opened, agreed


def _differs(firm: _Inside, carrier: Carrier) -> list[tuple[DisagreementKind, str]]:
    if firm.status in _LEFT:
        return [(_KINDS.GONE, f"登记状态：{firm.status.label}")]
    if firm.incubates and same_place(firm.address, carrier.address) is False:
        return [(_KINDS.ADDRESS, f"登记地址：{firm.address}")]
    return []


async def _decided(conn: Conn, carrier_id: uuid.UUID) -> set[tuple[uuid.UUID, str, str]]:
    """Settled for this very address or status: it is not asked again until that changes."""
    settled = and_(_D.carrier_id == carrier_id, _D.settled_at.is_not(None), _D.evidence != "")
    query = select(_D.firm_id, _D.kind, _D.evidence).where(settled)
    return {(firm_id, kind, words) for firm_id, kind, words in await conn.execute(query)}


async def _inside(conn: Conn, carrier_id: uuid.UUID) -> dict[uuid.UUID, _Inside]:
    """Those with an open tenancy, their own or their team's, by name."""
    query = (
        select(Firm.id, Firm.name, Firm.uscc, Firm.address, Firm.status, func.bool_or(_T.incubating_since.is_not(None)))
        .select_from(_T)
        .outerjoin(_M, _M.id == _T.team_id)
        .join(Firm, Firm.id == func.coalesce(_T.firm_id, _M.firm_id))
        .where(_T.carrier_id == carrier_id, _T.ended_on.is_(None))
        .group_by(Firm.id, Firm.name, Firm.uscc, Firm.address, Firm.status)
        .order_by(Firm.name)
    )
    rows = await conn.execute(query)
    return {row[0]: _Inside(row[1], row[2], row[3], FirmStatus(row[4]), row[5]) for row in rows}


def _agrees(one: Disagreement, inside: dict[uuid.UUID, _Inside], carrier: Carrier) -> str:
    """What has made them agree, or nothing."""
    there = inside.get(one.firm_id)
    if one.kind is _KINDS.NOT_THERE:
        return "" if there else "载体已登记退出"
    if one.kind is _KINDS.NOT_LISTED:
        return "已登记入驻" if there else ""
    if one.kind is _KINDS.GONE:
        if there is None:
            return "载体已登记退出"
        return "" if there.status in _LEFT else f"登记状态：{there.status.label}"
    if there is None or not there.incubates:
        return "已不是在孵企业"
    return "登记地址已在载体" if same_place(there.address, carrier.address) else ""


async def to_check(conn: Conn) -> list[uuid.UUID]:
    """Carriers with somebody inside, or with something that is being looked into."""
    inside = select(_T.carrier_id).where(_T.ended_on.is_(None))
    waiting = select(_D.carrier_id).where(_D.settled_at.is_(None))
    return sorted((await conn.execute(inside.union(waiting))).scalars())
