"""入孵申请, step by step: asked by a firm, answered by the carrier with a room or with a reason, or taken back."""

import uuid
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, select, update
from sqlalchemy.dialects.postgresql import insert

from app.access.personal import shown as readable
from app.access.sight import beyond_sight
from app.access.terms import COUNTY_DIGITS, Actor, Role, Viewer
from app.carriers.letting import admit
from app.carriers.models import CarrierRecord
from app.carriers.proposals import operators_of
from app.carriers.queries import carrier_asking, carriers_where
from app.carriers.recording import trace
from app.carriers.running import ran_on
from app.carriers.sight import visible_to
from app.carriers.stay_terms import Lease
from app.carriers.terms import Carrier
from app.clerks.queries import clerks_of
from app.clock import business_day
from app.db import Conn, new_id
from app.errors import Conflict, Invalid, NotFound, TooMany
from app.firms.models import Firm
from app.firms.terms import FirmDetail, FirmStatus
from app.incubation.entering import conditions, kept, must_suit
from app.incubation.models import EntryApplication
from app.incubation.telling import tell_bureau
from app.incubation.terms import ASKED_A_DAY, ASKED_AT_ONCE, OPEN_DAYS, Application, AskState, Need
from app.outbox.writing import notice, post
from app.personal.terms import Kind
from app.policy.policies import Policies
from app.policy.terms import Outcome
from app.sealed import UNREADABLE, seal, shown

_A, _C = EntryApplication, CarrierRecord
_ELSEWHERE: dict[str, Any] = {"carrier_name": _C.name, "uscc": Firm.uscc, "firm_name": Firm.name}
_CONTACT = "entry_applications.contact"
_A_DAY_ON = 3600  # a day slides, so an hour later there may be room for one
_FIELDS = tuple(Application.__dataclass_fields__)


def _all() -> Select[Any]:
    columns: list[Any] = [_ELSEWHERE.get(name, getattr(_A, name, None)) for name in _FIELDS]
    return select(*columns).join(_C, _C.id == _A.carrier_id).join(Firm, Firm.id == _A.firm_id)


def _application(conn: Conn, row: Any) -> Application:
    named = dict(zip(_FIELDS, row, strict=True))
    contact = shown(conn.vault, named["contact"], column=_CONTACT, row=named["id"])
    return Application(**{**named, "state": AskState(named["state"]), "contact": contact})


async def _read(conn: Conn, query: Select[Any]) -> list[Application]:
    """Each with its firm's name, which may be of another town than the carrier and whoever reads."""
    async with beyond_sight(conn):
        return [_application(conn, row) for row in await conn.execute(query)]


async def applications_of(conn: Conn, carrier_id: uuid.UUID, *, limit: int = 50) -> list[Application]:
    """The latest first; the caller has looked the carrier up in its viewer's sight."""
    query = _all().where(_A.carrier_id == carrier_id).order_by(_A.asked_at.desc(), _A.id.desc()).limit(limit)
    return await _read(conn, query)


async def asked_by(conn: Conn, firm_id: uuid.UUID, *, limit: int = 20) -> list[Application]:
    """The latest first; the caller is the firm."""
    query = _all().where(_A.firm_id == firm_id).order_by(_A.asked_at.desc(), _A.id.desc()).limit(limit)
    return await _read(conn, query)


async def waiting_in(conn: Conn, *, viewer: Viewer, today: date, limit: int = 200) -> list[Application]:
    """All that wait in the viewer's carriers, the longest first."""
    waiting = and_(_A.state == AskState.WAITING.value, _A.closes_on >= today, visible_to(viewer))
    return await _read(conn, _all().where(waiting).order_by(_A.asked_at).limit(limit))


async def application_by_id(
    conn: Conn, application_id: uuid.UUID, *, viewer: Viewer, lock: bool = False
) -> Application | None:
    """In the sight of the firm that asked, of the carrier's operator, of the division's officers."""
    sight: ColumnElement[bool] = visible_to(viewer)
    if viewer.role is Role.FIRM:
        sight = _A.firm_id == viewer.firm_id
    query = _all().where(_A.id == application_id, sight)
    found = await _read(conn, query.with_for_update(of=_A.__table__) if lock else query)
    return replace(found[0], contact=readable(viewer, Kind.PHONE, found[0].contact)) if found else None


def _near(firm: FirmDetail, today: date) -> ColumnElement[bool]:
    return and_(_C.region_code.startswith(firm.region_code[:COUNTY_DIGITS], autoescape=True), ran_on(today))


async def carriers_near(conn: Conn, firm: FirmDetail, *, today: date) -> list[Carrier]:
    """Those that run in the firm's county, by name: what of them anybody may know."""
    return await carriers_where(conn, _near(firm, today))


async def carrier_near(conn: Conn, firm: FirmDetail, carrier_id: uuid.UUID, *, today: date) -> Carrier:
    """Raises NotFound."""
    found = await carriers_where(conn, and_(_C.id == carrier_id, _near(firm, today)))
    if not found:
        raise NotFound
    return found[0]


async def apply(
    conn: Conn, firm: FirmDetail, carrier_id: uuid.UUID, need: Need, *, policies: Policies, by: Actor, at: datetime
) -> uuid.UUID:
    """Raises NotFound, Invalid by field, Conflict while the last one waits, TooMany."""
    today = business_day(at)
    carrier = await carrier_near(conn, firm, carrier_id, today=today)
    if need.since < today:
        raise Invalid({"since": "希望入驻的日期不能早于今天。"})
    if UNREADABLE in need.contact:
        raise Invalid({"contact": "这个电话打不开，请改填联系人和电话。"})
    # One firm's applications come one after the other, or a burst of them would pass the count.
    await conn.execute(select(Firm.id).where(Firm.id == firm.id).with_for_update(key_share=True))
    stale = (_A.firm_id == firm.id, _A.carrier_id == carrier.id, _A.state == AskState.WAITING.value)
    over = {"state": AskState.WITHDRAWN.value, "answered_at": at, "answer": "过期未答复"}
    await conn.execute(update(_A).where(*stale, _A.closes_on < today).values(over))
    waiting = select(func.count()).where(_A.firm_id == firm.id, _A.state == AskState.WAITING.value)
    if (await conn.execute(waiting.where(_A.closes_on >= today))).scalar_one() >= ASKED_AT_ONCE:
        raise TooMany(f"同时最多有 {ASKED_AT_ONCE} 份申请在等答复；请等答复，或撤回一份。")
    lately = select(func.count()).where(_A.firm_id == firm.id, _A.asked_at > at - timedelta(days=1))
    if (await conn.execute(lately)).scalar_one() >= ASKED_A_DAY:
        raise TooMany(f"一天最多提出 {ASKED_A_DAY} 份申请，撤回的也算；请明天再提。", wait=_A_DAY_ON)
    found = await conditions(conn, carrier.kind, firm.id, policies=policies, since=need.since)
    row = {name: getattr(need, name) for name in Need.__dataclass_fields__}
    asked_id = new_id()
    row |= {"id": asked_id, "contact": seal(conn.vault, _CONTACT, asked_id, need.contact)}
    row |= {"carrier_id": carrier.id, "firm_id": firm.id, "asker_name": by.viewer.name, "asked_at": at}
    row |= {"found": kept(found) if found else None, "closes_on": today + timedelta(days=OPEN_DAYS)}
    made: uuid.UUID | None = (
        await conn.execute(insert(_A).values(row).on_conflict_do_nothing().returning(_A.id))
    ).scalar_one_or_none()
    if made is None:
        raise Conflict(f"已经向{carrier.name}提出过申请，在等它答复。")
    await trace(conn, (carrier.id, carrier.name), "entry:asked", _said(firm.uscc, need.since), by=by, at=at)
    told = f"{firm.name}申请入驻（{need.since} 起）"
    page = f"/entries/{made}"
    people = await operators_of(conn, carrier.id)
    await post(conn, *(notice("entry_asked", f"{made}", to=p, subject=told, at=at, page=page) for p in people))
    return made


def _said(uscc: str, since: date) -> dict[str, Any]:
    return {"uscc": uscc, "since": since}


async def accept(
    conn: Conn, application_id: uuid.UUID, lease: Lease, *, ground: str, policies: Policies, by: Actor, at: datetime
) -> uuid.UUID:
    """A room, from the day in `lease` on: the firm has asked, so nobody is asked again. Raises NotFound, Conflict,
    Refused with the conditions missed, Invalid by field."""
    asked = await _waiting(conn, application_id, by=by, at=at)
    status = (await conn.execute(select(Firm.status).where(Firm.id == asked.firm_id))).scalar_one()
    if status != FirmStatus.ACTIVE:  # weeks may lie between the asking and the room
        raise Conflict(f"{asked.firm_name} 已不在存续状态，不能入驻。")
    carrier = await carrier_asking(conn, asked.carrier_id)
    if lease.incubates:
        found = await conditions(conn, carrier.kind, asked.firm_id, policies=policies, since=lease.since)
        if found is not None:
            must_suit(found, ground, asked.firm_name, by=by)
            lease = replace(lease, entry=kept(found, ground))
    lease = replace(lease, uscc=asked.uscc, team=None)
    async with conn.begin_nested():
        made = await admit(conn, carrier, lease, applicant=asked.firm_id, by=by, at=at)
    if lease.entry and lease.entry["outcome"] == Outcome.NOT_MET.value:
        told = f"{carrier.name}凭依据接收不符合在孵条件的{asked.firm_name}：{ground}"
        await tell_bureau(conn, carrier.id, made, told, by=by, at=at)
    await _decide(conn, asked, AskState.ADMITTED, by=by, at=at, tenancy_id=made)
    await _tell(conn, asked, f"{carrier.name}接收了入驻申请，{lease.since} 起入驻", "entry_answered", at=at)
    return made


async def decline(conn: Conn, application_id: uuid.UUID, *, reason: str, by: Actor, at: datetime) -> None:
    """Raises NotFound, Conflict, Invalid without a reason: the firm reads it."""
    asked = await _waiting(conn, application_id, by=by, at=at)
    if not reason:
        raise Invalid({"reason": "请写明不接收的理由，企业会看到。"})
    await _decide(conn, asked, AskState.DECLINED, by=by, at=at, answer=reason)
    await _tell(conn, asked, f"{asked.carrier_name}没有接收入驻申请：{reason}"[:200], "entry_answered", at=at)


async def take_back(conn: Conn, application_id: uuid.UUID, *, by: Actor, at: datetime) -> bool:
    """By the firm. False when it was taken back already. Raises NotFound, Conflict."""
    asked = await application_by_id(conn, application_id, viewer=by.viewer, lock=True)
    if asked is None or by.viewer.role is not Role.FIRM:
        raise NotFound
    if asked.state is AskState.WITHDRAWN:
        return False
    if asked.state is not AskState.WAITING:
        raise Conflict("载体已经答复，不能撤回。")
    await _decide(conn, asked, AskState.WITHDRAWN, by=by, at=at)
    return True


async def _waiting(conn: Conn, application_id: uuid.UUID, *, by: Actor, at: datetime) -> Application:
    asked = await application_by_id(conn, application_id, viewer=by.viewer, lock=True)
    if asked is None or by.viewer.role is Role.FIRM:
        raise NotFound
    if not asked.open(business_day(at)):
        raise Conflict("这份申请已经答复、撤回或过期，请刷新后再看。")
    return asked


async def _decide(
    conn: Conn,
    asked: Application,
    state: AskState,
    *,
    by: Actor,
    at: datetime,
    answer: str = "",
    tenancy_id: uuid.UUID | None = None,
) -> None:
    values = {"state": state.value, "answered_at": at, "answerer_name": by.viewer.name, "answer": answer}
    await conn.execute(update(_A).where(_A.id == asked.id).values(**values, tenancy_id=tenancy_id))
    said = {**_said(asked.uscc, asked.since), "reason": answer}
    await trace(conn, (asked.carrier_id, asked.carrier_name), f"entry:{state.value}", said, by=by, at=at)


async def _tell(conn: Conn, asked: Application, told: str, kind: str, *, at: datetime) -> None:
    for clerk in await clerks_of(conn, asked.firm_id):
        page = "/portal/entries"
        await post(conn, notice(kind, f"{asked.id}", to=clerk.id, subject=told, at=at, page=page))
