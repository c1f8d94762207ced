"""A published list as people and programs send it: one reading for form and API, a sentence per field."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from app.errors import Invalid
from app.results.terms import ListKind, NewList
from app.text import DateError, parse_date
from app.web.forms import clean_text

LABELS = {
    "kind": "名单种类",
    "document": "文号或名称",
    "address": "网址",
    "announced_on": "公布日期",
    "issued_on": "发证日期",
    "file": "名单文件",
    "text": "粘贴名单",
    "reason": "原因",
}
ROW, TYPED = "row-", "code-"
UNDECIDED, NOBODY = "?", "-"
_LONGEST = 300


def read_list(raw: Mapping[str, Any], *, source: str) -> NewList:
    """Raises Invalid."""
    faults: dict[str, str] = {}

    def said(field: str, required: str = "") -> str:
        try:
            return clean_text(field, str(raw.get(field) or ""), longest=_LONGEST, required=required)
        except Invalid as error:
            faults.update(error.fields)
            return ""

    def day(field: str) -> date | None:
        if not raw.get(field):
            return None
        try:
            return parse_date(raw[field])
        except DateError as error:
            faults[field] = str(error)
            return None

    kind = str(raw.get("kind") or "")
    if kind not in {k.value for k in ListKind}:
        faults["kind"] = "请选择是公示名单还是公告名单。"
    document = said("document", "请填写公示或公告的文号；没有文号的填全称。")
    address = said("address")
    if address and not address.startswith(("http://", "https://")):
        faults["address"] = "请填写以 http:// 或 https:// 开头的完整网址。"
    announced, issued = day("announced_on"), day("issued_on")
    if announced is None:
        faults.setdefault("announced_on", "请填写公布日期。")
    if faults or announced is None:
        raise Invalid(faults)
    return NewList(ListKind(kind), document, address, announced, issued, source)


def read_rows(raw: Mapping[str, str]) -> dict[int, str | None]:
    """What each line was said to be; a code that was typed counts before what was picked."""
    found: dict[int, str | None] = {}
    for name, value in raw.items():
        number = name.removeprefix(ROW)
        if name.startswith(ROW) and number.isdecimal() and len(number) < 8:
            typed = raw.get(f"{TYPED}{number}", "").strip()[:40]
            found[int(number)] = typed or {UNDECIDED: None, NOBODY: ""}.get(value, value[:40])
    return found
