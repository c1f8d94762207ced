"""What the gap page shows of a firm: worked out once for the same facts under the same policies, as the answers are."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from app.assessments.gathering import Gathered
from app.assessments.telling import Teller, Told, tell
from app.firms.terms import FirmDetail
from app.policy.terms import MET, NOT_APPLICABLE, Assessment, Case, Outcome
from app.web.gap_views import (
    ConditionView,
    TitleView,
    bases,
    condition_view,
    doubt_of,
    inputs_of,
    next_sought,
    path_view,
    title_view,
)
from app.web.lookups import Lookup
from app.web.trying import fields

# What stands in the way comes first; what is settled is folded away.
_ORDER = {Outcome.NOT_MET: 0, Outcome.UNKNOWN: 1, Outcome.MANUAL: 2}
_SETTLED = (MET, NOT_APPLICABLE)


@dataclass(frozen=True, slots=True)
class Asked:
    """Of which title, on which day. `as_of` is the day that the address names, if it names one."""

    policy: str
    as_of: date | None
    day: date
    today: date
    case: Case

    @property
    def ahead(self) -> date:
        return self.day if self.day.year > self.today.year else next_year(self.today)


def next_year(today: date) -> date:
    """Half a year into the next: a day on which its windows are usually open, for planning only."""
    return date(today.year + 1, 6, 1)


def gap_content(
    teller: Teller, firm: FirmDetail, gathered: Gathered, lookup: Lookup, asked: Asked
) -> Mapping[str, Any]:
    """Context: `titles`, `others` [TitleView]; `chosen` Assessment and its `chosen_view`, `version`, `doubt`; `missing`
    and `settled` [ConditionView]; `assumed` figures; `path` PathView; `bases` [BasisRow] of `year`; `fields`.
    """
    region = lookup.reference.region(firm.region_code)
    key = ("page", lookup.policies.revision, asked, firm.tier, region, gathered.key)
    found: Mapping[str, Any] = teller.once(key, lambda: _content(teller, firm, gathered, lookup, asked))
    return found


def _content(teller: Teller, firm: FirmDetail, gathered: Gathered, lookup: Lookup, asked: Asked) -> dict[str, Any]:
    policy = _chosen(firm, lookup, asked)
    # Fourteen titles told in full would take a page that is opened for the first time four times as long.
    told = tell(lookup.policies, gathered.facts, as_of=asked.day, today=asked.today, case=asked.case, chosen=policy)
    chosen = told.of(policy) or told.assessments[0]
    version = lookup.policies.packs[chosen.policy].version_on(asked.day, asked.case)
    year = asked.day.year - 1
    path = teller.path(
        lookup.policies, chosen.policy, gathered.facts, as_of=asked.ahead, today=asked.today, case=asked.case
    )
    conditions = _conditions(chosen, gathered, told, lookup, version.source.grade if version else "")
    titles = [_title(a, chosen, firm, asked) for a in told.assessments]
    # The ladder's own, upwards, and the one that was asked for; the others are folded away.
    rank = {tier.sought: tier.rank for tier in lookup.main.tiers}
    first = [t for t in titles if t.policy in rank or t.chosen]
    return {
        "titles": sorted(first, key=lambda t: rank.get(t.policy, len(rank) + 1)),
        "others": [t for t in titles if t not in first],
        "chosen": chosen,
        "chosen_view": title_view(chosen, "", chosen=True),
        "version": version,
        "doubt": doubt_of(version.source) if version else "",
        "missing": [c for c in conditions if c.outcome not in _SETTLED],
        "settled": [c for c in conditions if c.outcome in _SETTLED],
        "assumed": len(told.assumed),
        "path": path_view(path),
        "bases": bases(gathered, year),
        "year": year,
        "fields": fields({}, told.facts, year, {}),
    }


def _chosen(firm: FirmDetail, lookup: Lookup, asked: Asked) -> str:
    """The title that was asked for, else the next one up, else the first."""
    known = [pack.policy for pack in lookup.policies.for_firms()]
    return next((policy for policy in (asked.policy, next_sought(firm, lookup)) if policy in known), known[0])


def _conditions(chosen: Assessment, gathered: Gathered, told: Told, lookup: Lookup, grade: str) -> list[ConditionView]:
    inputs = inputs_of(gathered, frozenset(told.assumed), lookup)
    views = [condition_view(criterion, inputs, grade) for criterion in chosen.criteria]
    return sorted(views, key=lambda view: _ORDER.get(view.outcome, len(_ORDER)))


def _title(assessment: Assessment, chosen: Assessment, firm: FirmDetail, asked: Asked) -> TitleView:
    more = f"&as_of={asked.as_of}" if asked.as_of else ""
    more += "" if asked.case is Case.NEW else f"&case={asked.case.value}"
    href = f"/firms/{firm.uscc}/gap?policy={assessment.policy}{more}"
    return title_view(assessment, href, chosen=assessment.policy == chosen.policy)
