"""All policies of the house at one revision, and the one question everybody asks them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from app.policy.evaluate import assess
from app.policy.facts import Facts
from app.policy.packs import Pack
from app.policy.terms import LOCAL_DEFAULT, Assessment, Case, Criterion, Outcome


@dataclass(frozen=True, slots=True)
class Policies:
    """`revision` changes whenever a version is published or retired."""

    packs: Mapping[str, Pack] = field(default_factory=dict)
    revision: str = ""

    def assess(
        self, policy: str, facts: Facts, *, as_of: date, case: Case = Case.NEW, today: date | None = None
    ) -> Assessment:
        """A tier whose policy nobody has written is left to a person's judgement."""
        pack = self.packs.get(policy)
        return assess(pack, facts, as_of=as_of, case=case, today=today) if pack else _judgement(policy, as_of)

    def only(self, *codes: str) -> "Policies":
        return Policies({code: pack for code, pack in self.packs.items() if code in codes}, self.revision)

    def for_firms(self) -> list[Pack]:
        """Those that answer met or not for a firm; 加计扣除 is an amount, and a carrier's are about carriers."""
        return [p for p in self.packs.values() if p.subject == "firm" and not any(v.deduction for v in p.versions)]


def _judgement(policy: str, as_of: date) -> Assessment:
    criterion = Criterion(
        code="judgement",
        title="由专员判断，须写明理由",
        outcome=Outcome.MANUAL,
        note=f"本级条件没有公开的正式文件，由专员判断并写明理由（{LOCAL_DEFAULT}）。",
    )
    return Assessment(policy, "", LOCAL_DEFAULT, as_of, Outcome.MANUAL, (criterion,), label=LOCAL_DEFAULT)
