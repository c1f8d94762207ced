"""All policies' answers in full, for whoever reads them: the same facts under the same policies are told once."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from app.policy.evaluate import assess_all
from app.policy.facts import Facts
from app.policy.paths import Path, cheapest_path, project
from app.policy.policies import Policies
from app.policy.terms import Assessment, Case

_KEPT = 512


@dataclass(frozen=True, slots=True)
class Told:
    """`assumed`: figures of a year that is not over, taken as the year before. Where one title was chosen, the
    conditions are its alone."""

    facts: Facts
    assessments: tuple[Assessment, ...]
    assumed: tuple[str, ...]

    def of(self, policy: str) -> Assessment | None:
        return next((one for one in self.assessments if one.policy == policy), None)


class Teller:
    """One per process. The key is the facts themselves, so that nothing stale can be told."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Any, Any] = OrderedDict()

    def tell(self, policies: Policies, facts: Facts, *, as_of: date, today: date, case: Case = Case.NEW) -> Told:
        key = ("all", policies.revision, as_of, today, case, facts.known)
        found: Told = self.once(key, lambda: tell(policies, facts, as_of=as_of, today=today, case=case))
        return found

    def path(
        self, policies: Policies, policy: str, facts: Facts, *, as_of: date, today: date, case: Case = Case.NEW
    ) -> Path:
        key = (policy, policies.revision, as_of, today, case, facts.known)
        pack = policies.packs[policy]
        found: Path = self.once(key, lambda: cheapest_path(pack, facts, as_of=as_of, today=today, case=case))
        return found

    def once(self, key: Any, compute: Callable[[], Any]) -> Any:
        """What is made of the same facts once. The key holds everything that it depends on."""
        found = self._kept.get(key)
        if found is None:
            found = self._kept[key] = compute()
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(key)
        return found


def tell(
    policies: Policies, facts: Facts, *, as_of: date, today: date, case: Case = Case.NEW, chosen: str = ""
) -> Told:
    """For a later year's filing the figures that are not in yet are assumed, and said to be."""
    known, assumed = project(facts, as_of=as_of) if as_of.year > today.year else (facts, ())
    told = assess_all(policies.for_firms(), known, as_of=as_of, case=case, today=today, chosen=chosen)
    return Told(known, tuple(told), assumed)
