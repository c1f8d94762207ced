"""Firms that nobody has spoken with long after they count as standing still: the list, and who is told of them."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, Uuid, and_, bindparam, func, literal_column, or_, select, tuple_
from sqlalchemy.dialects.postgresql import ARRAY, insert

from app.access.models import User
from app.access.terms import Role, Viewer
from app.db import Conn
from app.firms.filtering import visible_to
from app.firms.models import Firm
from app.outbox.writing import Row, notice, post
from app.pipeline.terms import Ladder
from app.work.agenda import last_contact
from app.work.models import StaleEscalation
from app.work.rules import RESETS, heads_of
from app.workdays.rules import Calendar

PAGE = 50
_NAMED = 3
_ACTIVE: Any = literal_column("firms.status = 'active'")


@dataclass(frozen=True, slots=True)
class Silent:
    firm_id: uuid.UUID
    uscc: str
    name: str
    region_code: str
    tier: str
    officer_id: uuid.UUID | None
    officer_name: str
    stale_on: date
    last_contact_on: date | None


def _long(ladder: Ladder, calendar: Calendar, today: date) -> Any:
    """Standing still for as many working days as the tier allows before its bureau's head hears of it."""
    until = {
        tier.code: (
            calendar.add_working_days(today, -tier.escalate_working_days),
            calendar.add_working_days(today, -tier.escalate_working_days - (tier.stale_working_days or 0)),
        )
        for tier in ladder.tiers
        if tier.escalate_working_days is not None
    }
    if not until:
        return literal_column("false")
    # A move that is recorded with a day of long ago counts from that day, whoever has spoken with the firm since.
    spoken = last_contact()
    each = or_(
        *(
            and_(Firm.tier == code, Firm.stale_on <= day, or_(spoken.is_(None), spoken <= quiet))
            for code, (day, quiet) in until.items()
        )
    )
    return and_(_ACTIVE, Firm.stale_on <= max(day for day, _ in until.values()), each)  # the second by its index


def _silent() -> Any:
    columns = (Firm.id, Firm.uscc, Firm.name, Firm.region_code, Firm.tier, Firm.officer_id)
    return select(*columns, func.coalesce(User.name, ""), Firm.stale_on, last_contact()).outerjoin(
        User, User.id == Firm.officer_id
    )


async def silent(
    conn: Conn,
    *,
    ladder: Ladder,
    calendar: Calendar,
    viewer: Viewer,
    today: date,
    mine: bool = False,
    after: tuple[date, uuid.UUID] | None = None,
    limit: int = PAGE,
) -> list[Silent]:
    """The longest silent first. One more than `limit` says that there are more."""
    query = _silent().where(_long(ladder, calendar, today), visible_to(viewer))
    if mine:
        query = query.where(Firm.officer_id == viewer.id)
    if after:
        query = query.where(tuple_(Firm.stale_on, Firm.id) > after)
    rows = await conn.execute(query.order_by(Firm.stale_on, Firm.id).limit(limit + 1))
    return [Silent(*row) for row in rows]


async def escalate(conn: Conn, *, ladder: Ladder, calendar: Calendar, today: date, at: datetime) -> int:
    """Tells the heads nearest to each firm, and its officer, of every silence once; a contact begins another."""
    e = StaleEscalation
    query = _silent().outerjoin(e.__table__, e.firm_id == Firm.id)
    news = or_(e.told_on.is_(None), Firm.stale_on > e.told_on)
    rows = await conn.execute(query.where(_long(ladder, calendar, today), news).order_by(Firm.stale_on, Firm.id))
    found = [Silent(*row) for row in rows]
    bosses = await heads(conn)
    told = [(firm, near) for firm in found if (near := heads_of(bosses, firm.region_code))]
    if not told:
        return 0
    await _remember(conn, [firm.firm_id for firm, _ in told], today)
    by_person: dict[tuple[uuid.UUID, bool], list[Silent]] = {}
    for firm, near in told:
        for head in near:
            by_person.setdefault((head, True), []).append(firm)
        if firm.officer_id and firm.officer_id not in near:
            by_person.setdefault((firm.officer_id, False), []).append(firm)
    say = _Say(ladder, calendar, today, at)
    await post(conn, *(say.one(whom, head, firms) for (whom, head), firms in by_person.items()))
    return len(told)


async def heads(conn: Conn) -> list[tuple[uuid.UUID, str]]:
    query = select(User.id, User.scope).where(User.role == Role.MANAGER.value, User.active, User.scope != "")
    return [(i, scope) for i, scope in await conn.execute(query.order_by(User.id))]


async def _remember(conn: Conn, ids: Sequence[uuid.UUID], today: date) -> None:
    given = select(func.unnest(bindparam("ids", type_=ARRAY(Uuid()))), bindparam("today", type_=Date()))
    write = insert(StaleEscalation).from_select(["firm_id", "told_on"], given)
    kept = write.on_conflict_do_update(index_elements=["firm_id"], set_={"told_on": write.excluded.told_on})
    await conn.execute(kept, {"ids": list(ids), "today": today})


@dataclass(frozen=True, slots=True)
class _Say:
    ladder: Ladder
    calendar: Calendar
    today: date
    at: datetime

    def one(self, whom: uuid.UUID, head: bool, firms: Sequence[Silent]) -> Row:
        named = "、".join(self._named(f, head) for f in firms[:_NAMED]) + ("等" if len(firms) > _NAMED else "")
        whose = "" if head else "您负责的"
        also = "" if head else "；已告诉局领导"
        subject = f"{whose} {len(firms)} 家企业停滞已久仍没有联系：{named}{also}。{RESETS}".strip()
        page = "/stale" if head else "/stale?whose=mine"
        return notice("stale_long", f"{self.today}", to=whom, subject=subject, at=self.at, page=page)

    def _named(self, firm: Silent, head: bool) -> str:
        days = f"停滞 {self.calendar.working_days_between(firm.stale_on, self.today)} 个工作日"
        who = f"{firm.officer_name or '没有责任专员'}，" if head else ""
        return f"{firm.name}（{who}{days}）"
