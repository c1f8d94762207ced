"""A certificate as people and programs send it: one reading for form and API, one Chinese sentence per field."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from app.errors import Invalid
from app.recognitions.registering import NewCertificate
from app.recognitions.rules import HNTE_YEARS, expiry, number_of, problems
from app.recognitions.terms import CertificateKind
from app.text import DateError, TextError, normalise, parse_date
from app.web.forms import clean_text

_LONGEST_REASON = 1000


class _Reader:
    """Collects every field's fault before it complains, so that nothing has to be typed twice."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self.raw = raw
        self.faults: dict[str, str] = {}

    def kind(self) -> CertificateKind | None:
        said = str(self.raw.get("kind") or "").strip()
        if said in dict(CertificateKind.options()):
            return CertificateKind(said)
        self.faults["kind"] = "没有这种证书。" if said else "请选择证书种类。"
        return None

    def number(self, kind: CertificateKind | None) -> str:
        said = str(self.raw.get("number") or "")
        try:
            said = normalise(said, longest=100)
        except TextError as error:
            self.faults["number"] = str(error)
            return ""
        if not said:
            self.faults["number"] = "请填写证书编号。"
            return ""
        number = number_of(kind or CertificateKind.TECH_SME, said)
        if number is None:
            asked = "6 到 40 位字母和数字，如 GR202444001234" if kind is CertificateKind.HNTE else "不超过 60 个字符"
            self.faults["number"] = f"看不懂这个证书编号；编号应是{asked}。"
        return number or ""

    def day(self, field: str) -> date | None:
        value = self.raw.get(field)
        if value is None or value == "":
            return None
        try:
            return parse_date(value)
        except DateError as error:
            self.faults[field] = str(error)
            return None


def read_certificate(raw: Mapping[str, Any], *, today: date) -> NewCertificate:
    """Raises Invalid. A 高企 certificate's end may be left out: the law says how long it holds."""
    reader = _Reader(raw)
    kind = reader.kind()
    number = reader.number(kind)
    issued_on, expires_on, revoked_on = (reader.day(f) for f in ("issued_on", "expires_on", "revoked_on"))
    faults = reader.faults
    if issued_on is None and "issued_on" not in faults:
        faults["issued_on"] = "请填写发证日期。"
    if expires_on is None and "expires_on" not in faults:
        if kind is not CertificateKind.HNTE:
            faults["expires_on"] = "请填写有效期止。"
        elif issued_on is not None:
            expires_on = expiry(issued_on, HNTE_YEARS)
    if kind and issued_on and expires_on:
        wrong = problems(kind, issued_on=issued_on, expires_on=expires_on, revoked_on=revoked_on, today=today)
        faults = wrong | faults
    if faults or kind is None or issued_on is None or expires_on is None:
        raise Invalid(faults)
    return NewCertificate(kind, number, issued_on, expires_on, revoked_on)


def read_revocation(raw: Mapping[str, Any]) -> tuple[date, str]:
    """The day and the reason. Raises Invalid with both fields' faults."""
    reader = _Reader(raw)
    on = reader.day("revoked_on")
    if on is None:
        reader.faults.setdefault("revoked_on", "请填写撤销日期。")
    try:
        reason = read_reason(raw)
    except Invalid as error:
        raise Invalid(reader.faults | error.fields) from error
    if on is None:
        raise Invalid(reader.faults)
    return on, reason


def read_reason(raw: Mapping[str, Any]) -> str:
    said = str(raw.get("reason") or "")
    return clean_text("reason", said, longest=_LONGEST_REASON, required="请写明依据，如公告的文号或核对的经过。")
