"""一企一策 as a form: rows made from the cheapest path to begin with, and what somebody made of them."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from app.access.terms import Viewer
from app.assessments.gathering import gather
from app.assessments.terms import Plan, PlanEntry, StepEntry
from app.db import Conn
from app.errors import Invalid, NotFound
from app.firms.terms import FirmDetail
from app.policy.describing import gap_sentence
from app.policy.packs import Pack
from app.policy.paths import Path, cheapest_path
from app.policy.terms import Case, Gap, Outcome
from app.text import DateError, parse_date
from app.web.forms import clean_text
from app.web.lookups import Lookup
from app.web.responsible import read_officer

MOST = 24
_BLANK = 3
_DATA_DAYS, _BEFORE_FILING = timedelta(days=14), timedelta(days=30)
_LABELS = {"filing_on": "计划申报日期", "officer_id": "责任专员", "note": "说明"}


@dataclass(frozen=True, slots=True)
class Row:
    action: str = ""
    condition: str = ""
    due_on: str = ""
    step: str = ""  # the id of one that the plan has already


def pack_sought(lookup: Lookup, policy: str) -> Pack:
    """Raises NotFound for what no firm can strive for."""
    pack = next((p for p in lookup.policies.for_firms() if p.policy == policy), None)
    if pack is None:
        raise NotFound("没有这个称号，请从差距页选择一个称号再存为一企一策。")
    return pack


async def path_to(conn: Conn, firm: FirmDetail, pack: Pack, day: date, today: date) -> Path:
    facts = (await gather(conn, [firm.id]))[firm.id].facts
    return cheapest_path(pack, facts, as_of=day, today=today, case=Case.NEW)


def basis_of(path: Path, pack: Pack) -> dict[str, Any]:
    """What the proposal rested on when the plan was made; worked out here, never taken from the form."""
    version = pack.version_on(path.as_of, Case.NEW)
    return {
        "as_of": path.as_of.isoformat(),
        "version": version.version if version else "",
        "document": version.document if version else "",
        "label": version.label if version else "",
        "outcome": path.outcome.label,
        "blocked": [c.title for c in path.blocked],
        "open": [c.title for c in path.open],
        "assumed": len(path.assumed),
    }


def rows_of_path(path: Path, *, today: date) -> list[Row]:
    """A row for each certificate to renew, each figure to move, each fact to find out and each point to judge; every
    date can be changed."""
    filing = path.as_of
    rows = [Row(one.sentence(filing), _cited(one.title, one.cite), f"{filing}") for one in path.renewals]
    rows += [
        Row(gap_sentence(gap), _cited(step.title, step.cite), f"{_due(gap, filing, today)}")
        for step in path.steps
        for gap in step.gaps
    ]
    soon = min(today + _DATA_DAYS, filing)
    for criterion in path.open:
        lacking = criterion.outcome is Outcome.UNKNOWN
        action = f"补齐数据：{criterion.note.removeprefix('缺：')}" if lacking else f"人工判断：{criterion.note}"
        cut = action if len(action) <= 200 else action[:199] + "…"
        rows.append(Row(cut, _cited(criterion.title, criterion.cite), f"{soon}"))
    return rows[:MOST]


def _cited(title: str, cite: str) -> str:
    return f"{title}（{cite}）" if cite else title


def _due(gap: Gap, filing: date, today: date) -> date:
    """A year's figures move until its last day; whatever else, with a month to spare before the filing."""
    due = date(gap.year, 12, 31) if gap.year else filing - _BEFORE_FILING
    return min(max(due, today), filing)


def rows_of_plan(plan: Plan) -> list[Row]:
    return [Row(s.action, s.condition, f"{s.due_on}", str(s.id)) for s in plan.steps if s.done_at is None]


def rows_typed(raw: Mapping[str, str]) -> list[Row]:
    return [
        Row(*(raw.get(f"{field}.{n}", "") for field in ("action", "condition", "due_on", "step")))
        for n in range(MOST)
        if f"action.{n}" in raw
    ]


def rows_still_open(rows: Sequence[Row], plan: Plan) -> list[Row]:
    """After somebody else's change: what is done by now is no row any more, what was taken out is a new step."""
    done = {str(s.id) for s in plan.steps if s.done_at is not None}
    known = {str(s.id) for s in plan.steps}
    return [row if row.step in known else replace(row, step="") for row in rows if row.step not in done]


def with_blanks(rows: Sequence[Row]) -> list[Row]:
    return [*rows, *([Row()] * min(_BLANK, MOST - len(rows)))]


def read_plan(
    raw: Mapping[str, str], lookup: Lookup, viewer: Viewer, firm: FirmDetail, *, today: date, kept: Plan | None = None
) -> PlanEntry:
    """Raises Invalid by field."""
    faults: dict[str, str] = {}
    filing = _day(raw.get("filing_on", ""), "filing_on", faults, required="请填写计划申报日期。")
    if filing and filing < today and (kept is None or filing != kept.filing_on):
        faults["filing_on"] = "计划申报日期不能早于今天。"
    officer = read_officer(raw.get("officer_id", ""), lookup, viewer, firm, faults, kept)
    note = _text(raw.get("note", ""), "note", 1000, faults)
    steps = [s for n, row in enumerate(rows_typed(raw)) if (s := _step(n, row, filing, faults))]
    if not steps and not faults and not (kept and kept.done):
        faults["action.0"] = "请至少写一步要做的事。"
    if faults or filing is None:
        raise Invalid(faults)
    return PlanEntry(filing, officer, note, steps)


def _step(n: int, row: Row, filing: date | None, faults: dict[str, str]) -> StepEntry | None:
    """A row emptied of its words is a step taken out."""
    action = _text(row.action, f"action.{n}", 300, faults)
    if not action:
        if row.due_on.strip() and not row.step:
            faults[f"action.{n}"] = "写了期限，还要写做什么。"
        return None
    due = _day(row.due_on, f"due_on.{n}", faults, required="请填写这一步的期限。")
    if due and filing and due > filing:
        faults[f"due_on.{n}"] = f"期限不能晚于计划申报日期 {filing}。"
    condition = _text(row.condition, f"action.{n}", 300, faults)
    try:
        step_id = uuid.UUID(row.step) if row.step else None
    except ValueError:
        step_id = uuid.UUID(int=0)
    return StepEntry(action, due, condition, step_id) if due else None


def _text(value: str, field: str, longest: int, faults: dict[str, str]) -> str:
    try:
        return clean_text(field, value, longest=longest)
    except Invalid as error:
        faults |= error.fields
        return ""


def _day(value: str, field: str, faults: dict[str, str], *, required: str) -> date | None:
    if not value.strip():
        faults[field] = required
        return None
    try:
        return parse_date(value)
    except DateError as error:
        faults[field] = str(error)
        return None


def label_of(field: str) -> str:
    name, _, n = field.partition(".")
    if not n:
        return _LABELS.get(name, "")
    return f"第 {int(n) + 1} 步" + ("的期限" if name == "due_on" else "")
