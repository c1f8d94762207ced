"""Rows of one firm's moves as a chain beside what is recorded: the past is added to, never changed."""

from datetime import date
from uuid import UUID

import pytest

from app.exchange.chains import Step, chain_of
from app.pipeline.pasts import Stay

TODAY = date(2026, 11, 23)
D = date


def stay(tier: str, since: date, until: date | None = None) -> Stay:
    return Stay(UUID(int=0), tier, since, until)


def spans(chain):
    return [(p.step.tier, p.came_from, p.step.on, p.until) for p in chain.placed]


def test_a_firm_without_a_past_gets_its_rows_in_the_order_of_their_days_and_stands_on_the_last():
    rows = [Step(3, "eaglet", D(2021, 6, 30)), Step(2, "tech_micro", D(2019, 3, 1)), Step(4, "gazelle", TODAY)]
    chain = chain_of(rows, [], today=TODAY, born=D(2019, 3, 1))
    assert not chain.faults
    assert spans(chain) == [
        ("tech_micro", None, D(2019, 3, 1), D(2021, 6, 30)),
        ("eaglet", "tech_micro", D(2021, 6, 30), TODAY),
        ("gazelle", "eaglet", TODAY, None),
    ]


def test_rows_before_what_is_recorded_end_where_it_begins_and_rows_that_say_it_again_are_known():
    kept = [stay("eaglet", D(2022, 1, 1), D(2024, 1, 1)), stay("gazelle", D(2024, 1, 1))]
    rows = [Step(2, "tech_micro", D(2020, 5, 1)), Step(3, "eaglet", D(2022, 1, 1)), Step(4, "gazelle", D(2024, 1, 1))]
    chain = chain_of(rows, kept, today=TODAY, born=None)
    assert (chain.known, chain.faults) == ({3, 4}, {})
    assert spans(chain) == [("tech_micro", None, D(2020, 5, 1), D(2022, 1, 1))]


def test_a_firm_that_left_in_between_has_a_gap_there():
    rows = [Step(2, "eaglet", D(2018, 1, 1)), Step(3, None, D(2019, 1, 1))]
    chain = chain_of(rows, [stay("eaglet", D(2022, 1, 1))], today=TODAY, born=None)
    assert not chain.faults
    assert spans(chain) == [
        ("eaglet", None, D(2018, 1, 1), D(2019, 1, 1)),
        (None, "eaglet", D(2019, 1, 1), D(2022, 1, 1)),
    ]
    gone = chain_of(
        [Step(2, None, D(2023, 1, 1))], [stay("eaglet", D(2022, 1, 1), D(2023, 1, 1))], today=TODAY, born=None
    )
    assert gone.known == {2}


KEPT = [stay("eaglet", D(2022, 1, 1), D(2024, 1, 1)), stay("gazelle", D(2024, 1, 1))]
WRONG = [
    (Step(2, "leader", D(2026, 11, 24)), [], None, "不能晚于今天"),
    (Step(2, "eaglet", D(2019, 2, 28)), [], D(2019, 3, 1), "早于企业的成立日期"),
    (Step(2, "leader", D(2024, 1, 1)), KEPT, None, "之后的移动请在看板办理"),
    (Step(2, "leader", D(2025, 1, 1)), KEPT, None, "之后的移动请在看板办理"),
    (Step(2, "leader", D(2022, 1, 1)), KEPT, None, "导入不改已有的移动"),
    (Step(2, "leader", D(2023, 12, 31)), KEPT, None, "导入不改已有的移动"),
    (Step(2, "eaglet", D(2021, 12, 31)), KEPT, None, "中间没有移动"),
    (Step(2, None, D(2021, 12, 31)), KEPT, None, "不能退出"),
]


@pytest.mark.parametrize(("row", "kept", "born", "said"), WRONG, ids=lambda v: str(v)[:30])
def test_what_goes_against_the_record_or_the_calendar_is_refused(row, kept, born, said):
    chain = chain_of([row], kept, today=TODAY, born=born)
    assert said in chain.faults[2]


@pytest.mark.parametrize(
    ("second", "said"),
    [(Step(3, "eaglet", D(2020, 1, 1)), "同一天"), (Step(3, "tech_micro", D(2020, 1, 2)), "同一个梯队")],
)
def test_two_rows_that_cannot_follow_one_another_are_refused(second, said):
    chain = chain_of([Step(2, "tech_micro", D(2020, 1, 1)), second], [], today=TODAY, born=None)
    assert said in chain.faults[3]
    assert 2 not in chain.faults
