"""One row of a roster, read: what each cell means, and a sentence for everything that is wrong with it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from app.exchange.columns import TITLES
from app.exchange.naming import Names
from app.exchange.terms import Message, RowCertificate, Severity
from app.personal.masking import MARK
from app.recognitions.rules import number_of
from app.recognitions.terms import CertificateKind
from app.sheets import Broken, Formula, Value
from app.text import TextError, normalise, parse_amount, parse_date, parse_yes_no
from app.text.clean import excerpt
from app.text.uscc import check
from app.units import Unit

_LONGEST: Mapping[str, int] = {"name": 200, "park": 60, "remark": 2000, "contact_name": 100, "contact_phone": 100}
# Excel keeps fifteen digits of a number; a code of eighteen that became one has lost its end.
_EXACT_DIGITS = 15


@dataclass(frozen=True, slots=True)
class Understood:
    """What a row says. `values` holds only what it speaks of: an empty cell erases nothing."""

    row_no: int
    name: str
    uscc: str
    values: Mapping[str, Any]
    contact_name: str = ""
    contact_phone: str = ""
    certificate: RowCertificate | None = None
    tier: str | None = None
    messages: tuple[Message, ...] = ()

    @property
    def faulty(self) -> bool:
        return any(m.severity is Severity.ERROR for m in self.messages)

    @property
    def repeats(self) -> bool:
        return any(m.repeats for m in self.messages)

    @property
    def says(self) -> tuple[Any, ...]:
        """Everything but the place: two rows that say the same are one."""
        return (self.name, dict(self.values), self.contact_name, self.contact_phone, self.certificate, self.tier)


@dataclass
class RowReader:
    """Collects every fault of a row before it complains, so that nothing has to be corrected twice."""

    cells: Mapping[str, Value]
    names: Names
    titles: Mapping[str, str] = field(default_factory=lambda: TITLES)
    messages: list[Message] = field(default_factory=list)

    def error(self, name: str, sentence: str) -> None:
        self.messages.append(Message(name, sentence, Severity.ERROR))

    def warn(self, name: str, sentence: str) -> None:
        self.messages.append(Message(name, sentence, Severity.WARNING))

    def plain(self, name: str) -> str | float | date | None:
        """The cell's value; a formula counts for what it came to, an error of Excel for nothing."""
        value = self.cells.get(name)
        if isinstance(value, Formula):
            if value.result is None:
                self.error(name, f"“{self.titles[name]}”是公式，没有结果；请粘贴为数值。")
            value = value.result
        if isinstance(value, Broken):
            self.error(name, f"“{self.titles[name]}”是 Excel 的错误值 {value.text}，请改正。")
            return None
        return None if isinstance(value, str) and not value.strip() else value

    def text(self, name: str, *, lines: bool = False) -> str | None:
        value = self.plain(name)
        if value is None:
            return None
        try:
            return normalise(as_text(value), longest=_LONGEST.get(name, 200), lines=lines) or None
        except TextError as error:
            self.error(name, f"{self.titles[name]}：{error}")
            return None

    def parsed(self, name: str, parse: Callable[[Any], Any]) -> Any:
        value = self.plain(name)
        if value is None:
            return None
        try:
            return parse(value)
        except TextError as error:
            self.error(name, f"{self.titles[name]}：{error}")
            return None

    def named(self, name: str, find: Callable[[str], str | None], sentence: str) -> str | None:
        text = self.text(name)
        if text is None:
            return None
        found = find(text)
        if found is None:
            self.error(name, sentence.format(excerpt(text)))
        return found


def readable(reader: RowReader, name: str) -> str | None:
    """How a person is reached, unless it comes from a list in which it was masked: that would write over the number."""
    said = reader.text(name)
    if said is not None and MARK in said:
        reader.warn(name, f"“{reader.titles[name]}”是隐去了几位的（{excerpt(said)}），这一项不会导入。")
        return None
    return said


def as_text(value: str | float | date) -> str:
    """A number without the “.0” that a workbook's numbers carry."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def read_row(row_no: int, cells: Mapping[str, Value], *, names: Names) -> Understood:
    reader = RowReader(cells, names)
    name, uscc = read_name(reader), read_code(reader)
    spoken = {
        "registered_on": reader.parsed("registered_on", parse_date),
        "region_code": reader.named("region_code", names.region, f"“{{}}”不是{names.place}的镇街；请改正或留空。"),
        "park": reader.named("park", names.park, ""),
        "industry_code": _industry(reader),
        "high_tech_field": reader.named("high_tech_field", names.field, "没有“{}”这个技术领域。"),
        "direction": reader.named("direction", names.direction, "没有“{}”这个技术方向。"),
        "registered_capital": _capital(reader),
        "above_designated_size": reader.parsed("above_designated_size", parse_yes_no),
        "remark": reader.text("remark", lines=True),
    }
    contact_name, contact_phone = _contact(reader)
    tier = reader.named("tier", names.tier, "没有“{}”这个梯队。")
    return Understood(
        row_no,
        name,
        uscc,
        {f: v for f, v in spoken.items() if v is not None},
        contact_name,
        contact_phone,
        _certificate(reader),
        tier,
        tuple(reader.messages),
    )


def _identity_formula(reader: RowReader, name: str) -> bool:
    cell = reader.cells.get(name)
    if isinstance(cell, Formula):
        reader.error(name, f"“{reader.titles[name]}”是公式 {excerpt(cell.text)}，不是文字；请改成文字。")
    return isinstance(cell, Formula)


def read_name(reader: RowReader) -> str:
    if _identity_formula(reader, "name"):
        return ""
    before = len(reader.messages)
    name = reader.text("name") or ""
    if not name and len(reader.messages) == before:
        reader.error("name", "没有填企业名称。")
    return name


def read_code(reader: RowReader) -> str:
    if _identity_formula(reader, "uscc"):
        return ""
    value = reader.plain("uscc")
    if isinstance(value, float) and abs(value) >= 10**_EXACT_DIGITS:
        reader.error("uscc", "信用代码被存成了数字，末尾几位已经丢失；请把这一列设为文本后重新填写。")
        return ""
    result = check(as_text(value) if value is not None else "")
    for sentence in result.errors:
        reader.error("uscc", sentence)
    for sentence in result.warnings:
        reader.warn("uscc", sentence)
    return result.code if result.valid else excerpt(result.code)


def _industry(reader: RowReader) -> str | None:
    text = reader.text("industry_code")
    if text is None:
        return None
    code = reader.names.industry(text)
    if code is None:
        reader.warn("industry_code", f"国民经济行业分类里没有“{excerpt(text)}”，这一项不会导入。")
    return code


def _capital(reader: RowReader) -> Any:
    amount = reader.parsed("registered_capital", lambda v: parse_amount(v, Unit.WAN_YUAN))
    if amount is not None and amount < 0:
        reader.error("registered_capital", "注册资本不能是负数。")
        return None
    return amount


def _contact(reader: RowReader) -> tuple[str, str]:
    name, phone = reader.text("contact_name") or "", readable(reader, "contact_phone") or ""
    return name, phone


def _certificate(reader: RowReader) -> RowCertificate | None:
    said = reader.text("certificate_number")
    issued_on = reader.parsed("certificate_issued_on", parse_date)
    number = number_of(CertificateKind.HNTE, said) if said is not None else None
    if said is not None and number is None:
        reader.error("certificate_number", f"看不懂这个证书编号：{excerpt(said)}。")
        return None
    if number is None and issued_on is not None:
        reader.warn("certificate_number", "有高企发证日期，没有证书编号，证书不会登记。")
    if number is not None and reader.cells.get("certificate_issued_on") is None:
        reader.warn("certificate_issued_on", "有高企证书编号，没有发证日期，证书不会登记。")
    return RowCertificate(number, issued_on) if number is not None and issued_on is not None else None


def compare_within(rows: Iterable[Understood]) -> list[Understood]:
    """The same code again: another name or other content is refused, the same content is said once."""
    named: dict[str, Understood] = {}
    taken: dict[str, Understood] = {}
    holders: dict[str, Understood] = {}
    compared = []
    for original in rows:
        row = original
        if row.uscc and row.name and not any(m.field == "uscc" and m.severity is Severity.ERROR for m in row.messages):
            row = _certified_once(_against_earlier(row, named.get(row.uscc), taken.get(row.uscc)), holders)
            named.setdefault(row.uscc, row)
            if not row.faulty:
                taken.setdefault(row.uscc, row)
        compared.append(row)
    return compared


def _certified_once(row: Understood, holders: dict[str, Understood]) -> Understood:
    if row.certificate is None or row.faulty:
        return row
    holder = holders.setdefault(row.certificate.number, row)
    if holder.uscc == row.uscc:
        return row
    sentence = f"证书编号与第 {holder.row_no} 行的企业相同，证书不会登记；请核对。"
    return replace(
        row, certificate=None, messages=(*row.messages, Message("certificate_number", sentence, Severity.WARNING))
    )


def _against_earlier(row: Understood, named: Understood | None, taken: Understood | None) -> Understood:
    if named is not None and named.name != row.name:
        sentence = (
            f"与第 {named.row_no} 行的信用代码相同，企业名称却不同（{excerpt(named.name)}）；请核对哪一行是对的。"
        )
        return _with(row, Message("uscc", sentence, Severity.ERROR))
    if taken is not None and taken.says != row.says:
        sentence = f"与第 {taken.row_no} 行是同一家企业，内容却不同；请只保留一行。"
        return _with(row, Message("uscc", sentence, Severity.ERROR))
    if taken is not None:
        return _with(row, Message("uscc", f"与第 {taken.row_no} 行重复，只导入一次。", Severity.WARNING, repeats=True))
    return row


def _with(row: Understood, message: Message) -> Understood:
    return replace(row, messages=(*row.messages, message))
