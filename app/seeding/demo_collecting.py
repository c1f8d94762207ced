"""The demo's operator at work: what it did for its tenants, and the quarter that it is collecting from them."""

import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from app.access.terms import Actor
from app.carriers.log_terms import LogEntry, LogKind, LogSort
from app.carriers.logs import holders_of
from app.carriers.noting import add_log
from app.carriers.terms import Carrier
from app.clock import business_day
from app.collecting.answering import enter
from app.collecting.items import asked
from app.collecting.queries import answers_of
from app.collecting.service import open_round
from app.collecting.terms import Period
from app.db import Conn

_SERVICES = (
    ("商业计划书辅导", LogSort.TUTORING, 40, 3),
    ("高企申报政策讲解", LogSort.APPLYING, 25, 6),
    ("专利布局咨询", LogSort.PROPERTY, 12, 2),
    ("投资机构见面", LogSort.FINANCING, 5, 4),
)
_EVENTS = (
    ("创业沙龙（演示）", LogSort.ACTIVITY, 50, 32),
    ("财税培训（演示）", LogSort.TRAINING, 30, 45),
    ("项目路演（演示）", LogSort.ROADSHOW, 9, 60),
)
_LEFT_OPEN = 3  # of those who owe, for the list of who has not answered


async def bring_logs(conn: Conn, incubator: Carrier, *, operator: Actor, at: datetime) -> None:
    by = _running(operator, incubator)
    began = business_day(at) - timedelta(days=400)
    mentors: list[uuid.UUID] = []
    for name, where in (("演示导师 吴教授", "某大学"), ("演示导师 黎总", "某机械公司")):
        entry = LogEntry(LogKind.MENTOR, began, name, party=where)
        mentors.append(await add_log(conn, incubator, entry, by=by, at=at - timedelta(days=400)))
    inside = [holder for holder in await holders_of(conn, incubator.id) if holder.inside]
    for n, (what, sort, ago, people) in enumerate(_SERVICES):
        holder = inside[n % len(inside)].id if inside else None
        day = at - timedelta(days=ago)
        mentor = mentors[0] if sort is LogSort.TUTORING else None
        entry = LogEntry(LogKind.SERVICE, business_day(day), what, sort, holder, mentor, people=people)
        await add_log(conn, incubator, entry, by=by, at=day)
    for what, sort, ago, people in _EVENTS:
        day = at - timedelta(days=ago)
        entry = LogEntry(LogKind.EVENT, business_day(day), what, sort, people=people)
        await add_log(conn, incubator, entry, by=by, at=day)
    if inside:
        day = at - timedelta(days=20)
        holder, amount = inside[-1].id, Decimal(800_000)
        entry = LogEntry(LogKind.INVESTMENT, business_day(day), "演示天使基金", LogSort.ANGEL, holder, amount=amount)
        await add_log(conn, incubator, entry, by=by, at=day)


async def bring_collection(conn: Conn, incubator: Carrier, *, operator: Actor, at: datetime) -> None:
    """The quarter before this one; of most tenants the operator has their tables."""
    by, today = _running(operator, incubator), business_day(at)
    quarter = Period(today.year, (today.month + 2) // 3).before
    due_on = today + timedelta(days=10)
    made = await open_round(conn, incubator, quarter, due_on=due_on, by=by, at=at - timedelta(days=3))
    waiting = [answer for answer in await answers_of(conn, made) if answer.by_operator]
    for n, answer in enumerate(waiting[: max(0, len(waiting) - _LEFT_OPEN)]):
        figures = _figures(n, team=answer.team_id is not None)
        basis = "负责人签字的季报表（演示）"
        await enter(
            conn, made, answer.id, figures, basis=basis, version=answer.version, by=by, at=at - timedelta(days=1)
        )


def _figures(n: int, *, team: bool) -> Mapping[str, str]:
    known = {"total_income": f"{900_000 + 130_000 * n}", "net_profit": f"{40_000 - 15_000 * n}"}
    known |= {"tenant.rd": f"{60_000 + 5_000 * n}", "tenant.taxes": f"{9_000 + n}"}
    known |= {"tenant.venture": "0", "tenant.staff": f"{8 + 3 * n}", "tenant.graduates": f"{n % 3}"}
    return {item.code: known[item.code] for item in asked(yearly=False, team=team)}


def _running(operator: Actor, carrier: Carrier) -> Actor:
    return replace(operator, viewer=replace(operator.viewer, carrier_id=carrier.id))
