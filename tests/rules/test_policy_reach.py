"""How near a miss is: by what can still move. A closed year and an age do not come back."""

from decimal import Decimal, localcontext

import pytest

from app.policy.context import Context
from app.policy.criteria.base import FARTHEST
from app.policy.evaluate import judge
from app.policy.exact import EXACT
from app.policy.parsing import parse_facts
from tests.rules.firms import DAY, EAGLET_FIRM, GAZELLE_FIRM, PACKS, Changes, Json, changed, rd


def shortfall(policy: str, firm: Json, changes: Changes) -> Decimal | None:
    with localcontext(EXACT):
        ctx = Context(parse_facts(changed(firm, changes), horizon=DAY), DAY, brief=True)
        return judge(PACKS[policy], ctx).shortfall(ctx.a_year_later())


BASE_SHORT = {"years.2022.sales_revenue": "9900000", "years.2025.sales_revenue": "34560000"}


@pytest.mark.parametrize(
    ("base_of_next_year", "expected"),
    [("10000000", FARTHEST), ("10000000.01", Decimal("0.01"))],  # above ten million is asked
)
def test_a_base_year_that_is_short_is_out_of_reach_unless_the_next_one_is_not(base_of_next_year, expected):
    assert shortfall("gazelle", GAZELLE_FIRM, BASE_SHORT | {"years.2023.sales_revenue": base_of_next_year}) == expected


def test_of_alternatives_the_one_that_is_still_open_says_how_far_it_is():
    """The base year is short by a hundredth and closed; half a billion within five years is open and far."""
    young = {"registered_on": "2021-12-01", "years.2023.sales_revenue": "9900000"}
    assert shortfall("gazelle", GAZELLE_FIRM, BASE_SHORT | young) == Decimal("0.93088")


@pytest.mark.parametrize(
    ("registered", "expected"),
    [("2016-06-01", None), ("2016-05-31", FARTHEST), ("2025-06-02", Decimal("0.00268817204301")), ("2025-06-01", None)],
)
def test_an_age_that_is_past_does_not_come_back_and_one_that_is_to_come_is_near(registered, expected):
    assert shortfall("eaglet", EAGLET_FIRM, {"registered_on": registered}) == expected


def test_a_year_of_which_nobody_knows_the_figure_yet_closes_nothing():
    facts = BASE_SHORT | {"years.2023": {"headcount": 66, "rd": rd(600000)}}
    assert shortfall("gazelle", GAZELLE_FIRM, facts) == Decimal("0.01")


def test_what_cannot_be_measured_is_not_what_cannot_be_had():
    assert shortfall("eaglet", EAGLET_FIRM, {"records.abnormal_operation": True}) is None
    too_old = {"records.abnormal_operation": True, "registered_on": "2010-01-01"}
    assert shortfall("eaglet", EAGLET_FIRM, too_old) == FARTHEST
