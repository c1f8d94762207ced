"""What may be expected of certificates that lapse: a range, and honest about the sample that it rests on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.plans.renewing import LEAST_SAMPLE, months, outlook, wilson


def test_a_share_has_the_bounds_that_wilson_gives():
    low, high = wilson(15, 20)
    assert (round(low, 4), round(high, 4)) == (0.5313, 0.8881)


@pytest.mark.parametrize(("sample", "bounds"), [(LEAST_SAMPLE - 1, (100, 140)), (LEAST_SAMPLE, (128, 140))])
def test_a_sample_that_is_too_small_leaves_everything_open(sample, bounds):
    found = outlook(staying=100, lapsing=40, renewed=sample, sample=sample)
    assert (found.low, found.high) == bounds
    assert found.rests_on_sample == (sample >= LEAST_SAMPLE)


@given(staying=st.integers(0, 500), lapsing=st.integers(0, 500), sample=st.integers(0, 300), data=st.data())
def test_the_range_lies_between_nobody_and_everybody(staying, lapsing, sample, data):
    renewed = data.draw(st.integers(0, sample))
    found = outlook(staying=staying, lapsing=lapsing, renewed=renewed, sample=sample)
    assert staying <= found.low <= found.high <= staying + lapsing


def test_months_without_any_are_named_too_and_go_over_the_year():
    assert months({"2027-01": 3}, "2026-11", 4) == [("2026-11", 0), ("2026-12", 0), ("2027-01", 3), ("2027-02", 0)]
