"""The least change of one figure that closes a condition: exact, and never a step more than needed."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from app.policy.context import Context, Unknowable
from app.policy.criteria.base import BaseCriterion, Finding
from app.policy.criteria.comparing import Comparison
from app.policy.criteria.scoring import SumOfScores
from app.policy.exact import EXACT, ONE, ZERO, Quotient
from app.policy.facts import Facts, IpRight
from app.policy.figures import CARRIER, YEARLY, IpKind, ObtainedBy, Unit
from app.policy.registry import Lever
from app.policy.terms import Gap, Outcome
from app.policy.wording import path_label

LEAST_YUAN = Decimal("0.01")  # a cent
# Beyond this nobody would call it a gap to close; it also keeps a search short. Rights are made one by one.
_MOST_YUAN, _MOST_COUNT, _MOST_RIGHTS = Decimal(10) ** 12, Decimal(10) ** 6, Decimal(64)
_RIGHTS = {"ip.class_one": IpKind.INVENTION_PATENT, "ip.class_two": IpKind.UTILITY_MODEL}


def path_of(figure: str, year: int | None) -> str:
    """Where a lever's figure lives. `rd` moves the line that every basis counts in full."""
    if year is None:
        return figure
    return f"years.{year}.rd.personnel" if figure == "rd" else f"years.{year}.{figure}"


def changed(facts: Facts, figure: str, year: int | None, amount: Decimal) -> Facts:
    """The facts with one figure more by `amount`: how a what-if and a gap both change them."""
    if figure in _RIGHTS:
        more = IpRight(_RIGHTS[figure], in_force=True, obtained_by=ObtainedBy.SELF_DEVELOPED)
        return facts.set({"ip_rights": (*facts.values.get("ip_rights", ()), *([more] * int(amount)))})
    return facts.add(path_of(figure, year), amount)


def unit_of(figure: str) -> Unit:
    if figure == "rd" or figure.startswith("rd."):
        return Unit.YUAN
    if figure in _RIGHTS:
        return Unit.RIGHT
    return CARRIER[figure.removeprefix("carrier.")].unit if figure.startswith("carrier.") else YEARLY[figure].unit


def gaps(criterion: BaseCriterion, finding: Finding, ctx: Context) -> tuple[Gap, ...]:
    """One gap a lever, open ones first, and what grows before what shrinks. Only an unmet condition has any."""
    if finding.outcome is not Outcome.NOT_MET:
        return ()
    found = [gap for lever in criterion.levers(finding, ctx) if (gap := _gap(criterion, lever, ctx))]
    return tuple(sorted(found, key=lambda gap: (gap.closed, gap.amount < ZERO)))


def _gap(criterion: BaseCriterion, lever: Lever, ctx: Context) -> Gap | None:
    year = None if lever.back is None else ctx.year - lever.back
    if year is not None and ctx.before_founding(year):
        return None
    amount = _least(criterion, lever.figure, year, ctx)
    if amount is None:
        return None
    label = path_label(f"years.{year}.{lever.figure}" if year else lever.figure)
    unit = unit_of(lever.figure)
    return Gap(lever.figure, label, year, amount, unit.label, closed=year is not None and year < ctx.today.year)


def within(criterion: BaseCriterion, gap: Gap, ctx: Context) -> Gap | None:
    """The least change, up to a part's own gap, that closes the whole condition; None where that does not."""
    least = _settled(gap.amount, _step(gap.figure), _closing(criterion, gap.figure, gap.year, ctx))
    return None if least is None else replace(gap, amount=least)


def _step(figure: str) -> Decimal:
    return LEAST_YUAN if unit_of(figure) is Unit.YUAN else ONE


def _closing(criterion: BaseCriterion, figure: str, year: int | None, ctx: Context) -> Callable[[Decimal], bool]:
    current = ctx.values.get(path_of(figure, year), ZERO) if figure not in _RIGHTS else ZERO
    signed = figure in YEARLY and YEARLY[figure].signed

    def closes(amount: Decimal) -> bool:
        if abs(amount) > _most(figure):
            return False
        if not signed and current + amount < ZERO:
            return False
        return criterion.judge(ctx.with_facts(changed(ctx.facts, figure, year, amount))).outcome is Outcome.MET

    return closes


def _least(criterion: BaseCriterion, figure: str, year: int | None, ctx: Context) -> Decimal | None:
    step, closes = _step(figure), _closing(criterion, figure, year, ctx)
    best: Decimal | None = None
    for guess in _guesses(criterion, figure, year, ctx, step):
        least = _settled(guess, step, closes)
        if least is not None and (best is None or abs(least) < abs(best)):
            best = least
    return best if best is not None else _searched(step, closes, most=_most(figure))


def _guesses(criterion: BaseCriterion, figure: str, year: int | None, ctx: Context, step: Decimal) -> Iterator[Decimal]:
    """Where each limit is reached if the measure is linear in the figure, as nearly all are."""
    more = ctx.with_facts(changed(ctx.facts, figure, year, step))
    for name, limit in _limits(criterion, ctx):
        try:
            here, there = ctx.measure(name), more.measure(name)
        except Unknowable:
            continue
        if not (isinstance(here, Quotient) and isinstance(there, Quotient)):
            continue
        slope = (there.num - here.num) - limit * (there.den - here.den)
        if slope:
            steps = EXACT.divide(limit * here.den - here.num, slope)
            yield steps.to_integral_value(ROUND_CEILING if steps > 0 else ROUND_FLOOR) * step


def _limits(criterion: BaseCriterion, ctx: Context) -> Iterator[tuple[str, Decimal]]:
    if isinstance(criterion, Comparison):
        finding = criterion.judge(ctx)
        if finding.limit is not None:
            yield criterion.measure, finding.limit
    if isinstance(criterion, SumOfScores):
        for item in criterion.items:
            for way in (item, *item.or_better):
                for measure, limits, _, _ in way.steps:
                    for _, limit in limits:
                        yield measure, limit


def _settled(guess: Decimal, step: Decimal, closes: Callable[[Decimal], bool]) -> Decimal | None:
    """The guess, or one step beyond for a limit that is not reached by standing on it; None if neither is least."""
    onward = step if guess >= ZERO else -step
    for amount in (guess, guess + onward):
        if amount and closes(amount):
            return amount if not closes(amount - onward) else _halved(amount - onward, step, closes)
    return None


def _most(figure: str) -> Decimal:
    if figure in _RIGHTS:
        return _MOST_RIGHTS
    return _MOST_YUAN if unit_of(figure) is Unit.YUAN else _MOST_COUNT


def _searched(step: Decimal, closes: Callable[[Decimal], bool], *, most: Decimal) -> Decimal | None:
    """Upwards by doubling, for a measure that is not linear; None where no amount closes it."""
    amount = step
    while amount <= most:
        if closes(amount):
            return _halved(amount, step, closes)
        amount *= 2
    return None


def _halved(enough: Decimal, step: Decimal, closes: Callable[[Decimal], bool]) -> Decimal:
    """The least multiple of `step` between nothing and `enough` that closes, where more never opens again."""
    low, high = 0, int(enough / step)
    onward = 1 if high > 0 else -1
    while abs(high - low) > 1:
        middle = (low + high) // 2 if onward > 0 else -((-low - high) // 2)
        low, high = (low, middle) if closes(middle * step) else (middle, high)
    return high * step
