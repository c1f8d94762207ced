"""A growth rate is read as its exact root, however it was found."""

import random
from decimal import ROUND_HALF_UP, Decimal, localcontext

import pytest

from app.policy.growth import Root

SIX = Decimal("0.000001")


@pytest.mark.parametrize("steps", [2, 3])
def test_six_places_are_those_of_the_exact_root(steps: int) -> None:
    rng = random.Random(steps)
    for _ in range(500):
        first, last = (Decimal(rng.randrange(1, 10 ** rng.randrange(2, 16))).scaleb(-2) for _ in range(2))
        with localcontext(prec=60):
            root = (last / first) ** (1 / Decimal(steps)) - 1
            assert Root(last, first, steps).shown() == f"{root.quantize(SIX, ROUND_HALF_UP):f}"


@pytest.mark.parametrize("last", ["1331", "1331.000001", "1330.999999", "1331.0000000001", "0"])
def test_a_rate_beside_its_limit_is_never_read_across_it(last: str) -> None:
    rate, limit = Root(Decimal(last), Decimal(1000), 3), Decimal("0.1")
    told = Decimal(rate.shown(limit))
    assert (told > limit) - (told < limit) == rate.against(limit)


def test_a_rate_halfway_between_two_readings_is_settled_exactly() -> None:
    """(1.0000005)² - 1: the sixth place hangs on the digits that a floating number no longer has."""
    assert Root(Decimal("1.00000100000025"), Decimal(1), 2).shown() == "0.000001"
    assert Root(Decimal("1.00000100000024"), Decimal(1), 2).shown() == "0.000000"
