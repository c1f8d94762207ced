"""The carrier's own forms: their lines in order, which of them are counted and which only the operator knows.

GZ-007 科技企业孵化器综合情况 (国统制〔2008〕134号) is an old edition whose end could not be read; the makerspace's form
was found only in part, the quarter's and the month's only by name. What is ours is marked so on screen.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from app.carriers.terms import CarrierKind, CarrierLevel
from app.collecting.gathering import Material, Tenant
from app.collecting.items import ItemKind
from app.collecting.terms import AnswerState, Correction, Period

Found = Callable[[Material], str | Decimal | int | None]
_K = ItemKind
_YES = ("是", "否")
# Which the operator's own log of investments says, with what each tenant was given in a line: the tenants' form asks
# each for its own figure besides, and where the two differ both are shown.
BY_THE_LOG = frozenset({"t.venture", "t.financed", "m.financed", "m.amount"})
_OLD = "栏目依国统制〔2008〕134号 GZ-007 旧版，末尾几栏未能查到原文，上报前请与平台核对。"
_PART = "深圳的通知只写了团队、团队人员、初创企业、就业四栏，其余栏目未见官方表样，上报前请与平台核对。"
_OURS = "只查到报表名称，没有查到表样：栏目是本系统默认的，上报前请与平台核对。"
_MONTHLY = "内容依河南的做法（来源等级 C），本省没有查到月报的规定，上报前请与主管部门核对。"


@dataclass(frozen=True, slots=True)
class Line:
    code: str
    label: str
    section: str
    kind: ItemKind
    unit: str = ""
    found: Found | None = None  # None: only the operator knows
    options: tuple[tuple[str, str], ...] = ()

    @property
    def money(self) -> bool:
        return self.kind in (_K.MONEY, _K.SIGNED)


@dataclass(frozen=True, slots=True)
class CarrierForm:
    title: str
    note: str
    lines: tuple[Line, ...]
    tenants: bool = False  # with a row for each tenant


@dataclass(frozen=True, slots=True)
class Cell:
    line: Line
    found: str | None
    entered: Correction | None

    @property
    def value(self) -> str | None:
        return self.entered.value if self.entered else self.found


def form_for(kind: CarrierKind, period: Period) -> CarrierForm:
    if period.month:
        return MONTH
    if period.quarter:
        return QUARTER
    if period.half:
        return replace(MAKERSPACE, tenants=False)
    return MAKERSPACE if kind is CarrierKind.MAKERSPACE else INCUBATOR


def cells_of(form: CarrierForm, material: Material) -> list[Cell]:
    """In the form's order; of corrections the latest, and none where that went back to what is counted."""
    latest: dict[str, Correction] = {}
    for one in material.corrections:
        latest.setdefault(one.code, one)
    entered = {code: one for code, one in latest.items() if one.value}
    return [
        Cell(line, _plain(line.found(material)) if line.found else None, entered.get(line.code)) for line in form.lines
    ]


def _plain(value: str | Decimal | int | None) -> str | None:
    return None if value is None else f"{value:f}" if isinstance(value, Decimal) else str(value)


def counted_in(material: Material) -> list[Tenant]:
    """Those whose figures the carrier's form adds up: inside on the last day, with what they gave."""
    return [t for t in material.tenants if t.inside and t.answer.state is AnswerState.ANSWERED]


def missing_from(material: Material) -> list[Tenant]:
    """Without these a sum is not one."""
    return [t for t in material.tenants if t.inside and t.answer.state is AnswerState.WAITING]


def _sum(code: str, *, teams: bool | None = None) -> Found:
    """Of what was given; nothing where nobody inside has given it."""

    def found(material: Material) -> Decimal | None:
        some = [t for t in counted_in(material) if teams is None or (t.answer.team_id is not None) is teams]
        given = [t.answer.figures[code] for t in some if code in t.answer.figures]
        owing = [t for t in material.tenants if t.inside and (teams is None or (t.answer.team_id is not None) is teams)]
        return sum(map(Decimal, given), Decimal(0)) if given or not owing else None

    return found


def _area(name: str) -> Found:
    return lambda m: getattr(m.carrier.areas, name)


def _people(code: str, label: str, section: str, found: Found | None = None, unit: str = "人") -> Line:
    return Line(code, label, section, _K.COUNT, unit, found)


def _money(code: str, label: str, section: str, found: Found | None = None, *, signed: bool = False) -> Line:
    return Line(code, label, section, _K.SIGNED if signed else _K.MONEY, "千元", found)


def _square(code: str, label: str, name: str) -> Line:
    return Line(code, label, "使用面积", _K.NUMBER, "平方米", _area(name))


def _said(name: str) -> Found:
    """Said once of the year, wherever it is asked."""
    return lambda m: m.said.get(name)


def _opened(material: Material) -> str | None:
    return str(material.carrier.opened_on) if material.carrier.opened_on else None


def _choice(code: str, label: str, words: tuple[str, str], found: Found | None = None) -> Line:
    return Line(code, label, _A, _K.CHOICE, "", found, tuple((word, word) for word in words))


_A, _B, _C, _D, _F, _T = "概况", "建设投资", "收入与税金", "资产", "人员", "在孵与毕业企业"
INCUBATOR = CarrierForm(
    "科技企业孵化器综合情况",
    _OLD,
    (
        Line("TDF711", "名称", _A, _K.TEXT, found=lambda m: m.carrier.name),
        _choice("TDF713", "性质", ("企业", "事业")),
        _choice("TDF721", "国家级", _YES, lambda m: _YES[m.carrier.level is not CarrierLevel.NATIONAL]),
        _choice("TDF716", "在国家高新区", _YES),
        Line("TDF719", "成立时间", _A, _K.TEXT, found=_opened),
        _choice("TDF730", "类型", ("综合", "专业"), lambda m: "专业" if m.carrier.focus else "综合"),
        *(_money(f"Tdf7a1{n}", label, _B) for n, label in enumerate(("财政", "企业", "社会", "其他"))),
        _money("b00", "总收入", _C, _said("total_income")),
        _money("b01", "其中：综合服务收入", _C, _said("service_income")),
        _money("b04", "其中：物业收入", _C),
        _money("b02", "其中：投资收入", _C),
        _money("b03", "其中：其他", _C),
        _money("b10", "净利润", _C, signed=True),
        _money("b11", "上缴税金", _C),
        _money("b15", "财政资助", _C),
        _money("b16", "其中：国家计划", _C),
        _money("c00", "固定资产原值", _D),
        _money("c10", "固定资产净值", _D),
        _money("c60", "孵化基金总额", _D, _said("fund")),
        _people("d00", "从业人员", _F, _said("staff")),
        _people("d10", "其中：专业技术人员", _F),
        _people("d11", "其中：大专以上", _F),
        _people("d12", "其中：留学人员", _F),
        _square("e00", "总面积", "total"),
        _square("e01", "其中：办公用房", "office"),
        _square("e02", "其中：在孵企业用房", "tenants"),
        _square("e03", "其中：公共服务用房", "public"),
        _square("e04", "其中：其他", "other"),
        _people("t.firms", "在孵企业数", _T, lambda m: m.stays.firms, "家"),
        _people("t.returned", "其中：留学生企业数", _T, unit="家"),
        _money("t.income", "在孵企业总收入", _T, _sum("total_income", teams=False)),
        _money("t.rd", "在孵企业 R&D 投入", _T, _sum("tenant.rd", teams=False)),
        _money("t.grants", "在孵企业累计财政资助", _T),
        _money("t.venture", "累计风险投资", _T, lambda m: m.stays.venture_ever),
        _people("t.financed", "累计获投融资企业数", _T, lambda m: m.ever.financed, "家"),
        # What comes after these in the form could not be read: the lines below are there for what has to agree.
        _people("t.staff", "在孵企业从业人员", _T, _sum("tenant.staff", teams=False)),
        _people("t.fresh", "其中：吸纳应届毕业生", _T, _sum("tenant.graduates", teams=False)),
        _people("t.graduated", "当年毕业企业数", _T, lambda m: m.stays.graduated, "家"),
        _people("t.graduated_ever", "累计毕业企业数", _T, lambda m: m.stays.graduated_ever, "家"),
    ),
    tenants=True,
)  # fmt: skip
_G, _H, _I = "团队与企业", "场地与服务", "收入"
MAKERSPACE = CarrierForm(
    "众创空间运行情况",
    _PART,
    (
        _people("m.teams", "服务的创业团队", _G, lambda m: m.stays.teams, "个"),
        _people("m.members", "创业团队人员", _G, _sum("tenant.staff", teams=True)),
        _people("m.startups", "服务的初创企业", _G, lambda m: m.stays.firms, "家"),
        _people("m.jobs", "初创企业吸纳就业", _G, _sum("tenant.staff", teams=False)),
        _people("m.registered", "新注册企业数", _G, lambda m: m.stays.registered, "家"),
        _people("m.financed", "获投团队和企业数", _G, lambda m: m.counts.financed, "个"),
        _money("m.amount", "获投金额", _G, lambda m: m.counts.amount),
        _people("m.rights", "常驻企业和团队拥有有效知识产权", _G, _sum("tenant.ip_held"), "件"),
        _people("m.listed", "上市（挂牌）企业数", _G, unit="家"),
        _people("m.seats", "工位数", _H, lambda m: m.stays.seats, "个"),
        Line("m.area", "面积", _H, _K.NUMBER, "平方米", _area("total")),
        _people("m.servants", "服务人员", _H, _said("staff")),
        _people("m.mentors", "创业导师", _H, lambda m: m.counts.mentors),
        _people("m.activities", "活动场次", _H, lambda m: m.counts.activities, "场"),
        _people("m.trainings", "培训场次", _H, lambda m: m.counts.trainings, "场"),
        _money("m.b01", "服务收入", _I, _said("service_income")),
        _money("m.b04", "房租收入", _I),
        _money("m.b02", "投资收入", _I),
        _money("m.b15", "财政补贴", _I),
    ),
    tenants=True,
)
QUARTER = CarrierForm(
    "季度情况调查",
    _OURS,
    (
        _people("t.firms", "期末在孵企业数", _T, lambda m: m.stays.firms, "家"),
        _people("m.teams", "期末在孵团队数", _T, lambda m: m.stays.teams, "个"),
        _people("q.admitted", "本季新增在孵企业", _T, lambda m: m.stays.admitted, "家"),
        _people("t.graduated", "本季毕业企业", _T, lambda m: m.stays.graduated, "家"),
        _money("t.income", "在孵企业总收入", _T, _sum("total_income", teams=False)),
        _money("q.profit", "在孵企业净利润", _T, _sum("net_profit", teams=False), signed=True),
        _money("q.taxes", "在孵企业实际上缴税费", _T, _sum("tenant.taxes", teams=False)),
        _money("t.rd", "在孵企业 R&D 投入", _T, _sum("tenant.rd", teams=False)),
        _people("t.staff", "在孵企业从业人员", _T, _sum("tenant.staff", teams=False)),
        _people("t.fresh", "其中：吸纳应届毕业生", _T, _sum("tenant.graduates", teams=False)),
        _people("m.financed", "获投团队和企业数", _H, lambda m: m.counts.financed, "个"),
        _money("m.amount", "获投金额", _H, lambda m: m.counts.amount),
        _people("m.activities", "活动场次", _H, lambda m: m.counts.activities, "场"),
        _people("m.trainings", "培训场次", _H, lambda m: m.counts.trainings, "场"),
    ),
)
MONTH = CarrierForm(
    "月报",
    _MONTHLY,
    (
        _people("q.admitted", "本月新增在孵企业", _T, lambda m: m.stays.admitted, "家"),
        _people("M.tech_micro", "在孵的科技型小微企业", _T, lambda m: m.stays.tech_micro, "家"),
        _people("m.trainings", "培训场次", _H, lambda m: m.counts.trainings, "场"),
        _people("m.financed", "获投团队和企业数", _H, lambda m: m.counts.financed, "个"),
        _money("m.amount", "获投金额", _H, lambda m: m.counts.amount),
    ),
)


def values_of(cells: list[Cell]) -> Mapping[str, str]:
    return {cell.line.code: cell.value for cell in cells if cell.value is not None}
