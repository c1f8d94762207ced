"""A graduation taken back that should not have been written down: the leases go on as they were agreed."""

import uuid
from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError

from app.access.terms import Actor, Role
from app.carriers.letting import hold_space_again, lock_tenancy, write
from app.carriers.models import TenancyEventRow, TenancyRow
from app.carriers.recording import note, trace
from app.carriers.sight import held_by
from app.carriers.stay_terms import EndReason, Happening, Tenancy
from app.carriers.taking import OVERLAP, free, hold_running
from app.db import Conn
from app.errors import Conflict, Forbidden, Invalid
from app.incubation.models import GraduateWord
from app.outages import constraint_of

_T, _E = TenancyRow, TenancyEventRow
_ENDED = {"ended_on": None, "end_reason": None, "end_note": "", "ground": None}


async def reopen(
    conn: Conn, tenancy_id: uuid.UUID, *, reason: str, version: int | None, by: Actor, at: datetime
) -> Tenancy:
    """With all that ended in the same act. By an officer, as long as nobody has built on it: the rooms are free still,
    and nothing is written down of the years after. Raises NotFound, Stale, Forbidden, Invalid, Conflict."""
    held = await lock_tenancy(conn, tenancy_id, version, by=by)
    if by.viewer.role is not Role.OFFICER:
        raise Forbidden("撤销毕业由主管部门办理。")
    if held.end_reason is not EndReason.GRADUATED:
        raise Conflict(f"{held.holder} 的这份租约没有登记毕业，或者已经撤销。")
    if not reason:
        raise Invalid({"reason": "请写明为什么撤销。"})
    await hold_running(conn, held.carrier_id, refusal="不能撤销毕业")
    together = await _ended_together(conn, held)
    written = select(func.count()).where(GraduateWord.tenancy_id.in_(together))
    if (await conn.execute(written)).scalar_one():
        raise Conflict("毕业以后的情况已经有人登记，不能撤销。")
    for one_id in together:
        await _go_on(conn, await lock_tenancy(conn, one_id, None, by=by), reason, by=by, at=at)
    return held


async def _ended_together(conn: Conn, held: Tenancy) -> list[uuid.UUID]:
    ended = (_E.kind == Happening.ENDED.value, _E.carrier_id == held.carrier_id)
    moment = select(func.max(_E.at)).where(_E.tenancy_id == held.id, *ended).scalar_subquery()
    others = select(_E.tenancy_id).where(*ended, _E.at == moment)
    graduated = (_T.id.in_(held_by(held.firm_id, _T.id)), _T.end_reason == EndReason.GRADUATED.value)
    query = select(_T.id).where(_T.id.in_(others), *graduated).order_by(_T.id)
    return list((await conn.execute(query)).scalars()) or [held.id]


async def _go_on(conn: Conn, one: Tenancy, reason: str, *, by: Actor, at: datetime) -> None:
    during = await _agreed(conn, one)
    until = during.upper - timedelta(days=1) if during.upper else None
    assert one.ended_on is not None
    after = one.ended_on + timedelta(days=1)
    if until is None or until >= after:
        space = await hold_space_again(conn, one, since=after, until=until)
        await free(conn, space, seats=one.seats, since=after, until=until, besides=one.id)
    try:
        async with conn.begin_nested():
            await write(conn, one.id, {"during": during, **_ENDED}, at=at)
    except IntegrityError as error:
        if constraint_of(error) != OVERLAP:
            raise
        raise Conflict(f"{one.place} 刚被别人租下，不能撤销毕业。") from error
    detail = {"undone": EndReason.GRADUATED.label}
    await note(conn, one.id, one.carrier_id, Happening.CHANGED, during, reason=reason, detail=detail, by=by, at=at)
    said = {"tenant": one.holder, "uscc": one.uscc, "place": one.place, "until": until, "reason": reason}
    before = {"on": one.ended_on}
    await trace(conn, (one.carrier_id, one.carrier_name), "tenancy:reopened", said, by=by, at=at, before=before)


async def _agreed(conn: Conn, one: Tenancy) -> Range[date]:
    """Its days as they stood before it ended."""
    query = select(_E.kind, _E.during).where(_E.tenancy_id == one.id).order_by(_E.at.desc(), _E.id.desc())
    rows = (await conn.execute(query)).all()
    last = next((n for n, row in enumerate(rows) if row.kind == Happening.ENDED.value), len(rows))
    if last + 1 >= len(rows):
        raise Conflict("没有毕业以前的租期可以恢复，请重新办理入驻。")
    found: Range[date] = rows[last + 1].during
    return found
