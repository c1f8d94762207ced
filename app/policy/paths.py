"""The cheapest way to a title: which figures to move, by how much, and what no figure can do.

Single levers first. Closed years do not move: for a filing of a later year the figures of that year's last closed
year are still open, and are assumed to be as the year before until somebody says otherwise.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext

from app.policy.context import Context
from app.policy.criteria import Finding
from app.policy.criteria.grouping import AllOf, AnyOf
from app.policy.describing import described
from app.policy.evaluate import Judged, judge
from app.policy.exact import EXACT, ONE, ZERO
from app.policy.facts import Facts
from app.policy.figures import RD_LINES, YEARLY
from app.policy.levers import changed, gaps, path_of
from app.policy.packs import Pack
from app.policy.renewals import Renewal, renewals
from app.policy.terms import Case, Criterion, Gap, Outcome

_MOST_STEPS = 12
_ONE_RIGHT = Decimal("0.3")  # what one more right weighs beside figures, which weigh as a part of themselves


@dataclass(frozen=True, slots=True)
class Step:
    """One condition and the figures that close it."""

    title: str
    cite: str
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class Path:
    """`renewals` and `steps` together lead to `outcome`; `blocked` is what no open figure moves, `open` what people or
    data decide."""

    policy: str
    title: str
    as_of: date
    outcome: Outcome
    steps: tuple[Step, ...]
    blocked: tuple[Criterion, ...]
    open: tuple[Criterion, ...]
    single: tuple[Gap, ...]  # each of these alone would do
    assumed: tuple[str, ...]  # paths of figures that nobody has reported yet
    renewals: tuple[Renewal, ...] = ()
    renewing_is_enough: bool = False  # one renewal alone would do


def project(facts: Facts, *, as_of: date) -> tuple[Facts, tuple[str, ...]]:
    """Figures of the latest closed year as of then, where they are not known: as the year before."""
    year = as_of.year - 1
    codes = (*YEARLY, *(f"rd.{line}" for line in RD_LINES))
    assumed = {
        f"years.{year}.{code}": facts.values[f"years.{year - 1}.{code}"]
        for code in codes
        if f"years.{year}.{code}" not in facts.values and f"years.{year - 1}.{code}" in facts.values
    }
    return facts.set(assumed), tuple(assumed)


def cheapest_path(pack: Pack, facts: Facts, *, as_of: date, today: date, case: Case = Case.NEW) -> Path:
    with localcontext(EXACT):
        known, assumed = project(facts, as_of=as_of) if as_of.year > today.year else (facts, ())
        ctx = Context(known, as_of, case, today=today)
        judged = judge(pack, ctx)
        single = tuple(_alone(pack, judged, ctx))
        renewed, ctx = renewals(pack, ctx)
        missed, judged = judged.outcome, judge(pack, ctx) if renewed else judged
        enough = len(renewed) == 1 and missed is Outcome.NOT_MET is not judged.outcome
        steps: list[Step] = []
        while judged.outcome is Outcome.NOT_MET and len(steps) < _MOST_STEPS:
            step = _cheapest(judged, ctx)
            if step is None:
                break
            steps.append(step)
            ctx = _taken(ctx, step.gaps)
            judged = judge(pack, ctx)
        told = [described(finding, ctx) for finding in judged.findings]
        return Path(
            policy=pack.policy,
            title=pack.title,
            as_of=as_of,
            outcome=judged.outcome,
            steps=tuple(steps),
            blocked=tuple(c for c in told if c.outcome is Outcome.NOT_MET),
            open=tuple(c for c in told if c.outcome in (Outcome.UNKNOWN, Outcome.MANUAL)),
            single=single,
            assumed=assumed,
            renewals=renewed,
            renewing_is_enough=enough,
        )


def _taken(ctx: Context, steps: Sequence[Gap]) -> Context:
    facts = ctx.facts
    for gap in steps:
        facts = changed(facts, gap.figure, gap.year, gap.amount)
    return ctx.with_facts(facts)


def _cheapest(judged: Judged, ctx: Context) -> Step | None:
    ways = [
        (sum((_weight(gap, ctx) for gap in way), ZERO), finding, way)
        for finding in _unmet(judged)
        for way in _ways(finding, ctx)
    ]
    if not ways:
        return None
    _, finding, way = min(ways, key=lambda w: w[0])
    return Step(finding.criterion.title, finding.criterion.cite, tuple(way))


def _unmet(judged: Judged) -> Iterator[Finding]:
    return (f for f in judged.counting if f.outcome is Outcome.NOT_MET)


def _ways(finding: Finding, ctx: Context) -> list[list[Gap]]:
    """Each a set of changes that closes the finding: one of an any-of's parts, every one of an all-of's."""
    criterion = finding.criterion
    unmet = [part for part in finding.parts if part.outcome is Outcome.NOT_MET]
    if isinstance(criterion, AnyOf):
        return [way for part in unmet for way in _ways(part, ctx)]
    if isinstance(criterion, AllOf):
        together: list[Gap] = []
        for part in unmet:
            ways = _ways(part, ctx)
            if not ways:
                return []
            together += min(ways, key=lambda way: sum((_weight(gap, ctx) for gap in way), ZERO))
        return [together]
    # Nobody is told to earn less or to send people away: what only shrinking would close is closed by no figure.
    return [[gap] for gap in gaps(criterion, finding, ctx) if not gap.closed and gap.amount > ZERO]


def _weight(gap: Gap, ctx: Context) -> Decimal:
    """As a part of what the figure is today: a tenth more staff weighs as much as a tenth more spending."""
    if gap.figure.startswith("ip."):
        return gap.amount * _ONE_RIGHT
    current: Decimal = ctx.values.get(path_of(gap.figure, gap.year), ZERO)
    return EXACT.divide(abs(gap.amount), max(abs(current), ONE)).quantize(Decimal("0.000001"))


def _alone(pack: Pack, judged: Judged, ctx: Context) -> Iterator[Gap]:
    """Where one condition is missed, or one change closes all that are: of each figure the least that does."""
    if judged.outcome is not Outcome.NOT_MET:
        return
    least: dict[tuple[str, int | None], Gap] = {}
    for finding in _unmet(judged):
        for way in _ways(finding, ctx):
            gap, key = way[0], (way[0].figure, way[0].year)
            if len(way) > 1 or (key in least and least[key].amount <= gap.amount):
                continue
            if judge(pack, _taken(ctx, way)).outcome is not Outcome.NOT_MET:
                least[key] = gap
    yield from sorted(least.values(), key=lambda gap: _weight(gap, ctx))
