"""What is asked of a tenant, as a form shows it and as it comes back: one reading for the firm and for its operator."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from app.collecting.checks import doubts_of
from app.collecting.forms import Line
from app.collecting.items import Item, ItemKind, as_typed, asked, read_items
from app.collecting.prefilling import Known
from app.collecting.statistics import ShownLine
from app.collecting.terms import Answer, Entry, Period, Round, period_of
from app.errors import Invalid
from app.web.carrier_input import Reader


@dataclass(frozen=True, slots=True)
class Asked:
    item: Item
    value: str
    source: str
    fault: str
    before: str  # what was given for the time before, in words


def items_of(held: Round, answer: Answer) -> list[Item]:
    return asked(yearly=held.period.yearly, team=answer.team_id is not None)


def labels_of(items: Sequence[Item]) -> dict[str, str]:
    return {item.code: item.label for item in items}


def fields_of(
    items: Sequence[Item],
    known: Mapping[str, Known],
    typed: Mapping[str, str] | None = None,
    faults: Mapping[str, str] | None = None,
    *,
    before: tuple[str, Mapping[str, str]] = ("", {}),
) -> list[tuple[str, list[Asked]]]:
    """By the form's sections. What was typed stays as it was typed. `before`: the time before, and what was given."""
    sections: dict[str, list[Asked]] = {}
    for item in items:
        found = known.get(item.code)
        value = as_typed(item, found.value) if found else ""
        if typed is not None:
            value = typed.get(item.code, "")
        source = found.source if found else ""
        one = Asked(item, value, source, (faults or {}).get(item.code, ""), _before(item, source, *before))
        sections.setdefault(item.section, []).append(one)
    return list(sections.items())


def _before(item: Item, source: str, label: str, given: Mapping[str, str]) -> str:
    """Of what is a number; once is enough where it is prefilled from there."""
    said = f"{label}报的"
    if item.code not in given or item.kind in (ItemKind.TEXT, ItemKind.CHOICE) or source == said:
        return ""
    return f"{said}是 {as_typed(item, given[item.code])}"


def to_look_at(held: Round, figures: Mapping[str, str], before: Mapping[str, str]) -> str:
    """What is mostly a slip, for the word that says it is kept."""
    found = doubts_of(figures, before if held.period.goes_on else {}, held.period.before.label)
    return "".join(f"。{words.rstrip('。')}" for words in found)


def read_answer(items: list[Item], typed: Mapping[str, str]) -> dict[str, str]:
    """Raises Invalid by code."""
    kept, faults = read_items(items, typed)
    if faults:
        raise Invalid(faults)
    return kept


def read_corrections(lines: Sequence[Line], shown: Sequence[ShownLine], raw: Mapping[str, Any]) -> list[Entry]:
    """What differs from what stands there, by line. Where it differs from what was counted a reason is wanted; what is
    counted again is no correction any more. Raises Invalid by code."""
    stands = {line.code: line for line in shown}
    typed = {line.code: str(raw.get(line.code, "")).strip() for line in lines}
    changed = [line for line in lines if typed[line.code] not in ("", stands[line.code].value)]
    entries = [Entry(line.code, "", "") for line in changed if typed[line.code] == stands[line.code].found]
    changed = [line for line in changed if typed[line.code] != stands[line.code].found]
    items = [Item(line.code, line.label, line.kind, 0, line.section, line.unit, line.options) for line in changed]
    kept, faults = read_items(items, raw)
    for line in changed:
        reason = str(raw.get(f"why.{line.code}", "")).strip()[:200]
        if line.found and stands[line.code].found and not reason and line.code not in faults:
            faults[line.code] = f"数出来的是 {stands[line.code].found}，改它请写明原因。"
        if line.code in kept:
            entries.append(Entry(line.code, kept[line.code], reason))
    if faults:
        raise Invalid(faults)
    return entries


def lines_from_program(lines: Sequence[Line], said: Sequence[tuple[str, str, str]]) -> dict[str, str]:
    """Of code, value and reason, as a form would have typed them. Raises Invalid by code."""
    known = {line.code for line in lines}
    faults = {code: "这张表没有这一栏。" for code, _, _ in said if code not in known}
    faults |= {code: "还没有填。" for code, value, _ in said if code in known and not value.strip()}
    faults |= {code: "这一栏写了两次。" for code, times in Counter(code for code, _, _ in said).items() if times > 1}
    if faults:
        raise Invalid(faults)
    return {code: value for code, value, _ in said} | {f"why.{code}": reason for code, _, reason in said}


def read_round(raw: Mapping[str, Any], today: date) -> tuple[Period, date]:
    """Raises Invalid by field."""
    r = Reader(raw)
    period, due_on = period_of(str(raw.get("period") or "")), r.day("due_on", required="请填写截止日期。")
    if period is None:
        r.faults["period"] = "请选择时期。"
    r.done()
    return period or Period(today.year), due_on or today


def from_program(items: Sequence[Item], figures: Mapping[str, str]) -> dict[str, str]:
    """As a form would have typed it: a program says amounts in 元."""
    given = {item.code: figures.get(item.code, "") for item in items}
    money = {item.code for item in items if item.money}
    return {code: f"{said}元" if code in money and said else said for code, said in given.items()}
