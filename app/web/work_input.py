"""A visit, a task, a need as people and programs send them: one reading for form and API, a sentence per field."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, TypeVar

from app.access.terms import Viewer
from app.errors import Invalid
from app.firms.terms import FirmDetail
from app.labels import Labelled
from app.text import DateError, parse_date
from app.web.forms import clean_text
from app.web.lookups import Lookup
from app.web.responsible import read_officer
from app.work.terms import (
    Need,
    NeedKind,
    NeedState,
    Owner,
    Promise,
    Raised,
    Task,
    TaskEntry,
    VisitEntry,
    VisitKind,
)

LABELS = {
    "visited_on": "日期",
    "kind": "方式",
    "people": "见到的人",
    "summary": "谈了什么",
    "ours": "我方答应的事",
    "theirs": "企业答应的事",
    "next_touch_on": "下次联系",
    "need": "企业诉求",
    "need_kind": "诉求类别",
    "title": "做什么",
    "due_on": "期限",
    "officer_id": "责任专员",
    "body": "内容",
    "state": "结果",
    "answer": "怎样答复企业的",
    "reason": "原因",
}
ENDINGS = [("", "请选择"), *((s.value, s.label) for s in NeedState if s is not NeedState.OPEN)]
_PROMISES, _LONG, _TITLE = 10, 2000, 200
W = TypeVar("W", bound=Labelled)


def read_visit(raw: Mapping[str, Any], *, today: date) -> VisitEntry:
    """Raises Invalid by field."""
    faults: dict[str, str] = {}
    on = _day(raw, "visited_on", faults) or today
    if on > today:
        faults["visited_on"] = "走访日期不能晚于今天；要约下次的，请填“下次联系”。"
    kind = _word(raw, "kind", VisitKind, faults, usual=VisitKind.ON_SITE)
    people = _text(raw, "people", _TITLE, faults)
    summary = _text(raw, "summary", _LONG, faults, required="请写一两句谈了什么。")
    next_touch = next_touch_of(raw, faults, today=today)
    promises = [*_promises(raw, "ours", Owner.BUREAU, faults), *_promises(raw, "theirs", Owner.FIRM, faults)]
    if promises and next_touch is None and "next_touch_on" not in faults:
        faults["next_touch_on"] = "有约定的事，请填下次联系日期，作为办理期限。"
    asked = _text(raw, "need", _LONG, faults)
    need_kind = _word(raw, "need_kind", NeedKind, faults, usual=NeedKind.OTHER) if asked else NeedKind.OTHER
    if faults:
        raise Invalid(faults)
    need = Raised(need_kind, asked) if asked else None
    return VisitEntry(on, kind, people, summary, next_touch, promises, need)


def read_next_touch(raw: Mapping[str, Any], *, today: date) -> date | None:
    """Raises Invalid. Emptied, there is none."""
    faults: dict[str, str] = {}
    on = next_touch_of(raw, faults, today=today)
    if faults:
        raise Invalid(faults)
    return on


def next_touch_of(raw: Mapping[str, Any], faults: dict[str, str], *, today: date) -> date | None:
    on = _day(raw, "next_touch_on", faults)
    if on is not None and on < today:
        faults["next_touch_on"] = "下次联系不能早于今天。"
    return on


def _promises(raw: Mapping[str, Any], field: str, owner: Owner, faults: dict[str, str]) -> list[Promise]:
    """One a line; a program may send a list."""
    given = raw.get(field) or ""
    lines = given if isinstance(given, list) else str(given).splitlines()
    titles = [t for line in lines if (t := _text({field: line}, field, _TITLE, faults))]
    if len(titles) > _PROMISES:
        faults[field] = f"一次最多记 {_PROMISES} 件。"
    return [Promise(title, owner) for title in titles]


def read_task(
    raw: Mapping[str, Any], lookup: Lookup, viewer: Viewer, firm: FirmDetail, *, today: date, kept: Task | None = None
) -> TaskEntry:
    """Raises Invalid by field."""
    faults: dict[str, str] = {}
    title = _text(raw, "title", _TITLE, faults, required="请写要做什么。")
    due = _day(raw, "due_on", faults)
    if due is None and "due_on" not in faults:
        faults["due_on"] = "请填写期限。"
    if due and due < today and (kept is None or due != kept.due_on):
        faults["due_on"] = "期限不能早于今天。"
    officer = read_officer(str(raw.get("officer_id") or ""), lookup, viewer, firm, faults, kept)
    owner = _word(raw, "owner", Owner, faults, usual=Owner.BUREAU)
    if faults or due is None:
        raise Invalid(faults)
    return TaskEntry(title, due, officer, owner)


def read_need(raw: Mapping[str, Any], lookup: Lookup, viewer: Viewer, firm: FirmDetail, *, today: date) -> Raised:
    """Raises Invalid by field."""
    faults: dict[str, str] = {}
    body = _text(raw, "body", _LONG, faults, required="请写企业提了什么。")
    kind = _word(raw, "kind", NeedKind, faults)
    due = _future(raw, faults, today)
    officer = read_officer(str(raw.get("officer_id") or viewer.id), lookup, viewer, firm, faults)
    if faults:
        raise Invalid(faults)
    return Raised(kind, body, due, officer)


def read_follow_up(
    raw: Mapping[str, Any], lookup: Lookup, viewer: Viewer, firm: FirmDetail, *, today: date, kept: Need
) -> tuple[str, Any, date | None]:
    """What was done, who goes on, until when. Raises Invalid by field."""
    faults: dict[str, str] = {}
    body = _text(raw, "body", _LONG, faults, required="请写办到了哪一步。")
    given = str(raw.get("officer_id") or kept.officer_id or viewer.id)
    officer = read_officer(given, lookup, viewer, firm, faults, kept)
    due = _future(raw, faults, today, kept=kept.due_on) if "due_on" in raw else kept.due_on
    if faults:
        raise Invalid(faults)
    return body, officer, due


def read_ending(raw: Mapping[str, Any]) -> tuple[NeedState, str]:
    """Raises Invalid by field."""
    faults: dict[str, str] = {}
    state = _word(raw, "state", NeedState, faults)
    if state is NeedState.OPEN and "state" not in faults:
        faults["state"] = "请选择办理结果。"
    answer = _text(raw, "answer", _LONG, faults, required="请写明怎样答复企业的。")
    if faults:
        raise Invalid(faults)
    return state, answer


def month_in(said: str, today: date) -> date:
    """The first day of a month written 2026-12; of the present one when it is none."""
    known = re.fullmatch(r"(20\d\d)-(0[1-9]|1[0-2])", said, re.ASCII)
    return date(int(known[1]), int(known[2]), 1) if known else today.replace(day=1)


def _future(raw: Mapping[str, Any], faults: dict[str, str], today: date, *, kept: date | None = None) -> date | None:
    due = _day(raw, "due_on", faults)
    if due and due < today and due != kept:
        faults["due_on"] = "期限不能早于今天。"
    return due


def _word(raw: Mapping[str, Any], field: str, words: type[W], faults: dict[str, str], *, usual: W | None = None) -> W:
    given = str(raw.get(field) or "") or (usual.value if usual else "")
    if given not in {word.value for word in words}:
        label = LABELS["need_kind"] if words is NeedKind else LABELS.get(field, "")
        faults[field] = f"请选择{label}。"
        return next(iter(words))
    return words(given)


def _day(raw: Mapping[str, Any], field: str, faults: dict[str, str]) -> date | None:
    given = raw.get(field)
    if given is None or not str(given).strip():
        return None
    try:
        return parse_date(given)
    except DateError as error:
        faults[field] = str(error)
        return None


def _text(raw: Mapping[str, Any], field: str, longest: int, faults: dict[str, str], *, required: str = "") -> str:
    try:
        return clean_text(field, str(raw.get(field) or ""), longest=longest, required=required)
    except Invalid as error:
        faults |= error.fields
        return ""
