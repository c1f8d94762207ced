"""`tidu check`: whether the separated powers are in somebody's hands today, and for how long.

GB/T 22239-2019 8.1.5.1 to 8.1.5.3: administration, audit and security administration are different people's.
"""

from collections.abc import Collection
from datetime import date, datetime, time, timedelta

from sqlalchemy import exists, select

from app.access.models import User
from app.access.rules import last_day
from app.access.standing import opens
from app.access.terms import Power, Role
from app.clock import BUSINESS_ZONE
from app.db import Conn

AHEAD = timedelta(days=14)


async def powers_lacking(conn: Conn, today: date) -> list[str]:
    """A sentence for each power that nobody holds, or soon will not."""
    at = datetime.combine(today, time(), BUSINESS_ZONE)
    query = select(User.role, User.power, User.valid_until).where(opens(at))
    if not (await conn.execute(select(exists().where(User.id.is_not(None))))).scalar_one():
        return []  # nobody has begun here yet
    rows = (await conn.execute(query.where(User.role.in_([Role.ADMIN.value, Role.AUDITOR.value])))).all()
    ends: dict[str, list[datetime | None]] = {}
    for role, power, until in rows:
        held = Role.AUDITOR.label if role == Role.AUDITOR.value else Power(power).label
        ends.setdefault(held, []).append(until)
    said = _vacant(ends)
    for held, untils in ends.items():
        last = [until for until in untils if until is not None]
        if len(last) == len(untils) and max(last) <= at + AHEAD:
            said.append(f"最后一个{held}账号用到 {last_day(max(last))} 为止，此后没有人接着办；请改到期日或另加一个。")
    return said


def _vacant(held: Collection[str]) -> list[str]:
    said = []
    if Role.AUDITOR.label not in held:
        said.append("没有在用的审计员账号，全部审计记录没有人看得到；请用 tidu user add --role auditor 加一个。")
    system, security, sole = (one.label in held for one in (Power.SYSTEM, Power.SECURITY, Power.SOLE))
    if not (system or security or sole):
        said.append("没有在用的管理员账号，没有人能建账号、授权；请用 tidu user add --role admin 加一个。")
    if security and not (system or sole):
        said.append(
            "没有在用的系统管理员，没有人能建账号、重置口令；请用 tidu user add --role admin --power system 加一个。"
        )
    if system and not (security or sole):
        said.append("已经分设系统管理员，但没有在用的安全管理员，新账号和改动没有人授权；请用 tidu user 命令指定一个。")
    if sole:
        said.append("系统管理员和安全管理员没有分设，一个人既能建账号又能授权；请用 tidu user 命令另指定安全管理员。")
    return said
