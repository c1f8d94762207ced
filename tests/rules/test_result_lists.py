"""A published list, as files and pasted pages have it, and which firm a line means."""

from datetime import date

import pytest

from app.results.rules import MOST, doubled, judge, lines_of_sheets, lines_of_text
from app.results.terms import Candidate, Line, Match
from app.sheets import RawSheet, SheetError

CODE, OTHER = "91440783MA4W1TNR4J", "91440783MA4W1TNR5X"
NAME = "开平市长兴卫浴有限公司"


def test_a_table_is_read_below_its_titles_and_without_its_footnotes():
    rows = [
        ["广东省2026年认定的第一批高新技术企业名单"],
        ["序号", "企业名称", "证书编号", "发证日期"],
        [1.0, f" {NAME} ", "gr202644001234", "2026年11月20日"],
        [2.0, "开平市乙阀门有限公司", None, None],
        ["注：排名不分先后"],
    ]
    first, second = lines_of_sheets([RawSheet("名单", rows)])
    assert first == Line(3, NAME, "", "GR202644001234", date(2026, 11, 20))
    assert second == Line(4, "开平市乙阀门有限公司")


@pytest.mark.parametrize(
    ("pasted", "line"),
    [
        (NAME, Line(1, NAME)),
        (f"1、{NAME}", Line(1, NAME)),
        (f"12\t{NAME}\tGR202644001234", Line(1, NAME, "", "GR202644001234")),
        (f"（3） {NAME} {CODE}", Line(1, NAME, CODE)),
        (f"{NAME} 20274407830A000001", Line(1, NAME, "", "20274407830A000001")),
        (
            f"{NAME}，{CODE}，2026-01-05，2026-12-31",
            Line(1, NAME, CODE, "", date(2026, 1, 5), date(2026, 12, 31)),
        ),
        (f"企业名称\t编号\n{NAME}\t20264407830A000001", Line(2, NAME, "", "20264407830A000001")),
    ],
)
def test_what_is_pasted_from_a_page_is_read_whatever_stands_beside_the_name(pasted, line):
    assert lines_of_text(f"{pasted}\n\n") == [line]


def test_what_cannot_be_read_of_a_line_is_said_and_the_line_still_stands():
    (line,) = lines_of_text(f"企业名称\t信用代码\t发证日期\n{NAME}\t9144078\t2026-02-30")
    assert (line.name, line.uscc, line.issued_on) == (NAME, "", None)
    assert "不是 18 位" in line.problem
    assert "2026-02-30" in line.problem


def test_a_list_is_neither_empty_nor_longer_than_a_person_can_look_through():
    assert len(lines_of_text("\n".join(f"{n:04d}号企业" for n in range(MOST)))) == MOST
    with pytest.raises(SheetError, match=f"一次最多 {MOST} 行"):
        lines_of_text("\n".join(f"{n:04d}号企业" for n in range(MOST + 1)))
    for empty in ("", "\n 1\t2026-01-01\n", "企业名称\t编号\n"):
        with pytest.raises(SheetError, match="没有读到"):
            lines_of_text(empty)


def firm(name=NAME, uscc=CODE, why=""):
    return Candidate(uscc, name, "440783117", why)


@pytest.mark.parametrize(
    ("line", "candidates", "verdict"),
    [
        (Line(1, NAME), [firm()], (Match.EXACT, CODE)),
        (Line(1, NAME, CODE), [firm()], (Match.EXACT, CODE)),
        (Line(1, "开平市长兴卫浴有限公司（筹）"), [firm()], (Match.SIMILAR, "")),
        (Line(1, NAME, OTHER), [firm()], (Match.SIMILAR, "")),
        (Line(1, "开平市长兴卫浴厂", CODE), [firm()], (Match.SIMILAR, "")),
        (Line(1, NAME), [firm(), firm(uscc=OTHER)], (Match.SIMILAR, "")),
        (Line(1, NAME, OTHER), [firm(), firm(uscc=OTHER)], (Match.EXACT, OTHER)),
        (Line(1, NAME, problem="信用代码不是 18 位"), [firm()], (Match.SIMILAR, "")),
        (Line(1, NAME), [], (Match.NONE, "")),
    ],
)
def test_only_what_nothing_contradicts_is_exact(line, candidates, verdict):
    assert judge(line, candidates) == verdict


def test_of_two_lines_that_mean_one_firm_the_later_is_named():
    lines = [Line(n, NAME) for n in (2, 3, 5)]
    assert doubled(lines, {2: CODE, 3: "", 5: CODE}) == {5: 2}
