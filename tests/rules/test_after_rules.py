"""Whether two addresses are one place, and when a graduate's years are due."""

from datetime import date

import pytest

from app.incubation.after_rules import due_days, same_place


@pytest.mark.parametrize(
    ("firm", "carrier", "same"),
    [
        ("广东省江门市开平市水口镇示例路1号A座301室", "水口镇示例路 1 号", True),
        ("水口镇示例路1号", "开平市水口镇示例路1号（A座）", True),
        ("开平市长沙街道另一路9号", "水口镇示例路1号", False),
        (None, "水口镇示例路1号", None),
        ("开平市", "水口镇示例路1号", None),
        ("水口镇示例路1号", "", None),
    ],
)
def test_one_address_within_the_other_is_one_place_and_none_is_not_a_difference(firm, carrier, same):
    assert same_place(firm, carrier) is same


def test_a_graduate_is_looked_at_on_three_anniversaries():
    assert list(due_days(date(2024, 2, 29)).values()) == [date(2025, 2, 28), date(2026, 2, 28), date(2027, 2, 28)]
