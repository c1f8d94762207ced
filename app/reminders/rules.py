"""Which day a step falls on, which dates a day's steps are for, and what a text may say. No table, no clock."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from itertools import groupby

from app.carriers.rules import add_months
from app.reminders.terms import FIELDS, HOUSED, Anchor, DayUnit, Due, Party, Rule, Step, Target
from app.workdays.rules import Calendar

_DAY = timedelta(days=1)
# A step after a date is still worth saying for so long; one before it, until the date itself.
AFTERWARDS = timedelta(days=30)
# A date that is corrected by less than this is the same date to whoever was reminded of it.
SAME_DATE = 7
FEW = 3  # firms that a message to staff calls by name in its subject
_FIELD = re.compile(r"\{([^{}]*)\}")
_LONGEST_SUBJECT, _LONGEST_BODY = 120, 4000


def due_on(calendar: Calendar, on: date, step: Step) -> date:
    """Never a day off: before a date the working day before it, after a date the next one, so that it comes in time."""
    day = _counted(calendar, on, step, -step.count)
    if calendar.is_working_day(day):
        return day
    return calendar.add_working_days(day + _DAY, -1) if step.count >= 0 else calendar.add_working_days(day - _DAY, 1)


def _counted(calendar: Calendar, day: date, step: Step, count: int) -> date:
    if step.unit is DayUnit.WORKDAYS:
        return calendar.add_working_days(day, count)
    return add_months(day, count) if step.unit is DayUnit.MONTHS else day + timedelta(days=count)


def _last_due(calendar: Calendar, today: date, step: Step) -> date:
    """The latest date whose step is due by today. A step's day never falls back as its date goes on."""
    day = _counted(calendar, today, step, step.count)
    while due_on(calendar, day, step) > today:
        day -= _DAY
    while due_on(calendar, day + _DAY, step) <= today:
        day += _DAY
    return day


def dues(steps: Iterable[Step], calendar: Calendar, today: date) -> list[Due]:
    """For which dates each step is the one to say today. Of several that are due, only the most urgent is left:
    by ranges of dates and not by equal days, so that a day or a week that was missed changes nothing but the delay."""
    found: list[Due] = []
    for _, group in groupby(sorted(steps, key=lambda s: s.party.value), key=lambda s: s.party):
        ranked = sorted(((_last_due(calendar, today, step), step) for step in group), key=lambda pair: pair[0])
        before: date | None = None
        for n, (until, step) in enumerate(ranked):
            oldest = today - _DAY if step.count >= 0 else until - AFTERWARDS
            after = oldest if before is None else max(before, oldest)
            if until > after:
                settled = tuple(s.key for _, s in ranked[: n + 1])
                found.append(Due(step, after, until, settled))
            before = until
    return found


def missed(rule: Rule, target: Target, calendar: Calendar, today: date) -> list[tuple[Step, date, str]]:
    """Steps of a date whose day has gone by unplanned and whose place another one has taken."""
    spoken = {due.step for due in dues(rule.steps, calendar, today) if due.after < target.on <= due.until}
    since, why = rule.planned_on, "后台停运期间"
    if since is None:
        if target.on < today:
            return []  # over before anybody thought of it
        since, why = date.min, "启用时日期已过"
    days = [(step, due_on(calendar, target.on, step)) for step in rule.steps if step not in spoken]
    return [(step, day, why) for step, day in days if since < day < today]


def farthest(steps: Sequence[Step]) -> timedelta:
    """No step looks farther ahead than this: five of seven days work, and no holidays take three weeks."""
    most = max((s.count * (31 if s.unit is DayUnit.MONTHS else 2) for s in steps), default=0)
    return timedelta(days=max(most, 0) + 21)


def parties_for(anchor: Anchor) -> list[Party]:
    """To whom a step can speak: a tenancy's dates are the operator's and the bureau's, a firm's are the firm's."""
    outside = Party.FIRM if anchor in HOUSED else Party.CARRIER
    return [party for party in Party if party is not outside]


def remaining(calendar: Calendar, day: date, on: date) -> str:
    days = (on - day).days
    if days < 0:
        return f"已过 {-days} 天"
    return f"还有 {days} 天（{calendar.working_days_between(day, on)} 个工作日）" if days else "就在今天"


def fill(text: str, values: Mapping[str, str]) -> str:
    """Puts in what is known; a field that is not given stays, for the statement that knows each firm."""
    return _FIELD.sub(lambda found: values.get(found[1], found[0]), text)


def naming(subject: str) -> str:
    """A subject that only counts the firms, with the firms: for when there are so few that the count says nothing."""
    return subject if "{名单}" in subject or "{家数}" not in subject else subject + "：{名单}"


def text_problems(texts: Mapping[str, str]) -> dict[str, str]:
    """By field. A text names fields and nothing else: there is nothing in it that could be run."""
    wrong: dict[str, str] = {}
    for field, text in texts.items():
        longest = _LONGEST_SUBJECT if field.endswith("subject") else _LONGEST_BODY
        unknown = [name for name in _FIELD.findall(text) if name not in FIELDS]
        if not text.strip():
            wrong[field] = "请填写。"
        elif len(text) > longest:
            wrong[field] = f"不能超过 {longest} 个字。"
        elif unknown:
            wrong[field] = f"没有“{{{unknown[0]}}}”这一项；可用的见下面的列表。"
    return wrong


def rule_problems(rule: Rule) -> str:
    """Why a rule cannot be put to work, in a sentence; empty when it can."""
    if rule.anchor is Anchor.CHANGE:
        return ""
    if not rule.steps:
        return "这条规则还没有写提前几天，请先编辑。"
    if any(step.party not in parties_for(rule.anchor) for step in rule.steps):
        return "有一步的对象不适用于这种日期，请先编辑。"
    if rule.anchor is Anchor.WINDOW and not rule.audience:
        return "这条规则还没有选提醒谁，请先编辑。"
    return ""
