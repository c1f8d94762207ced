"""Which figures are alike, and which prompts are still to be looked into."""

from datetime import UTC, datetime

import pytest

from app.verifying.rules import alike, digits_of, enough, open_prompts, telling
from app.verifying.terms import Likeness, Outcome, Prompt, Verified


@pytest.mark.parametrize(
    ("number", "digits"),
    [
        ("46123000", "46123"),
        ("4612.3", "46123"),
        ("-0.46123", "46123"),
        ("1234", "1234"),
        ("123", ""),
        ("40000000", ""),
        ("0", ""),
        ("", ""),
    ],
)
def test_a_copied_figure_keeps_its_digits_and_round_ones_tell_nothing(number, digits):
    assert digits_of(number) == digits


def test_sums_are_worked_out_and_a_figure_is_alike_only_in_its_own_place():
    mine = telling({"a": "12345", "b": "67890", "sum": "80235"}, {"sum"})
    assert mine == {"a": "12345", "b": "6789"}
    assert alike(mine, {"a": "6789", "b": "6789"}) == ["b"]


@pytest.mark.parametrize(("n", "is_enough"), [(3, False), (4, True)])
def test_a_few_alike_are_chance(n, is_enough):
    assert enough(["x"] * n) is is_enough


def test_what_was_looked_into_asks_again_only_when_there_is_more_of_it():
    def known(weight):
        return Verified(
            Likeness.PHONE, "139", weight, Outcome.EXPLAINED, "代账", datetime(2026, 1, 1, tzinfo=UTC), "李"
        )

    prompt = Prompt(Likeness.PHONE, "139", "", 3)
    assert open_prompts([prompt], []) == [prompt]
    assert open_prompts([prompt], [known(3)]) == []
    assert open_prompts([prompt], [known(2)]) == [prompt]
    assert open_prompts([prompt], [known(3), known(2)]) == []
    other = Prompt(Likeness.ADDRESS, "139", "", 3)
    assert open_prompts([other], [known(3)]) == [other]
