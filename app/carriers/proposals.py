"""Reads of proposals: an operator's own, those before a firm, those before the bureau's officers."""

import uuid
from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select

from app.access.models import User
from app.access.sight import beyond_sight
from app.access.terms import Role, Viewer
from app.carriers.models import CarrierRecord, CarrierSpace, CarrierTeam, TenancyProposal, TenancyRow
from app.carriers.proposal_terms import OVERTAKEN, Asked, Proposal, ProposalState
from app.carriers.queries import hold_carriers
from app.carriers.sight import visible_to
from app.carriers.terms import CarrierKind
from app.db import Conn
from app.firms.filtering import visible_to as firms_visible_to
from app.firms.models import Firm

MOST = 200
_P, _C, _S, _M = TenancyProposal, CarrierRecord, CarrierSpace, CarrierTeam


@lru_cache(maxsize=1)
def _columns() -> tuple[Any, ...]:
    elsewhere = {
        "carrier_name": _C.name,
        "carrier_kind": _C.kind,
        "region_code": _C.region_code,
        "operator": _C.operator,
        "building": func.coalesce(_S.building, ""),
        "floor": func.coalesce(_S.floor, ""),
        "room": func.coalesce(_S.room, ""),
        "exclusive": func.coalesce(_S.exclusive, False),
        "team_name": func.coalesce(_M.name, ""),
        "overtaken": and_(_P.state == ProposalState.LAPSED.value, _P.refusal == OVERTAKEN),
    }
    return tuple(elsewhere.get(name, getattr(_P, name, None)) for name in Proposal.__dataclass_fields__)


def _all() -> Select[Any]:
    return (
        select(*_columns())
        .join(_C, _C.id == _P.carrier_id)
        .outerjoin(_S, _S.id == _P.space_id)
        .outerjoin(_M, _M.id == _P.team_id)
    )


def _proposal(row: Sequence[Any]) -> Proposal:
    named = dict(zip(Proposal.__dataclass_fields__, row, strict=True))
    named |= {"carrier_kind": CarrierKind(named["carrier_kind"]), "state": ProposalState(named["state"])}
    return Proposal(**named)


async def proposals_of(conn: Conn, carrier_id: uuid.UUID, *, limit: int = 50) -> list[Proposal]:
    """The latest first; the caller has looked the carrier up. What its operator hears of each: `told_operator`."""
    query = _all().where(_P.carrier_id == carrier_id).order_by(_P.created_at.desc(), _P.id.desc()).limit(limit)
    return [_proposal(row) for row in await conn.execute(query)]


def _unheard(today: Any) -> ColumnElement[bool]:
    """To its operator it still waits: a no is one that it has not heard."""
    return and_(_P.state.in_([ProposalState.WAITING.value, ProposalState.REFUSED.value]), _P.closes_on >= today)


async def waiting_for(conn: Conn, space_id: uuid.UUID, *, today: date, lock: bool = False) -> list[Proposal]:
    """All that its operator has proposed for a space and still waits for, the first first."""
    query = _all().where(_P.space_id == space_id, _unheard(today)).order_by(_P.created_at, _P.id)
    query = query.with_for_update(of=_P.__table__) if lock else query
    return [_proposal(row) for row in await conn.execute(query)]


async def named_inside(conn: Conn, carrier_id: uuid.UUID, codes: Iterable[str]) -> dict[str, str]:
    """The names of those firms that are or were in the carrier, by code: of others its operator is told none."""
    t, m = TenancyRow, CarrierTeam
    inside = (
        select(func.coalesce(t.firm_id, m.firm_id)).outerjoin(m, m.id == t.team_id).where(t.carrier_id == carrier_id)
    )
    query = select(Firm.uscc, Firm.name).where(Firm.uscc.in_(list(codes)), Firm.id.in_(inside))
    return {uscc: name for uscc, name in await conn.execute(query)}


def counted_by_space(carrier_id: Any, today: Any, *, operator: bool) -> Select[uuid.UUID | None, int]:
    """How many proposals each space waits for; to its operator also those that somebody has said no to."""
    mine = (_P.carrier_id == carrier_id, _P.space_id.is_not(None), _unheard(today) if operator else _open(today))
    return select(_P.space_id, func.count().label("n")).where(*mine).group_by(_P.space_id)


async def asked_for(conn: Conn, carrier_id: uuid.UUID, *, viewer: Viewer, today: date) -> dict[uuid.UUID, int]:
    query = counted_by_space(carrier_id, today, operator=viewer.role is Role.CARRIER)
    return {space_id: n for space_id, n in await conn.execute(query) if space_id}


def _open(today: Any) -> ColumnElement[bool]:
    return and_(_P.state == ProposalState.WAITING.value, _P.closes_on >= today)


async def before_firm(conn: Conn, uscc: str, *, today: date) -> list[Proposal]:
    """What the firm of that code is asked; the caller has looked the firm up as its clerk's own."""
    query = _all().where(_P.uscc == uscc, _open(today)).order_by(_P.created_at, _P.id)
    return [_proposal(row) for row in await conn.execute(query)]


async def before_officers(
    conn: Conn, *, viewer: Viewer, today: date, after: tuple[date, uuid.UUID] | None = None, limit: int = MOST
) -> list[Asked]:
    """All that wait in the division, the soonest over first; each with its firm, where the officer sees one."""
    clerk = select(User.id).where(User.firm_id == Firm.id, User.role == Role.FIRM.value, User.active).exists()
    query = (
        _all()
        .add_columns(func.coalesce(Firm.name, ""), and_(Firm.id.is_not(None), clerk), Firm.id, Firm.registered_on)
        .outerjoin(Firm, and_(Firm.uscc == _P.uscc, firms_visible_to(viewer)))
        .where(visible_to(viewer), _open(today))
    )
    if after is not None:
        query = query.where(or_(_P.closes_on > after[0], and_(_P.closes_on == after[0], _P.id > after[1])))
    rows = await conn.execute(query.order_by(_P.closes_on, _P.id).limit(limit))
    return [Asked(_proposal(row[:-4]), *row[-4:]) for row in rows.all()]


async def locked(conn: Conn, proposal_id: uuid.UUID, *, viewer: Viewer, room: bool = False) -> Proposal | None:
    """Until the transaction ends; in the sight of who proposed it, of the firm it is about, or of the division.

    `room`: its carrier and its room first, as whoever lets it has them, or the two would wait for each other.
    """
    sight = visible_to(viewer)
    if viewer.role is Role.FIRM:
        own = select(Firm.uscc).where(Firm.id == viewer.firm_id).scalar_subquery()
        sight = (_P.uscc == own) if viewer.firm_id else false()
    query = _all().where(_P.id == proposal_id, sight)
    if room:
        await hold_carriers(conn, query.with_only_columns(_P.carrier_id))
        held = select(_S.id).where(_S.id == query.with_only_columns(_P.space_id).scalar_subquery())
        await conn.execute(held.with_for_update())
    row = (await conn.execute(query.with_for_update(of=_P.__table__))).one_or_none()
    return _proposal(row) if row is not None else None


async def answerers(conn: Conn, uscc: str, region_code: str) -> list[tuple[uuid.UUID, Role, str]]:
    """Who is asked first: the firm's own accounts, or, where it has none, the officers of the carrier's division.

    Each with what it calls the firm: by its name where it has it in sight, by its code where not. One statement for a
    code that is known and for one that is not.
    """
    firm = select(Firm.id).where(Firm.uscc == uscc).scalar_subquery()
    clerk = and_(User.role == Role.FIRM.value, User.firm_id == firm)
    here = func.starts_with(region_code, User.scope)
    officer = and_(User.role == Role.OFFICER.value, User.scope != "", here)
    known = select(Firm.name).where(Firm.uscc == uscc, func.starts_with(Firm.region_code, User.scope))
    name = func.coalesce(known.correlate(User).scalar_subquery(), uscc)
    query = select(User.id, User.role, name).where(User.active, or_(clerk, officer)).order_by(User.id)
    async with beyond_sight(conn):
        found = [(row[0], Role(row[1]), row[2]) for row in await conn.execute(query)]
    clerks = [one for one in found if one[1] is Role.FIRM]
    return clerks or found


async def officers_of(conn: Conn, carrier_id: uuid.UUID) -> list[uuid.UUID]:
    """Of the carrier's division."""
    here = func.starts_with(CarrierRecord.region_code, User.scope)
    officer = (User.role == Role.OFFICER.value, User.active, User.scope != "")
    query = select(User.id).join(CarrierRecord, here).where(CarrierRecord.id == carrier_id, *officer)
    return list((await conn.execute(query.order_by(User.id))).scalars())


async def operators_of(conn: Conn, carrier_id: uuid.UUID) -> list[uuid.UUID]:
    query = select(User.id).where(User.carrier_id == carrier_id, User.role == Role.CARRIER.value, User.active)
    return list((await conn.execute(query.order_by(User.id))).scalars())
