import uuid
from datetime import date, timedelta
from decimal import Decimal

import pytest

from app.carriers import rules
from app.carriers.place_rules import building_of, floor_of, place_key
from app.carriers.rules import Due
from app.carriers.stay_terms import Ending, EndReason, SpecialField, Stay
from app.carriers.terms import CarrierKind, Fill
from app.web.carrier_input import Reader

TODAY = date(2026, 11, 23)
FAR = date(2030, 1, 1)


@pytest.mark.parametrize(
    ("since", "day", "months"),
    [
        (date(2025, 1, 15), date(2025, 2, 14), 0),
        (date(2025, 1, 15), date(2025, 2, 15), 1),
        (date(2025, 1, 31), date(2025, 2, 28), 1),
        (date(2025, 1, 31), date(2025, 2, 27), 0),
        (date(2022, 11, 23), TODAY, 48),
        (date(2022, 11, 24), TODAY, 47),
        (date(2027, 1, 1), TODAY, 0),
    ],
)
def test_a_month_is_used_up_on_its_corresponding_day(since, day, months):
    assert rules.months_used(since, day) == months


def test_the_limit_falls_on_the_corresponding_day_or_the_last_of_its_month():
    assert rules.add_months(date(2024, 2, 29), 12) == date(2025, 2, 28)
    assert rules.add_months(date(2025, 1, 31), 1) == date(2025, 2, 28)
    assert rules.add_months(date(2022, 11, 23), 48) == TODAY


def dues(*, until=None, used=None, limit=48):
    since = rules.add_months(TODAY, -used) if used is not None else None
    found = rules.reasons_for(today=TODAY, until=until, clock_since=since, limit_months=limit if since else None)
    return [reason.due for reason in found]


@pytest.mark.parametrize(
    ("used", "due"),
    [
        (35, None),
        (36, Due.LIMIT),
        (42, Due.LIMIT),
        (44, Due.LIMIT),
        (45, Due.GRADUATE),
        (47, Due.GRADUATE),
        (48, Due.OVER),
    ],
)
def test_the_incubation_clock_warns_at_36_42_and_45_months_and_is_over_at_48(used, due):
    assert dues(used=used) == ([due] if due else [])


def test_on_its_very_day_a_limit_is_full_and_not_yet_exceeded():
    since = rules.add_months(TODAY, -48)
    (told,) = rules.reasons_for(today=TODAY, until=FAR, clock_since=since, limit_months=48)
    assert (told.on, told.words) == (TODAY, f"已孵化 48 个月，48 个月的期限 {TODAY} 已满")


def test_a_limit_of_24_months_warns_as_long_before_its_end():
    assert dues(used=11, limit=24) == []
    assert dues(used=12, limit=24) == [Due.LIMIT]
    assert dues(used=21, limit=24) == [Due.GRADUATE]


def test_a_tenant_without_a_clock_is_never_over_it():
    assert dues(until=FAR) == []


@pytest.mark.parametrize(("days", "due"), [(91, []), (90, [Due.LEASE]), (0, [Due.LEASE]), (-1, [Due.LAPSED])])
def test_a_lease_is_told_of_ninety_days_ahead_and_after_its_end_until_somebody_records_what_became_of_it(days, due):
    assert dues(until=TODAY + timedelta(days=days)) == due


def test_the_most_pressing_comes_first():
    assert dues(until=TODAY - timedelta(days=1), used=49) == [Due.LAPSED, Due.OVER]


def test_a_limit_says_what_it_rests_on_and_that_sixty_months_have_no_confirmed_source():
    stay = Stay(CarrierKind.INCUBATOR, 48, 60, "国科发区〔2018〕300号 第八条(三)", "third_party")
    assert rules.limit_of(stay, None) == (48, "国科发区〔2018〕300号 第八条(三)")
    months, basis = rules.limit_of(stay, SpecialField.BIOMEDICINE)
    assert months == 60
    assert "待核实" in basis
    assert rules.limit_of(None, None) == (None, "")
    assert rules.limit_of(Stay(CarrierKind.ACCELERATOR, None, None, "", "default"), None) == (None, "")


def test_an_end_lies_between_the_first_day_and_today_and_some_reasons_want_a_word():
    since = date(2026, 1, 1)

    def wrong(on, reason=EndReason.MOVED_OUT, note=""):
        return set(rules.ending_problems(Ending(on, reason, note), since=since, until=since, today=TODAY))

    assert wrong(TODAY) == wrong(since) == set()
    assert wrong(TODAY + timedelta(days=1)) == {"on"}
    assert wrong(since - timedelta(days=1)) == {"on"}
    assert wrong(TODAY, EndReason.TERMINATED) == {"note"}
    assert wrong(TODAY, EndReason.TERMINATED, "未交材料") == set()


def test_who_is_said_to_have_left_before_the_lease_ended_takes_past_days_away_and_that_wants_a_word_of_its_own():
    yesterday, before = TODAY - timedelta(days=1), TODAY - timedelta(days=2)

    def late(on, until, **more):
        ending = Ending(on, **{"reason": EndReason.MOVED_OUT, **more})
        return rules.ending_problems(ending, since=date(2026, 1, 1), until=until, today=TODAY).get("late", "")

    assert rules.days_emptied(TODAY, today=TODAY) is rules.days_emptied(yesterday, today=TODAY) is None
    assert rules.days_emptied(before, today=TODAY) == (yesterday, yesterday)
    assert late(TODAY, None) == late(yesterday, None) == ""
    assert f"{yesterday} 至 {yesterday} 的使用率" in late(before, None)
    assert late(before, before) == late(before, before - timedelta(days=9)) == "", "the lease was over, as agreed"
    assert late(before, yesterday)
    assert late(before, None, late="钥匙今天才交回") == ""
    for reason in (EndReason.GRADUATED, EndReason.TRANSFERRED, EndReason.REARRANGED):
        assert late(before, None, reason=reason), "whichever way it went"


def test_what_never_was_takes_all_its_days_away_that_are_over_and_wants_that_word_too():
    yesterday = TODAY - timedelta(days=1)

    def late(since, **more):
        ending = Ending(TODAY, EndReason.STRUCK, "选错了房间", **more)
        return rules.ending_problems(ending, since=since, until=None, today=TODAY).get("late", "")

    assert f"{yesterday} 至 {yesterday}" in late(yesterday)
    assert f"2024-09-02 至 {yesterday}" in late(date(2024, 9, 2))
    assert late(TODAY) == late(TODAY + timedelta(days=1)) == "", "no day that is over"
    assert late(yesterday, late="名称相近，登记成了另一家") == ""
    assert set(rules.ending_problems(Ending(TODAY, EndReason.STRUCK), since=yesterday, until=None, today=TODAY)) == {
        *("note", "late")
    }


def test_the_chain_goes_up_and_its_clock_begins_anew_only_in_another_kind():
    maker, incubator, park = CarrierKind.MAKERSPACE, CarrierKind.INCUBATOR, CarrierKind.INDUSTRIAL_PARK
    assert rules.goes_back(incubator, maker)
    assert not rules.goes_back(maker, park)
    assert not rules.goes_back(CarrierKind.AGRI_MAKER, maker)
    since = date(2024, 5, 1)
    assert rules.clock_after(incubator, incubator, clock_since=since, on=TODAY) == since
    assert rules.clock_after(maker, incubator, clock_since=since, on=TODAY) == TODAY


def test_the_most_seats_taken_at_once_counts_only_days_that_meet():
    taken = [
        (date(2026, 1, 1), date(2026, 6, 30), 3),
        (date(2026, 7, 1), None, 2),
        (date(2026, 6, 1), date(2026, 6, 30), 1),
    ]
    assert rules.most_seats(taken, since=date(2026, 1, 1), until=None) == 4
    assert rules.most_seats(taken, since=date(2026, 7, 1), until=None) == 2
    assert rules.most_seats(taken, since=date(2026, 2, 1), until=date(2026, 5, 31)) == 3
    assert rules.most_seats([], since=date(2026, 2, 1), until=None) == 0


def test_areas_by_use_do_not_exceed_the_whole():
    assert rules.area_problem(Decimal(100), [Decimal(60), Decimal(40), None]) == ""
    assert "超过" in rules.area_problem(Decimal(100), [Decimal(60), Decimal("40.01")])
    assert rules.area_problem(None, [Decimal(60)]) == ""


def test_a_house_that_is_almost_full_is_not_shown_as_full():
    assert Fill(area=Decimal(10000), area_let=Decimal(9999)).percent == Decimal("99.9")
    assert Fill(area=Decimal(1320), area_let=Decimal(880)).percent == Decimal("66.7")
    assert Fill(area=Decimal(2000), area_let=Decimal(1333)).percent == Decimal("66.7")  # 66.65
    assert Fill(area=Decimal(10), area_let=Decimal(10)).percent == 100
    assert Fill().percent is None


@pytest.mark.parametrize(
    ("said", "taken"),
    [("9999999.99", True), ("10000000", False), ("2.6e171", False), ("-1", False), ("0.001", False), ("NaN", False)],
)
def test_an_area_is_square_metres_to_the_cent_and_no_number_however_large_breaks_it(said, taken):
    reader = Reader({"area": said})
    assert (reader.area("area") is not None) is taken
    assert ("area" in reader.faults) is not taken


def stint(since, until, *, is_open=True, months=48):
    return rules.Stint(uuid.uuid4(), since, until, since, since, months, f"{months}", is_open, uuid.UUID(int=1))


def test_rooms_without_a_day_between_are_one_stay_and_a_day_without_any_ends_it():
    first = stint(date(2025, 1, 1), date(2025, 12, 31), is_open=False)
    second = stint(date(2026, 1, 1), date(2026, 12, 10))
    asked = {"until": None, "today": TODAY}
    assert rules.unbroken([second, first], since=date(2026, 12, 11), **asked) == [second, first]
    assert rules.unbroken([second, first], since=date(2026, 12, 12), **asked) == []
    assert rules.unbroken([first], since=date(2026, 1, 2), **asked) == []
    before = {"since": date(2025, 12, 1), "today": TODAY}
    assert rules.unbroken([second], until=date(2025, 12, 31), **before) == [second], "one that it comes before"
    assert rules.unbroken([second], until=date(2025, 12, 30), **before) == []
    lapsed = stint(date(2026, 1, 1), TODAY - timedelta(days=1))
    assert rules.unbroken([lapsed], since=FAR, **asked) == [lapsed], "who has not left is still there"


def test_each_stay_has_one_clock_the_earliest_and_one_limit_the_longest():
    gone = stint(date(2024, 1, 1), date(2024, 12, 30), is_open=False)
    first = stint(date(2025, 1, 1), date(2025, 12, 31), is_open=False, months=60)
    second, third = stint(date(2026, 1, 1), None), stint(date(2026, 6, 1), None)
    found = rules.clocks([third, second, first, gone], today=TODAY)
    assert found[gone.id] == gone.clock, "a day without any room is between"
    assert {found[s.id] for s in (first, second, third)} == {rules.Clock(first.since, first.since, 60, "60")}
    lapsed = stint(date(2025, 6, 1), TODAY - timedelta(days=9))
    late = stint(TODAY, None)
    assert rules.clocks([lapsed, late], today=TODAY)[late.id].clock_since == lapsed.since
    left = stint(lapsed.since, lapsed.until, is_open=False)
    assert rules.clocks([left, late], today=TODAY)[late.id] == late.clock


@pytest.mark.parametrize(
    ("until", "said"),
    [
        *((TODAY - timedelta(days=1), "已经过去"), (TODAY, ""), (date(2026, 10, 1), "续租要晚于它"), (None, "")),
        *((date(2046, 11, 23), ""), (date(2046, 11, 24), "自续租这天起不得超过20年（民法典第七百零五条）")),
    ],
)
def test_a_lease_is_renewed_neither_into_the_past_nor_for_more_than_twenty_years(until, said):
    words = rules.renewal_problem(date(2026, 10, 1), until, today=TODAY)
    assert (said in words) if said else not words


@pytest.mark.parametrize(
    ("since", "last"),
    [
        (date(2026, 12, 1), date(2046, 12, 1)),
        (date(2028, 2, 29), date(2048, 2, 29)),
        (date(2010, 1, 1), date(2030, 1, 1)),
    ],
)
def test_a_lease_is_for_twenty_years_at_most_whenever_it_began(since, last):
    assert not rules.lease_problem(last, since=since)
    assert not rules.lease_problem(None, since=since), "one without a day on which it ends can be ended on any"
    assert f"最晚写 {last}" in rules.lease_problem(last + timedelta(days=1), since=since)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        *((typed, "1") for typed in ("1", "1层", "1 楼", "１层", "1F", "f1", "第1层", "01", "一层", "第一层", "首层")),
        *((typed, "12") for typed in ("12层", "十二楼")),
        ("十楼", "10"),
        *((typed, "20") for typed in ("20F", "二十层")),
        *((typed, "B1") for typed in ("B1", "b1层", "-1", "－1层", "负一层", "地下1层", "地下一层")),
        *((typed, typed) for typed in ("", "夹层", "裙楼", "3A", "3-4层", "层")),
    ],
)
def test_a_floor_is_kept_without_the_word_that_the_screen_adds(typed, kept):
    assert floor_of(typed) == kept


@pytest.mark.parametrize(
    "other", [("A座", "1层", "102"), ("a 座", "一楼", "１０２"), ("A", "F1", "102室"), ("A栋", "1", "102 房")]
)
def test_every_spelling_of_one_room_is_that_room(other):
    assert place_key(*other) == place_key("A 座", "1", "102")
    assert building_of(other[0]).casefold() in ("a 座", "a 栋", "a"), "and its block is written as the others"
    assert (building_of("1号楼"), building_of("科创楼")) == ("1号楼", "科创楼")


@pytest.mark.parametrize(
    "other",
    [("B 座", "1", "102"), ("A 座", "2", "102"), ("A 座", "B1", "102"), ("A 座", "1", "10-2"), ("", "1", "102")],
)
def test_another_room_is_another(other):
    assert place_key(*other) != place_key("A 座", "1", "102")
