"""A carrier, a space, a tenancy as people and programs send them: one reading for form, API and list."""

import uuid
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from app.carriers.place_rules import building_of, floor_of
from app.carriers.rules import area_problem, may_choose
from app.carriers.stay_terms import Ending, EndReason, Lease, SpecialField, TeamEntry, Terms
from app.carriers.terms import AREA_LABELS, Areas, CarrierEntry, CarrierKind, CarrierLevel, SpaceEntry
from app.errors import Invalid
from app.labels import Labelled
from app.text import AnswerError, DateError, halve, is_code, parse_date, parse_yes_no
from app.text.uscc import check
from app.web.forms import clean_text

LABELS = {
    "name": "名称",
    "kind": "类型",
    "level": "级别",
    "region": "所在镇街",
    "park": "所属园区",
    "operator": "运营机构",
    "address": "地址",
    "focus": "专业领域",
    "opened_on": "开始运营日期",
    "contact_name": "联系人",
    "contact_phone": "联系电话",
    "remark": "备注",
    **{f"area_{name}": label for name, label in AREA_LABELS.items()},
    "changed_on": "变更日期",
    "building": "楼栋",
    "floor": "楼层",
    "room": "房间或工位区",
    "area": "面积",
    "exclusive": "用法",
    "capacity": "工位数",
    "uscc": "统一社会信用代码",
    "team": "团队名称",
    "team_leader": "团队负责人",
    "team_members": "团队人数",
    "space": "房间",
    "since": "租期起",
    "until": "租期止",
    "seats": "工位数",
    "agreement_no": "协议编号",
    "agreement_on": "签订日期",
    "special_field": "特殊领域",
    "stage_target": "阶段目标",
    "on": "日期",
    "reason": "原因",
    "note": "说明",
    "late": "为什么现在才登记",
    "ground": "依据",
    "business": "主营产品和技术",
    "contact": "联系人和电话",
    "months": "孵化期限",
    "carrier": "转往的载体",
    "what": "事项",
    "due_on": "期限",
    "basis": "依据",
    "document": "文号",
    "issued_on": "认定日期",
    "valid_until": "有效期止",
    "file": "文件",
    "title": "名称",
    "sort": "类别",
    "holder": "企业或团队",
    "mentor": "导师",
    "party": "机构",
    "people": "人次",
    "amount": "金额",
}
_SHORT, _LONG = 200, 2000
_LARGEST = Decimal(10_000_000)  # square metres
W = TypeVar("W", bound=Labelled)


class Reader:
    """Takes fields out of what was sent and gathers a sentence for each that cannot be taken."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self.raw = raw
        self.faults: dict[str, str] = {}

    def text(self, field: str, *, longest: int = _SHORT, required: str = "") -> str:
        try:
            return clean_text(field, _said(self.raw.get(field)), longest=longest, required=required)
        except Invalid as error:
            self.faults |= error.fields
            return ""

    def word(self, field: str, words: type[W], *, usual: W | None = None) -> W:
        found = self.some_word(field, words)
        if found is None and field not in self.faults and usual is None:
            self.faults[field] = f"请选择{LABELS.get(field, '')}。"
        return found or usual or next(iter(words))

    def some_word(self, field: str, words: type[W]) -> W | None:
        given = _said(self.raw.get(field)).strip()
        if not given:
            return None
        by_label = {word.label: word for word in words}
        if given in by_label:
            return by_label[given]
        if given not in {word.value for word in words}:
            self.faults[field] = f"{LABELS.get(field, '')}请从{'、'.join(by_label)}里选。"
            return None
        return words(given)

    def day(self, field: str, *, required: str = "") -> date | None:
        given = self.raw.get(field)
        if given is None or not str(given).strip():
            if required:
                self.faults[field] = required
            return None
        try:
            return parse_date(given)
        except DateError as error:
            self.faults[field] = str(error)
            return None

    def area(self, field: str, *, required: str = "") -> Decimal | None:
        text = halve(_said(self.raw.get(field))).replace(",", "").removesuffix("㎡").removesuffix("平方米").strip()
        if not text:
            if required:
                self.faults[field] = required
            return None
        try:
            found = Decimal(text)
        except InvalidOperation:
            found = Decimal("NaN")
        # Its size first: a number of two hundred digits cannot be rounded to the cent.
        if not found.is_finite() or not 0 <= found < _LARGEST or found != found.quantize(Decimal("0.01")):
            self.faults[field] = "请填平方米数，最多两位小数，如 120.5。"
            return None
        return found

    def count(self, field: str, *, most: int = 100_000) -> int | None:
        text = halve(_said(self.raw.get(field))).removesuffix(".0")
        if not text:
            return None
        if not is_code(text) or len(text) > 9 or not 0 < int(text) <= most:
            self.faults[field] = f"请填 1 到 {most} 的整数。"
            return None
        return int(text)

    def yes(self, field: str, *, usual: bool) -> bool:
        try:
            found = parse_yes_no(self.raw.get(field))
        except AnswerError as error:
            self.faults[field] = str(error)
            return usual
        return usual if found is None else found

    def id(self, field: str, *, required: str) -> uuid.UUID:
        try:
            return uuid.UUID(_said(self.raw.get(field)))
        except ValueError:
            self.faults[field] = required
            return uuid.UUID(int=0)

    def done(self) -> None:
        """Raises Invalid by field."""
        if self.faults:
            raise Invalid(self.faults)


def _said(value: Any) -> str:
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def read_carrier(raw: Mapping[str, Any], *, today: date) -> CarrierEntry:
    """Raises Invalid by field."""
    r = Reader(raw)
    areas = Areas(**{name: r.area(f"area_{name}") for name in AREA_LABELS})
    if problem := area_problem(areas.total, (areas.office, areas.tenants, areas.public, areas.other)):
        r.faults["area_total"] = problem
    opened = r.day("opened_on")
    if opened and opened > today:
        r.faults["opened_on"] = "开始运营日期不能晚于今天。"
    entry = CarrierEntry(
        name=r.text("name", required="请填写载体名称。"),
        kind=r.word("kind", CarrierKind),
        level=r.word("level", CarrierLevel, usual=CarrierLevel.COUNTY),
        region_code=r.text("region", longest=12, required="请选择所在镇街。"),
        park=r.text("park") or None,
        operator=r.text("operator"),
        address=r.text("address"),
        focus=r.text("focus"),
        opened_on=opened,
        contact_name=r.text("contact_name"),
        contact_phone=r.text("contact_phone"),
        remark=r.text("remark", longest=_LONG),
        areas=areas,
    )
    r.done()
    return entry


def read_changed_on(raw: Mapping[str, Any], *, today: date) -> date:
    r = Reader(raw)
    on = r.day("changed_on") or today
    if on > today:
        r.faults["changed_on"] = "变更日期不能晚于今天。"
    r.done()
    return on


def read_space(raw: Mapping[str, Any]) -> SpaceEntry:
    """Raises Invalid by field."""
    r = Reader(raw)
    area = r.area("area", required="请填写面积。")
    entry = SpaceEntry(
        building=building_of(r.text("building")),
        floor=floor_of(r.text("floor")),
        room=r.text("room", required="请填写房间号或工位区名称。"),
        area=area or Decimal(0),
        exclusive=r.yes("exclusive", usual=True),
        capacity=r.count("capacity"),
        opened_on=r.day("opened_on"),
    )
    r.done()
    return entry


def read_lease(raw: Mapping[str, Any]) -> Lease:
    """Raises Invalid by field."""
    r = Reader(raw)
    uscc, team = _said(raw.get("uscc")).strip(), r.text("team")
    if uscc:
        code = check(uscc)
        uscc = code.code
        if code.errors:
            r.faults["uscc"] = code.errors[0]
    elif not team and "team" not in r.faults:
        r.faults["uscc"] = "请填写企业的信用代码；还没有注册的填团队名称。"
    if uscc and team:
        r.faults["team"] = "信用代码和团队名称只填一项。"
    since = r.day("since", required="请填写租期起。")
    lease = Lease(
        space_id=r.id("space", required="请选择房间。"),
        since=since or date.min,
        until=r.day("until"),
        uscc=uscc,
        team=TeamEntry(team, r.text("team_leader"), r.count("team_members")) if team and not uscc else None,
        seats=r.count("seats") or 1,
        incubates=r.yes("incubates", usual=True),
        special_field=r.some_word("special_field", SpecialField),
        rent_reduced=r.yes("rent_reduced", usual=False),
        agreement_no=r.text("agreement_no"),
        agreement_on=r.day("agreement_on"),
        stage_target=r.text("stage_target", longest=_LONG),
    )
    if since and lease.until and lease.until < since:
        r.faults["until"] = "租期止不能早于租期起。"
    r.done()
    return lease


def read_terms(raw: Mapping[str, Any]) -> Terms:
    """Raises Invalid by field."""
    r = Reader(raw)
    terms = Terms(
        agreement_no=r.text("agreement_no"),
        agreement_on=r.day("agreement_on"),
        rent_reduced=r.yes("rent_reduced", usual=False),
        special_field=r.some_word("special_field", SpecialField),
        stage_target=r.text("stage_target", longest=_LONG),
    )
    r.done()
    return terms


def read_ending(raw: Mapping[str, Any], *, today: date) -> Ending:
    """Raises Invalid by field."""
    r = Reader(raw)
    reason = r.word("reason", EndReason)
    if not may_choose(reason) and "reason" not in r.faults:
        r.faults["reason"] = "毕业请办毕业，转移请办转移；这里请选退出的原因。"
    ending = Ending(r.day("on") or today, reason, r.text("note", longest=_LONG), late=r.text("late"))
    r.done()
    return ending
