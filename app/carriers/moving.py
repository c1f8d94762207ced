"""Along the chain and within the house: another space, another carrier; and a team that becomes a firm."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Uuid, literal, select, update

from app.access.terms import Actor
from app.carriers.letting import UNKNOWN_FIRM, end, lock_tenancy, must_be_open, put_in
from app.carriers.models import CarrierTeam, TenancyRow
from app.carriers.queries import carrier_by_id, hold_carriers, stays, team_of
from app.carriers.recording import note, trace
from app.carriers.rules import clock_after, day_before, goes_back, limit_of
from app.carriers.stay_terms import Ending, EndReason, Happening, Lease, Tenancy
from app.carriers.taking import hold_space
from app.carriers.terms import Carrier, CarrierState
from app.clock import business_day
from app.db import Conn
from app.errors import Conflict, Invalid, NotFound
from app.firms.filtering import visible_to
from app.firms.models import Firm

# An end that is still to come would close a lease that runs: it could be neither renewed nor graduated meanwhile.
AHEAD = "要先占住房间的，现在可以在那间房办理从那天起的入驻，到时给原来的房间登记退出；同一载体里孵化期限接着算。"


@dataclass(frozen=True, slots=True)
class Onward:
    """Where to, from which day and until when, on which agreement."""

    carrier_id: uuid.UUID
    space_id: uuid.UUID
    on: date
    until: date | None
    seats: int = 1
    agreement_no: str = ""
    note: str = ""
    late: str = ""  # why it is written down only now


async def transfer(
    conn: Conn, tenancy_id: uuid.UUID, onward: Onward, *, version: int, by: Actor, at: datetime
) -> uuid.UUID:
    """The old tenancy ends the day before, the new one goes on from it. Both carriers have to be in sight."""
    here = select(TenancyRow.carrier_id).where(TenancyRow.id == tenancy_id)
    await hold_carriers(conn, here.union_all(select(literal(onward.carrier_id, Uuid()))))
    held = await lock_tenancy(conn, tenancy_id, version, by=by)
    since = must_be_open(held)
    target = await carrier_by_id(conn, onward.carrier_id, viewer=by.viewer)
    if target is None or target.state is CarrierState.CLOSED:
        raise Invalid({"carrier": "没有这个载体，或它不在您的管辖范围内。"})
    _check(held, target, onward, since=since, today=business_day(at))
    moving = held.carrier_id != target.id
    reason = EndReason.TRANSFERRED if moving else EndReason.REARRANGED
    ending = Ending(day_before(onward.on), reason, onward.note, late=onward.late)
    await end(conn, held.id, ending, version=version, by=by, at=at)
    space = await hold_space(
        conn, target.id, onward.space_id, since=onward.on, until=onward.until, today=business_day(at)
    )
    lease = Lease(
        space_id=onward.space_id,
        since=onward.on,
        until=onward.until,
        seats=onward.seats,
        special_field=held.special_field,
        rent_reduced=held.rent_reduced and not moving,
        agreement_no=onward.agreement_no or ("" if moving else held.agreement_no),
        agreement_on=None if moving else held.agreement_on,
        stage_target=held.stage_target,
    )
    row = {"previous_id": held.id, **await _holder(conn, held, target), **await _clock(conn, held, target, onward.on)}
    return await put_in(conn, target, space, lease, row, kind=Happening.TRANSFERRED, by=by, at=at)


def _check(held: Tenancy, target: Carrier, onward: Onward, *, since: date, today: date) -> None:
    faults = {}
    if onward.space_id == held.space_id:
        faults["space"] = "已经在这个房间里；延长租期请办续租。"
    if onward.on > today:
        faults["on"] = f"{onward.on} 还没有到，那天起才能登记转移。{AHEAD}"
    elif onward.on <= since:
        faults["on"] = f"{since} 才入驻，转移日期要晚于它。"
    if goes_back(held.carrier_kind, target.kind) and not onward.note:
        faults["note"] = f"从{held.carrier_kind.label}转到{target.kind.label}，请写明原因。"
    if faults:
        raise Invalid(faults)


async def _holder(conn: Conn, held: Tenancy, target: Carrier) -> dict[str, Any]:
    """A team that has become a firm goes on as the firm; another takes its name along."""
    if held.firm_id is not None:
        return {"firm_id": held.firm_id}
    if held.carrier_id != target.id:
        m = CarrierTeam
        same = select(m.id).where(m.carrier_id == target.id, m.name == held.team_name, m.id != held.team_id)
        if (await conn.execute(same)).first() is not None:
            raise Conflict(f"{target.name}已有一个叫“{held.team_name}”的团队。")
        await conn.execute(update(m).where(m.id == held.team_id).values(carrier_id=target.id))
    return {"team_id": held.team_id}


async def _clock(conn: Conn, held: Tenancy, target: Carrier, on: date) -> Mapping[str, Any]:
    if held.incubating_since is None:
        return {}
    clock = clock_after(held.carrier_kind, target.kind, clock_since=held.clock_since, on=on)
    if target.kind is held.carrier_kind:
        months, basis = held.limit_months, held.limit_basis
    else:
        months, basis = limit_of((await stays(conn)).get(target.kind), held.special_field)
    return {
        "incubating_since": held.incubating_since,
        "clock_since": clock,
        "limit_months": months,
        "limit_basis": basis,
    }


async def link_team(
    conn: Conn, carrier: Carrier, team_id: uuid.UUID, *, uscc: str, on: date, by: Actor, at: datetime
) -> None:
    """From that day its tenancies are the firm's; before it they stay the team's. Raises Invalid, Conflict."""
    team = await team_of(conn, carrier.id, team_id, lock=True)
    if team is None:
        raise NotFound
    if team.firm_id is not None:
        raise Conflict(f"团队“{team.name}”已在 {team.linked_on} 登记为企业。")
    if on > business_day(at):
        raise Invalid({"on": "注册日期不能晚于今天。"})
    query = select(Firm.id, Firm.name, Firm.registered_on).where(Firm.uscc == uscc, visible_to(by.viewer))
    firm = (await conn.execute(query)).one_or_none()
    if firm is None:
        raise Invalid({"uscc": UNKNOWN_FIRM})
    if firm.registered_on and firm.registered_on != on:
        # A firm that has long been one is not what this team has become.
        told = f"企业库里 {firm.name} 成立于 {firm.registered_on}，与填的 {on} 不同；请核对是不是这家企业，以哪天为准。"
        raise Invalid({"on": told})
    linked = {"firm_id": firm.id, "linked_on": on, "linked_at": at}
    await conn.execute(update(CarrierTeam).where(CarrierTeam.id == team.id).values(linked))
    t = TenancyRow
    rows = await conn.execute(select(t.id, t.carrier_id, t.during).where(t.team_id == team.id, t.ended_on.is_(None)))
    for tenancy_id, carrier_id, during in rows.all():
        detail = {"firm": firm.name, "on": on}
        await note(conn, tenancy_id, carrier_id, Happening.LINKED, during, detail=detail, by=by, at=at)
    said = {"team": team.name, "firm": firm.name, "uscc": uscc, "on": on}
    await trace(conn, (carrier.id, carrier.name), "team:linked", said, by=by, at=at)
