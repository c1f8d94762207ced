"""Least changes: exact, minimal, and never looked for where nobody would go."""

import time
from datetime import date
from decimal import Decimal, localcontext

from app.config import SEEDS
from app.policy.context import Context
from app.policy.evaluate import assess
from app.policy.exact import EXACT
from app.policy.levers import gaps
from app.policy.packs import read_packs
from app.policy.parsing import parse_facts

PACKS = read_packs(SEEDS / "policies")
AS_OF = date(2026, 6, 1)


def test_a_score_that_no_figure_can_lift_is_given_up_soon():
    """A right is made one by one: looking for a trillion of them would never end."""
    zero = dict.fromkeys(
        ("technology_advancement", "core_support", "acquisition", "standard_bonus", "rd_rules", "rd_institution"), 0
    )
    facts = parse_facts({"ip_rights": [], "judgements": zero, "standards_led": []}, horizon=AS_OF)
    began = time.monotonic()
    with localcontext(EXACT):
        ctx = Context(facts, AS_OF)
        (score,) = [c for c in PACKS["hnte"].version_on(AS_OF, ctx.case).criteria if c.code == "innovation_score"]
        found = gaps(score, score.judge(ctx), ctx)
    assert time.monotonic() - began < 5  # not a timing: without the bound it does not return
    assert all(gap.amount <= 64 for gap in found if gap.figure.startswith("ip."))


def test_the_least_number_of_staff_is_whole_and_one_less_is_not_enough():
    facts = parse_facts({"years": {"2025": {"headcount": 119, "rd_staff": 5}}}, horizon=AS_OF)
    (ratio,) = [c for c in assess(PACKS["hnte"], facts, as_of=AS_OF).criteria if c.code == "rd_staff_ratio"]
    assert ratio.gaps[0].amount == Decimal(7)
    for more, outcome in ((7, "met"), (6, "not_met")):
        more_staff = facts.add("years.2025.rd_staff", Decimal(more))
        answer = assess(PACKS["hnte"], more_staff, as_of=AS_OF)
        assert next(c.outcome for c in answer.criteria if c.code == "rd_staff_ratio") == outcome
