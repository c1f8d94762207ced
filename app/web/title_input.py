"""What a firm says it holds, as it is typed: read strictly, kept as it will stand in the ledger."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from app.errors import Invalid
from app.policy.figures import IpKind, ObtainedBy
from app.recognitions.rules import right_number, right_problems
from app.recognitions.terms import ClaimKind
from app.text import DateError, TextError, is_code, normalise, parse_date
from app.web.certificate_input import read_certificate
from app.web.forms import clean_text

LABELS = {
    "kind": "种类",
    "number": "编号",
    "name": "名称",
    "obtained_by": "获得方式",
    "granted_on": "授权日期",
    "in_force": "现在是否有效",
    "used": "已用于高企申报的年度",
    "issued_on": "发证日期",
    "expires_on": "有效期止",
    "words": "说明",
}
_LONGEST_NAME = 200


def read_title(kind: ClaimKind, raw: Mapping[str, Any], *, today: date) -> tuple[dict[str, Any], str]:
    """The body of a claim, and the words beside it. Raises Invalid by field."""
    words = clean_text("words", str(raw.get("words") or ""), longest=500)
    if kind is ClaimKind.IP_RIGHT:
        return read_right(raw, today=today), words
    new = read_certificate({**raw, "revoked_on": ""}, today=today)
    dates = {"issued_on": new.issued_on.isoformat(), "expires_on": new.expires_on.isoformat(), "revoked_on": None}
    return {"kind": new.kind.value, "number": new.number, **dates}, words


def read_right(raw: Mapping[str, Any], *, today: date) -> dict[str, Any]:
    faults: dict[str, str] = {}
    kind = _word(raw, "kind", IpKind.options(), "请选择种类。", faults)
    way = _word(raw, "obtained_by", ObtainedBy.options(), "请选择获得方式。", faults)
    in_force = _word(raw, "in_force", [("yes", ""), ("no", "")], "请选择现在是否有效。", faults)
    number = right_number(_line(raw, "number", 100, faults))
    if number is None and "number" not in faults:
        faults["number"] = "请填写授权号或登记号，不超过 60 个字符。"
    name = _line(raw, "name", _LONGEST_NAME, faults)
    if not name and "name" not in faults:
        faults["name"] = "请填写名称。"
    granted_on, used = _day(raw, faults), _year(raw, faults)
    if kind:
        faults = right_problems(IpKind(kind), granted_on=granted_on, used=used, today=today) | faults
    if faults:
        raise Invalid(faults)
    said = {"kind": kind, "number": number, "name": name, "obtained_by": way, "in_force": in_force == "yes"}
    return said | {"granted_on": granted_on.isoformat() if granted_on else None, "used_in_hnte_year": used}


def _word(
    raw: Mapping[str, Any], field: str, options: list[tuple[str, str]], missing: str, faults: dict[str, str]
) -> str:
    value = str(raw.get(field) or "")
    if value in dict(options):
        return value
    faults[field] = missing
    return ""


def _line(raw: Mapping[str, Any], field: str, longest: int, faults: dict[str, str]) -> str:
    try:
        return normalise(str(raw.get(field) or ""), longest=longest)
    except TextError as error:
        faults[field] = str(error)
        return ""


def _day(raw: Mapping[str, Any], faults: dict[str, str]) -> date | None:
    text = str(raw.get("granted_on") or "").strip()
    try:
        found = parse_date(text) if text else None
    except DateError as error:
        faults["granted_on"] = str(error)
        return None
    if found is None:
        faults["granted_on"] = "请填写授权日期。"
    return found


def _year(raw: Mapping[str, Any], faults: dict[str, str]) -> int | None:
    text = str(raw.get("used") or "").strip().removesuffix("年").strip()
    if not text:
        return None
    if not is_code(text) or len(text) != 4:
        faults["used"] = "请填四位年份，如 2023；没有用过的留空。"
        return None
    return int(text)


def typed_of(body: Mapping[str, Any]) -> dict[str, str]:
    """A body as the form shows it."""
    shown = {field: "" if value is None else str(value) for field, value in body.items()}
    shown["used"] = shown.pop("used_in_hnte_year", "")
    if "in_force" in body:
        shown["in_force"] = {True: "yes", False: "no"}.get(body["in_force"], "")
    return shown
