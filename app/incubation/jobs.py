"""The night's look at who is inside and since when: each carrier in a transaction of its own, and the bureau hears what
it found."""

import logging
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime

from app.access.terms import SYSTEM
from app.carriers.clocks import level
from app.carriers.overtaking import left_over, overtake_left
from app.carriers.proposals import officers_of, operators_of
from app.carriers.queries import carrier_asking
from app.clock import business_day
from app.db import Conn, Database
from app.errors import NotFound
from app.incubation.reconciling import check, to_check
from app.outages import is_outage
from app.outbox.writing import notice, post

log = logging.getLogger("tidu.incubation")


async def reconcile(database: Database, *, at: datetime) -> Mapping[str, int]:
    """One room or carrier that cannot be looked at keeps none of the others from it."""
    async with database.reading() as conn:
        carriers = await to_check(conn)
        dead = await left_over(conn, today=business_day(at))
    done = {"planned": 0, "created": 0, "failed": 0}
    # Apart from the look at the carrier, whose lock comes after its room's wherever somebody is let in.
    for carrier_id, space_id in dead:
        try:
            async with database.transaction() as conn:
                await overtake_left(conn, carrier_id, space_id, by=SYSTEM, at=at)
        except Exception as error:
            if is_outage(error):
                raise
            log.exception("what was proposed for room %s could not be ended", space_id)
            done["failed"] += 1
        else:
            done["planned"] += 1
    for carrier_id in carriers:
        try:
            async with database.transaction() as conn:
                opened, others = await _one(conn, carrier_id, at)
        except NotFound:
            continue
        except Exception as error:
            if is_outage(error):
                raise
            log.exception("carrier %s could not be checked", carrier_id)
            done["failed"] += 1
        else:
            done["planned"] += opened + others
            done["created"] += opened
    return done


async def reconcile_in_one(conn: Conn, at: datetime) -> Mapping[str, int]:
    dead = await left_over(conn, today=business_day(at))
    for carrier_id, space_id in dead:
        await overtake_left(conn, carrier_id, space_id, by=SYSTEM, at=at)
    found = [await _one(conn, carrier_id, at) for carrier_id in await to_check(conn)]
    opened = sum(one for one, _ in found)
    return {"planned": len(dead) + opened + sum(others for _, others in found), "created": opened}


async def _one(conn: Conn, carrier_id: uuid.UUID, at: datetime) -> tuple[int, int]:
    """How many were opened, and how many others were settled or set right."""
    opened, agreed = await check(conn, carrier_id, viewer=None, by=SYSTEM, at=at)
    carrier = await carrier_asking(conn, carrier_id)
    right = await level(conn, carrier, by=SYSTEM, at=at)
    officers, key = await officers_of(conn, carrier_id) if opened or right else [], f"{carrier_id}:{business_day(at)}"
    if opened:
        told, page = f"{carrier.name}：夜里核对，新发现 {opened} 条不一致", f"/carriers/{carrier_id}/disagreements"
        await _tell(conn, f"night:{key}", told, page, officers, at)
    if right:
        told = f"{carrier.name}：{right} 份租约与同一家的另一间合为一个孵化期限，起算日和期限见各份的记录"
        await _tell(conn, f"clocks:{key}", told, f"/carriers/{carrier_id}", officers, at)
        await _tell(conn, f"clocks:{key}", told, "/carrier", await operators_of(conn, carrier_id), at)
    return opened, agreed + right


async def _tell(conn: Conn, key: str, told: str, page: str, people: Sequence[uuid.UUID], at: datetime) -> None:
    await post(conn, *(notice("stay_disagreed", key, to=who, subject=told, at=at, page=page) for who in people))
