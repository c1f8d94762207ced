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
from app.policy.terms import Case, Outcome

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


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Nothing to compute from: not known is not zero."""

    policy: str
    missing: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        labels = "、".join({"year": "年度", "rd": "研发费用明细"}[path] for path in self.missing)
        return {
            "policy": self.policy,
            "outcome": Outcome.UNKNOWN.value,
            "missing": list(self.missing),
            "note": f"缺：{labels}。",
        }


@dataclass(frozen=True, slots=True)
class Claimant:
    """What the rate depends on beside the year."""

    industry_code: str | None = None
    enhanced: bool = False  # 集成电路和工业母机企业, by the list of the ministries
    tech_sme: bool = False


def _rate(rules: DeductionRules, claimant: Claimant) -> tuple[Decimal, str]:
    """The highest that applies, and what it rests on."""
    rates = [(rules.rate, "")]
    if claimant.tech_sme and rules.tech_sme_rate is not None:
        rates.append((rules.tech_sme_rate, "按科技型中小企业的比例计算，当年须有入库登记编号。"))
    if (claimant.industry_code or "").startswith("C") and rules.manufacturing_rate is not None:
        rates.append((rules.manufacturing_rate, "按制造业企业的比例计算，以主营业务认定，请向主管税务机关核实。"))
    if claimant.enhanced and rules.enhanced_rate is not None:
        rates.append((rules.enhanced_rate, "按集成电路、工业母机企业的比例计算。"))
    return max(rates, key=lambda rate: rate[0])


def deduct(
    rules: DeductionRules, lines: Mapping[str, Decimal], claimant: Claimant
) -> tuple[rd.Deduction, bool, Decimal, str]:
    """The amounts, whether the industry is excluded, the rate, and what remains to be checked by a person."""
    abroad = lines["outsourced_overseas"]
    amounts = rd.deduction(lines if rules.overseas else {**lines, "outsourced_overseas": ZERO})
    if (claimant.industry_code or "").startswith(rules.excluded or ("\0",)):
        return amounts, True, ZERO, "本行业不适用研发费用加计扣除（财税〔2015〕119号）。"
    rate, why = _rate(rules, claimant)
    notes = [why, rules.note]
    if claimant.industry_code is None:
        notes.append("未填行业代码，请先核对是否属于不适用加计扣除的行业。")
    if not rules.pooled:
        notes.append("2021 年以前其他相关费用的限额按项目分别计算，此处按全部项目合并计算，仅供参考。")
    if abroad and not rules.overseas:
        notes.append("2018 年以前委托境外研发费用不得加计扣除，没有计入。")
    return amounts, False, rate, "".join(notes)


def deduct_facts(pack: Pack, data: Any, *, today: date) -> DeductionResult | Unanswered:
    """From `{"year", "industry_code", "rd"}`. A line that is not stated counts as 0, and the note says so.

    Raises Invalid by field.
    """
    if not isinstance(data, Mapping):
        raise Invalid({"": "应是一个 JSON 对象。"})
    if missing := tuple(key for key in ("year", "rd") if data.get(key) is None):
        return Unanswered(pack.policy, missing)
    year = data["year"]
    if isinstance(year, bool) or not isinstance(year, int) or not 2000 <= year <= today.year:
        raise Invalid({"year": f"应是不晚于 {today.year} 的四位年份。"})
    facts = parse_facts(
        {"years": {str(year): {"rd": data["rd"]}}, "industry_code": data.get("industry_code")}, horizon=today
    )
    version = next((v for v in pack.versions if v.deduction and v.in_force(date(year, 12, 31), Case.NEW)), None)
    if version is None or version.deduction is None:
        raise Invalid({"year": f"没有载入 {year} 年有效的规定，无法计算。"})
    paths = {line: f"years.{year}.rd.{line}" for line in RD_LINES}
    unstated = [RD_LINES[line].label for line, path in paths.items() if path not in facts.values]
    claimant = Claimant(facts.values.get("industry_code"), _flag(data, "enhanced"), _flag(data, "tech_sme"))
    with localcontext(EXACT):
        lines = {line: facts.values.get(path, ZERO) for line, path in paths.items()}
        amounts, excluded, rate, note = deduct(version.deduction, lines, claimant)
        if unstated:
            note += f"没有填写的按 0 计算：{'、'.join(unstated)}。"
        return DeductionResult(
            pack.policy, version.version, version.document, year, version.deduction, amounts, excluded, rate, note
        )


def _flag(data: Mapping[str, Any], key: str) -> bool:
    flag = data.get(key, False)
    if not isinstance(flag, bool):
        raise Invalid({key: "应是 true 或 false。"})
    return flag
