"""What people write for towns, tiers, directions, fields and industries, looked up among the bureau's own."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.firms.industries import by_name, find_industry
from app.firms.terms import Reference
from app.pipeline.terms import Ladder
from app.text import key

_TOWN_ENDINGS = ("街道", "镇", "新区")
# What rosters write beside a tier's own label and short word.
_TIER_WORDS: Mapping[str, tuple[str, ...]] = {
    "tech_micro": ("科技型小微", "小微企业", "科技小微", "科技型小微型企业"),
    "eaglet": ("雏鹰", "雏鹰企业"),
    "gazelle": ("瞪羚", "瞪羚企业"),
    "hnte": ("高企", "国高", "国家高新技术企业", "高新企业", "高新技术"),
    "leader": ("领军", "领军企业", "科技领军"),
}


@dataclass(frozen=True, slots=True)
class Names:
    """By comparison key (app.text.key), so that width, case and stray spaces do not matter."""

    place: str
    scope_region: str | None  # where a firm goes whose row names no town
    regions: Mapping[str, str]
    tiers: Mapping[str, str]
    directions: Mapping[str, str]
    fields: Mapping[str, str]
    industries: Mapping[str, str]
    industry_codes: frozenset[str]
    parks: Mapping[str, str]

    def region(self, text: str) -> str | None:
        return self.regions.get(key(text))

    def tier(self, text: str) -> str | None:
        return self.tiers.get(key(text))

    def direction(self, text: str) -> str | None:
        return self.directions.get(key(text))

    def field(self, text: str) -> str | None:
        return self.fields.get(key(text))

    def park(self, text: str) -> str:
        """A park that nobody has listed yet keeps the name it was given."""
        return self.parks.get(key(text), text)

    def industry(self, text: str) -> str | None:
        return find_industry(text, self.industry_codes, self.industries)


def names_for(reference: Reference, ladder: Ladder, *, scope: str) -> Names:
    scope_region = _scope_region(reference, scope)
    return Names(
        place=reference.region(scope_region) if scope_region else "您管辖范围内",
        scope_region=scope_region,
        regions=_regions(reference, scope),
        tiers=_tiers(ladder),
        directions=reference.direction_synonyms,
        # The broader of two fields with one name wins: it comes first.
        fields={key(name): code for code, name in reversed(_pairs(reference.high_tech_fields))},
        industries=by_name(reference.industries),
        industry_codes=frozenset(reference.industries),
        parks=reference.park_synonyms,
    )


def _pairs(names: Mapping[str, str]) -> list[tuple[str, str]]:
    return [pair for code, name in names.items() for pair in ((code, name), (code, code))]


def _scope_region(reference: Reference, scope: str) -> str | None:
    """The division that a scope names; a shorter prefix stands for the division with that many digits of its own."""
    return next((c for c in (scope, scope.ljust(6, "0")) if scope and c in reference.regions), None)


def _regions(reference: Reference, scope: str) -> dict[str, str]:
    """Every way to write a division in sight that leaves no doubt which one is meant."""
    meant: dict[str, set[str]] = {}
    for code, name in reference.regions.items():
        if scope and code.startswith(scope):
            above = reference.regions.get(code[:6], "")
            for spelling in _spellings(name, above):
                meant.setdefault(spelling, set()).add(code)
            meant.setdefault(code, set()).add(code)
    return {spelling: codes.pop() for spelling, codes in meant.items() if len(codes) == 1}


def _spellings(name: str, above: str) -> Iterable[str]:
    short = next((name.removesuffix(e) for e in _TOWN_ENDINGS if name.endswith(e) and len(name) > len(e) + 1), name)
    ways = {name, short, name + "人民政府", name + "政府"}
    if name.endswith("街道"):
        ways |= {name + "办事处", name + "办", short + "办事处"}
    return {key(prefix + way) for way in ways for prefix in ("", above)}


def _tiers(ladder: Ladder) -> dict[str, str]:
    known: dict[str, str] = {}
    for tier in ladder.tiers:
        for word in (tier.code, tier.label, tier.short, *_TIER_WORDS.get(tier.code, ())):
            known.setdefault(key(word), tier.code)
            known.setdefault(key(word.removesuffix("企业")), tier.code)
    return known
