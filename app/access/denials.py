"""Who was told 403 how often, and whom to tell when somebody seems to be trying doors."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import insert

from app.access.models import AccessDenial, User
from app.access.terms import ACTED_AS, Power, Role, acts_as
from app.audit.models import AuditEvent
from app.clock import BUSINESS_ZONE, business_day
from app.db import Conn
from app.outbox.writing import notice, post

# Our own number, no authority's: who works gets a no now and then, who tries doors gets many.
ALARM = 30  # of one account, within an hour
LOCKOUTS = 3  # of one account or one address, within an hour
PAGE = "/audit/denials"
_SECURING = (Power.SECURITY.value, Power.SOLE.value)


@dataclass(frozen=True, slots=True)
class Denied:
    times: int
    at: datetime  # the last of them
    place: str  # and whether a program came there


async def add(conn: Conn, found: Mapping[uuid.UUID, Denied]) -> None:
    """Counts, in one statement; an account that has come to the alarm's number is told of once a day."""
    rows = [
        {
            "user_id": person,
            "hour": denied.at.replace(minute=0, second=0, microsecond=0),
            "times": denied.times,
            "last_at": denied.at,
            "last_place": denied.place,
        }
        for person, denied in sorted(found.items())  # in one order, so that two who write do not tangle
    ]
    if not rows:
        return
    new = insert(AccessDenial).values(rows)
    more = {"times": AccessDenial.times + new.excluded.times}
    more |= {name: new.excluded[name] for name in ("last_at", "last_place")}
    written = new.on_conflict_do_update(index_elements=["user_id", "hour"], set_=more)
    counted = await conn.execute(written.returning(AccessDenial.user_id, AccessDenial.times))
    for person, times in counted.all():
        if times >= ALARM > times - found[person].times:
            await _raise_alarm(conn, person, times, found[person])


async def _raise_alarm(conn: Conn, person: uuid.UUID, times: int, denied: Denied) -> None:
    who = (await conn.execute(select(User.name, User.login, User.role, User.power).where(User.id == person))).one()
    role = ACTED_AS[acts_as(Role(who.role), Power(who.power))]
    account = f"“{who.name}”（{who.login}，{role}）"
    told = f"账号{account}一小时内 {times} 次打开没有权限的地方，最近一次 {denied.place}，请核实"
    await tell_watchers(conn, f"denied:{person}:{business_day(denied.at)}", told, at=denied.at, page=PAGE)


async def watch_lockouts(conn: Conn, action: str, *, login: str, ip: str, at: datetime) -> None:
    """After a try during a lockout was written down, which happens once in each. One alarm an hour for all of them:
    strangers can make as many as they like."""
    event, since = AuditEvent, at - timedelta(hours=1)
    about = or_(event.object_id == ip, event.object_label == login)
    lately = select(func.count()).where(about, event.action == action, event.at > since)
    if (await conn.execute(lately)).scalar_one() < LOCKOUTS:
        return
    known = login if login.isascii() and login.isprintable() else "（不是账号的文字）"
    told = f"登录多次被锁：账号 {known}，来自 {ip}，可能有人在猜口令，请核实；一小时内只报一次，详见审计记录"
    page = f"/audit?action={action}".replace(":", "%3A")
    await tell_watchers(conn, f"locked:{at.astimezone(BUSINESS_ZONE):%Y-%m-%dT%H}", told, at=at, page=page)


async def tell_watchers(conn: Conn, key: str, told: str, *, at: datetime, page: str) -> None:
    """Those who answer for security, and who audit."""
    securing = (User.role == Role.ADMIN.value) & User.power.in_(_SECURING)
    watching = select(User.id).where(User.active, or_(securing, User.role == Role.AUDITOR.value))
    people = (await conn.execute(watching.order_by(User.id))).scalars().all()
    await post(conn, *(notice("access_alarm", key, to=p, subject=told, at=at, page=page) for p in people))
