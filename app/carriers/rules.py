"""Decisions about stays on plain facts: months used, what is due, what cannot be."""

import uuid
from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from app.carriers.stay_terms import EXPLAINED, LEAVING, Ending, EndReason, SpecialField, Stay
from app.carriers.terms import CHAIN, CarrierKind
from app.labels import Labelled

# Months before the limit at which somebody should look: 36, 42 and 45 of 48. Our own default, no authority's.
WARN_BEFORE = (12, 6, 3)
# Days before a lease ends; our own default.
LEASE_BEFORE = (90, 30)
# 国科发区〔2018〕300号 第十五条: name, operator, area or site changed is reported within three months.
REPORT_MONTHS = 3
LONGEST_LEASE = 20  # years, beyond which a lease is void
LEASE_BASIS = "民法典第七百零五条"
REPORT_BASIS = "国科发区〔2018〕300号 第十五条（国家级孵化器；其他载体参照）"


class Due(Labelled):
    """Why a tenant stands in the operator's list, the most pressing first."""

    LAPSED = "lapsed", "租期已过，未登记退出"
    OVER = "over", "孵化期限已满"
    GRADUATE = "graduate", "临近孵化期限，应毕业评估"
    LEASE = "lease", "租期将到"
    LIMIT = "limit", "孵化期限提醒"


@dataclass(frozen=True, slots=True)
class Reason:
    due: Due
    on: date  # the day it is about
    words: str

    @property
    def pressing(self) -> bool:
        """Over already; the others are yet to come."""
        return self.due in (Due.LAPSED, Due.OVER)


def months_used(since: date, day: date) -> int:
    """Whole months, the corresponding day completes one."""
    months = (day.year - since.year) * 12 + day.month - since.month
    return max(0, months - (day.day < since.day and day.day != monthrange(day.year, day.month)[1]))


def add_months(day: date, months: int) -> date:
    """The corresponding day; the last of the month where it has none."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def limit_of(stay: Stay | None, special: SpecialField | None) -> tuple[int | None, str]:
    """Months and what they rest on; a kind without a rule has no limit."""
    if stay is None or stay.months is None:
        return None, ""
    if special and stay.special_months:
        return stay.special_months, f"{stay.document}（{special.label}{stay.special_months} 个月的依据待核实）"
    return stay.months, stay.document


def reasons_for(
    *,
    today: date,
    until: date | None,
    clock_since: date | None,
    limit_months: int | None,
) -> list[Reason]:
    """Why an open tenancy wants somebody's attention today, the most pressing first."""
    found = []
    if until is not None:
        left = (until - today).days
        if left < 0:
            found.append(Reason(Due.LAPSED, until, f"租期 {until} 已过 {-left} 天，还没有登记续租或退出"))
        elif left <= LEASE_BEFORE[0]:
            found.append(Reason(Due.LEASE, until, f"租期 {until} 到，还有 {left} 天"))
    if clock_since is not None and limit_months is not None:
        limit = add_months(clock_since, limit_months)
        used = months_used(clock_since, today)
        if today >= limit:
            found.append(Reason(Due.OVER, limit, f"已孵化 {used} 个月，{limit_months} 个月的期限 {limit} 已满"))
        elif step := next((b for b in sorted(WARN_BEFORE) if today >= add_months(clock_since, limit_months - b)), None):
            due = Due.GRADUATE if step == WARN_BEFORE[-1] else Due.LIMIT
            found.append(Reason(due, limit, f"已孵化 {used} 个月，{limit_months} 个月的期限 {limit} 到"))
    order = list(Due)
    return sorted(found, key=lambda r: (order.index(r.due), r.on))


def days_emptied(on: date, *, today: date) -> tuple[date, date] | None:
    """The days that are over and are counted as empty once a last day is written down. What was known on each of
    their evenings stays what it was."""
    first, last = on + timedelta(days=1), today - timedelta(days=1)
    return (first, last) if first <= last else None


def days_struck(since: date, *, today: date) -> tuple[date, date] | None:
    """The days that are over on which nobody was there after all, once a tenancy is struck. One that has not begun, or
    begins today, takes none away."""
    return (since, day_before(today)) if since < today else None


def ending_problems(ending: Ending, *, since: date, until: date | None, today: date) -> dict[str, str]:
    """`until`: the last day agreed, if there is one; who leaves before it, and is said to have only afterwards, takes
    days away that the lease had promised."""
    found: dict[str, str] = {}
    if ending.reason in EXPLAINED and not ending.note:
        found["note"] = "请写明原因。"
    if ending.reason is EndReason.STRUCK:
        if (struck := days_struck(since, today=today)) and not ending.late:
            found["late"] = (
                f"这会抹掉 {struck[0]} 至 {struck[1]} 的入驻，使用率改为空着（按那天晚上已登记的内容看的不变）；"
                "租期写错的请办续租或提前退出。确实从来没有入驻的，写明为什么现在才改，主管部门会收到。"
            )
        return found
    if ending.on > today:
        found["on"] = "退出日期不能晚于今天；到那天再登记。"
    elif ending.on < since:
        found["on"] = f"{since} 才入驻，退出日期不能更早；登记有误的请选“登记有误”。"
    days = days_emptied(ending.on, today=today)
    if not found.get("on") and days and (until is None or ending.on < until) and not ending.late:
        found["late"] = (
            f"这会改变 {days[0]} 至 {days[1]} 的使用率，改为空着（按那天晚上已登记的内容看的不变）；"
            "确实早就走了、搬了的，写明为什么现在才登记。"
        )
    return found


def lease_problem(until: date | None, *, since: date, renewed: bool = False) -> str:
    """`since`: its first day, or the day on which it is renewed. A period of years ends on the corresponding day
    (民法典第二百零二条), so that one is still within it."""
    last = add_months(since, 12 * LONGEST_LEASE)
    if until is None or until <= last:
        return ""
    begins = "自续租这天起" if renewed else "自租期起"
    return f"租赁期限{begins}不得超过{LONGEST_LEASE}年（{LEASE_BASIS}），最晚写 {last}；请核对租期止。"


def renewal_problem(held: date | None, until: date | None, *, today: date) -> str:
    """A lease that would still be over is none: who has left by then leaves."""
    if until is not None and (held is None or until <= held):
        now = f"{held}" if held else "没有约定期满日"
        return f"现在的租期止是{now}，续租要晚于它；提前结束的请办退出。"
    if until is not None and until < today:
        return f"{until} 已经过去，续到那天租期仍是过期；还在里面的请写今天或以后，已经搬走的请办退出。"
    return lease_problem(until, since=today, renewed=True)


def reopens_until(closed_on: date, recorded_on: date | None) -> date:
    """The last day on which a room that was closed by mistake may go on as if it had not been: up to then no evening
    has passed on which it was known to be gone, and no day that is over would be told otherwise than it was."""
    return max(closed_on, recorded_on or closed_on)


def goes_back(before: CarrierKind, after: CarrierKind) -> bool:
    """Down the chain instead of up: possible, but wants a reason."""
    return before in CHAIN and after in CHAIN and CHAIN.index(after) < CHAIN.index(before)


def clock_after(before: CarrierKind, after: CarrierKind, *, clock_since: date | None, on: date) -> date:
    """The stay is counted in one kind of carrier; moving between two of a kind does not begin it anew."""
    return clock_since if before is after and clock_since is not None else on


@dataclass(frozen=True, slots=True)
class Clock:
    """Since when, along the whole chain and in this kind of carrier, and for how long."""

    clock_since: date
    incubating_since: date
    limit_months: int | None
    limit_basis: str


@dataclass(frozen=True, slots=True)
class Stint:
    """A room that a tenant is incubated in, or was. Both days are inclusive."""

    id: uuid.UUID
    since: date
    until: date | None
    clock_since: date
    incubating_since: date
    limit_months: int | None
    limit_basis: str
    open: bool
    holder: uuid.UUID

    @property
    def clock(self) -> Clock:
        return Clock(self.clock_since, self.incubating_since, self.limit_months, self.limit_basis)

    def over(self, today: date) -> date:
        """The first day on which it is no more. One whose lease is over goes on until its end is recorded."""
        if self.until is None or (self.open and self.until < today):
            return date.max
        return self.until + timedelta(days=1)


def unbroken(stints: Iterable[Stint], *, since: date, until: date | None, today: date) -> list[Stint]:
    """Those of one stay with a lease of these days: each goes on from it or from another of them without a day between,
    before or after."""
    first, over = since, until + timedelta(days=1) if until else date.max
    found: list[Stint] = []
    left = list(stints)
    while touching := [s for s in left if s.since <= over and s.over(today) >= first]:
        left = [s for s in left if s not in touching]
        found += touching
        first = min(first, *(s.since for s in touching))
        over = max(over, *(s.over(today) for s in touching))
    return found


def clocks(stints: Sequence[Stint], *, today: date) -> dict[uuid.UUID, Clock]:
    """Of one holder, in one carrier: each stay has the earliest of its clocks and the longest of its limits."""
    found: dict[uuid.UUID, Clock] = {}
    for one in stints:
        if one.id in found:
            continue
        over = one.over(today)
        stay = unbroken(stints, since=one.since, until=None if over == date.max else day_before(over), today=today)
        since = min(s.clock_since for s in stay), min(s.incubating_since for s in stay)
        longest = max(stay, key=lambda s: s.limit_months or 0)
        for s in stay:
            said = s if s.limit_months == longest.limit_months else longest
            found[s.id] = Clock(*since, said.limit_months, said.limit_basis)
    return found


def area_problem(total: Decimal | None, parts: Iterable[Decimal | None]) -> str:
    known = [part for part in parts if part is not None]
    if total is not None and sum(known) > total:
        return f"各用途面积合计 {sum(known)} 平方米，超过了总面积。"
    return ""


def most_seats(taken: Sequence[tuple[date, date | None, int]], *, since: date, until: date | None) -> int:
    """The most seats that are taken at once on any day of an interval; both days inclusive."""
    last = until or date.max
    inside = [
        (max(a, since), min(b or date.max, last), n) for a, b, n in taken if a <= last and (b or date.max) >= since
    ]
    return max((sum(n for a, b, n in inside if a <= day <= b) for day, _, _ in inside), default=0)


def day_before(day: date) -> date:
    return day - timedelta(days=1)


def may_choose(reason: EndReason) -> bool:
    return reason in LEAVING or reason is EndReason.STRUCK
