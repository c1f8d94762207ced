"""A platform as people and lists send it: one reading for form and import, one Chinese sentence per field."""

import uuid
from collections.abc import Mapping
from datetime import date
from typing import Any

from app.access.terms import Viewer
from app.db import Conn
from app.errors import Invalid
from app.exchange.terms import MERGED
from app.firms.queries import firm_by_uscc
from app.firms.terms import FirmStatus
from app.labels import Labelled
from app.platforms.terms import Duty, PlatformEntry, PlatformKind, PlatformLevel
from app.text import DateError, parse_date
from app.web.forms import clean_text
from app.web.lookups import Lookup

LABELS = {
    "name": "平台名称",
    "kind": "平台类型",
    "level": "级别",
    "uscc": "依托企业的统一社会信用代码",
    "host": "依托单位",
    "region_code": "所属镇街",
    "number": "编号",
    "recognised_on": "认定日期",
    "valid_to": "有效期止",
    "ended_on": "撤销日期",
    "duties": "要履行的义务",
    "source": "来源",
}
_LONGEST = {"name": 100, "host": 100, "number": 60, "source": 200}
_DUTIES = 20


async def read_platform(conn: Conn, raw: Mapping[str, Any], lookup: Lookup, viewer: Viewer) -> PlatformEntry:
    """Raises Invalid by field. A credit code names a firm of the registry; without one the host is named."""
    faults: dict[str, str] = {}
    kind, level = _word(PlatformKind, raw, "kind", faults), _word(PlatformLevel, raw, "level", faults)
    texts = {f: _text(raw, f, faults) for f in _LONGEST}
    days = {f: _day(raw, f, faults) for f in ("recognised_on", "valid_to", "ended_on")}
    if not texts["name"] and "name" not in faults:
        faults["name"] = "请填写平台名称。"
    if days["recognised_on"] is None:
        faults.setdefault("recognised_on", "请填写认定日期。")
    firm_id = await _firm(conn, str(raw.get("uscc") or ""), viewer, faults)
    region = "" if firm_id else _region(str(raw.get("region_code") or ""), lookup, viewer, faults)
    duties = read_duties(str(raw.get("duties") or ""), faults)
    recognised = days["recognised_on"]
    if faults or kind is None or level is None or recognised is None:
        raise Invalid(faults)
    return PlatformEntry(
        kind,
        level,
        texts["name"],
        recognised,
        firm_id,
        "" if firm_id else texts["host"],
        region or None,
        texts["number"],
        days["valid_to"],
        days["ended_on"],
        duties,
        texts["source"],
    )


def _word(kind: type[Labelled], raw: Mapping[str, Any], field: str, faults: dict[str, str]) -> Any:
    said = str(raw.get(field) or "").strip()
    for word in kind:
        if said in (word.value, word.label):
            return word
    faults[field] = f"没有这种{LABELS[field]}：{said[:20]}。" if said else f"请选择{LABELS[field]}。"
    return None


def _text(raw: Mapping[str, Any], field: str, faults: dict[str, str]) -> str:
    try:
        return clean_text(field, str(raw.get(field) or ""), longest=_LONGEST[field])
    except Invalid as error:
        faults |= error.fields
        return ""


def _day(raw: Mapping[str, Any], field: str, faults: dict[str, str]) -> date | None:
    said = raw.get(field)
    if said is None or said == "":
        return None
    try:
        return parse_date(said)
    except DateError as error:
        faults[field] = str(error)
        return None


async def _firm(conn: Conn, said: str, viewer: Viewer, faults: dict[str, str]) -> uuid.UUID | None:
    uscc = "".join(said.split()).upper()
    if not uscc:
        return None
    firm = await firm_by_uscc(conn, uscc, viewer=viewer)
    if firm is None:
        faults["uscc"] = "企业库里没有这个代码，或它不在您的管辖范围内。"
        return None
    if firm.status == FirmStatus.MERGED:
        faults["uscc"] = MERGED
    return firm.id


def _region(said: str, lookup: Lookup, viewer: Viewer, faults: dict[str, str]) -> str:
    code = next((c for c, name in lookup.reference.regions.items() if said.strip() in (c, name)), "") if said else ""
    if said and (not code or not code.startswith(viewer.scope)):
        faults["region_code"] = "请选择辖区内的镇街。"
    return code


def read_duties(said: str, faults: dict[str, str]) -> tuple[Duty, ...]:
    """A line each: the day, then what is due."""
    found = []
    for line in filter(None, (one.strip() for one in said.splitlines())):
        day, _, title = line.partition(" ")
        try:
            found.append(
                Duty(clean_text("duties", title, longest=100, required="日期后面请写是什么事。"), parse_date(day))
            )
        except DateError:
            faults["duties"] = f"每行先写日期，再空一格写事项；这一行看不懂：{line[:30]}"
        except Invalid as error:
            faults |= error.fields
    if len(found) > _DUTIES:
        faults["duties"] = f"最多 {_DUTIES} 行。"
    return tuple(found)
