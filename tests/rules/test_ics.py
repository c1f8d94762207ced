import uuid
from datetime import UTC, date, datetime, time

import pytest

from app.filings.ics import FeedWindow, calendar
from app.filings.terms import Dates, Notice, ProgrammeKind, Window, WindowState
from app.policy.terms import Grade
from tests.calendars import read

AT = datetime(2027, 5, 1, 1, 30, tzinfo=UTC)
ID = uuid.UUID(int=7)


def window(dates, *, label="第一批", notice=Notice(), version=2):
    return Window(
        ID, "hnte", "高新技术企业认定", "高企认定", ProgrammeKind.NOTICE, 2027, 1, label, "440000",
        WindowState.CONFIRMED, dates, notice, None, version, None,
    )  # fmt: skip


def written(*windows, name="申报日历"):
    return calendar([FeedWindow(w, AT) for w in windows], name=name, base_url="https://tidu.example.gov.cn").encode()


def test_every_date_of_a_window_is_a_whole_day_under_a_uid_that_stays():
    dates = Dates(date(2027, 5, 20), date(2027, 6, 25), time(17), None, date(2027, 12, 31), None)
    found = read(written(window(dates)))
    assert [(e.value("UID"), e.value("DTSTART"), e.value("DTEND")) for e in found.parts] == [
        (f"{ID}-opens-on@tidu", "20270520", "20270521"),
        (f"{ID}-firm-due@tidu", "20270625", "20270626"),
        (f"{ID}-city-due@tidu", "20271231", "20280101"),
    ]
    firm = found.parts[1]
    assert firm.value("SUMMARY") == "高企认定第一批 企业提交截止 17:00"
    assert firm.value("URL") == f"https://tidu.example.gov.cn/filings/{ID}"
    assert (firm.value("DTSTAMP"), firm.value("SEQUENCE")) == ("20270501T013000Z", "1")


def test_a_new_version_raises_the_sequence_and_keeps_the_uid():
    one, two = (
        read(written(window(Dates(firm_due=date(2027, 6, day)), version=version))).parts[0]
        for day, version in ((25, 2), (30, 3))
    )
    assert one.value("UID") == two.value("UID")
    assert int(one.value("SEQUENCE")) < int(two.value("SEQUENCE"))


@pytest.mark.parametrize(
    "text", ["a,b;c\\d", "一行\n又一行\r\n三行", "\\n", "长" * 300, "🙂" * 60, "x" * 74 + "界", ",;" * 80]
)
def test_any_text_comes_back_as_it_was(text):
    found = read(written(window(Dates(firm_due=date(2027, 6, 25)), notice=Notice(remark=text)), name=text))
    assert found.parts[0].value("DESCRIPTION").endswith("\n" + text.replace("\r", ""))
    assert found.value("X-WR-CALNAME") == text.replace("\r", "")


def test_a_notice_says_where_the_dates_are_from():
    notice = Notice("粤科函产字〔2027〕1号", "https://gdstc.gd.gov.cn/a,b;c.html", Grade.OFFICIAL, "备注")
    said = read(written(window(Dates(firm_due=date(2027, 6, 25)), notice=notice))).parts[0].value("DESCRIPTION")
    assert said.split("\n") == [
        "2027 年高新技术企业认定第一批",
        "依据：粤科函产字〔2027〕1号",
        "https://gdstc.gd.gov.cn/a,b;c.html",
        "备注",
    ]


def test_no_windows_are_a_calendar_all_the_same():
    assert read(written()).parts == []


@pytest.mark.parametrize(
    "broken",
    [
        b"BEGIN:VCALENDAR\nEND:VCALENDAR\n",
        b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n",
        b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nX-WR-CALNAME:a,b\r\nEND:VCALENDAR\r\n",
        b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:" + b"x" * 80 + b"\r\nEND:VCALENDAR\r\n",
    ],
)
def test_the_reader_refuses_what_is_no_calendar(broken):
    with pytest.raises(AssertionError):
        read(broken)
