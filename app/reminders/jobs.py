"""The day's planning: what went out of date is taken back, changed dates are told, then rule after rule is planned."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import text, update
from sqlalchemy.dialects.postgresql import insert

from app.clock import business_day
from app.db import Conn, Database, new_id
from app.locks import Lock, hold
from app.reminders.changes import tell_changes, withdraw_stale
from app.reminders.expiries import tell_staff
from app.reminders.models import ReminderRule, ReminderSkip
from app.reminders.planning import Moment, Planned, Work, plan_step
from app.reminders.queries import current_template, list_rules, rule_by_id, sender, targets_of, weekly_cap
from app.reminders.rules import dues, missed
from app.reminders.stays import plan_stays
from app.reminders.terms import HOUSED, Anchor, Party, Rule, RuleState, Target
from app.workdays.queries import load_calendar
from app.workdays.rules import Calendar, next_office_hour

_WEEK = timedelta(days=7)
# A ledger that has just grown from nothing to a county's is still taken for empty; firm by firm through it would take
# hours. What is planned is always whole sets against whole sets.
_BY_SETS = text("SELECT set_config('enable_nestloop', 'off', true), set_config('work_mem', '64MB', true)")


@dataclass(frozen=True, slots=True)
class Frame:
    """What all rules of a run share."""

    calendar: Calendar
    moment: Moment
    cap: int
    sender: Mapping[str, str]
    texting: bool = False


async def plan_reminders(database: Database, *, at: datetime, texting: bool = False) -> Mapping[str, int]:
    """Each rule in a transaction of its own: one that fails undoes nothing of the others and is planned next time."""
    async with database.transaction() as conn:
        frame = replace(await _frame(conn, at), texting=texting)
        await withdraw_stale(conn)
        rules = await list_rules(conn, states=[RuleState.ACTIVE])
    done, skipped = Planned(), 0
    for rule in rules:
        async with database.transaction() as conn:
            planned, left_out = await plan_rule(conn, rule, frame)
        done, skipped = done + planned, skipped + left_out
    return _report(done, skipped)


async def plan_in_one(conn: Conn, at: datetime) -> Mapping[str, int]:
    """The same in the caller's transaction: for a rehearsal, and for the demo."""
    frame = await _frame(conn, at)
    await withdraw_stale(conn)
    done, skipped = Planned(), 0
    for rule in await list_rules(conn, states=[RuleState.ACTIVE]):
        planned, left_out = await plan_rule(conn, rule, frame)
        done, skipped = done + planned, skipped + left_out
    return _report(done, skipped)


def _report(done: Planned, skipped: int) -> dict[str, int]:
    return {"planned": done.due, "created": done.created, "skipped": done.held_back + skipped}


async def _frame(conn: Conn, at: datetime) -> Frame:
    calendar = await load_calendar(conn)
    send_at = next_office_hour(at, calendar)
    moment = Moment(at, business_day(at), send_at, at - _WEEK, business_day(send_at))
    return Frame(calendar, moment, await weekly_cap(conn), await sender(conn))


async def work_for(conn: Conn, rule: Rule, at: datetime) -> Work | None:
    """What a run at that moment would plan the rule with; None when its text is missing."""
    frame, template = await _frame(conn, at), await current_template(conn, rule.template)
    return Work(rule, template, frame.sender, frame.cap, frame.calendar, frame.moment) if template else None


async def plan_rule(conn: Conn, rule: Rule, frame: Frame) -> tuple[Planned, int]:
    """What of the rule is due, and how many of its steps were left out for good."""
    await hold(conn, Lock.REMINDING)
    await conn.execute(_BY_SETS)
    current, template = await rule_by_id(conn, rule.id), await current_template(conn, rule.template)
    if current is None or current.state is not RuleState.ACTIVE or template is None:
        return Planned(), 0  # paused since the run began
    today = frame.moment.today
    work = Work(current, template, frame.sender, frame.cap, frame.calendar, frame.moment, frame.texting)
    if current.anchor is Anchor.CHANGE:
        done, skipped = await tell_changes(conn, work), 0
    else:
        targets = await targets_of(conn, current, today=today)
        skipped = await _note_missed(conn, current, targets, frame)
        plan = plan_stays if current.anchor in HOUSED else _plan_dates
        done = await plan(conn, work, targets)
    planned_on = max(today, current.planned_on or today)
    await conn.execute(update(ReminderRule).where(ReminderRule.id == rule.id).values(planned_on=planned_on))
    return done, skipped


async def _plan_dates(conn: Conn, work: Work, targets: Sequence[Target]) -> Planned:
    done = Planned()
    due = dues(work.rule.steps, work.calendar, work.moment.today)
    by_day = work.rule.anchor is Anchor.CERTIFICATE
    for target in targets:
        for one in due:
            if by_day and one.step.party is not Party.FIRM:
                continue
            if one.after < target.on <= one.until:
                done += await plan_step(conn, work, target, replace(one, after=target.on, until=target.on))
    return done + await tell_staff(conn, work, targets, due) if by_day else done


async def _note_missed(conn: Conn, rule: Rule, targets: Iterable[Target], frame: Frame) -> int:
    rows = [
        {
            "id": new_id(),
            "rule_id": rule.id,
            "subject_id": target.id,
            "step": step.key,
            "anchor_on": target.on,
            "due_on": day,
            "why": why,
            "at": frame.moment.at,
        }
        for target in targets
        for step, day, why in missed(rule, target, frame.calendar, frame.moment.today)
    ]
    if not rows:
        return 0
    return (await conn.execute(insert(ReminderSkip).values(rows).on_conflict_do_nothing())).rowcount
