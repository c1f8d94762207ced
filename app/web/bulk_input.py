"""A bulk act as a form and a program send it: which firms, what is to be done, a sentence per field."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from app.access.terms import Permission, Viewer
from app.assessments.policies import load_policies
from app.bulk.doing import Kit
from app.bulk.service import Choice
from app.bulk.terms import BulkKind, Change, Person
from app.db import Conn
from app.errors import Forbidden, Invalid
from app.text import DateError, parse_date
from app.web.forms import clean_text
from app.web.lookups import Lookup
from app.web.view_input import filter_of, read_query
from app.web.work_input import next_touch_of

LABELS = {
    "kind": "办什么",
    "officer": "责任专员",
    "tag": "标签",
    "next_touch_on": "下次联系",
    "title": "做什么",
    "due_on": "期限",
    "officer_id": "由谁办",
    "to": "移动到",
    "effective_on": "生效日期",
    "reason": "理由",
    "pick": "企业",
}
NOBODY = "none"
OFF = "exit"
EXPORT = "export"


def said_of(change: Change, lookup: Lookup) -> str:
    if change.kind is not BulkKind.TIER:
        return change.said
    tier = lookup.main.tier(change.tier)
    where = f"移动到“{tier.label}”" if tier else "移出梯队"
    return f"{where}，{change.on} 生效"


async def kit_of(conn: Conn, lookup: Lookup) -> Kit:
    """What is kept in memory may be a minute old; a gate judges by what counts now."""
    return Kit(lookup.main, await load_policies(conn, lookup.policies), lookup.calendar)


def bulk_options(viewer: Viewer) -> list[tuple[str, str]]:
    """What a role may do with many firms at once; taking them out is among it."""
    if not viewer.may(Permission.FIRM_BULK):
        return []
    kinds = [(kind.value, kind.label) for kind in BulkKind if viewer.may(kind.permission)]
    return [*kinds, (EXPORT, "导出")] if viewer.may(Permission.FIRM_EXPORT) else kinds


def read_choice(query: str, picked: Sequence[str], everything: bool, viewer: Viewer) -> Choice:
    """All that the list's address means, or the firms that were ticked in it. Raises Invalid and Forbidden."""
    if everything:
        kept = read_query(query, viewer)
        return Choice(filter_of(kept, viewer), kept)
    return Choice(codes=[code.upper()[:40] for part in picked for code in part.split()])


def read_change(raw: Mapping[str, Any], lookup: Lookup, viewer: Viewer, *, today: date) -> Change:
    """Raises Invalid by field, Forbidden for what one's role may not do."""
    try:
        kind = BulkKind(str(raw.get("kind") or ""))
    except ValueError:
        raise Invalid({"kind": "请选择要办什么。"}) from None
    if not viewer.may(kind.permission):
        raise Forbidden(f"您的角色不能{kind.label}。")
    reader = _Reader(raw, lookup, viewer, today)
    change = reader.read(kind)
    if reader.faults:
        raise Invalid(reader.faults)
    return change


class _Reader:
    """Collects every field's fault before anybody complains."""

    def __init__(self, raw: Mapping[str, Any], lookup: Lookup, viewer: Viewer, today: date) -> None:
        self.raw, self.lookup, self.viewer, self.today = raw, lookup, viewer, today
        self.faults: dict[str, str] = {}

    def read(self, kind: BulkKind) -> Change:
        match kind:
            case BulkKind.OFFICER:
                nobody = self.raw.get("officer") == NOBODY
                return Change(kind, None if nobody else self._person("officer"))
            case BulkKind.TAG_ADD | BulkKind.TAG_REMOVE:
                return Change(kind, tag=self._tag())
            case BulkKind.NEXT_TOUCH:
                return Change(kind, on=next_touch_of(self.raw, self.faults, today=self.today))
            case BulkKind.TASK:
                return self._task()
        return self._tier()

    def _text(self, field: str, *, longest: int, required: str) -> str:
        try:
            return clean_text(field, str(self.raw.get(field) or ""), longest=longest, required=required)
        except Invalid as error:
            self.faults |= error.fields
            return ""

    def _day(self, field: str, required: str) -> date | None:
        value = str(self.raw.get(field) or "")
        if not value.strip():
            self.faults[field] = required
            return None
        try:
            return parse_date(value)
        except DateError as error:
            self.faults[field] = str(error)
            return None

    def _person(self, field: str) -> Person | None:
        """Somebody who shares firms with the viewer, or the viewer."""
        value, viewer = str(self.raw.get(field) or ""), self.viewer
        if value == str(viewer.id):
            return Person(viewer.id, viewer.name, viewer.scope)
        for user_id, officer in self.lookup.officers_for(viewer).items():
            if value == str(user_id):
                return Person(user_id, officer.name, officer.scope)
        self.faults[field] = "请选择一位专员。"
        return None

    def _tag(self) -> str:
        tag = self._text("tag", longest=100, required="请写标签。")
        if any(mark in tag for mark in ",，、\n"):
            self.faults["tag"] = "一次一个标签，里面不能有逗号、顿号。"
        return tag

    def _task(self) -> Change:
        title = self._text("title", longest=200, required="请写要做什么。")
        due = self._day("due_on", "请填写期限。")
        if due and due < self.today:
            self.faults["due_on"] = "期限不能早于今天。"
        person = self._person("officer_id") if self.raw.get("officer_id") else None
        return Change(BulkKind.TASK, person, on=due, title=title)

    def _tier(self) -> Change:
        to = str(self.raw.get("to") or "")
        if to != OFF and self.lookup.main.tier(to) is None:
            self.faults["to"] = "请选择要移动到的梯队。"
        on = self._day("effective_on", "请填写生效日期。")
        if on and on > self.today:
            self.faults["effective_on"] = "生效日期不能晚于今天；到那天再移动。"
        reason = self._text("reason", longest=500, required="请写明理由，理由会留在移动记录里。")
        return Change(BulkKind.TIER, on=on, tier=None if to == OFF else to, reason=reason)
