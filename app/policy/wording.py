"""Quantities and paths of facts, as people read them."""

import re
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache

from app.policy.exact import EXACT, shortened
from app.policy.figures import CARRIER, EVENTS, FLAGS, RD_LINES, YEARLY, Judgement, Unit
from app.policy.terms import Outcome
from app.units import Unit as Money
from app.units import from_yuan, plain, show_wan

_HUNDRED = Decimal(100)
_WAN = Decimal(10_000)

_NAMED = {
    "registered_on": "成立日期",
    "region_code": "所在镇街",
    "status": "登记状态",
    "industry_code": "行业代码",
    "high_tech_field": "技术领域",
    "size_class": "企业规模",
    "carrier_tenant_since": "入孵日期",
    "ip_rights": "知识产权",
    "certificates": "证书",
    "standards_led": "主导制定的标准",
    "science_awards": "科技奖励",
    "rd_institutions": "研发机构",
    "platforms": "创新平台",
    "competition_awards": "创新创业大赛奖项",
    "ip.class_one": "Ⅰ类知识产权",
    "ip.class_two": "Ⅱ类知识产权",
}
_YEAR = re.compile(r"years\.(\d{4})\.(rd\.)?(\w+)")
_PLACE = re.compile(r"(\w+)\.(\d+)(?:\.(\w+))?")


def shown_in(unit: Unit, amount: Decimal) -> str:
    """5%, 5,000 万元, 365 天."""
    if unit is Unit.RATIO:
        return f"{plain(EXACT.multiply(amount, _HUNDRED)):f}%"
    if unit is Unit.YUAN:
        return show_wan(amount) if abs(amount) >= _WAN else f"{plain(amount):,f} 元"
    return f"{plain(amount):,f} {unit.label}".rstrip()


def read_beside(unit: Unit, amount: Decimal, limits: Sequence[Decimal]) -> str:
    """A ratio to a hundredth of a percent, money and what is counted by head to two places; never across a limit."""
    if unit is Unit.YUAN and abs(amount) >= _WAN:
        wan = shortened(from_yuan(amount, Money.WAN_YUAN), 2, [from_yuan(limit, Money.WAN_YUAN) for limit in limits])
        return f"{plain(wan):,f} {Money.WAN_YUAN.label}"
    return shown_in(unit, shortened(amount, 4 if unit is Unit.RATIO else 2, limits))


# Paths are few and asked for with every receipt: the same hundred labels, a hundred times a second.
@lru_cache(maxsize=4096)
def path_label(path: str) -> str:
    """2025 年销售收入, for `years.2025.sales_revenue`."""
    if match := _YEAR.fullmatch(path):
        year, line, code = match.groups()
        label = RD_LINES[code].label if line else "研发费用" if code == "rd" else YEARLY[code].label
        return f"{year} 年{label}"
    if path.startswith("carrier."):
        return CARRIER[path.removeprefix("carrier.")].label
    if path.startswith("judgements."):
        return f"{Judgement(path.removeprefix('judgements.')).label}评分"
    if (match := _PLACE.fullmatch(path)) and match[1] in _NAMED:
        which = f"第 {int(match[2]) + 1} 项{_NAMED[match[1]]}"
        return f"{which}的{_FIELDS.get(match[3], match[3])}" if match[3] else which
    return FLAGS.get(path) or EVENTS.get(path) or _NAMED.get(path, path)


_FIELDS = {"in_force": "是否有效", "on": "日期", "rank": "名次", "level": "级别"}


def standing_words(outcome: Outcome, missed: int, lacking: int) -> str:
    """差 2 项 · 缺 1 项数据"""
    told = [f"差 {missed} 项"] if missed else []
    if lacking:
        told.append(f"缺 {lacking} 项数据")
    return " · ".join(told) or outcome.label


def missing_sentence(paths: Sequence[str]) -> str:
    """The nine R&D lines of a year are one thing to fill in, so they are named as one."""
    return _missing(tuple(paths))


@lru_cache(maxsize=1024)
def _missing(paths: tuple[str, ...]) -> str:
    labels: dict[str, None] = {}
    for path in paths:
        match = _YEAR.fullmatch(path)
        labels[f"{match[1]} 年研发费用明细" if match and match[2] else path_label(path)] = None
    return "缺：" + "、".join(labels) + "。"
