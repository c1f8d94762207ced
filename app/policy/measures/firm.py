"""Measures of a firm, over the figures of its years."""

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from itertools import pairwise

from app.policy import rd
from app.policy.context import Between, Context, Unregulated, Value
from app.policy.exact import ONE, ZERO, Quotient
from app.policy.figures import YEARLY, Unit
from app.policy.growth import Root, average_growth
from app.policy.measures.reading import figures, gathered, hnte_totals, ratio, rd_lines, total, years_of
from app.policy.registry import MEASURES, Lever, Measure, measure

# --- figures of a year, as they are -------------------------------------------------------------------------------


def _of_year(figure: str, back: int, ctx: Context) -> Quotient:
    return Quotient(ctx.need(f"years.{ctx.year - back}.{figure}")[0])


for _code, _figure in YEARLY.items():
    for _suffix, _back, _word in (("", 0, "近一年"), ("_previous", 1, "上一年"), ("_base", 3, "基期年")):
        MEASURES[_code + _suffix] = Measure(
            f"{_word}{_figure.label}", _figure.unit, partial(_of_year, _code, _back), (Lever(_code, _back),)
        )


@measure("total_liabilities", "负债总额", Unit.YUAN)
def _liabilities(ctx: Context) -> Value:
    assets, net = ctx.need(f"years.{ctx.year}.total_assets", f"years.{ctx.year}.net_assets")
    return Quotient(assets - net)


# --- time ---------------------------------------------------------------------------------------------------------


@measure("registered_days", "注册成立天数", Unit.DAY)
def _registered_days(ctx: Context) -> Value:
    """195号 三(一): 365 calendar days."""
    return Quotient(Decimal((ctx.as_of - ctx.need("registered_on")[0]).days))


def _months_since(path: str, ctx: Context) -> Quotient:
    """None for who is not in yet."""
    since = ctx.need(path)[0]
    return Quotient(ZERO) if since is None else months_between(since, ctx.as_of)


def months_between(since: date, until: date) -> Quotient:
    """Whole months, and days beyond the corresponding day as a part of 31: on that day it is a whole number."""
    months = (until.year - since.year) * 12 + until.month - since.month
    days = until.day - since.day
    if days < 0:
        months, days = months - 1, days + 31
    return Quotient(Decimal(months * 31 + days), Decimal(31)) if days else Quotient(Decimal(months))


MEASURES["age_months"] = Measure("成立时间", Unit.MONTH, partial(_months_since, "registered_on"))
MEASURES["tenant_months"] = Measure("在孵时间", Unit.MONTH, partial(_months_since, "carrier_tenant_since"))


@measure("age_at_entry_months", "入驻时成立时间", Unit.MONTH)
def _age_at_entry(ctx: Context) -> Value:
    since, registered = ctx.need("carrier_tenant_since", "registered_on")
    # A firm that is not in yet would enter on the day it is asked for.
    return months_between(registered, since or ctx.as_of)


# --- R&D ----------------------------------------------------------------------------------------------------------

_RD_NOW = Lever("rd", 0)
_RD_THREE = (_RD_NOW, Lever("rd", 1), Lever("rd", 2))


@measure("rd_total", "近一年研发费用（高企口径）", Unit.YUAN, _RD_NOW)
def _rd_total(ctx: Context) -> Value:
    return Quotient(hnte_totals(ctx, [ctx.year])[0])


@measure("rd_total_previous", "上一年研发费用（高企口径）", Unit.YUAN, Lever("rd", 1))
def _rd_total_previous(ctx: Context) -> Value:
    return Quotient(hnte_totals(ctx, [ctx.year - 1])[0])


@measure("rd_total_2y", "近两年研发费用合计（高企口径）", Unit.YUAN, _RD_NOW, Lever("rd", 1))
def _rd_total_2y(ctx: Context) -> Value:
    return Quotient(hnte_totals(ctx, [ctx.year - 1, ctx.year])[0])


def _intensity(years: Callable[[Context], Sequence[int]], ctx: Context) -> Quotient:
    """Sum over sum, 32号 十一(五)."""
    span = years(ctx)
    totals, sales = gathered(lambda: hnte_totals(ctx, span), lambda: total(figures(ctx, "sales_revenue", span)))
    return ratio(totals[0], sales, "同期销售收入")


MEASURES["rd_intensity_3y"] = Measure(
    "近三年研发费用总额占同期销售收入总额的比例",
    Unit.RATIO,
    partial(_intensity, partial(years_of, count=3)),
    _RD_THREE,
)
MEASURES["rd_intensity"] = Measure(
    "近一年研发费用占销售收入的比例", Unit.RATIO, partial(_intensity, lambda ctx: [ctx.year]), (_RD_NOW,)
)
MEASURES["rd_intensity_previous"] = Measure(
    "上一年研发费用占销售收入的比例", Unit.RATIO, partial(_intensity, lambda ctx: [ctx.year - 1]), (Lever("rd", 1),)
)


def _only(year: int, _: Context) -> Sequence[int]:
    return [year]


@measure("rd_intensity_mean_4y", "近四年研发费用占营业收入比例的平均值", Unit.RATIO, _RD_NOW)
def _rd_intensity_mean(ctx: Context) -> Value:
    """The mean of the yearly ratios, over one common denominator."""
    each = gathered(*(partial(_intensity, partial(_only, year), ctx) for year in years_of(ctx, 4)))
    num, den = ZERO, ONE
    for part in each:
        num, den = num * part.den + part.num * den, den * part.den
    return Quotient(num, den * len(each))


@measure("rd_domestic_share_3y", "近三年境内研发费用占全部研发费用的比例", Unit.RATIO, *_RD_THREE)
def _rd_domestic_share(ctx: Context) -> Value:
    total, at_home = hnte_totals(ctx, years_of(ctx, 3))
    return ratio(at_home, total, "研发费用总额")


def _deductible(ctx: Context) -> Quotient:
    base: Quotient = ctx.once("deduction", ctx.year, lambda ctx: rd.deduction(rd_lines(ctx, ctx.year)).base)
    return base


def _deductible_to(figure: str, ctx: Context) -> Quotient:
    """科技型中小企业 counts R&D by 财税〔2015〕119号, 115号 第七条."""
    base, other = gathered(lambda: _deductible(ctx), lambda: figures(ctx, figure, [ctx.year])[0])
    return ratio(base.num, base.den * other, YEARLY[figure].label)


MEASURES["rd_to_sales"] = Measure(
    "研发费用占销售收入的比例（加计扣除口径）", Unit.RATIO, partial(_deductible_to, "sales_revenue"), (_RD_NOW,)
)
MEASURES["rd_to_cost"] = Measure(
    "研发费用占成本费用支出的比例（加计扣除口径）", Unit.RATIO, partial(_deductible_to, "cost_and_expense"), (_RD_NOW,)
)


# --- shares of one year -------------------------------------------------------------------------------------------


def _share(num: str, den: str, ctx: Context) -> Quotient:
    above, below = ctx.need(f"years.{ctx.year}.{num}", f"years.{ctx.year}.{den}")
    if above > below > ZERO:
        raise Unregulated(f"{YEARLY[num].label}大于{YEARLY[den].label}，请核对。")
    return ratio(above, below, YEARLY[den].label)


for _name, _label, _num, _den in (
    ("rd_staff_ratio", "科技人员占职工总数的比例", "rd_staff", "headcount"),
    ("high_tech_income_share", "近一年高新技术产品（服务）收入占同期总收入的比例", "high_tech_income", "total_income"),
    ("main_business_share", "主营业务收入占营业收入的比例", "main_business_revenue", "sales_revenue"),
):
    MEASURES[_name] = Measure(_label, Unit.RATIO, partial(_share, _num, _den), (Lever(_num), Lever(_den)))


@measure("debt_ratio", "资产负债率", Unit.RATIO, Lever("net_assets"))
def _debt_ratio(ctx: Context) -> Value:
    assets, net = ctx.need(f"years.{ctx.year}.total_assets", f"years.{ctx.year}.net_assets")
    return ratio(assets - net, assets, "资产总额")


# --- sums and means -----------------------------------------------------------------------------------------------


@measure("conversions_average_3y", "近三年科技成果转化年均数", Unit.ITEM, Lever("conversions"))
def _conversions(ctx: Context) -> Value:
    """195号 三(七): the yearly mean of three years, or of the years a younger firm has operated."""
    each = figures(ctx, "conversions", years_of(ctx, 3))
    return Quotient(total(each), Decimal(len(each)))


@measure("equity_raised_2y", "近两年股权融资合计", Unit.YUAN, Lever("equity_raised"))
def _equity_2y(ctx: Context) -> Value:
    return Quotient(total(figures(ctx, "equity_raised", [ctx.year - 1, ctx.year])))


@measure("equity_raised_3y", "近三年股权融资合计", Unit.YUAN, Lever("equity_raised"))
def _equity_3y(ctx: Context) -> Value:
    """Required of the years since the firm was registered; what is known of others counts as well."""
    total(figures(ctx, "equity_raised", years_of(ctx, 3)))
    known = [ctx.known(f"years.{year}.equity_raised") for year in range(ctx.year - 2, ctx.year + 1)]
    return Quotient(total([amount for amount in known if amount is not None]))


@measure("equity_raised_total", "成立以来累计获得股权融资", Unit.YUAN, Lever("equity_raised"))
def _equity_total(ctx: Context) -> Value:
    """At least what is known; a year that nobody has reported may have brought any amount."""
    (registered,) = ctx.need("registered_on")
    paths = [f"years.{year}.equity_raised" for year in range(registered.year, ctx.as_of.year + 1)]
    known = [amount for path in paths if (amount := ctx.known(path)) is not None]
    # The year that is not over yet counts as far as it is known.
    lack = tuple(path for path in paths[:-1] if path not in ctx.values)
    least = Quotient(total(known))
    return Between(least, None, lack) if lack else least


@measure("sales_revenue_2y", "连续两年营业收入累计", Unit.YUAN, Lever("sales_revenue"))
def _sales_2y(ctx: Context) -> Value:
    return Quotient(total(figures(ctx, "sales_revenue", [ctx.year - 1, ctx.year])))


# --- growth -------------------------------------------------------------------------------------------------------


def _growth_195(figure: str, ctx: Context) -> Quotient:
    return average_growth(figures(ctx, figure, years_of(ctx, 3)), YEARLY[figure].label)


MEASURES["net_asset_growth"] = Measure(
    "净资产增长率", Unit.RATIO, partial(_growth_195, "net_assets"), (Lever("net_assets"),)
)
MEASURES["sales_growth"] = Measure(
    "销售收入增长率", Unit.RATIO, partial(_growth_195, "sales_revenue"), (Lever("sales_revenue"),)
)


def _yearly_growth(figure: str, ctx: Context) -> Quotient:
    before, after = figures(ctx, figure, [ctx.year - 1, ctx.year])
    return ratio(after - before, before, f"上一年{YEARLY[figure].label}")


def _compound(figure: str, steps: int, ctx: Context) -> Root:
    """Over the first and the last of `steps` + 1 years: (last / first)^(1 / steps) - 1."""
    first, last = figures(ctx, figure, [ctx.year - steps, ctx.year])
    if first <= ZERO or last < ZERO:
        raise Unregulated(f"基期年{YEARLY[figure].label}为零或为负，复合增长率无法计算，须人工判断。")
    return Root(last, first, steps)


for _figure_code, _short in (
    ("sales_revenue", "营业收入"),
    ("headcount", "从业人员"),
    ("main_business_revenue", "主营业务收入"),
):
    _now = (Lever(_figure_code),)
    MEASURES[f"{_figure_code}_yoy"] = Measure(
        f"{_short}同比增长率", Unit.RATIO, partial(_yearly_growth, _figure_code), _now
    )
    for _steps in (2, 3):
        MEASURES[f"{_figure_code}_cagr{_steps}"] = Measure(
            f"{_short} {_steps} 年复合增长率", Unit.RATIO, partial(_compound, _figure_code, _steps), _now
        )


@measure("main_business_growth_2y", "近两年主营业务收入平均增长率", Unit.RATIO, Lever("main_business_revenue"))
def _main_business_growth(ctx: Context) -> Value:
    """The mean of two yearly rates: 工信部企业〔2022〕63号 附件3."""
    label = YEARLY["main_business_revenue"].label
    first, second, third = figures(ctx, "main_business_revenue", range(ctx.year - 2, ctx.year + 1))
    one, two = ratio(second - first, first, label), ratio(third - second, second, label)
    return Quotient(one.num * two.den + two.num * one.den, one.den * two.den * 2)


@measure("sales_revenue_worst_yoy_3y", "近三年营业收入各年增长率的最低值", Unit.RATIO)
def _worst_growth(ctx: Context) -> Value:
    """Growth in each of three years asks for four years of revenue; a younger firm has fewer."""
    each = figures(ctx, "sales_revenue", years_of(ctx, 4))
    if len(each) < 2:
        raise Unregulated("只有一个会计年度，营业收入的增减无法计算，须人工判断。")
    grown = [ratio(b - a, a, "上一年销售收入") for a, b in pairwise(each)]
    worst = grown[0]
    for other in grown[1:]:
        if other.num * worst.den < worst.num * other.den:
            worst = other
    return worst
