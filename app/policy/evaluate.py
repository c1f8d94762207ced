"""One policy's answer for one firm on one day: judged fast, told in full only when somebody wants to read it."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal, localcontext
from typing import NamedTuple

import app.policy.measures  # noqa: F401 - enters the measures
from app.policy.context import Context
from app.policy.criteria import Finding
from app.policy.criteria.grouping import all_of, any_of, farthest
from app.policy.describing import described, score_of
from app.policy.exact import EXACT
from app.policy.facts import Facts
from app.policy.packs import Pack, Version
from app.policy.terms import MANUAL, MET, NOT_APPLICABLE, NOT_MET, UNKNOWN, Assessment, Case, Outcome


class Judged(NamedTuple):
    """What a nightly run keeps of a policy for a firm."""

    version: Version | None
    outcome: Outcome
    findings: tuple[Finding, ...]

    @property
    def missed(self) -> int:
        return sum(finding.outcome is NOT_MET for finding in self.counting)

    @property
    def lacking(self) -> int:
        return sum(finding.outcome is UNKNOWN for finding in self.counting)

    def shortfall(self, ahead: Context) -> Decimal | None:
        """The farthest of the missed conditions, as a part of what it asks; None where one cannot be measured, FARTHEST
        where one cannot be met a year `ahead` either, whatever is done."""
        return farthest([f.criterion.shortfall(f, ahead) for f in self.counting if f.outcome is NOT_MET])

    @property
    def counting(self) -> Sequence[Finding]:
        """Of alternatives of which one is enough, only what decides: none once one is met, else the nearest."""
        if self.version is None or not self.version.either:
            return self.findings
        skipped: set[str] = set()
        for group in self.version.either:
            members = [f for f in self.findings if f.criterion.code in group]
            skipped |= {f.criterion.code for f in members} - {_deciding(members).criterion.code}
        return [f for f in self.findings if f.criterion.code not in skipped]


_BEST_FIRST = (MET, UNKNOWN, MANUAL, NOT_MET, NOT_APPLICABLE)


def _deciding(members: Sequence[Finding]) -> Finding:
    return min(members, key=lambda f: _BEST_FIRST.index(f.outcome))


def judge(pack: Pack, ctx: Context) -> Judged:
    """Inside `localcontext(EXACT)`; no sentence is made here."""
    version = pack.version_on(ctx.as_of, ctx.case)
    if version is None or version.deduction is not None:
        return Judged(version, NOT_APPLICABLE, ())
    findings = tuple([criterion.judge(ctx) for criterion in version.criteria])
    return Judged(version, _overall(version, findings), findings)


def _overall(version: Version, findings: Sequence[Finding]) -> Outcome:
    if not version.either:
        return all_of([finding.outcome for finding in findings])
    grouped = {code for group in version.either for code in group}
    outcomes = [f.outcome for f in findings if f.criterion.code not in grouped]
    for group in version.either:
        outcomes.append(any_of([f.outcome for f in findings if f.criterion.code in group]))
    return all_of(outcomes)


def assess(pack: Pack, facts: Facts, *, as_of: date, case: Case = Case.NEW, today: date | None = None) -> Assessment:
    """In full. `today` says which years are over when `as_of` lies ahead."""
    (assessment,) = assess_all([pack], facts, as_of=as_of, case=case, today=today)
    return assessment


def assess_all(
    packs: Sequence[Pack],
    facts: Facts,
    *,
    as_of: date,
    case: Case = Case.NEW,
    today: date | None = None,
    chosen: str = "",
) -> list[Assessment]:
    """What several policies measure is measured once. Where one is `chosen`, the conditions are told of it alone: of
    the others the answer costs a tenth."""
    with localcontext(EXACT):
        ctx = Context(facts, as_of, case, today=today, in_full=True)
        return [told(pack, judge(pack, ctx), ctx, conditions=chosen in ("", pack.policy)) for pack in packs]


def _silence(pack: Pack, day: date) -> str:
    """Why nothing answers on the day: the last version has ended, or the first has not begun."""
    ended = [v for v in pack.versions if v.effective_to is not None and v.effective_to < day]
    if ended:
        last = max(ended, key=lambda v: v.effective_to or day)
        return f"{last.version} 到 {last.effective_to} 为止，之后没有接替的版本，{day} 没有结论"
    first = min(v.effective_from for v in pack.versions)
    return f"{day} 没有载入有效的版本（最早 {first}）"


def told(pack: Pack, judged: Judged, ctx: Context, *, conditions: bool = True) -> Assessment:
    version = judged.version
    if version is None:
        return Assessment(
            pack.policy,
            "",
            _silence(pack, ctx.as_of),
            ctx.as_of,
            NOT_APPLICABLE,
            title=pack.title,
            case=ctx.case,
        )
    return Assessment(
        policy=pack.policy,
        version=version.version,
        document=version.document,
        as_of=ctx.as_of,
        outcome=judged.outcome,
        criteria=tuple([described(finding, ctx) for finding in judged.findings]) if conditions else (),
        score=next((score for f in judged.findings if (score := score_of(f, ctx))), None),
        title=pack.title,
        label=version.label,
        case=ctx.case,
        missed=judged.missed,
        lacking=judged.lacking,
    )
