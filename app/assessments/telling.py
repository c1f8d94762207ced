"""All policies' answers in full, for whoever reads them: the same facts under the same policies are told once."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from app.policy.facts import Facts
from app.policy.paths import project
from app.policy.policies import Policies
from app.policy.terms import Assessment, Case

_KEPT = 512


@dataclass(frozen=True, slots=True)
class Told:
    """`assumed`: figures of a year that is not over, taken as the year before."""

    facts: Facts
    assessments: tuple[Assessment, ...]
    assumed: tuple[str, ...]

    def of(self, policy: str) -> Assessment | None:
        return next((one for one in self.assessments if one.policy == policy), None)


class Teller:
    """One per process. The key is the facts themselves, so that nothing stale can be told."""

    def __init__(self) -> None:
        self._told: OrderedDict[Any, Told] = OrderedDict()

    def tell(self, policies: Policies, facts: Facts, *, as_of: date, today: date, case: Case = Case.NEW) -> Told:
        known = tuple(sorted(facts.values.items(), key=lambda item: item[0]))
        key = (policies.revision, as_of, today, case, known)
        found = self._told.get(key)
        if found is None:
            found = tell(policies, facts, as_of=as_of, today=today, case=case)
            self._told[key] = found
            while len(self._told) > _KEPT:
                self._told.popitem(last=False)
        else:
            self._told.move_to_end(key)
        return found


def tell(policies: Policies, facts: Facts, *, as_of: date, today: date, case: Case = Case.NEW) -> Told:
    """For a later year's filing the figures that are not in yet are assumed, and said to be."""
    known, assumed = project(facts, as_of=as_of) if as_of.year > today.year else (facts, ())
    codes: Sequence[str] = [pack.policy for pack in policies.for_firms()]
    told = tuple(policies.assess(code, known, as_of=as_of, case=case, today=today) for code in codes)
    return Told(known, told, assumed)
