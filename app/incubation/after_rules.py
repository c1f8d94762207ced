"""Decisions about disagreements and follow-ups on plain facts."""

import re
from collections.abc import Mapping
from datetime import date

from app.carriers.rules import add_months
from app.incubation.after_terms import FOLLOWED_YEARS

_NOISE = re.compile(r"[\s,，.。、;；:：()（）\-—#]|广东省|江门市|开平市")


def same_place(firm: str | None, carrier: str) -> bool | None:
    """Whether one address contains the other, but for the county's name and marks; None where one is not written."""
    one, other = _NOISE.sub("", firm or ""), _NOISE.sub("", carrier)
    if not one or not other:
        return None
    return one in other or other in one


def due_days(graduated_on: date) -> Mapping[int, date]:
    """The first three anniversaries."""
    return {nth: add_months(graduated_on, 12 * nth) for nth in range(1, FOLLOWED_YEARS + 1)}
