"""Measures of intellectual property, standards, awards and institutions."""

from collections.abc import Callable
from decimal import Decimal
from functools import partial

from app.policy.context import Context, Lack
from app.policy.exact import Quotient
from app.policy.facts import IpRight
from app.policy.figures import IpKind, ObtainedBy, Unit
from app.policy.registry import MEASURES, Lever, Measure


def _counted(which: Callable[[Context, IpRight], bool], ctx: Context) -> Quotient:
    """Granted and in force on the day. Raises Lack where a right that would count does not say whether it is."""
    number, unsure = 0, []
    for place, right in enumerate(ctx.need("ip_rights")[0]):
        if right.granted_on is not None and right.granted_on > ctx.as_of:
            continue
        if right.in_force is False or not which(ctx, right):
            continue
        if right.in_force is None:
            unsure.append(f"ip_rights.{place}.in_force")
        number += 1
    if unsure:
        raise Lack(unsure)
    return Quotient(Decimal(number))


def _serves_hnte(ctx: Context, right: IpRight) -> bool:
    """195号 三(二): a right of class Ⅱ serves one 高企 filing only; class Ⅰ as long as it is in force."""
    return not right.class_two or right.used_in_hnte_year in (None, ctx.as_of.year)


def _of_class_two(_: Context, right: IpRight) -> bool:
    return right.class_two


def _of_class_one(_: Context, right: IpRight) -> bool:
    return not right.class_two


def _own_class_one(_: Context, right: IpRight) -> bool:
    """Without those taken over from others."""
    return not right.class_two and right.obtained_by is not ObtainedBy.ASSIGNED


def _own(ctx: Context, right: IpRight) -> bool:
    return _serves_hnte(ctx, right) and right.obtained_by is ObtainedBy.SELF_DEVELOPED


def _invention(_: Context, right: IpRight) -> bool:
    return right.kind is IpKind.INVENTION_PATENT


for _name, _label, _which, _lever in (
    ("core_ip", "可用于高企申报的有效知识产权", _serves_hnte, "ip.class_two"),
    ("core_class_two", "可用于高企申报的Ⅱ类知识产权", lambda c, r: r.class_two and _serves_hnte(c, r), "ip.class_two"),
    ("core_self_developed", "可用于高企申报的自主研发知识产权", _own, "ip.class_two"),
    ("ip_any", "有效知识产权", lambda c, r: True, "ip.class_two"),  # noqa: ARG005 - every right counts
    ("ip_class_one", "有效Ⅰ类知识产权", _of_class_one, "ip.class_one"),
    ("ip_class_one_own", "有效Ⅰ类知识产权（不含受让）", _own_class_one, "ip.class_one"),
    ("ip_class_two", "有效Ⅱ类知识产权", _of_class_two, "ip.class_two"),
    ("invention_patents", "有效发明专利", _invention, "ip.class_one"),
):
    MEASURES[_name] = Measure(_label, Unit.RIGHT, partial(_counted, _which), (Lever(_lever, None),))


def _entries(fact: str, ctx: Context) -> Quotient:
    return Quotient(Decimal(len(ctx.need(fact)[0])))


for _fact, _label in (("standards_led", "参与编制的标准"), ("platforms", "创新平台")):
    MEASURES[_fact] = Measure(_label, Unit.ITEM, partial(_entries, _fact))
