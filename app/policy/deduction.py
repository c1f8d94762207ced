"""研发费用加计扣除: not a condition but an amount, by the rules of the version in force in that year."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

from app.errors import Invalid
from app.policy import rd
from app.policy.exact import EXACT, ZERO, Quotient
from app.policy.figures import RD_LINES
from app.policy.packs import DeductionRules, Pack
from app.policy.parsing import parse_facts
from app.policy.terms import Case

_FEN = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class DeductionResult:
    """元, to the fen."""

    policy: str
    version: str
    document: str
    year: int
    rules: DeductionRules
    amounts: rd.Deduction
    excluded: bool
    rate: Decimal
    note: str

    def to_json(self) -> dict[str, Any]:
        base = _to_the_fen(self.amounts.base)
        return {
            "policy": self.policy,
            "version": self.version,
            "document": self.document,
            "year": self.year,
            "other_limit": f"{_to_the_fen(self.amounts.other_limit):f}",
            "other_allowed": f"{_to_the_fen(self.amounts.other_allowed):f}",
            "outsourced_domestic_allowed": f"{_to_the_fen(Quotient(self.amounts.domestic_allowed)):f}",
            "outsourced_overseas_allowed": f"{_to_the_fen(self.amounts.overseas_allowed):f}",
            "base": f"{base:f}",
            "rate": f"{self.rate:f}",
            "deduction": f"{_to_the_fen(Quotient(self.amounts.base.num * self.rate, self.amounts.base.den)):f}",
            "excluded": self.excluded,
            "note": self.note,
        }


def _to_the_fen(amount: Quotient) -> Decimal:
    return EXACT.divide(amount.num, amount.den).quantize(_FEN, ROUND_HALF_UP, context=EXACT)


def deduct(
    rules: DeductionRules, lines: Mapping[str, Decimal], industry_code: str | None, *, enhanced: bool = False
) -> tuple[rd.Deduction, bool, Decimal, str]:
    """The amounts, whether the industry is excluded, the rate, and what remains to be checked by a person."""
    amounts = rd.deduction(lines)
    if industry_code and industry_code.startswith(rules.excluded or ("\0",)):
        return amounts, True, Decimal(0), "本行业不适用研发费用加计扣除（财税〔2015〕119号）。"
    notes = []
    if industry_code is None:
        notes.append("未填行业代码，请先核对是否属于不适用加计扣除的行业。")
    if not rules.pooled:
        notes.append("2021 年以前其他相关费用的限额按项目分别计算，此处按全部项目合并计算，仅供参考。")
    rate = rules.rate
    if enhanced and rules.enhanced_rate is not None:
        rate = rules.enhanced_rate
        notes.append("按集成电路、工业母机企业的比例计算。")
    return amounts, False, rate, "".join(notes)


def deduct_facts(pack: Pack, data: Any, *, today: date) -> DeductionResult:
    """From `{"year", "industry_code", "rd"}`. A line that is not stated counts as 0, and the note says so.

    Raises Invalid by field.
    """
    if not isinstance(data, Mapping):
        raise Invalid({"": "应是一个 JSON 对象。"})
    year = data.get("year")
    if isinstance(year, bool) or not isinstance(year, int) or not 2000 <= year <= today.year:
        raise Invalid({"year": f"应是不晚于 {today.year} 的四位年份。"})
    facts = parse_facts(
        {"years": {str(year): {"rd": data.get("rd")}}, "industry_code": data.get("industry_code")}, horizon=today
    )
    paths = {line: f"years.{year}.rd.{line}" for line in RD_LINES}
    unstated = [RD_LINES[line].label for line, path in paths.items() if path not in facts.values]
    version = next((v for v in pack.versions if v.deduction and v.in_force(date(year, 12, 31), Case.NEW)), None)
    if version is None or version.deduction is None:
        raise Invalid({"year": f"没有载入 {year} 年有效的规定，无法计算。"})
    enhanced = data.get("enhanced", False)
    if not isinstance(enhanced, bool):
        raise Invalid({"enhanced": "应是 true 或 false。"})
    with localcontext(EXACT):
        amounts, excluded, rate, note = deduct(
            version.deduction,
            {line: facts.values.get(path, ZERO) for line, path in paths.items()},
            facts.values.get("industry_code"),
            enhanced=enhanced,
        )
        if unstated:
            note += f"没有填写的按 0 计算：{'、'.join(unstated)}。"
        return DeductionResult(
            pack.policy, version.version, version.document, year, version.deduction, amounts, excluded, rate, note
        )
