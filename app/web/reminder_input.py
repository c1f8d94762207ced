"""A reminder rule and its texts as a form holds them."""

from collections.abc import Mapping
from typing import Any

from app.errors import Invalid
from app.reminders.rules import parties_for
from app.reminders.service import MOST_STEPS, RuleEntry
from app.reminders.terms import Anchor, Audience, DayUnit, Party, Rule, Step
from app.text import TextError, halve, normalise

TEXTS = {
    "subject": "给企业：标题",
    "body": "给企业：正文",
    "staff_subject": "给专员和领导：标题",
    "staff_body": "给专员和领导：正文",
}
LABELS = {
    "title": "名称",
    "audience": "提醒谁",
    "near_missed": "最多差几项",
    "near_percent": "每项最多差百分之几",
    "steps": "提前几天",
    "template": "文字",
    "weekly_cap": "每周上限",
    **TEXTS,
}
_FARTHEST = 400


def rule_values(rule: Rule) -> dict[str, Any]:
    """What the form shows of a rule: its steps, and room for more."""
    empty = {"party": parties_for(rule.anchor)[0].value, "count": "", "unit": DayUnit.WORKDAYS.value}
    rows = [{"party": s.party.value, "count": str(s.count), "unit": s.unit.value} for s in rule.steps]
    room = max(len(rows) + 2, 4)
    return {
        "title": rule.title,
        "audience": [word.value for word in rule.audience],
        "near_missed": str(rule.near_missed),
        "near_percent": str(rule.near_percent),
        "template": rule.template,
        "rows": rows + [empty] * (min(room, MOST_STEPS) - len(rows)),
    }


def typed_values(raw: Mapping[str, str], audience: list[str]) -> dict[str, Any]:
    """What was typed, to be shown again."""
    plain = {name: raw.get(name, "") for name in ("title", "near_missed", "near_percent", "template")}
    return {**plain, "audience": audience, "rows": _rows(raw)}


def _rows(raw: Mapping[str, str]) -> list[dict[str, str]]:
    return [
        {part: raw.get(f"{part}_{n}", "") for part in ("party", "count", "unit")}
        for n in range(MOST_STEPS)
        if f"count_{n}" in raw
    ]


def read_rule(raw: Mapping[str, str], audience: list[str], *, anchor: Anchor) -> RuleEntry:
    """Raises Invalid by field."""
    wrong: dict[str, str] = {}
    title = _line(raw, "title", wrong)
    chosen = [Audience(word) for word in audience if word in {a.value for a in Audience}]
    if anchor is Anchor.WINDOW and not chosen:
        wrong["audience"] = "请至少选一类企业。"
    if anchor is Anchor.CERTIFICATE:
        chosen = [Audience.HOLDERS]
    missed, percent = _number(raw, "near_missed", 1, 9, wrong), _number(raw, "near_percent", 1, 100, wrong)
    steps = []
    for row in _rows(raw):
        said = halve(row["count"]).strip()
        if not said:
            continue
        try:
            count = int(said)
            steps.append(Step(count, DayUnit(row["unit"]), Party(row["party"])))
        except ValueError:
            wrong["steps"] = "天数请填整数，之后的填负数；对象和单位请从下拉里选。"
            continue
        if abs(count) > _FARTHEST:
            wrong["steps"] = f"天数请在 {_FARTHEST} 以内。"
    if wrong:
        raise Invalid(wrong)
    return RuleEntry(title, chosen, missed, percent, steps, raw.get("template", ""))


def read_texts(raw: Mapping[str, str]) -> dict[str, str]:
    """Raises Invalid by field for what cannot be kept as text; what a text may say is the service's to judge."""
    wrong: dict[str, str] = {}
    texts = {}
    for name in TEXTS:
        try:
            texts[name] = normalise(raw.get(name, ""), longest=4000, lines=name.endswith("body"))
        except TextError as error:
            wrong[name] = str(error)
    if wrong:
        raise Invalid(wrong)
    return texts


def read_cap(raw: str) -> int:
    wrong: dict[str, str] = {}
    cap = _number({"weekly_cap": raw}, "weekly_cap", 1, 50, wrong)
    if wrong:
        raise Invalid(wrong)
    return cap


def _line(raw: Mapping[str, str], name: str, wrong: dict[str, str]) -> str:
    try:
        said = normalise(raw.get(name, ""), longest=60)
    except TextError as error:
        wrong[name] = str(error)
        return ""
    if not said:
        wrong[name] = "请填写。"
    return said


def _number(raw: Mapping[str, str], name: str, least: int, most: int, wrong: dict[str, str]) -> int:
    said = halve(raw.get(name, "")).strip()
    if not (said.isascii() and said.isdigit() and len(said) <= 3 and least <= int(said) <= most):
        wrong[name] = f"请填 {least} 到 {most} 的整数。"
        return least
    return int(said)
