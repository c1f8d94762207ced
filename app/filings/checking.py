"""What goes with an application on its way: its materials, the check at the firm's place, who looks after it."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from random import SystemRandom

from sqlalchemy import and_, select

from app.access.models import User
from app.access.terms import Actor, Role
from app.clock import business_day
from app.db import Conn
from app.errors import Invalid
from app.filings.applications import in_window
from app.filings.happening import Trace, lock, write
from app.filings.stages import FieldCheck, Happening, Stage

_OFFICERS = (Role.OFFICER.value, Role.TOWN.value)
_RANDOM = "random"
# 工企业函〔2026〕160号: of every batch at least five in a hundred, beside those that must be looked at anyway.
_PERCENT = 5
_MOST = 10_000


async def tick_materials(
    conn: Conn, application_id: uuid.UUID, ready: Sequence[str], *, expected: int | None, by: Actor, at: datetime
) -> None:
    held = await lock(conn, application_id, expected, by=by)
    known = [str(m["code"]) for m in held.programme.materials]
    if unknown := set(ready) - set(known):
        raise Invalid({"ready": f"材料清单里没有：{'、'.join(sorted(unknown))}。"})
    now = [code for code in known if code in ready]
    if frozenset(now) == held.application.ready:
        return
    detail = {"added": sorted(set(now) - held.application.ready), "removed": sorted(held.application.ready - set(now))}
    trace = Trace(Happening.MATERIALS, detail=detail)
    await write(conn, held, {"ready": now}, trace, by=by, at=at)


async def demand_check(
    conn: Conn, application_id: uuid.UUID, reasons: Sequence[str], *, expected: int | None, by: Actor, at: datetime
) -> None:
    """Which of the rules' cases the firm falls under: 首次申报 is found by itself, the others somebody knows."""
    held = await lock(conn, application_id, expected, by=by)
    known = [str(c["code"]) for c in held.programme.field_checks]
    if unknown := set(reasons) - set(known):
        raise Invalid({"reasons": f"没有这种核查情形：{'、'.join(sorted(unknown))}。"})
    now = [code for code in known if code in reasons]
    if frozenset(now) == held.application.check_reasons:
        return
    trace = Trace(Happening.CHECKED, detail={"reasons": now})
    await write(conn, held, {"check_reasons": now}, trace, by=by, at=at)


async def record_check(
    conn: Conn, application_id: uuid.UUID, check: FieldCheck, *, expected: int | None, by: Actor, at: datetime
) -> None:
    held = await lock(conn, application_id, expected, by=by)
    wrong = {}
    if check.on > business_day(at):
        wrong["check_on"] = "核查日期不能晚于今天。"
    if not check.found:
        wrong["found"] = "请写明核查看到的情况。"
    if wrong:
        raise Invalid(wrong)
    trace = Trace(Happening.CHECKED, detail=check.to_json())
    await write(conn, held, {"check": check.to_json()}, trace, by=by, at=at)


async def assign(
    conn: Conn,
    application_id: uuid.UUID,
    officer_id: uuid.UUID | None,
    *,
    expected: int | None,
    by: Actor,
    at: datetime,
    back: bool = False,
) -> None:
    """`back`: to whose it was, who may have left since."""
    held = await lock(conn, application_id, expected, by=by)
    if officer_id == held.application.officer_id:
        return
    name = None
    if officer_id is not None:
        fit = User.id == officer_id if back else and_(User.id == officer_id, User.active, User.role.in_(_OFFICERS))
        query = select(User.name).where(fit)
        name = (await conn.execute(query)).scalar_one_or_none()
        if name is None:
            raise Invalid({"officer_id": "没有这位专员。"})
    trace = Trace(Happening.ASSIGNED, detail={"officer": name})
    await write(conn, held, {"officer_id": officer_id}, trace, by=by, at=at)


async def draw(conn: Conn, window_id: uuid.UUID, *, by: Actor, at: datetime) -> int:
    """Draws as many of those that have been handed in as the sample still lacks; returns how many it drew."""
    found = await in_window(conn, window_id, viewer=by.viewer, stage=Stage.SUBMITTED.value, limit=_MOST)
    drawn = [a for a in found if _RANDOM in a.check_reasons]
    lacking = -(-len(found) * _PERCENT // 100) - len(drawn)
    rest = [a for a in found if _RANDOM not in a.check_reasons]
    chosen = SystemRandom().sample(rest, max(0, min(lacking, len(rest))))
    for application in chosen:
        reasons = [*application.check_reasons, _RANDOM]
        await demand_check(conn, application.id, reasons, expected=application.version, by=by, at=at)
    return len(chosen)
