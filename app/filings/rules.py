"""Decisions about a window's dates on plain facts: what may be, what a day finds, what a change amounts to."""

from datetime import date
from urllib.parse import urlsplit

from app.filings.terms import DEADLINES, Dates, Milestone, Notice, Phase, WindowChange, WindowState
from app.workdays.rules import Calendar

LIVE = frozenset({WindowState.CONFIRMED, WindowState.EXTENDED})
_ORDER = (Milestone.OPENS, Milestone.FIRM, Milestone.REVIEW, Milestone.CITY)


def last_deadline(dates: Dates) -> date | None:
    return max((day for m in DEADLINES if (day := dates.on(m))), default=None)


def phase_on(day: date, *, state: WindowState, dates: Dates) -> Phase:
    """A deadline's own day still counts: whoever files on it is in time."""
    if state is WindowState.REFERENCE:
        return Phase.PLANNED
    last = last_deadline(dates)
    if state is WindowState.CLOSED or (last is not None and day > last):
        return Phase.CLOSED
    if dates.opens_on is not None and day < dates.opens_on:
        return Phase.UPCOMING
    if dates.firm_due is None:
        # Where firms have no date of their own the window is open until whoever has one is done.
        return Phase.OPEN
    return Phase.OPEN if day <= dates.firm_due else Phase.REVIEW


def next_milestone(day: date, *, state: WindowState, dates: Dates) -> tuple[Milestone, date] | None:
    """What comes next, for counting down; nothing for a window that nobody has confirmed."""
    if state not in LIVE:
        return None
    ahead = [(when, m) for m, when in dates.given.items() if when >= day]
    if not ahead:
        return None
    when, milestone = min(ahead, key=lambda pair: (pair[0], list(Milestone).index(pair[1])))
    return milestone, when


def date_problems(dates: Dates, *, year: int) -> dict[str, str]:
    """By field. A year's window may begin in the year before and end in the one after, no farther."""
    found: dict[str, str] = {}
    for milestone, day in dates.given.items():
        if not year - 1 <= day.year <= year + 1:
            found[milestone.value] = f"{year} 年的窗口，{milestone.label}不会是 {day}；请核对年份。"
    before: tuple[Milestone, date] | None = None
    for milestone in _ORDER:
        day_or_none = dates.on(milestone)
        if day_or_none is None:
            continue
        if before and day_or_none < before[1]:
            found.setdefault(milestone.value, f"{milestone.label}不能早于{before[0].label}（{before[1]}）。")
        before = milestone, day_or_none
    if dates.paper_due and dates.opens_on and dates.paper_due < dates.opens_on:
        found.setdefault("paper_due", f"{Milestone.PAPER.label}不能早于{Milestone.OPENS.label}（{dates.opens_on}）。")
    if dates.firm_until and not dates.firm_due:
        found["firm_until"] = "填了几点截止，请同时填写企业提交截止的日期。"
    return found


def notice_problems(notice: Notice) -> dict[str, str]:
    """A person confirms against something that others can look up."""
    found: dict[str, str] = {}
    if not notice.document:
        found["document"] = "请填写通知的文号；没有文号的填通知的全称。"
    if notice.address:
        if not _is_address(notice.address):
            found["address"] = "请填写以 http:// 或 https:// 开头的完整网址。"
    elif not notice.remark:
        found["address"] = "请填写通知的网址；没有网址的，在备注里写明通知从哪里收到。"
    return found


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and "." in (parts.hostname or "") and not any(c.isspace() for c in text)


def change_problems(change: WindowChange, *, state: WindowState, before: Dates, after: Dates, today: date) -> str:
    """Why a window cannot be changed like that, in a sentence; empty when it can."""
    bare = last_deadline(after) is None
    against: dict[WindowChange, str] = {}
    if state is WindowState.REFERENCE:
        against[WindowChange.CORRECTED] = "这个窗口还没有确认，没有可以更正的日期；请先确认。"
    else:
        against[WindowChange.CONFIRMED] = f"这个窗口{state.label}，不用再确认；日期有变化的请办延期或更正。"
    if bare:
        against.setdefault(WindowChange.CONFIRMED, "通知里至少应有一个截止日期；一个都没有的，先不要确认。")
        against.setdefault(WindowChange.CORRECTED, "请至少留下一个截止日期；整个确认有误的请撤回。")
    if state is WindowState.CLOSED:
        against[WindowChange.CLOSED] = "这个窗口已经关闭。"
    if state not in LIVE:
        against[WindowChange.WITHDRAWN] = "只有已确认的窗口可以撤回确认。"
    if change is WindowChange.EXTENDED:
        return _extension_problem(state, before, after, today)
    return against.get(change, "")


def _extension_problem(state: WindowState, before: Dates, after: Dates, today: date) -> str:
    if state is WindowState.REFERENCE:
        return "这个窗口还没有确认；请先按通知确认。"
    moved = [(before.on(m), after.on(m)) for m in DEADLINES if before.on(m) != after.on(m)]
    if any(old and (new is None or new < old) for old, new in moved):
        return "延期只能把截止日期往后移；提前或删去日期的请办更正。"
    if not moved and not _later_in_the_day(before, after):
        return "没有一个截止日期比原来晚。"
    last = last_deadline(after)
    return "新的截止日期都已过去；补记历史的请办更正。" if last is not None and last < today else ""


def _later_in_the_day(before: Dates, after: Dates) -> bool:
    """The same last day, but longer: an hour that is not named is midnight."""
    if before.firm_until is None:
        return False
    return after.firm_until is None or after.firm_until > before.firm_until


def state_after(change: WindowChange, *, state: WindowState, after: Dates, today: date) -> WindowState:
    """A correction of a closed window opens it again when its dates still lie ahead."""
    if change is WindowChange.CORRECTED:
        last = last_deadline(after)
        if state is WindowState.CLOSED and last is not None and last >= today:
            return WindowState.CONFIRMED
        return state
    return {
        WindowChange.LAID_OUT: state,
        WindowChange.CONFIRMED: WindowState.CONFIRMED,
        WindowChange.EXTENDED: WindowState.EXTENDED,
        WindowChange.CLOSED: WindowState.CLOSED,
        WindowChange.WITHDRAWN: WindowState.REFERENCE,
    }[change]


def is_over(day: date, *, state: WindowState, dates: Dates) -> bool:
    """The job closes it: its last deadline was yesterday or before."""
    last = last_deadline(dates)
    return state in LIVE and last is not None and last < day


def is_open(day: date, *, state: WindowState, dates: Dates) -> bool:
    return phase_on(day, state=state, dates=dates) in (Phase.OPEN, Phase.REVIEW)


def significant(region: str) -> str:
    """440000 → 44, 440700 → 4407, 440783117 as it is: what codes below a division begin with; "" for the country."""
    if len(region) != 6:
        return region
    return region.removesuffix("00").removesuffix("00").removesuffix("00")


def concerns(region: str, scope: str) -> bool:
    """A window above a person's division or within it."""
    whole = significant(region)
    return bool(scope) and (scope.startswith(whole) or whole.startswith(scope))


def days_left(calendar: Calendar, today: date, day: date) -> tuple[int, int, bool]:
    """Days and working days until `day`, and whether a year in between is only assumed to be Monday to Friday."""
    assumed = any(calendar.assumed(year) for year in range(min(today, day).year, max(today, day).year + 1))
    return (day - today).days, calendar.working_days_between(today, day), assumed
