"""A firm as people and programs send it: one reading for the form and the API, one Chinese sentence per field."""

import uuid
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from app.access.terms import Viewer
from app.errors import Invalid
from app.firms.industries import by_name, find_industry
from app.firms.terms import ContactDetails, FirmDetail, FirmEntry, FirmStatus, SizeClass
from app.text import AmountError, DateError, TextError, is_phone, normalise, parse_amount, parse_date
from app.text.clean import excerpt
from app.text.uscc import check
from app.units import Unit
from app.web.lookups import Lookup

# 合并 is an act of its own with a partner, never a word that somebody sets.
_STATUSES = {value: label for value, label in FirmStatus.options() if value != FirmStatus.MERGED}
_YES_NO = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
_LONGEST = {"name": 200, "park": 60, "address": 200, "remark": 2000, "uscc_override": 200}


class FirmReader:
    """Collects every field's fault before it complains, so that nothing has to be typed twice."""

    def __init__(self, raw: Mapping[str, Any], lookup: Lookup, viewer: Viewer, firm: FirmDetail | None = None) -> None:
        self.raw, self.lookup, self.viewer, self.firm = raw, lookup, viewer, firm
        self.faults: dict[str, str] = {}

    def read(self, *, creating: bool) -> FirmEntry:
        """Only fields that `raw` speaks of are read. Raises Invalid."""
        values: dict[str, Any] = {}
        readers = {
            "name": self._name,
            "uscc": self._uscc,
            "region_code": self._region,
            "registered_on": self._date,
            "next_touch_on": self._date,
            "registered_capital": self._capital,
            "industry_code": self._industry,
            "above_designated_size": self._yes_no,
            "officer_id": self._officer,
            "high_tech_field": self._choice(self.lookup.reference.high_tech_fields, "没有这个技术领域。"),
            "direction": self._choice(self.lookup.reference.directions, "没有这个技术方向。"),
            "size_class": self._choice(dict(SizeClass.options()), "没有这个规模。"),
            "status": self._choice(_STATUSES, "没有这个状态。"),
        }
        for field in ("uscc_override", "park", "address", "remark", *readers):
            if field in self.raw:
                values[field] = readers.get(field, self._text)(field)
        if creating:
            for field, sentence in (("name", "请填写企业名称。"), ("uscc", "请填写统一社会信用代码。")):
                if not values.get(field) and field not in self.faults:
                    self.faults[field] = sentence
            if not values.get("region_code"):
                values["region_code"] = self.viewer.scope
        if values.get("status", "") is None and "status" not in self.faults:
            self.faults["status"] = "请选择状态。"
        self._code_warning(values)
        self._in_officers_sight(values)
        entry = FirmEntry(
            values, contacts=self._contacts(), tags=self._list("tags"), former_names=self._list("former_names")
        )
        if self.faults:
            raise Invalid(self.faults)
        return entry

    def _text(self, field: str) -> str | None:
        try:
            return normalise(str(self.raw[field] or ""), longest=_LONGEST.get(field, 200)) or None
        except TextError as error:
            self.faults[field] = str(error)
            return None

    def _name(self, field: str) -> str | None:
        name = self._text(field)
        if name is None and field not in self.faults:
            self.faults[field] = "请填写企业名称。"
        return name

    def _uscc(self, field: str) -> str:
        result = check(str(self.raw[field] or ""))
        if result.errors:
            self.faults[field] = "".join(result.errors)
        return result.code

    def _code_warning(self, values: dict[str, Any]) -> None:
        if "uscc" not in values or "uscc" in self.faults or values.get("uscc_override"):
            return
        if warnings := check(values["uscc"]).warnings:
            self.faults["uscc_override"] = f"{''.join(warnings)}确认无误请在此说明理由。"

    def _region(self, field: str) -> str | None:
        code = str(self.raw[field] or "").strip()
        if not code:
            return self.viewer.scope
        if code not in self.lookup.reference.regions:
            self.faults[field] = "没有这个镇街。"
        elif not code.startswith(self.viewer.scope):
            self.faults[field] = "这个镇街不在您的管辖范围内。"
        return code

    def _date(self, field: str) -> date | None:
        value = self.raw[field]
        if value in (None, ""):
            return None
        try:
            return parse_date(value)
        except DateError as error:
            self.faults[field] = str(error)
            return None

    def _capital(self, field: str) -> Decimal | None:
        """The form speaks 万元; the API sends 元 under the same name with `registered_capital_unit` = 元."""
        value = self.raw[field]
        if value in (None, ""):
            return None
        try:
            amount = parse_amount(str(value), Unit(self.raw.get("registered_capital_unit") or Unit.WAN_YUAN))
        except (AmountError, ValueError) as error:
            self.faults[field] = str(error)
            return None
        if amount < 0:
            self.faults[field] = "注册资本不能是负数。"
        return amount

    def _industry(self, field: str) -> str | None:
        text = self._text(field)
        if text is None:
            return None
        known = self.lookup.reference.industries
        code = find_industry(text, known, by_name(known))
        if code is None:
            self.faults[field] = "国民经济行业分类里没有这个行业，请填写代码，如 C3360。"
        return code

    def _yes_no(self, field: str) -> bool | None:
        value = self.raw[field]
        if isinstance(value, bool) or value is None:
            return value
        answer = str(value).strip().lower()
        if answer and answer not in _YES_NO:
            self.faults[field] = "请选择“是”或“否”。"
        return _YES_NO.get(answer)

    def _officer(self, field: str) -> uuid.UUID | None:
        value = self.raw[field]
        if value in (None, ""):
            return None
        try:
            officer = uuid.UUID(str(value))
        except ValueError:
            officer = uuid.UUID(int=0)
        kept = self.firm is not None and self.firm.officer_id == officer
        if officer not in self.lookup.officers_for(self.viewer) and not kept:
            self.faults[field] = "没有这位专员。"
        return officer

    def _in_officers_sight(self, values: Mapping[str, Any]) -> None:
        """A firm is given only to an officer who can open it, and does not move away from the one it has."""
        before = (self.firm.region_code, self.firm.officer_id) if self.firm else (None, None)
        region, officer_id = values.get("region_code", before[0]), values.get("officer_id", before[1])
        officer = self.lookup.officers.get(officer_id) if officer_id else None
        if officer is None or (region, officer_id) == before or "officer_id" in self.faults:
            return
        if not officer.can_see(region or ""):
            self.faults["officer_id"] = "这位专员看不到这个镇街的企业，请换一位。"

    def _choice(self, known: Mapping[str, str], sentence: str) -> Any:
        def read(field: str) -> str | None:
            value = str(self.raw[field] or "").strip() or None
            if value is not None and value not in known:
                self.faults[field] = sentence
            return value

        return read

    def _contacts(self) -> list[ContactDetails] | None:
        """API: a list of objects. Form: contact_name, contact_phone … as repeated fields."""
        given = self.raw.get("contacts")
        if given is None:
            return None
        contacts = []
        for item in given:
            parts = {k: self._part("contacts", item.get(k)) for k in ("name", "phone", "title", "email")}
            if any(parts.values()):
                if not parts["name"]:
                    self.faults["contacts"] = "联系人要有姓名。"
                self._phone(parts["phone"])
                contacts.append(ContactDetails(**parts))
        return contacts

    def _phone(self, phone: str) -> None:
        """What is on file already keeps nobody from changing something else."""
        on_file = {c.phone for c in self.firm.contacts} if self.firm else set()
        if phone and phone not in on_file and not is_phone(phone):
            field = "contact_phone" if "contact_phone" in self.raw else "contacts"
            shown = excerpt(phone)
            self.faults[field] = f"“{shown}”不像电话号码；请填写手机或座机，如 13800000000、0750-2212345 转 801。"

    def _list(self, field: str) -> list[str] | None:
        given = self.raw.get(field)
        if given is None:
            return None
        items = given.replace("，", ",").replace("、", ",").split(",") if isinstance(given, str) else given
        return list(dict.fromkeys(part for item in items if (part := self._part(field, item))))

    def _part(self, field: str, value: Any) -> str:
        try:
            return normalise(str(value or ""), longest=100)
        except TextError as error:
            self.faults[field] = str(error)
            return ""
