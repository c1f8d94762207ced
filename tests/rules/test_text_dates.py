from contextlib import suppress
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.text import DateError, parse_date


@pytest.mark.parametrize(
    "written",
    [
        "2015-03-01",
        "2015/3/1",
        "2015.03.01",
        "2015年3月1日",
        "2015 年 3 月 1 号",
        "２０１５－０３－０１",
        "２０１５．３．１",
        "20150301",
        "2015-03-01 00:00:00",
        "2015-03-01T08:30",
        "42064",
        "42064.0",
        42064,
        42064.75,
        20150301,
        date(2015, 3, 1),
        datetime(2015, 3, 1, 9, 30),
    ],
)
def test_every_usual_way_of_writing_a_day_is_read(written):
    assert parse_date(written) == date(2015, 3, 1)


def test_the_serial_of_the_sample_roster():
    assert parse_date("41298") == date(2013, 1, 24)


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("2023-02-30", "没有这一天：2023-02-30"),
        ("2023年13月1日", "没有这一天"),
        ("20230230", "没有这一天"),
        ("15-03-01", "年份要写四位"),
        ("2015", "要写到日"),
        (2015, "要写到日"),
        ("2015年3月", "要写到日"),
        ("2015.3", "要写到日"),
        ("1899-12-31", "1900 到 2100"),
        ("2101-01-01", "1900 到 2100"),
        (date(2101, 1, 1), "1900 到 2100"),
        ("2015-3/1", "看不懂"),
        ("1/2/2015", "看不懂"),
        ("٢٠١٥-٠٣-٠١", "看不懂"),
        ("不详", "看不懂"),
        (9999, "看不懂"),
        (73416, "看不懂"),
        (True, "看不懂"),
        (float("nan"), "看不懂"),
        (float("inf"), "看不懂"),
        ("", "请填写日期"),
        ("　", "请填写日期"),
    ],
)
def test_what_is_not_a_day_is_refused_with_a_sentence(written, sentence):
    with pytest.raises(DateError, match=sentence):
        parse_date(written)


def test_a_leap_day_exists_in_leap_years_only():
    assert parse_date("2024-02-29") == date(2024, 2, 29)
    with pytest.raises(DateError):
        parse_date("2023-02-29")


@given(st.dates(date(1900, 1, 1), date(2100, 12, 31)))
def test_all_spellings_of_a_day_agree(day):
    assert parse_date(day.isoformat()) == parse_date(f"{day.year}年{day.month}月{day.day}日") == day
    assert parse_date(f"{day.year}/{day.month}/{day.day}") == day


@given(st.text())
def test_any_text_is_a_day_or_a_sentence(text):
    with suppress(DateError):
        assert 1900 <= parse_date(text).year <= 2100
