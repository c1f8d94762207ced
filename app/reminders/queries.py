"""Reads of rules and texts, and of the dates that rules are counted from."""

import uuid
from collections.abc import Collection
from datetime import date, timedelta
from typing import Any

from sqlalchemy import and_, or_, select

from app.db import Conn
from app.filings.models import FilingWindow
from app.filings.queries import window_of, windows
from app.filings.rules import LIVE
from app.filings.terms import Milestone, Window, WindowState
from app.firms.models import Bureau
from app.recognitions.models import Certificate
from app.recognitions.terms import CertificateKind
from app.reminders import housed
from app.reminders.models import ReminderRule, ReminderSetting, ReminderTemplate
from app.reminders.rules import farthest
from app.reminders.terms import HOUSED, Anchor, Audience, DayUnit, Party, Rule, RuleState, Step, Target, Template

_R = ReminderRule
_RULE: tuple[Any, ...] = tuple(getattr(_R, f) for f in Rule.__dataclass_fields__)
_TEMPLATE: tuple[Any, ...] = tuple(getattr(ReminderTemplate, f) for f in Template.__dataclass_fields__)


def rule_of(row: Any) -> Rule:
    values = dict(row._mapping)
    steps = tuple(Step(int(s["count"]), DayUnit(s["unit"]), Party(s["party"])) for s in values["steps"])
    return Rule(
        **{
            **values,
            "anchor": Anchor(row.anchor),
            "milestone": Milestone(row.milestone) if row.milestone else None,
            "certificate": CertificateKind(row.certificate) if row.certificate else None,
            "audience": tuple(Audience(word) for word in row.audience),
            "steps": steps,
            "state": RuleState(row.state),
        }
    )


async def list_rules(conn: Conn, *, states: Collection[RuleState] = ()) -> list[Rule]:
    """Duties by law first: nothing of a weekly limit is used up before them."""
    query = select(*_RULE).order_by(_R.mandatory.desc(), _R.anchor.desc(), _R.code)
    if states:
        query = query.where(_R.state.in_([state.value for state in states]))
    return [rule_of(row) for row in await conn.execute(query)]


async def rule_by_id(conn: Conn, rule_id: uuid.UUID, *, lock: bool = False) -> Rule | None:
    query = select(*_RULE).where(_R.id == rule_id)
    row = (await conn.execute(query.with_for_update() if lock else query)).one_or_none()
    return rule_of(row) if row else None


async def templates_of(conn: Conn, code: str) -> list[Template]:
    """Newest first."""
    t = ReminderTemplate
    query = select(*_TEMPLATE).where(t.code == code).order_by(t.version.desc())
    return [Template(**row._mapping) for row in await conn.execute(query)]


async def current_template(conn: Conn, code: str) -> Template | None:
    return next(iter(await templates_of(conn, code)), None)


async def current_templates(conn: Conn) -> list[Template]:
    """The newest version of each, by name."""
    t = ReminderTemplate
    query = select(*_TEMPLATE).order_by(t.code, t.version.desc())
    newest: dict[str, Template] = {}
    for row in await conn.execute(query):
        newest.setdefault(row.code, Template(**row._mapping))
    return list(newest.values())


async def weekly_cap(conn: Conn) -> int:
    return int((await conn.execute(select(ReminderSetting.weekly_cap))).scalar_one())


async def sender(conn: Conn) -> dict[str, str]:
    """Whose reminder it is."""
    row = (await conn.execute(select(Bureau.name, Bureau.phone).order_by(Bureau.code).limit(1))).one_or_none()
    return {"单位": row.name if row else "科技主管部门", "电话": row.phone if row else ""}


async def targets_of(conn: Conn, rule: Rule, *, today: date) -> list[Target]:
    """The dates that lie near enough for a step, or went by since the rule was last planned. Only confirmed ones."""
    since = min(rule.planned_on or today, today) - timedelta(days=40)
    until = today + farthest(rule.steps)
    if rule.anchor is Anchor.CERTIFICATE:
        return await _expiries(conn, rule, since, until)
    if rule.anchor in HOUSED:
        return await housed.targets(conn, rule, since, until)
    if rule.anchor is not Anchor.WINDOW or rule.milestone is None:
        return []
    column = getattr(FilingWindow, rule.milestone.value)
    query = windows().where(FilingWindow.programme == rule.programme, column.between(since, until))
    # A window that is over still has its steps afterwards, and what went by unsaid.
    over = and_(FilingWindow.state == WindowState.CLOSED.value, column < today)
    query = query.where(or_(FilingWindow.state.in_(sorted(state.value for state in LIVE)), over))
    rows = (await conn.execute(query.order_by(column, FilingWindow.id))).all()
    return [target_of(window_of(row), rule.milestone) for row in rows]


def target_of(window: Window, milestone: Milestone) -> Target:
    on = window.dates.on(milestone)
    assert on is not None
    until = window.dates.firm_until if milestone is Milestone.FIRM else None
    return Target(
        window.id,
        on,
        window.name,
        window.region,
        window.year,
        window.version,
        window.notice.document,
        f" {until:%H:%M}" if until else "",
    )


async def _expiries(conn: Conn, rule: Rule, since: date, until: date) -> list[Target]:
    assert rule.certificate is not None
    c = Certificate
    query = (
        select(c.expires_on)
        .where(c.kind == rule.certificate.value, c.expires_on.between(since, until), c.revoked_on.is_(None))
        .distinct()
        .order_by(c.expires_on)
    )
    name = f"{rule.certificate.label}证书"
    return [Target(rule.id, on, name, basis=rule.basis) for on in (await conn.execute(query)).scalars()]
