"""A step of an application as people and programs send it: one reading for form and API, a sentence per field."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from app.errors import Invalid
from app.filings.applying import Step
from app.filings.stages import FieldCheck, Stage
from app.recognitions.registering import NewCertificate
from app.text import DateError, parse_date
from app.web.certificate_input import read_certificate
from app.web.forms import clean_text

LABELS = {
    "to": "到哪一步",
    "on": "日期",
    "reason": "说明",
    "number": "证书编号",
    "issued_on": "发证日期",
    "expires_on": "有效期止",
    "check_on": "核查日期",
    "found": "核查情况",
    "checked_by": "核查人",
    "uscc": "信用代码",
}
_LONGEST = 1000


def _day(raw: Mapping[str, Any], field: str, today: date, faults: dict[str, str]) -> date:
    value = raw.get(field)
    if value is None or value == "":
        return today
    try:
        return parse_date(value)
    except DateError as error:
        faults[field] = str(error)
        return today


def _text(raw: Mapping[str, Any], field: str, faults: dict[str, str]) -> str:
    try:
        return clean_text(field, str(raw.get(field) or ""), longest=_LONGEST)
    except Invalid as error:
        faults |= error.fields
        return ""


def read_step(raw: Mapping[str, Any], *, certificate: str | None, expected: int | None, today: date) -> Step:
    """`certificate` is the kind that the programme issues. Raises Invalid."""
    faults: dict[str, str] = {}
    said = str(raw.get("to") or "")
    if said not in {s.value for s in Stage}:
        faults["to"] = "请选择到哪一步。"
    on, reason = _day(raw, "on", today, faults), _text(raw, "reason", faults)
    held: NewCertificate | None = None
    if said == Stage.RECOGNISED.value and raw.get("number"):
        if certificate is None:
            faults["number"] = "这个项目不颁发证书，不填编号。"
        else:
            try:
                held = read_certificate({**raw, "kind": certificate, "revoked_on": None}, today=today)
            except Invalid as error:
                faults |= error.fields
    if faults:
        raise Invalid(faults)
    return Step(Stage(said), expected, on, reason, held)


def read_check(raw: Mapping[str, Any], *, who: str, today: date) -> FieldCheck:
    """Raises Invalid. Whoever enters it is the one who looked, unless the form says otherwise."""
    faults: dict[str, str] = {}
    on, found, by = _day(raw, "check_on", today, faults), _text(raw, "found", faults), _text(raw, "checked_by", faults)
    passed = raw.get("passed")
    if passed not in ("yes", "no"):
        faults["passed"] = "请选择核查是否通过。"
    if faults:
        raise Invalid(faults)
    return FieldCheck(on, found, passed == "yes", by or who)
