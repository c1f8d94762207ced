"""Measures of a carrier, over its operator's figures."""

from decimal import Decimal
from functools import partial

from app.policy.context import Between, Context, Value
from app.policy.exact import ZERO, Quotient
from app.policy.figures import CARRIER, Unit
from app.policy.measures.reading import ratio
from app.policy.registry import MEASURES, Lever, Measure

# How many houses more there may be of a count: those of which nobody knows yet whether they belong to it.
MAYBE = "carrier_maybe."


def _maybe(code: str, ctx: Context) -> Decimal:
    more: Decimal = ctx.values.get(MAYBE + code, ZERO)
    return more


def _carrier_figure(code: str, ctx: Context) -> Value:
    (least,) = ctx.need(f"carrier.{code}")
    more = _maybe(code, ctx)
    return Between(Quotient(least), Quotient(least + more), (f"carrier.{code}",)) if more else Quotient(least)


for _code, _figure in CARRIER.items():
    MEASURES[f"carrier_{_code}"] = Measure(
        _figure.label, _figure.unit, partial(_carrier_figure, _code), (Lever(f"carrier.{_code}", None),)
    )


def _carrier_ratio(num: str, den: str, per: Decimal, ctx: Context) -> Value:
    above, below = ctx.need(f"carrier.{num}", f"carrier.{den}")
    least, more = ratio(above * per, below, CARRIER[den].label), _maybe(num, ctx)
    return Between(least, Quotient((above + more) * per, below), (f"carrier.{num}",)) if more else least


for _name, _label, _num, _den, _per, _unit in (
    ("carrier_tenant_area_share", "在孵企业使用面积占比", "tenant_area", "incubation_area", 1, Unit.RATIO),
    ("carrier_tenants_per_1000_m2", "每千平方米在孵企业", "tenants", "incubation_area", 1000, Unit.HOUSE),
    ("carrier_professional_share", "专业孵化服务人员占比", "professional_staff", "staff", 1, Unit.RATIO),
    (
        "carrier_professionals_per_10",
        "每 10 家在孵企业的专业服务人员",
        "professional_staff",
        "tenants",
        10,
        Unit.PERSON,
    ),
    ("carrier_mentors_per_10", "每 10 家在孵企业的创业导师", "mentors", "tenants", 10, Unit.PERSON),
    ("carrier_invested_share", "获孵化器股权投资的在孵企业占比", "invested", "tenants", 1, Unit.RATIO),
    ("carrier_patent_share", "申请专利的在孵企业占比", "patent_applicants", "tenants", 1, Unit.RATIO),
    ("carrier_ip_share", "拥有有效知识产权的在孵企业占比", "ip_holders", "tenants", 1, Unit.RATIO),
    ("carrier_same_field_share", "同一产业领域的在孵企业占比", "same_field", "tenants", 1, Unit.RATIO),
    ("carrier_service_income_share", "孵化服务收入占总收入的比例", "service_income", "total_income", 1, Unit.RATIO),
):
    MEASURES[_name] = Measure(
        _label,
        _unit,
        partial(_carrier_ratio, _num, _den, Decimal(_per)),
        (Lever(f"carrier.{_num}", None), Lever(f"carrier.{_den}", None)),
    )


def _cohort_share(num: str, ctx: Context) -> Value:
    """Of those whom the sum was made of, where that is not today's tenants."""
    return _carrier_ratio(num, "tenants" if ctx.known("carrier.cohort") is None else "cohort", Decimal(1), ctx)


for _name, _label, _num in (
    ("carrier_financed_share", "获得投融资的在孵企业占比", "financed"),
    ("carrier_growth_share", "增长超过 20% 的在孵企业占比", "growing"),
):
    _levers = (Lever(f"carrier.{_num}", None), Lever("carrier.tenants", None))
    MEASURES[_name] = Measure(_label, Unit.RATIO, partial(_cohort_share, _num), _levers)
