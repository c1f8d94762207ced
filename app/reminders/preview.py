"""What a rule would do: who gets what on which day, and who gets nothing and why. The same set as planning's."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import select, text

from app.access.terms import Viewer
from app.db import Conn
from app.reminders.audience import OFF, REACHED, base, topic_of, values
from app.reminders.housed import tenants, where
from app.reminders.planning import Work, bound
from app.reminders.queries import targets_of
from app.reminders.rules import FEW, due_on, fill, naming, remaining
from app.reminders.terms import HOUSED, Anchor, Audience, Exclusion, Party, Rule, Step, Target
from app.text import is_code
from app.workdays.rules import Calendar

LISTED = 50  # names shown of each kind; the counts are of all
_STANDING = """
WITH b AS ({base}),
s AS (
  SELECT b.*, coalesce(e.email, p.phone) AS reach, CASE WHEN b.reason IS NOT NULL AND b.done THEN 'done'
    WHEN b.reason IS NOT NULL AND {off} THEN 'off'
    WHEN b.reason IS NOT NULL AND {capped} THEN 'capped' WHEN b.reason IS NOT NULL THEN 'yes'
    WHEN b.outcome = 'not_met' THEN 'far' WHEN b.outcome = 'unknown' THEN 'unknown' ELSE 'outside' END AS standing
  FROM b {reached}
  WHERE b.region_code >= :sight_from AND b.region_code < :sight_until
),
n AS (SELECT s.*, count(*) OVER (PARTITION BY standing) AS total, count(reach) OVER (PARTITION BY standing) AS mailed,
  row_number() OVER (PARTITION BY standing ORDER BY region_code, name) AS place FROM s)
SELECT n.standing, n.total, n.mailed, n.uscc, n.name, n.region_code, n.reason, n.gap, n.reach IS NOT NULL AS mail,
  u.name AS officer FROM n LEFT JOIN users u ON u.id = n.officer_id WHERE n.place <= {most} ORDER BY n.place
"""
_CAPPED = """b.firm_id IN (SELECT r.firm_id FROM reminders r WHERE r.created_at > :week AND r.created_at <= :at
  AND r.party = 'firm' AND r.state = 'queued' GROUP BY r.firm_id HAVING count(*) >= :cap)"""


@dataclass(frozen=True, slots=True)
class StepDay:
    step: Step
    on: date
    gone: bool  # before today: nothing is sent for it any more, unless it is the one that still holds


@dataclass(frozen=True, slots=True)
class Named:
    uscc: str
    name: str
    region_code: str
    reason: str
    gap: str
    mail: bool
    officer: str | None


@dataclass(frozen=True, slots=True)
class Group:
    """Firms of one standing: the whole number, and the first names."""

    exclusion: Exclusion | None  # None: they are reminded
    total: int
    mailed: int
    firms: tuple[Named, ...]


@dataclass(frozen=True, slots=True)
class Outlook:
    """One date and what leads up to it."""

    target: Target
    left: str
    days: tuple[StepDay, ...]
    reminded: Group
    excluded: tuple[Group, ...]
    subject: str
    body: str
    assumed: bool  # the schedule of a year in between is not loaded


def step_days(rule: Rule, calendar: Calendar, on: date, today: date) -> tuple[StepDay, ...]:
    found = [(step, due_on(calendar, on, step)) for step in rule.steps]
    order = list(Party)
    return tuple(
        StepDay(step, day, day < today) for step, day in sorted(found, key=lambda p: (p[1], order.index(p[0].party)))
    )


async def outlooks(conn: Conn, work: Work, *, viewer: Viewer, on: date | None = None, most: int = 6) -> list[Outlook]:
    """For the next dates, nearest first, or for one that a message was about; as far as the viewer sees firms."""
    today, rule = work.moment.today, work.rule
    found = await targets_of(conn, rule, today=today)
    ahead = [target for target in found if (target.on == on if on else target.on >= today)]
    return [await _outlook(conn, work, target, viewer) for target in ahead[:most]]


async def _outlook(conn: Conn, work: Work, target: Target, viewer: Viewer) -> Outlook:
    rule, moment = work.rule, work.moment
    read = _tenants if rule.anchor in HOUSED else _standing
    groups = await read(conn, work, target, viewer)
    reminded = groups.get("yes", Group(None, 0, 0, ()))
    shown = reminded.firms[0] if reminded.firms else Named("", "示例企业", "", "", "", True, None)
    example = {"企业": shown.name, "差距": shown.gap, "原因": _reason(shown.reason), "家数": str(reminded.total)}
    example["名单"] = "、".join(firm.name for firm in reminded.firms[:5])
    days = step_days(rule, work.calendar, target.on, moment.today)
    first = next((d for d in days if not d.gone), None)
    words = {**work.words(target), **example}
    words["剩余"] = remaining(work.calendar, first.on if first else moment.today, target.on)
    firmward = any(step.party is Party.FIRM for step in rule.steps)
    subject, body = work.template.subject, work.template.body
    if not firmward:
        subject, body = work.template.staff_subject, work.template.staff_body
        subject = naming(subject) if 0 < reminded.total <= FEW else subject
    return Outlook(
        target,
        remaining(work.calendar, moment.today, target.on),
        days,
        reminded,
        tuple(groups[e.value] for e in Exclusion if e.value in groups),
        fill(subject, words),
        fill(body, words),
        any(work.calendar.assumed(year) for year in {d.on.year for d in days} | {target.on.year}),
    )


def _reason(code: str) -> str:
    return Audience(code).label if code else ""


async def _tenants(conn: Conn, work: Work, target: Target, viewer: Viewer) -> dict[str, Group]:
    """Whose tenancy has its date that day: they are told of, and nobody is left out."""
    b = tenants(work.rule.anchor, viewer=viewer)
    rows = (await conn.execute(select(b).where(b.c.on == target.on).order_by(b.c.carrier, b.c.holder))).all()
    named = tuple(Named(r.uscc, r.holder, r.region_code, "", where(r), True, None) for r in rows[:LISTED])
    return {"yes": Group(None, len(rows), len(rows), named)}


async def _standing(conn: Conn, work: Work, target: Target, viewer: Viewer) -> dict[str, Group]:
    scope = viewer.scope if is_code(viewer.scope) else "-"
    until = str(int(scope) + 1) if is_code(scope) else scope
    given: dict[str, Any] = {**values(work.rule, target, work.moment.today), "sight_from": scope, "sight_until": until}
    capped = "false"
    if not work.rule.mandatory:
        capped = _CAPPED
        given |= {"week": work.moment.week, "at": work.moment.at, "cap": work.cap}
    given["topic"] = topic_of(work.rule)
    reached = REACHED.format(firm="b.firm_id")
    statement = _STANDING.format(base=base(work.rule), capped=capped, off=OFF, reached=reached, most=LISTED)
    groups: dict[str, Group] = {}
    for row in await conn.execute(bound(statement, given), given):
        group = groups.get(row.standing)
        if group is None:
            group = Group(Exclusion(row.standing) if row.standing != "yes" else None, row.total, row.mailed, ())
        named = Named(row.uscc, row.name, row.region_code, row.reason or "", row.gap, row.mail, row.officer)
        groups[row.standing] = replace(group, firms=(*group.firms, named))
    return groups


@dataclass(frozen=True, slots=True)
class LedgerCount:
    queued: int
    unreachable: int


async def counts_by_rule(conn: Conn) -> dict[uuid.UUID, LedgerCount]:
    query = text(
        "SELECT rule_id, count(*) FILTER (WHERE state = 'queued'), count(*) FILTER (WHERE state = 'unreachable') "
        "FROM reminders GROUP BY rule_id"
    )
    rows: Sequence[Any] = (await conn.execute(query)).all()
    return {row[0]: LedgerCount(row[1], row[2]) for row in rows}


def is_planned(rule: Rule) -> bool:
    """Whether there is anything to look ahead to; a change of date is told when it comes."""
    return rule.anchor is not Anchor.CHANGE
