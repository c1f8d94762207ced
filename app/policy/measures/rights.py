"""Measures of intellectual property, standards, awards and institutions."""

from collections.abc import Callable
from decimal import Decimal
from functools import partial

from app.policy.context import Between, Context, Value
from app.policy.exact import Quotient
from app.policy.facts import IpRight
from app.policy.figures import IpKind, ObtainedBy, Unit
from app.policy.registry import MEASURES, Lever, Measure

Counts = bool | str  # whether a right counts, or the field that would tell


def _counted(which: Callable[[Context, IpRight], Counts], ctx: Context) -> Value:
    """Granted and in force on the day. A right that does not say whether it counts makes the count a range."""
    number, unsure = 0, 0
    lack: list[str] = []
    for place, right in ctx.once("rights", 0, _not_over):
        counts = which(ctx, right)
        if counts is True and right.in_force:
            number += 1
        elif counts is not False:
            wanted = ["in_force"] if right.in_force is None else []
            if counts is not True:
                wanted.append(counts)
            lack += [f"ip_rights.{place}.{field}" for field in wanted]
            unsure += 1
    least = Quotient(Decimal(number))
    return Between(least, Quotient(Decimal(number + unsure)), tuple(lack)) if unsure else least


def _not_over(ctx: Context) -> list[tuple[int, IpRight]]:
    return [
        (place, right)
        for place, right in enumerate(ctx.need("ip_rights")[0])
        if right.in_force is not False and (right.granted_on is None or right.granted_on <= ctx.as_of)
    ]


def _serves_hnte(ctx: Context, right: IpRight) -> bool:
    """195号 三(二): a right of class Ⅱ serves one 高企 filing only; class Ⅰ as long as it is in force."""
    return not right.class_two or right.used_in_hnte_year is None or right.used_in_hnte_year >= ctx.as_of.year


def _class_two_for_hnte(ctx: Context, right: IpRight) -> bool:
    return right.class_two and _serves_hnte(ctx, right)


def _self_developed(right: IpRight) -> Counts:
    return "obtained_by" if right.obtained_by is None else right.obtained_by is ObtainedBy.SELF_DEVELOPED


def _own_for_hnte(ctx: Context, right: IpRight) -> Counts:
    return _serves_hnte(ctx, right) and _self_developed(right)


def _any(_: Context, _right: IpRight) -> bool:
    return True


def _of_class_one(_: Context, right: IpRight) -> bool:
    return not right.class_two


def _own_class_one(_: Context, right: IpRight) -> Counts:
    """工信部企业〔2026〕2号 附件3: without those taken over from others."""
    return not right.class_two and _self_developed(right)


def _of_class_two(_: Context, right: IpRight) -> bool:
    return right.class_two


def _lasting_class_two(ctx: Context, right: IpRight) -> Counts:
    """工信部企业〔2022〕63号: utility models and designs count when kept for more than two years after the grant."""
    if right.kind is IpKind.SOFTWARE_COPYRIGHT or not right.class_two:
        return right.class_two
    if right.granted_on is None:
        return "granted_on"
    granted = right.granted_on
    return (granted.year + 2, granted.month, granted.day) < (ctx.as_of.year, ctx.as_of.month, ctx.as_of.day)


def _invention(_: Context, right: IpRight) -> bool:
    return right.kind is IpKind.INVENTION_PATENT


for _name, _label, _which, _lever in (
    ("core_ip", "可用于高企申报的有效知识产权", _serves_hnte, "ip.class_two"),
    ("core_class_two", "可用于高企申报的Ⅱ类知识产权", _class_two_for_hnte, "ip.class_two"),
    ("core_self_developed", "可用于高企申报的自主研发知识产权", _own_for_hnte, "ip.class_two"),
    ("ip_any", "有效知识产权", _any, "ip.class_two"),
    ("ip_class_one", "有效Ⅰ类知识产权", _of_class_one, "ip.class_one"),
    ("ip_class_one_own", "有效Ⅰ类知识产权（自主研发，不含转入）", _own_class_one, "ip.class_one"),
    ("ip_class_two", "有效Ⅱ类知识产权", _of_class_two, "ip.class_two"),
    ("ip_class_two_lasting", "有效Ⅱ类知识产权（专利授权后维持超过两年）", _lasting_class_two, ""),
    ("invention_patents", "有效发明专利", _invention, "ip.class_one"),
):
    _levers = (Lever(_lever, None),) if _lever else ()  # a patent of today is not two years old
    MEASURES[_name] = Measure(_label, Unit.RIGHT, partial(_counted, _which), _levers)


# 195号 三(七): 国家标准、行业标准、检测方法、技术规范; an international one is no less.
_STANDARD_LEVELS = ("international", "national", "industry")


def _entries(fact: str, ctx: Context) -> Quotient:
    entries = [one for one in ctx.need(fact)[0] if one.on is None or one.on <= ctx.as_of]
    if fact == "standards_led":
        entries = [one for one in entries if one.level in _STANDARD_LEVELS]
    return Quotient(Decimal(len(entries)))


for _fact, _label in (("standards_led", "参与编制的标准"), ("platforms", "创新平台")):
    MEASURES[_fact] = Measure(_label, Unit.ITEM, partial(_entries, _fact))
