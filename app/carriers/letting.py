"""Tenancies step by step: in, longer, changed, out. What is over is never written over; each step is recorded."""

import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from app.access.terms import Actor
from app.carriers.clocks import clock_of, without
from app.carriers.models import CarrierTeam, TenancyRow
from app.carriers.overtaking import overtake
from app.carriers.queries import hold_carriers
from app.carriers.recording import never, note, span, trace
from app.carriers.rules import ending_problems, lease_problem, renewal_problem
from app.carriers.stay_terms import Ending, EndReason, Happening, Lease, SpecialField, Tenancy, Terms
from app.carriers.taking import OVERLAP, free, hold_running, hold_space, in_the_way
from app.carriers.tenancies import taken, tenancy_by_id
from app.carriers.terms import Carrier, Space
from app.clock import business_day
from app.db import Conn, new_id
from app.errors import Conflict, Invalid, NotFound, Stale
from app.firms.filtering import visible_to
from app.firms.models import Firm
from app.firms.terms import FirmStatus
from app.outages import constraint_of

NO_MORE = "不能再办入驻"


# A firm beyond one's own division is as one that nobody knows.
UNKNOWN_FIRM = "您的辖区里没有这个信用代码；没有注册的请按团队登记，别的镇街的请县局办理，没有建档的请先建档。"


async def admit(
    conn: Conn, carrier: Carrier, lease: Lease, *, applicant: uuid.UUID | None = None, by: Actor, at: datetime
) -> uuid.UUID:
    """Raises Invalid by field, Conflict when the space is taken, Refused while the one before has not left.

    `applicant`: a firm that has asked for it itself, which an operator need not have in sight.
    """
    holder = {"firm_id": applicant} if applicant else await _holder(conn, carrier, lease, by=by, at=at)
    space = await hold_space(
        conn, carrier.id, lease.space_id, since=lease.since, until=lease.until, today=business_day(at)
    )
    row = {**holder, **await clock_of(conn, carrier, lease, holder, by=by, at=at)}
    return await put_in(conn, carrier, space, lease, row, by=by, at=at)


async def put_in(
    conn: Conn,
    carrier: Carrier,
    space: Space,
    lease: Lease,
    row: Mapping[str, Any],
    *,
    kind: Happening = Happening.ADMITTED,
    by: Actor,
    at: datetime,
) -> uuid.UUID:
    """The row itself, into a space that is held under its lock."""
    check_lease(space, lease)
    await hold_running(conn, carrier.id, refusal=NO_MORE)
    await free(conn, space, seats=lease.seats, since=lease.since, until=lease.until)
    made, during = new_id(), span(lease.since, lease.until)
    values = {
        "id": made,
        "carrier_id": carrier.id,
        "space_id": space.id,
        "exclusive": space.exclusive,
        "seats": lease.seats,
        "during": during,
        "special_field": lease.special_field.value if lease.special_field else None,
        "rent_reduced": lease.rent_reduced,
        "agreement_no": lease.agreement_no,
        "agreement_on": lease.agreement_on,
        "stage_target": lease.stage_target,
        "entry": dict(lease.entry) if lease.entry else None,
        "created_at": at,
        "updated_at": at,
        **row,
    }
    try:
        async with conn.begin_nested():
            await conn.execute(insert(TenancyRow).values(values))
    except IntegrityError as error:
        raise await _overlap(conn, error, space.id, lease.since, lease.until) from error
    tenancy = await tenancy_by_id(conn, made, viewer=by.viewer)
    if tenancy is None:
        raise NotFound
    await note(conn, made, carrier.id, kind, during, by=by, at=at)
    said = {
        "tenant": tenancy.holder,
        "uscc": tenancy.uscc,
        "place": tenancy.place,
        "since": lease.since,
        "until": lease.until,
    }
    await trace(conn, (carrier.id, carrier.name), "tenancy:admitted", said, by=by, at=at)
    await overtake(conn, space, tenancy, since=lease.since, besides=lease.proposal, by=by, at=at)
    return made


def check_lease(space: Space, lease: Lease) -> None:
    """What no new lease of that space can be. Raises Invalid by field."""
    faults = {}
    if space.exclusive and lease.seats != 1:
        faults["seats"] = "独用房间不分工位。"
    if problem := lease_problem(lease.until, since=lease.since):
        faults["until"] = problem
    if faults:
        raise Invalid(faults)


async def _overlap(
    conn: Conn,
    error: IntegrityError,
    space_id: uuid.UUID,
    since: date,
    until: date | None,
    besides: uuid.UUID | None = None,
) -> Exception:
    """Somebody else came between our look and our write."""
    if constraint_of(error) != OVERLAP:
        return error
    there = await taken(conn, space_id, since=since, until=until, besides=besides)
    return Conflict(in_the_way(there[0]) if there else "这个房间刚被别人租下，请刷新后再看。")


async def _holder(conn: Conn, carrier: Carrier, lease: Lease, *, by: Actor, at: datetime) -> dict[str, Any]:
    """A firm in sight by its code, or a team by its name in this carrier; a new name is a new team."""
    if bool(lease.uscc) == bool(lease.team):
        raise Invalid({"uscc": "请填写企业的信用代码，或者团队名称，二者选一。"})
    if lease.uscc:
        query = select(Firm.id, Firm.name, Firm.status).where(Firm.uscc == lease.uscc, visible_to(by.viewer))
        firm = (await conn.execute(query)).one_or_none()
        if firm is None:
            raise Invalid({"uscc": UNKNOWN_FIRM})
        if firm.status != FirmStatus.ACTIVE:
            raise Invalid({"uscc": f"{firm.name} 已不在存续状态，不能入驻。"})
        return {"firm_id": firm.id}
    team = lease.team
    assert team is not None
    m = CarrierTeam
    query_team = select(m.id, m.firm_id).where(m.carrier_id == carrier.id, m.name == team.name)
    known = (await conn.execute(query_team)).one_or_none()
    if known is not None and known.firm_id is not None:
        raise Invalid({"team": f"团队“{team.name}”已注册为企业，请填写它的信用代码。"})
    if known is not None:
        return {"team_id": known.id}
    made = new_id()
    row = {"id": made, "carrier_id": carrier.id, "created_at": at}
    await conn.execute(insert(m).values(**row, name=team.name, leader=team.leader, members=team.members))
    return {"team_id": made}


async def renew(
    conn: Conn, tenancy_id: uuid.UUID, *, until: date | None, version: int, by: Actor, at: datetime
) -> Tenancy:
    """The lease goes on until another day. Raises Stale, Invalid, Conflict when the space is promised to somebody."""
    held = await lock_tenancy(conn, tenancy_id, version, by=by)
    since = must_be_open(held)
    if wrong := renewal_problem(held.until, until, today=business_day(at)):
        raise Invalid({"until": wrong})
    begins = held.until + timedelta(days=1) if held.until else since
    space = await hold_space_again(conn, held, since=begins, until=until)
    await free(conn, space, seats=held.seats, since=begins, until=until, besides=held.id)
    await write(conn, held.id, {"during": span(since, until)}, at=at)
    await note(conn, held.id, held.carrier_id, Happening.RENEWED, span(since, until), by=by, at=at)
    said = {"tenant": held.holder, "uscc": held.uscc, "place": held.place, "until": until}
    before = {"until": held.until}
    carrier = (held.carrier_id, held.carrier_name)
    await trace(conn, carrier, "tenancy:renewed", said, by=by, at=at, before=before)
    await overtake(conn, space, replace(held, until=until), since=begins, by=by, at=at)
    return held


async def hold_space_again(conn: Conn, held: Tenancy, *, since: date, until: date | None) -> Space:
    """The space that a tenancy has, for longer: its own lapsed lease stands in nobody's way."""
    return await hold_space(conn, held.carrier_id, held.space_id, since=since, until=until, today=date.min)


async def change(conn: Conn, tenancy_id: uuid.UUID, terms: Terms, *, version: int, by: Actor, at: datetime) -> bool:
    """What is written of the agreement. False when nothing differs."""
    held = await lock_tenancy(conn, tenancy_id, version, by=by)
    changed = {n: v for n in Terms.__dataclass_fields__ if (v := getattr(terms, n)) != getattr(held, n)}
    if not changed:
        return False
    since = must_be_open(held)
    old = {name: getattr(held, name) for name in changed}
    stored = {n: v.value if isinstance(v, SpecialField) else v for n, v in changed.items()}
    await write(conn, held.id, stored, at=at)
    during = span(since, held.until)
    await note(conn, held.id, held.carrier_id, Happening.CHANGED, during, detail=changed, by=by, at=at)
    said = {"tenant": held.holder, "uscc": held.uscc, **changed}
    carrier = (held.carrier_id, held.carrier_name)
    await trace(conn, carrier, "tenancy:changed", said, by=by, at=at, before=old)
    return True


async def end(
    conn: Conn, tenancy_id: uuid.UUID, ending: Ending, *, version: int | None, by: Actor, at: datetime
) -> Tenancy:
    """Out, on its last day. A struck one never was: it frees its days, and what was recorded stays to be read."""
    held = await lock_tenancy(conn, tenancy_id, version, by=by)
    since = must_be_open(held)
    struck = ending.reason is EndReason.STRUCK
    wrong = ending_problems(ending, since=since, until=held.until, today=business_day(at))
    if wrong:
        raise Invalid(wrong)
    during = never() if struck else span(since, ending.on)
    values = {
        "during": during,
        "ended_on": ending.on,
        "end_reason": ending.reason.value,
        "end_note": ending.note,
        "ground": dict(ending.ground) if ending.ground else None,
    }
    try:
        async with conn.begin_nested():
            await write(conn, held.id, values, at=at)
    except IntegrityError as error:
        # Stayed beyond the lease, into the days of whoever came after.
        raise await _overlap(conn, error, held.space_id, since, ending.on, besides=held.id) from error
    if struck:
        await without(conn, held, by=by, at=at)
    detail = {"reason": ending.reason.label, "on": ending.on, "late": ending.late}
    await note(
        conn,
        held.id,
        held.carrier_id,
        Happening.ENDED,
        during,
        is_open=False,
        reason=ending.note,
        detail=detail,
        by=by,
        at=at,
    )
    said = {"tenant": held.holder, "uscc": held.uscc, "place": held.place, **detail, "note": ending.note}
    said |= {"ground": (ending.ground or {}).get("stated")}
    step = "tenancy:graduated" if ending.reason is EndReason.GRADUATED else "tenancy:ended"
    await trace(conn, (held.carrier_id, held.carrier_name), step, said, by=by, at=at)
    return held


async def lock_tenancy(conn: Conn, tenancy_id: uuid.UUID, version: int | None, *, by: Actor) -> Tenancy:
    """Raises NotFound when it is out of sight, Stale when somebody has changed it since `version`."""
    mine = TenancyRow.id == tenancy_id
    await hold_carriers(conn, select(TenancyRow.carrier_id).where(mine))
    await conn.execute(select(TenancyRow.id).where(mine).with_for_update())
    held = await tenancy_by_id(conn, tenancy_id, viewer=by.viewer)
    if held is None:
        raise NotFound
    if version is not None and held.version != version:
        raise Stale("这份租约刚被别人办过，请对照现在的内容再办。")
    return held


def must_be_open(held: Tenancy) -> date:
    if held.since is None or held.ended_on is not None:
        word = held.end_reason.label if held.end_reason else ""
        raise Conflict(f"{held.holder} 的这份租约已于 {held.ended_on} 登记{word}。")
    return held.since


async def write(conn: Conn, tenancy_id: uuid.UUID, values: Mapping[str, Any], *, at: datetime) -> None:
    done = {**values, "version": TenancyRow.version + 1, "updated_at": at}
    await conn.execute(update(TenancyRow).where(TenancyRow.id == tenancy_id).values(done))
