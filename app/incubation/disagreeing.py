"""The operator's list, the firm's word, the registered address: where they differ both sides have it to do until it is
settled. By the facts agreeing again, by whoever opened it taking it back, or by an officer's decision. Each side's word
stands as its own; what shows a difference without anybody's word is `reconciling`'s."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.types import Date, Uuid

from app.access.sight import beyond_sight
from app.access.terms import Actor, Role, Viewer
from app.carriers.models import CarrierDuty, CarrierRecord
from app.carriers.proposals import counted_by_space, officers_of, operators_of
from app.carriers.queries import DUTY, OWED_FIRST, duty_of
from app.carriers.recording import trace
from app.carriers.sight import visible_to
from app.carriers.tenancies import tenancies_of_firm
from app.carriers.terms import Duty
from app.clerks.queries import clerks_of
from app.clock import business_day
from app.db import Conn, new_id
from app.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from app.firms.models import Firm
from app.firms.terms import FirmDetail
from app.incubation.after_terms import Disagreement, DisagreementKind, DisagreementState, Speaker
from app.incubation.applying import carrier_near
from app.incubation.models import StayDisagreement
from app.outbox.writing import notice, post
from app.statements import Kept

_D, _C = StayDisagreement, CarrierRecord
_ELSEWHERE: dict[str, Any] = {"carrier_name": _C.name, "uscc": Firm.uscc, "firm_name": Firm.name}
_FIELDS = tuple(Disagreement.__dataclass_fields__)
_KINDS = DisagreementKind


@dataclass(frozen=True, slots=True)
class About:
    """Whom a difference is about, and which."""

    firm_id: uuid.UUID
    firm_name: str
    uscc: str
    kind: DisagreementKind


def speaker_of(viewer: Viewer) -> Speaker:
    return {Role.FIRM: Speaker.FIRM, Role.CARRIER: Speaker.CARRIER}.get(viewer.role, Speaker.BUREAU)


def _all() -> Select[Any]:
    columns: list[Any] = [_ELSEWHERE.get(name, getattr(_D, name, None)) for name in _FIELDS]
    return select(*columns).join(_C, _C.id == _D.carrier_id).join(Firm, Firm.id == _D.firm_id)


def _disagreement(row: Any) -> Disagreement:
    named = dict(zip(_FIELDS, row, strict=True))
    named |= {"kind": _KINDS(named["kind"]), "state": DisagreementState(named["state"])}
    return Disagreement(**named)


async def _read(conn: Conn, query: Select[Any]) -> list[Disagreement]:
    """Each with its firm's name: whoever may read of the difference need not see the firm, which stands on nobody's
    list yet, or in another division."""
    async with beyond_sight(conn):
        return [_disagreement(row) for row in await conn.execute(query)]


async def _one(conn: Conn, query: Select[Any]) -> Disagreement:
    found = await _read(conn, query)
    if not found:
        raise NotFound
    return found[0]


_OPEN_FIRST = (_D.settled_at.desc().nulls_first(), _D.opened_at, _D.id)


async def locked_in(conn: Conn, carrier_id: uuid.UUID) -> list[Disagreement]:
    """All that are open, under lock: what somebody settles just now is not settled over."""
    query = _all().where(_D.carrier_id == carrier_id, _D.settled_at.is_(None)).order_by(_D.id)
    return await _read(conn, query.with_for_update(of=_D.__table__))


async def of_carrier(conn: Conn, carrier_id: uuid.UUID, *, limit: int) -> list[Disagreement]:
    """The open ones first; the caller has looked the carrier up in its viewer's sight."""
    query = _all().where(_D.carrier_id == carrier_id).order_by(*_OPEN_FIRST).limit(limit)
    return await _read(conn, query)


async def of_firm(conn: Conn, firm_id: uuid.UUID) -> list[Disagreement]:
    """Those that are open; the caller is the firm."""
    query = _all().where(_D.firm_id == firm_id, _D.settled_at.is_(None)).order_by(_D.opened_at, _D.id)
    return await _read(conn, query)


async def listed(
    conn: Conn,
    *,
    viewer: Viewer,
    carrier_id: uuid.UUID | None = None,
    state: DisagreementState | None = None,
    before: uuid.UUID | None = None,
    limit: int = 50,
) -> list[Disagreement]:
    """In the viewer's sight, the latest first; of a firm those about itself. Keyset by id, which time orders."""
    query = _all().where(_in_sight(viewer)).order_by(_D.id.desc()).limit(limit)
    if carrier_id is not None:
        query = query.where(_D.carrier_id == carrier_id)
    if state is not None:
        query = query.where(_D.state == state.value)
    if before is not None:
        query = query.where(_D.id < before)
    return await _read(conn, query)


async def by_id(conn: Conn, disagreement_id: uuid.UUID, *, viewer: Viewer) -> Disagreement:
    """Raises NotFound."""
    return await _one(conn, _all().where(_D.id == disagreement_id, _in_sight(viewer)))


def _in_sight(viewer: Viewer) -> ColumnElement[bool]:
    """A firm was in a carrier with others, whose affairs are none of its."""
    own: ColumnElement[bool] = _D.firm_id == viewer.firm_id
    return own if viewer.role is Role.FIRM else visible_to(viewer)


_ID = bindparam("carrier_id", type_=Uuid())
_OPEN = select(func.count().label("n")).where(_D.carrier_id == _ID, _D.settled_at.is_(None)).subquery()


def _to_do(*, operator: bool) -> Kept:
    asked = counted_by_space(_ID, bindparam("today", type_=Date()), operator=operator).subquery()
    counts = select(func.jsonb_object_agg(asked.c.space_id, asked.c.n)).scalar_subquery()
    duties = _OPEN.outerjoin(CarrierDuty, CarrierDuty.carrier_id == _ID)
    return Kept(select(_OPEN.c.n, counts, *DUTY).select_from(duties).order_by(*OWED_FIRST))


_TO_DO = {operator: _to_do(operator=operator) for operator in (True, False)}


async def to_do(
    conn: Conn, carrier_id: uuid.UUID, *, viewer: Viewer, today: date
) -> tuple[list[Duty], int, Mapping[uuid.UUID, int]]:
    """The carrier's duties, how many disagreements are open and how many proposals each of its rooms waits for, of one
    statement; the caller sees the carrier."""
    query = _TO_DO[viewer.role is Role.CARRIER]
    rows = (await conn.execute(query, {"carrier_id": carrier_id, "today": today})).all()
    disagreeing, asked = rows[0][:2]
    duties = [duty_of(row[2:]) for row in rows if row[2] is not None]
    return duties, disagreeing, {uuid.UUID(space): n for space, n in (asked or {}).items()}


async def _held(conn: Conn, disagreement_id: uuid.UUID, *, version: int, viewer: Viewer) -> Disagreement:
    """Under its lock. Raises NotFound, Conflict once it is settled, Stale when anybody has spoken since `version`."""
    query = _all().where(_D.id == disagreement_id, _in_sight(viewer)).with_for_update(of=_D.__table__)
    found = await _one(conn, query)
    if not found.open:
        raise Conflict(f"这一条已由{found.settler_name}了结，请刷新后再看。")
    if found.version != version:
        raise Stale("这一条刚有人说明过，请对照现在的内容再写。")
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
    about = About(firm.id, firm.name, firm.uscc, _KINDS.NOT_THERE)
    room = f"登记的房间：{held[0].place}，{held[0].since} 起"
    return await open_one(conn, carrier, about, reason, room=room, by=by, at=at)


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
    about = About(firm.id, firm.name, firm.uscc, _KINDS.NOT_LISTED)
    return await open_one(conn, told, about, reason, by=by, at=at)


async def open_one(
    conn: Conn,
    carrier: tuple[uuid.UUID, str],
    about: About,
    words: str,
    *,
    room: str = "",
    by: Actor,
    at: datetime,
) -> uuid.UUID:
    """`carrier`: its id and name; `words`: the firm's, or what the facts show; `room`: which the firm is about.
    Raises Conflict while the same is being looked into."""
    row = {"id": new_id(), "carrier_id": carrier[0], "firm_id": about.firm_id, "kind": about.kind.value}
    row |= {"firm_word": words, "evidence": room} if by.viewer.role is Role.FIRM else {"evidence": words}
    row |= {"opener_name": by.viewer.name, "opened_at": at}
    made: uuid.UUID | None = (
        await conn.execute(insert(_D).values(row).on_conflict_do_nothing().returning(_D.id))
    ).scalar_one_or_none()
    if made is None:
        raise Conflict("这一条已经在核对。")
    said = {"uscc": about.uscc, "kind": about.kind.label, "words": words, "place": room}
    await trace(conn, carrier, "disagreement:opened", said, by=by, at=at)
    told = f"{about.firm_name}与{carrier[1]}：{about.kind.label}{f'（{room}）' if room else ''}，请核对"
    # What facts show a check lists for whoever ran it; what a firm says of itself an officer has to hear.
    officers = await officers_of(conn, carrier[0]) if by.viewer.role is Role.FIRM else []
    operators = await operators_of(conn, carrier[0])
    await _tell(conn, f"{made}", told, carrier[0], [*operators, *officers], about.firm_id, at=at)
    return made


async def _tell(
    conn: Conn,
    key: str,
    told: str,
    carrier_id: uuid.UUID,
    people: Sequence[uuid.UUID],
    firm_id: uuid.UUID | None,
    *,
    at: datetime,
) -> None:
    """`people`: of the carrier and the bureau; with `firm_id` the firm's clerks, too."""
    page = f"/carriers/{carrier_id}/disagreements"
    rows = [notice("stay_disagreed", key, to=person, subject=told, at=at, page=page) for person in people]
    for clerk in await clerks_of(conn, firm_id) if firm_id else ():
        rows.append(notice("stay_disagreed", key, to=clerk.id, subject=told, at=at, page="/portal/entries"))
    await post(conn, *rows)


_WORDS = {Speaker.FIRM: "firm_word", Speaker.CARRIER: "carrier_word", Speaker.BUREAU: "bureau_word"}


async def answer(
    conn: Conn, disagreement_id: uuid.UUID, words: str, *, version: int, by: Actor, at: datetime
) -> Disagreement:
    """One side's word, which the others read and hear of. Raises NotFound, Invalid, Conflict, Stale."""
    held = await _held(conn, disagreement_id, version=version, viewer=by.viewer)
    if not words:
        raise Invalid({"words": "请写明情况。"})
    side = speaker_of(by.viewer)
    done = {_WORDS[side]: words, "version": _D.version + 1}
    await conn.execute(update(_D).where(_D.id == held.id).values(done))
    said = {"uscc": held.uscc, "kind": held.kind.label, "words": words}
    await trace(conn, (held.carrier_id, held.carrier_name), "disagreement:answered", said, by=by, at=at)
    told = f"{held.firm_name}与{held.carrier_name}（{held.kind.label}）：{side.label}已说明"
    await _tell_others(conn, held, f"{held.id}:{held.version}", told, side, at=at)
    return held


async def settle(
    conn: Conn, disagreement_id: uuid.UUID, result: str, *, version: int, by: Actor, at: datetime
) -> Disagreement:
    """By an officer, or by the firm of what it said itself. Raises NotFound, Forbidden, Invalid, Conflict, Stale."""
    held = await _held(conn, disagreement_id, version=version, viewer=by.viewer)
    own = by.viewer.role is Role.FIRM and held.kind in (_KINDS.NOT_THERE, _KINDS.NOT_LISTED)
    if by.viewer.role is not Role.OFFICER and not own:
        raise Forbidden("由企业撤回、双方改到一致，或主管部门核定。")
    if not result:
        raise Invalid({"words": "请写明核对的结果。"})
    await settle_one(conn, held, result, by=by, at=at)
    return held


async def settle_one(conn: Conn, held: Disagreement, result: str, *, by: Actor, at: datetime) -> None:
    """Of one that is held under its lock."""
    done = {"state": DisagreementState.SETTLED.value, "settler_name": by.viewer.name, "result": result}
    await conn.execute(update(_D).where(_D.id == held.id).values(**done, settled_at=at, version=_D.version + 1))
    said = {"uscc": held.uscc, "kind": held.kind.label, "reason": result}
    await trace(conn, (held.carrier_id, held.carrier_name), "disagreement:settled", said, by=by, at=at)
    told = f"{held.firm_name}与{held.carrier_name}（{held.kind.label}）已了结：{result}"
    side = speaker_of(by.viewer) if by.viewer.login else None
    await _tell_others(conn, held, f"{held.id}:settled", told, side, at=at)


async def _tell_others(
    conn: Conn, held: Disagreement, key: str, told: str, side: Speaker | None, *, at: datetime
) -> None:
    """`side`: who has spoken, and need not be told; none where facts have."""
    operators = await operators_of(conn, held.carrier_id) if side is not Speaker.CARRIER else []
    officers = await officers_of(conn, held.carrier_id) if side in (Speaker.FIRM, Speaker.CARRIER) else []
    firm_id = held.firm_id if side is not Speaker.FIRM else None
    await _tell(conn, key, told, held.carrier_id, [*operators, *officers], firm_id, at=at)
