"""Certificates that hold today and will have lapsed by the day of a filing: what has to be renewed before it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from app.policy.context import Context
from app.policy.criteria import BaseCriterion
from app.policy.criteria.holding import CertificateInForce
from app.policy.evaluate import judge
from app.policy.facts import CertificateFact
from app.policy.packs import Pack
from app.policy.terms import Outcome


@dataclass(frozen=True, slots=True)
class Renewal:
    """A certificate to be had anew, and the condition that asks for it."""

    title: str
    cite: str
    noun: str
    number: str
    expires_on: date
    hint: str

    def sentence(self, as_of: date) -> str:
        held = f"现有的 {self.number}".rstrip()
        return f"重新取得{self.noun}：{held} 到 {self.expires_on} 为止，{as_of} 已失效。{self.hint}"


def renewals(pack: Pack, ctx: Context) -> tuple[tuple[Renewal, ...], Context]:
    """Only those without which a condition is answered otherwise; and the firm as it is once they are renewed."""
    version = pack.version_on(ctx.as_of, ctx.case)
    if version is None or ctx.as_of <= ctx.today:
        return (), ctx
    lapsing = _lapsing(version.criteria, ctx)
    if not lapsing:
        return (), ctx
    needed = dict(lapsing)
    wanted = _outcomes(pack, _renewed(ctx, [held for held, _ in needed.values()]))
    for kind in lapsing:
        without = [held for other, (held, _) in needed.items() if other != kind]
        if _outcomes(pack, _renewed(ctx, without)) == wanted:
            del needed[kind]
    found = tuple(
        Renewal(asked.title, asked.cite, asked.noun, held.number, held.expires_on, asked.hint)
        for held, asked in needed.values()
    )
    return found, _renewed(ctx, [held for held, _ in needed.values()])


def _lapsing(criteria: Sequence[BaseCriterion], ctx: Context) -> dict[str, tuple[CertificateFact, CertificateInForce]]:
    """By kind, the one that holds longest and the first condition that asks for it."""
    holding = {one.kind for one in ctx.facts.certificates if one.in_force(ctx.as_of)}
    found: dict[str, tuple[CertificateFact, CertificateInForce]] = {}
    for asked in _asking(criteria):
        for one in ctx.facts.certificates:
            if one.kind in asked.certificates and one.kind not in holding and one.in_force(ctx.today):
                known = found.get(one.kind)
                if known is None or one.expires_on > known[0].expires_on:
                    found[one.kind] = (one, known[1] if known else asked)
    return found


def _asking(criteria: Sequence[BaseCriterion]) -> Iterator[CertificateInForce]:
    for criterion in criteria:
        if isinstance(criterion, CertificateInForce) and not criterion.absent:
            yield criterion
        yield from _asking(criterion.parts_of())


def _renewed(ctx: Context, held: Sequence[CertificateFact]) -> Context:
    if not held:
        return ctx
    anew = [CertificateFact(one.kind, one.number, ctx.as_of, ctx.as_of) for one in held]
    return ctx.with_facts(ctx.facts.with_certificates(*ctx.facts.certificates, *anew))


def _outcomes(pack: Pack, ctx: Context) -> list[Outcome]:
    return [finding.outcome for finding in judge(pack, ctx).findings]
