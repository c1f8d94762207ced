"""Rules and texts under people's hands: put to work after a look at whom they reach, paused, edited; each act kept."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update

from app.access.terms import Actor
from app.audit.service import event_row, record
from app.db import Conn, new_id
from app.errors import Invalid, NotFound, Refused, Stale
from app.reminders.models import ReminderRule, ReminderSetting, ReminderTemplate
from app.reminders.queries import current_template, rule_by_id
from app.reminders.rules import parties_for, rule_problems, text_problems
from app.reminders.terms import Audience, Rule, RuleState, Step

MOST_STEPS, HIGHEST_CAP = 10, 50


@dataclass(frozen=True, slots=True)
class RuleEntry:
    """What a person may set of a rule; what it is counted from stays as it is."""

    title: str
    audience: Sequence[Audience]
    near_missed: int
    near_percent: int
    steps: Sequence[Step]
    template: str


async def _locked(conn: Conn, rule_id: uuid.UUID, expected: int | None) -> Rule:
    rule = await rule_by_id(conn, rule_id, lock=True)
    if rule is None:
        raise NotFound("没有这条提醒规则。")
    if expected is not None and expected != rule.version:
        raise Stale(f"“{rule.title}”刚被别人改过，请看过现在的内容再办。")
    return rule


async def _write(conn: Conn, rule: Rule, values: Mapping[str, Any], verb: str, *, by: Actor, at: datetime) -> None:
    changed = {**values, "version": rule.version + 1, "updated_at": at}
    await conn.execute(update(ReminderRule).where(ReminderRule.id == rule.id).values(changed))
    before = {name: _plain(getattr(rule, name)) for name in values if hasattr(rule, name)}
    done = event_row(
        f"reminder:rule:{verb}",
        by=by,
        at=at,
        object_type="reminder_rule",
        object_id=rule.id,
        object_label=rule.title,
        before=before,
        after={name: _plain(value) for name, value in values.items()},
    )
    await record(conn, done)


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, Step):
        return value.to_json()
    return value.isoformat() if isinstance(value, datetime) else value


async def activate(conn: Conn, rule_id: uuid.UUID, *, expected: int, by: Actor, at: datetime) -> Rule:
    """`expected` is the version whose preview was looked at. Raises Stale, Refused."""
    rule = await _locked(conn, rule_id, expected)
    if rule.state is RuleState.ACTIVE:
        raise Refused("这条规则已经启用。")
    if problem := rule_problems(rule):
        raise Refused(problem)
    values = {"state": RuleState.ACTIVE.value, "activated_at": at, "activator_name": by.viewer.name, "planned_on": None}
    await _write(conn, rule, values, "activated", by=by, at=at)
    return rule


async def pause(conn: Conn, rule_id: uuid.UUID, *, by: Actor, at: datetime) -> Rule:
    rule = await _locked(conn, rule_id, None)
    if rule.state is not RuleState.ACTIVE:
        raise Refused("这条规则没有启用。")
    await _write(conn, rule, {"state": RuleState.PAUSED.value}, "paused", by=by, at=at)
    return rule


async def edit_rule(
    conn: Conn, rule_id: uuid.UUID, entry: RuleEntry, *, expected: int, by: Actor, at: datetime
) -> Rule:
    """One that is at work stops with the edit: nobody has seen yet whom it now reaches. Raises Invalid, Stale."""
    rule = await _locked(conn, rule_id, expected)
    wrong = {}
    if len({step.key for step in entry.steps}) != len(entry.steps):
        wrong["steps"] = "有两步写得一样。"
    if any(step.party not in parties_for(rule.anchor) for step in entry.steps):
        wrong["steps"] = "有一步的对象不适用于这种日期。"
    if not 0 < len(entry.steps) <= MOST_STEPS:
        wrong["steps"] = f"请写 1 到 {MOST_STEPS} 步。"
    if await current_template(conn, entry.template) is None:
        wrong["template"] = "没有这份文字。"
    if wrong:
        raise Invalid(wrong)
    values = {
        "title": entry.title,
        "audience": [word.value for word in entry.audience],
        "near_missed": entry.near_missed,
        "near_percent": entry.near_percent,
        "steps": [step.to_json() for step in entry.steps],
        "template": entry.template,
        "state": (RuleState.PAUSED if rule.state is RuleState.ACTIVE else rule.state).value,
    }
    await _write(conn, rule, values, "edited", by=by, at=at)
    return rule


async def edit_template(
    conn: Conn, code: str, texts: Mapping[str, str], *, expected: int, by: Actor, at: datetime
) -> int:
    """A new version; what was sent under the older ones stays as it was. Raises Invalid by field, Stale, NotFound."""
    await conn.execute(select(ReminderTemplate.id).where(ReminderTemplate.code == code).with_for_update())
    current = await current_template(conn, code)
    if current is None:
        raise NotFound("没有这份提醒文字。")
    if expected != current.version:
        raise Stale(f"{current.author_name} 已经改成第 {current.version} 版，请看过再改。")
    if wrong := text_problems(texts):
        raise Invalid(wrong)
    new = {"id": new_id(), "code": code, "version": current.version + 1, "title": current.title, **texts}
    await conn.execute(insert(ReminderTemplate).values(**new, author_name=by.viewer.name, created_at=at))
    before = {name: getattr(current, name) for name in texts}
    done = event_row(
        "reminder:template:edited",
        by=by,
        at=at,
        object_type="reminder_template",
        object_id=code,
        object_label=current.title,
        before=before,
        after={**texts, "version": current.version + 1},
    )
    await record(conn, done)
    return current.version + 1


async def set_weekly_cap(conn: Conn, cap: int, *, by: Actor, at: datetime) -> None:
    if not 0 < cap <= HIGHEST_CAP:
        raise Invalid({"weekly_cap": f"请填 1 到 {HIGHEST_CAP} 的整数。"})
    before = (await conn.execute(select(ReminderSetting.weekly_cap).with_for_update())).scalar_one()
    await conn.execute(update(ReminderSetting).values(weekly_cap=cap))
    done = event_row(
        "reminder:setting:changed",
        by=by,
        at=at,
        object_type="setting",
        object_id="weekly_cap",
        before={"weekly_cap": before},
        after={"weekly_cap": cap},
    )
    await record(conn, done)
