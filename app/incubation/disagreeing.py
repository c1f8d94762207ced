"""The operator's list, the firm's word, the registered address: where they differ both sides have it to do until it is
settled. By the facts agreeing again, by whoever opened it taking it back, or by an officer's decision."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, select, update
from sqlalchemy.dialects.postgresql import insert

from app.access.terms import SYSTEM, Actor, Role, Viewer
from app.carriers.models import CarrierRecord, CarrierTeam, TenancyRow
from app.carriers.proposals import officers_of, operators_of
from app.carriers.queries import lock_carrier
from app.carriers.recording import trace
from app.carriers.sight import visible_to
from app.carriers.tenancies import tenancies_of_firm
from app.carriers.terms import Carrier
from app.clerks.queries import clerks_of
from app.clock import business_day
from app.db import Conn, new_id
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.firms.models import Firm
from app.firms.terms import FirmDetail
from app.incubation.after_rules import same_place
from app.incubation.after_terms import Disagreement, DisagreementKind, DisagreementState
from app.incubation.applying import carrier_near
from app.incubation.models import StayDisagreement
from app.outbox.writing import notice, post

_D, _C, _T, _M = StayDisagreement, CarrierRecord, TenancyRow, CarrierTeam
_ELSEWHERE: dict[str, Any] = {"carrier_name": _C.name, "uscc": Firm.uscc, "firm_name": Firm.name}
_FIELDS = tuple(Disagreement.__dataclass_fields__)
_KINDS = DisagreementKind


def _all() -> Select[Any]:
    columns: list[Any] = [_ELSEWHERE.get(name, getattr(_D, name, None)) for name in _FIELDS]
    return select(*columns).join(_C, _C.id == _D.carrier_id).join(Firm, Firm.id == _D.firm_id)


def _disagreement(row: Any) -> Disagreement:
    named = dict(zip(_FIELDS, row, strict=True))
    named |= {"kind": _KINDS(named["kind"]), "state": DisagreementState(named["state"])}
    return Disagreement(**named)


_OPEN_FIRST = (_D.settled_at.desc().nulls_first(), _D.opened_at, _D.id)


async def of_carrier(conn: Conn, carrier_id: uuid.UUID, *, limit: int = 100) -> list[Disagreement]:
    """The open ones first; the caller has looked the carrier up in its viewer's sight."""
    query = _all().where(_D.carrier_id == carrier_id).order_by(*_OPEN_FIRST).limit(limit)
    return [_disagreement(row) for row in await conn.execute(query)]


async def of_firm(conn: Conn, firm_id: uuid.UUID) -> list[Disagreement]:
    """Those that are open; the caller is the firm."""
    query = _all().where(_D.firm_id == firm_id, _D.settled_at.is_(None)).order_by(_D.opened_at, _D.id)
    return [_disagreement(row) for row in await conn.execute(query)]


async def open_in(conn: Conn, carrier_id: uuid.UUID) -> int:
    query = select(func.count()).where(_D.carrier_id == carrier_id, _D.settled_at.is_(None))
    return (await conn.execute(query)).scalar_one()


async def _held(conn: Conn, disagreement_id: uuid.UUID, *, viewer: Viewer) -> Disagreement:
    """Under its lock. Raises NotFound, Conflict once it is settled."""
    sight: ColumnElement[bool] = visible_to(viewer)
    if viewer.role is Role.FIRM:
        sight = _D.firm_id == viewer.firm_id
    query = _all().where(_D.id == disagreement_id, sight).with_for_update(of=_D.__table__)
    row = (await conn.execute(query)).one_or_none()
    if row is None:
        raise NotFound
    found = _disagreement(row)
    if not found.open:
        raise Conflict(f"这一条已由{found.settler_name}了结，请刷新后再看。")
    return found


async def deny(
    conn: Conn, firm: FirmDetail, tenancy_id: uuid.UUID, reason: str, *, by: Actor, at: datetime
) -> uuid.UUID:
    """The firm says that it is not in a room that is written down as its own. Raises NotFound, Invalid, Conflict."""
    held = [t for t in await tenancies_of_firm(conn, firm.id, viewer=by.viewer) if t.id == tenancy_id and t.open]
    if not held:
        raise NotFound
    if not reason:
        raise Invalid({"reason": "请写明哪里不对，如没有签过协议、已经搬走和搬走的日期。"})
    carrier = (held[0].carrier_id, held[0].carrier_name)
    return await _open(conn, carrier, firm.id, firm.name, firm.uscc, _KINDS.NOT_THERE, reason, by=by, at=at)


async def claim(
    conn: Conn, firm: FirmDetail, carrier_id: uuid.UUID, reason: str, *, by: Actor, at: datetime
) -> uuid.UUID:
    """The firm says that it is in a carrier whose list has it not. Raises NotFound, Invalid, Conflict."""
    carrier = await carrier_near(conn, firm, carrier_id, today=business_day(at))
    if not reason:
        raise Invalid({"reason": "请写明在哪个房间、从哪天起。"})
    inside = [t for t in await tenancies_of_firm(conn, firm.id, viewer=by.viewer) if t.carrier_id == carrier.id]
    if any(t.open for t in inside):
        raise Conflict(f"{carrier.name}的名单里已经有贵企业。")
    told = (carrier.id, carrier.name)
    return await _open(conn, told, firm.id, firm.name, firm.uscc, _KINDS.NOT_LISTED, reason, by=by, at=at)


async def _open(
    conn: Conn,
    carrier: tuple[uuid.UUID, str],
    firm_id: uuid.UUID,
    firm_name: str,
    uscc: str,
    kind: DisagreementKind,
    words: str,
    *,
    by: Actor,
    at: datetime,
) -> uuid.UUID:
    row = {"id": new_id(), "carrier_id": carrier[0], "firm_id": firm_id, "kind": kind.value, "firm_word": words}
    row |= {"opener_name": by.viewer.name, "opened_at": at}
    made: uuid.UUID | None = (
        await conn.execute(insert(_D).values(row).on_conflict_do_nothing().returning(_D.id))
    ).scalar_one_or_none()
    if made is None:
        raise Conflict("这一条已经在核对。")
    said = {"uscc": uscc, "kind": kind.label, "words": words}
    await trace(conn, carrier, "disagreement:opened", said, by=by, at=at)
    told = f"{firm_name}与{carrier[1]}：{kind.label}，请核对"
    rows = []
    # What the addresses show a check lists for whoever ran it; what a firm says of itself an officer has to hear.
    officers = await officers_of(conn, carrier[0]) if by.viewer.role is Role.FIRM else []
    page = f"/carriers/{carrier[0]}/disagreements"
    for person in (*await operators_of(conn, carrier[0]), *officers):
        rows.append(notice("stay_disagreed", f"{made}", to=person, subject=told, at=at, page=page))
    for clerk in await clerks_of(conn, firm_id):
        rows.append(notice("stay_disagreed", f"{made}", to=clerk.id, subject=told, at=at, page="/portal/entries"))
    await post(conn, *rows)
    return made


async def check(conn: Conn, carrier: Carrier, *, by: Actor, at: datetime) -> tuple[int, int]:
    """How many were opened and how many had settled themselves. Addresses are compared for incubated firms only: 300号
    第八条(二) asks them to be registered and at work inside."""
    if await lock_carrier(conn, carrier.id, viewer=by.viewer) is None:  # two who check at once come one after the other
        raise NotFound
    waiting, agreed = await _waiting_in(conn, carrier.id), 0
    inside = await _inside(conn, carrier.id)
    for one in waiting:
        if result := _agrees(one, inside, carrier):
            await _settle(conn, one, result, by=Actor(SYSTEM.viewer, by.origin), at=at)
            agreed += 1
    known = {d.firm_id for d in waiting if d.kind is _KINDS.ADDRESS}
    decided, opened = await _decided(conn, carrier.id), 0
    for firm_id, (name, uscc, address, incubates) in inside.items():
        words = f"登记地址：{address}"
        apart = incubates and same_place(address, carrier.address) is False
        if apart and firm_id not in known and (firm_id, words) not in decided:
            told = (carrier.id, carrier.name)
            await _open(conn, told, firm_id, name, uscc, _KINDS.ADDRESS, words, by=by, at=at)
            opened += 1
    return opened, agreed


async def _waiting_in(conn: Conn, carrier_id: uuid.UUID) -> list[Disagreement]:
    """All that are open, under lock: what somebody settles just now is not settled over."""
    query = _all().where(_D.carrier_id == carrier_id, _D.settled_at.is_(None)).order_by(_D.id)
    return [_disagreement(row) for row in await conn.execute(query.with_for_update(of=_D.__table__))]


async def _decided(conn: Conn, carrier_id: uuid.UUID) -> set[tuple[uuid.UUID, str]]:
    """Settled for this very address: it is not asked again until the address changes."""
    settled = and_(_D.carrier_id == carrier_id, _D.kind == _KINDS.ADDRESS.value, _D.settled_at.is_not(None))
    return {(firm_id, words) for firm_id, words in await conn.execute(select(_D.firm_id, _D.firm_word).where(settled))}


async def _inside(conn: Conn, carrier_id: uuid.UUID) -> dict[uuid.UUID, tuple[str, str, str | None, bool]]:
    """Firms with an open tenancy, by id: name, code, registered address, whether they are incubated."""
    query = (
        select(Firm.id, Firm.name, Firm.uscc, Firm.address, func.bool_or(_T.incubating_since.is_not(None)))
        .select_from(_T)
        .outerjoin(_M, _M.id == _T.team_id)
        .join(Firm, Firm.id == func.coalesce(_T.firm_id, _M.firm_id))
        .where(_T.carrier_id == carrier_id, _T.ended_on.is_(None))
        .group_by(Firm.id)
        .order_by(Firm.name)
    )
    return {row[0]: (row[1], row[2], row[3], row[4]) for row in await conn.execute(query)}


def _agrees(one: Disagreement, inside: dict[uuid.UUID, Any], carrier: Carrier) -> str:
    """What has made them agree, or nothing."""
    there = inside.get(one.firm_id)
    if one.kind is _KINDS.NOT_THERE:
        return "" if there else "载体已登记退出"
    if one.kind is _KINDS.NOT_LISTED:
        return "已登记入驻" if there else ""
    if not there or not there[3]:
        return "已不是在孵企业"
    return "登记地址已在载体" if same_place(there[2], carrier.address) else ""


async def answer(conn: Conn, disagreement_id: uuid.UUID, words: str, *, by: Actor, at: datetime) -> Disagreement:
    """One side's word, which the other and the officers read. Raises NotFound, Invalid, Conflict."""
    held = await _held(conn, disagreement_id, viewer=by.viewer)
    if not words:
        raise Invalid({"words": "请写明情况。"})
    side = "firm_word" if by.viewer.role is Role.FIRM else "carrier_word"
    await conn.execute(update(_D).where(_D.id == held.id).values({side: words}))
    said = {"uscc": held.uscc, "kind": held.kind.label, "words": words}
    await trace(conn, (held.carrier_id, held.carrier_name), "disagreement:answered", said, by=by, at=at)
    return held


async def settle(conn: Conn, disagreement_id: uuid.UUID, result: str, *, by: Actor, at: datetime) -> Disagreement:
    """By an officer, or by the firm of what it said itself. Raises NotFound, Forbidden, Invalid, Conflict."""
    held = await _held(conn, disagreement_id, viewer=by.viewer)
    own = by.viewer.role is Role.FIRM and held.kind is not _KINDS.ADDRESS
    if by.viewer.role is not Role.OFFICER and not own:
        raise Forbidden("由企业撤回、双方改到一致，或主管部门核定。")
    if not result:
        raise Invalid({"result": "请写明核对的结果。"})
    await _settle(conn, held, result, by=by, at=at)
    return held


async def _settle(conn: Conn, held: Disagreement, result: str, *, by: Actor, at: datetime) -> None:
    done = {"state": DisagreementState.SETTLED.value, "settler_name": by.viewer.name, "result": result}
    await conn.execute(update(_D).where(_D.id == held.id).values(**done, settled_at=at))
    said = {"uscc": held.uscc, "kind": held.kind.label, "reason": result}
    await trace(conn, (held.carrier_id, held.carrier_name), "disagreement:settled", said, by=by, at=at)
