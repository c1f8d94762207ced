"""Counts of a carrier's tenants: who belongs, who does not, and of whom nobody knows."""

from datetime import date
from decimal import ROUND_CEILING, Decimal

import pytest

from app.incubation.rules import Count, Tenant, applied_for_patent, count, financed, grew, has_right, same_field
from app.policy.evaluate import assess
from app.policy.facts import Facts
from app.policy.terms import Outcome
from tests.rules.firms import PACKS, every

DAY = date(2026, 11, 23)


def tenant(now=None, before=None, **more):
    said = {"registered_on": date(2020, 1, 1), "field": "1", "has_right": None, "has_patent": False}
    return Tenant(**{**said, "year": 2025, "now": now, "before": before, **more})


@pytest.mark.parametrize(
    ("now", "before", "expected"),
    [
        ({"sales_revenue": "120.01", "rd.personnel": "1"}, {"sales_revenue": "100", "rd.personnel": "1"}, True),
        # 20 % is not more than 20 %
        ({"sales_revenue": "120", "rd.personnel": "1"}, {"sales_revenue": "100", "rd.personnel": "1"}, False),
        # R&D alone is enough, over all its lines
        ({"sales_revenue": "1", "rd.personnel": "7", "rd.other": "6"}, {"sales_revenue": "9", "rd.other": "10"}, True),
        ({"sales_revenue": "120"}, {"sales_revenue": "100"}, None),
        ({"sales_revenue": "1", "rd.other": "1"}, {"sales_revenue": "0", "rd.other": "1"}, None),
        ({"sales_revenue": "0", "rd.other": "0"}, {"sales_revenue": "0", "rd.other": "0"}, False),
        (None, {"sales_revenue": "0"}, None),
    ],
)
def test_growth_turns_above_twenty_percent_and_from_nothing_it_is_no_rate(now, before, expected):
    assert grew(tenant(now, before)) is expected


def test_a_firm_of_the_year_itself_has_no_year_before_to_grow_from():
    assert grew(tenant(registered_on=date(2025, 1, 1))) is False
    assert grew(tenant(registered_on=date(2024, 12, 31))) is None


def test_counts_keep_those_of_whom_nobody_knows_apart():
    tenants = [
        tenant({"equity_raised": "0.01"}, has_right=True, has_patent=True),
        tenant({"equity_raised": "0"}, has_right=False, field="2"),
        tenant({}, field=""),
    ]
    assert count(tenants, financed) == Count(1, 1)
    assert count(tenants, has_right) == Count(1, 1)
    assert count(tenants, applied_for_patent) == Count(1, 2), "an application is in no ledger"
    assert same_field([*tenants, tenant()]) == Count(2, 1)
    assert same_field([]) == Count(0, 0)


@pytest.mark.parametrize(
    ("least", "maybe", "expected"),
    [(12, 0, Outcome.MET), (11, 0, Outcome.NOT_MET), (11, 1, Outcome.UNKNOWN), (12, 9, Outcome.MET)],
)
def test_what_nobody_knows_decides_only_where_it_could(least, maybe, expected):
    facts = Facts(
        {"carrier.tenants": Decimal(40), "carrier.growing": Decimal(least), "carrier_maybe.growing": Decimal(maybe)}
    )
    found = assess(PACKS["incubator_standard"], facts, as_of=DAY)
    (growth,) = [c for c in every(found.criteria) if c.code == "growth"]
    assert growth.outcome is expected
    assert bool(growth.missing) is (expected is Outcome.UNKNOWN)


@pytest.mark.parametrize(
    ("policy", "lines"),
    [
        ("incubator_municipal", {"area": 2000, "general": 10, "fund": 5000000}),
        ("accelerator_municipal", {"area": 10000, "tenants": 6, "fund": 5000000}),
        ("makerspace_municipal", {"area": 500, "workstations": 30, "tenants": 20}),
    ],
)
def test_a_county_is_asked_for_four_fifths_of_area_tenants_and_fund(policy, lines):
    figures = {"area": "incubation_area", "general": "tenants", "tenants": "tenants", "fund": "fund"}
    figures |= {"workstations": "workstations"} | ({"tenants": "settled"} if "workstations" in lines else {})

    def outcomes(pack, factor, less):
        said = {figures[code]: (line * factor).to_integral_value(ROUND_CEILING) - less for code, line in lines.items()}
        facts = Facts({f"carrier.{code}": value for code, value in said.items()})
        return {c.code: c.outcome for c in every(assess(PACKS[pack], facts, as_of=DAY).criteria)}

    for pack, factor in ((policy, Decimal(1)), (f"{policy}_county", Decimal("0.8"))):
        at, below = outcomes(pack, factor, 0), outcomes(pack, factor, 1)
        for code in lines:
            assert (at[code], below[code]) == (Outcome.MET, Outcome.NOT_MET), (pack, code)


def test_a_sum_of_firms_is_measured_by_the_firms_it_was_made_of():
    """An operator reads of whom was there at the year's end; of today's tenants it would be another share."""
    said = {"carrier.tenants": Decimal(5), "carrier.growing": Decimal(3), "carrier.cohort": Decimal(10)}
    for figures, expected in ((said, Outcome.MET), (said | {"carrier.cohort": Decimal(11)}, Outcome.NOT_MET)):
        found = assess(PACKS["incubator_standard"], Facts(figures), as_of=DAY)
        assert next(c.outcome for c in every(found.criteria) if c.code == "growth") is expected
