"""Rules and texts that come with the house: brought once, then the bureau's own."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from app.access.terms import SYSTEM
from app.db import Conn, new_id
from app.errors import Refused
from app.reminders.models import ReminderRule, ReminderTemplate
from app.reminders.rules import text_problems
from app.reminders.terms import Anchor, Audience, DayUnit, Party, RuleState, Step

_STEP = re.compile(r"(\w+) (-?\d{1,3})([dwm])")
_UNITS = {unit.value[0]: unit for unit in DayUnit}
_TEXTS = ("subject", "body", "staff_subject", "staff_body")


async def load_reminder_templates(conn: Conn, rows: Sequence[Mapping[str, Any]], *, at: datetime) -> int:
    known = set((await conn.execute(select(ReminderTemplate.code))).scalars())
    missing = [row for row in rows if row["code"] not in known]
    for row in missing:
        texts = {name: row[name].strip() for name in _TEXTS}
        if wrong := text_problems(texts):
            raise Refused(f"种子里的提醒文字 {row['code']} 写法不对：{next(iter(wrong.values()))}没有载入任何内容。")
        values = {"id": new_id(), "code": row["code"], "version": 1, "title": row["title"], **texts}
        author = {"author_name": SYSTEM.viewer.name, "created_at": at}
        await conn.execute(insert(ReminderTemplate).values(values | author).on_conflict_do_nothing())
    return len(missing)


async def load_reminder_rules(conn: Conn, rows: Sequence[Mapping[str, Any]], *, at: datetime) -> int:
    known = set((await conn.execute(select(ReminderRule.code))).scalars())
    missing = [row for row in rows if row["code"] not in known]
    for row in missing:
        try:
            values = _values(row)
        except ValueError as error:
            raise Refused(f"种子里的提醒规则 {row['code']} 有一处写法不对：{error}。没有载入任何内容。") from error
        new = {"id": new_id(), **values, "created_at": at, "updated_at": at}
        await conn.execute(insert(ReminderRule).values(new).on_conflict_do_nothing())
    return len(missing)


def _values(row: Mapping[str, Any]) -> dict[str, Any]:
    near = row.get("near", (1, 10))
    return {
        "code": row["code"],
        "title": row["title"],
        "anchor": Anchor(row["anchor"]).value,
        "programme": row.get("programme"),
        "milestone": row.get("milestone"),
        "certificate": row.get("certificate"),
        "audience": [Audience(word).value for word in row["audience"]],
        "near_missed": near[0],
        "near_percent": near[1],
        "steps": [read_step(said).to_json() for said in row["steps"]],
        "template": row["template"],
        "mandatory": bool(row.get("mandatory")),
        "basis": row.get("basis", ""),
        "state": RuleState(row.get("state", RuleState.DRAFT.value)).value,
    }


def read_step(said: str) -> Step:
    """ "firm 20w": to the firm, twenty working days before. Raises ValueError."""
    match = _STEP.fullmatch(said)
    if match is None:
        raise ValueError(said)
    return Step(int(match[2]), _UNITS[match[3]], Party(match[1]))
