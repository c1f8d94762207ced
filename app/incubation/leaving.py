"""Who goes out. That somebody was never there, though the list said so for days that are over, the bureau hears."""

import uuid
from datetime import datetime

from app.access.terms import Actor
from app.carriers.letting import end
from app.carriers.rules import days_struck
from app.carriers.stay_terms import Ending, EndReason, Tenancy
from app.clock import business_day
from app.db import Conn
from app.incubation.telling import tell_bureau


async def leave(
    conn: Conn, tenancy_id: uuid.UUID, ending: Ending, *, version: int | None, by: Actor, at: datetime
) -> Tenancy:
    """As `letting.end`."""
    held = await end(conn, tenancy_id, ending, version=version, by=by, at=at)
    if ending.reason is EndReason.STRUCK and held.since and (days := days_struck(held.since, today=business_day(at))):
        told = f"{held.carrier_name}把{held.holder}的入驻（{held.place}，{days[0]} 起）登记为有误：{ending.late}"
        await tell_bureau(conn, held.carrier_id, held.id, told, by=by, at=at)
    return held
