"""More months for an incubation."""

import uuid
from datetime import datetime

from app.access.terms import Actor
from app.carriers.clocks import stay_of
from app.carriers.letting import lock_tenancy, must_be_open, write
from app.carriers.recording import note, span, trace
from app.carriers.stay_terms import Happening, Tenancy
from app.clock import business_day
from app.db import Conn
from app.errors import Invalid, Refused

LONGEST_LIMIT = 120


async def extend(
    conn: Conn, tenancy_id: uuid.UUID, *, months: int, reason: str, version: int, by: Actor, at: datetime
) -> Tenancy:
    """Another limit for the incubation, in all rooms of the stay: 300号 says 48 months “in principle”, so a person
    decides and says why."""
    held = await lock_tenancy(conn, tenancy_id, version, by=by)
    since = must_be_open(held)
    if held.limit_months is None:
        raise Refused("这份租约不计孵化期限，不用延长。")
    faults = {}
    if not held.limit_months < months <= LONGEST_LIMIT:
        faults["months"] = f"现在的期限是 {held.limit_months} 个月；请填一个更大、不超过 {LONGEST_LIMIT} 的整数。"
    if not reason:
        faults["reason"] = "请写明延长的理由，局里会看到。"
    if faults:
        raise Invalid(faults)
    rooms = [(held.id, held.limit_months, span(since, held.until))]
    for one in await stay_of(conn, held, today=business_day(at)):
        rooms.append((one.id, one.limit_months or 0, span(one.since, one.until)))
    for room, limit, during in rooms:
        if limit < months:
            values = {"limit_months": months, "limit_basis": f"延长：{reason}"[:200]}
            await write(conn, room, values, at=at)
            detail, kind = {"months": months, "before": limit}, Happening.EXTENDED
            await note(conn, room, held.carrier_id, kind, during, reason=reason, detail=detail, by=by, at=at)
    said = {"tenant": held.holder, "uscc": held.uscc, "months": months, "reason": reason}
    before = {"months": held.limit_months}
    carrier = (held.carrier_id, held.carrier_name)
    await trace(conn, carrier, "tenancy:extended", said, by=by, at=at, before=before)
    return held
