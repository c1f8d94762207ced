"""What is asked of a tenant: the items of the form 在孵（毕业）企业情况表 that neither registry nor ledger knows.

The numbers are those of the form's 2017 edition as it was built elsewhere (no official text of it was found, nor one
of the quarterly form): which of them a quarter asks is the house's own choice.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from app.labels import Labelled
from app.reports.basis import RD_TOTAL
from app.text import AmountError, TextError, halve, normalise, parse_amount
from app.units import Unit, from_yuan, plain

NOT_FOUND = "栏目依 2017 年版的实现整理，未见官方现行表样，上报前请与平台核对。"


class ItemKind(Labelled):
    MONEY = "money", "金额"
    SIGNED = "signed", "金额，可为负"
    COUNT = "count", "计数"
    NUMBER = "number", "数量"
    CHOICE = "choice", "选一项"
    TEXT = "text", "文字"


@dataclass(frozen=True, slots=True)
class Item:
    code: str
    label: str
    kind: ItemKind
    no: int
    section: str
    unit: str = ""
    options: tuple[tuple[str, str], ...] = ()
    quarterly: bool = False
    team: bool = False
    part_of: str = ""
    help: str = ""

    @property
    def money(self) -> bool:
        return self.kind in (ItemKind.MONEY, ItemKind.SIGNED)


_K = ItemKind
_YES = (("yes", "是"), ("no", "否"))
_GENDERS = (("male", "男"), ("female", "女"))
_ABOUT, _MONEY, _PEOPLE, _RIGHTS, _WHO = "企业概况", "经济指标", "从业人员", "知识产权与项目", "填表"
_T = "tenant."


def _count(code: str, label: str, no: int, section: str, unit: str, part_of: str = "") -> Item:
    return Item(_T + code, label, _K.COUNT, no, section, unit, part_of=_T + part_of if part_of else "")


def _text(code: str, label: str, no: int, section: str) -> Item:
    return Item(_T + code, label, _K.TEXT, no, section)


def _money(
    code: str, label: str, no: int, *, quarterly: bool = False, kind: ItemKind = _K.MONEY, hint: str = ""
) -> Item:
    return Item(code, label, kind, no, _MONEY, "千元", quarterly=quarterly, help=hint)


ITEMS: tuple[Item, ...] = (
    _text("registration", "登记注册类型", 6, _ABOUT),
    _text("taxpayer", "纳税人类型", 8, _ABOUT),
    _text("leader", "主要负责人创业特征", 13, _ABOUT),
    Item(_T + "serial", "是否连续创业者", _K.CHOICE, 14, _ABOUT, options=_YES),
    Item(_T + "gender", "主要负责人性别", _K.CHOICE, 15, _ABOUT, options=_GENDERS),
    Item(
        _T + "venture", "获天使或风险投资额", _K.MONEY, 16, _MONEY, "千元", quarterly=True, team=True,
        help="只填本期获得的，不从年初累计。",
    ),
    _money("total_income", "总收入", 19, quarterly=True),
    _money("net_profit", "净利润", 20, quarterly=True, kind=_K.SIGNED, hint="亏损填负数。"),
    _money(_T + "trade", "进出口额", 21),
    _money(_T + "rd", "R&D 经费支出", 22, quarterly=True, hint="统计口径；由研究开发费用合计带入的请核对。"),
    _money(_T + "taxes", "实际上缴税费", 23, quarterly=True),
    Item(_T + "staff", "从业人员", _K.COUNT, 24, _PEOPLE, "人", quarterly=True, team=True),
    _count("doctors", "其中：博士", 24, _PEOPLE, "人", "college"),
    _count("college", "其中：大专以上", 24, _PEOPLE, "人", "staff"),
    _count("returned", "其中：留学人员", 24, _PEOPLE, "人", "staff"),
    _count("thousand", "其中：千人计划人选", 24, _PEOPLE, "人", "staff"),
    Item(
        _T + "graduates", "其中：吸纳应届毕业生", _K.COUNT, 24, _PEOPLE, "人", quarterly=True, team=True,
        part_of=_T + "staff",
    ),
    _count("ip_applied", "当年知识产权申请数", 25, _RIGHTS, "件"),
    _count("ip_granted", "当年知识产权授权数", 25, _RIGHTS, "件"),
    _count("ip_held", "拥有有效知识产权数", 25, _RIGHTS, "件"),
    _count("inventions", "其中：发明专利", 25, _RIGHTS, "件", "ip_held"),
    _count("software", "其中：软件著作权", 25, _RIGHTS, "件", "ip_held"),
    _count("varieties", "其中：植物新品种", 25, _RIGHTS, "件", "ip_held"),
    _count("layouts", "其中：集成电路布图", 25, _RIGHTS, "件", "ip_held"),
    _count("foreign_patents", "购买国外专利", 25, _RIGHTS, "件"),
    _count("contracts", "技术合同数", 25, _RIGHTS, "项"),
    Item(_T + "contract_value", "技术合同额", _K.MONEY, 25, _RIGHTS, "千元"),
    _count("national_projects", "承担国家级项目", 25, _RIGHTS, "项"),
    _count("awards", "省级以上奖励", 25, _RIGHTS, "项"),
    _text("head", "单位负责人", 26, _WHO),
    _text("statistician", "统计负责人", 26, _WHO),
    _text("filler", "填表人", 26, _WHO),
    _text("phone", "电话", 26, _WHO),
)  # fmt: skip
BY_CODE: Mapping[str, Item] = {item.code: item for item in ITEMS}
# What the yearly figures call by other names. The counts of rights come from the ledger.
_ALIKE = {_T + "staff": "headcount", _T + "venture": "equity_raised", _T + "rd": RD_TOTAL}
_ALIKE[_T + "ip_applied"] = "output.applications"
# What a quarter gives from the year's first day on: it only grows until the year is over. A profit may fall.
GROWING = ("total_income", _T + "rd", _T + "taxes")
_LARGEST = Decimal(10) ** 9


def asked(*, yearly: bool, team: bool) -> list[Item]:
    """Of a team, which has no books, what it can say."""
    return [item for item in ITEMS if (yearly or item.quarterly) and (item.team or not team)]


def from_figures(figures: Mapping[str, Decimal]) -> dict[str, str]:
    """What the firm's own yearly figures say of the items."""
    known = {code: figures.get(code, figures.get(_ALIKE.get(code, ""))) for code in BY_CODE}
    return {code: f"{plain(value):f}" for code, value in known.items() if value is not None}


def read_items(items: list[Item], typed: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """What was typed as it is kept (amounts in 元), and what is wrong with it, both by code. An amount is in 千元
    unless a unit stands beside it."""
    kept: dict[str, str] = {}
    faults: dict[str, str] = {}
    for item in items:
        try:
            kept[item.code] = _read(item, str(typed.get(item.code) or ""))
        except TextError as error:
            faults[item.code] = str(error)
    for item in items:
        whole, part = kept.get(item.part_of), kept.get(item.code)
        if item.part_of and whole is not None and part is not None and int(part) > int(whole):
            faults[item.code] = f"不能多于“{BY_CODE[item.part_of].label.removeprefix('其中：')}”。"
    return kept, faults


def _read(item: Item, text: str) -> str:
    if not text.strip():
        counted = item.money or item.kind in (_K.COUNT, _K.NUMBER)
        raise TextError("还没有填；没有请填 0。" if counted else "还没有填。")
    if item.kind is _K.TEXT:
        return normalise(text, longest=100)
    if item.kind is _K.CHOICE:
        if text not in dict(item.options):
            raise TextError("请选一项。")
        return text
    if item.kind in (_K.COUNT, _K.NUMBER):
        return _counted(text, whole=item.kind is _K.COUNT)
    amount = parse_amount(text, Unit.THOUSAND_YUAN)
    if amount < 0 and item.kind is _K.MONEY:
        raise AmountError("不能是负数。")
    return f"{amount:f}"


def _counted(text: str, *, whole: bool) -> str:
    asked = "请填 0 或正整数。" if whole else "请填 0 或正数，最多两位小数。"
    try:
        number = parse_amount(halve(text), Unit.YUAN)
    except AmountError as error:  # which speaks of money
        raise AmountError(asked) from error
    if not 0 <= number < _LARGEST or (whole and number != number.to_integral_value()):
        raise AmountError(asked)
    return f"{number:f}"


def as_typed(item: Item, kept: str) -> str:
    """As a form has it: amounts in 千元."""
    return f"{from_yuan(Decimal(kept), Unit.THOUSAND_YUAN):f}" if item.money and kept else kept


def as_said(item: Item, kept: str | None) -> str:
    """As a form or a sheet has it for reading; empty where nothing is known."""
    if not kept:
        return ""
    if item.money:
        return as_typed(item, kept)
    return dict(item.options).get(kept, kept) if item.options else kept
