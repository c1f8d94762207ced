"""Which lines of the trail stand behind one."""

import uuid
from datetime import datetime
from typing import NamedTuple

import pytest

from app.audit.paging import FOLDED, folded
from tests.harness import NOON


class Line(NamedTuple):
    request_id: str
    id: uuid.UUID
    at: datetime


@pytest.mark.parametrize(
    ("requests", "shown"),
    [
        ("a" * FOLDED, [0] * FOLDED),
        ("a" * (FOLDED + 1), [FOLDED]),
        ("b" + "a" * (FOLDED + 1) + "b", [0, FOLDED, 0]),
        ("ab" * (FOLDED + 1), [0] * 2 * (FOLDED + 1)),
        ("-" * (FOLDED + 1), [0] * (FOLDED + 1)),  # written without a request: each by itself
    ],
)
def test_what_one_act_wrote_many_of_stands_behind_its_newest_line(requests: str, shown: list[int]) -> None:
    events = [Line(r.strip("-"), uuid.UUID(int=n), NOON) for n, r in enumerate(requests)]
    lines = folded(events)
    assert [len(others) for _, others in lines] == shown
    assert [event for first, others in lines for event in (first, *others)] == events
