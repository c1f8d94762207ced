"""研发费用加计扣除: not a condition but an amount, by the rules of the version in force in that year."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict

from app.policy import rd
from app.policy.exact import EXACT, Quotient

_FEN = Decimal("0.01")


class DeductionRules(BaseModel):
    """`rate` on top of the expense itself; `excluded` by the beginning of the industry code (财税〔2015〕119号)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rate: Decimal
    enhanced_rate: Decimal | None = None  # 集成电路和工业母机, 公告2023年第44号
    excluded: tuple[str, ...] = ()
    pooled: bool = True  # 其他相关费用的限额 over all projects together, since 公告2021年第28号


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
