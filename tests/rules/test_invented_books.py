"""Invented books read like real ones: they add up, they are dated in order, and the door for facts takes them."""

import random
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from app.policy.parsing import parse_facts
from app.recognitions.terms import CertificateKind
from app.reports.terms import COUNTED, REPORTED, ReportState
from app.seeding.books import YEARS, Books, Subject, born_on, keep_books
from app.seeding.invented import TRADES
from app.seeding.profiles import PROFILES

TODAY = date(2026, 11, 23)
MANY = 60


def subject(rng: random.Random, tier: str | None, number: int = 1, *, today: date = TODAY, **more: Any) -> Subject:
    born = born_on(rng, tier, today=today, before=today - timedelta(days=400))
    return Subject(number, "示例", rng.choice(TRADES), tier, born, **more)


def several(tier: str | None, *, today: date = TODAY) -> list[tuple[Subject, Books]]:
    rng = random.Random(f"books:{tier}")
    subjects = [subject(rng, tier, number, today=today) for number in range(MANY)]
    return [(one, keep_books(rng, one, today=today)) for one in subjects]


@pytest.fixture(params=list(PROFILES), ids=lambda tier: tier or "none")
def tier(request: Any) -> Any:
    return request.param


def test_the_door_for_facts_takes_every_figure_right_and_statement(tier):
    for _, books in several(tier):
        years: dict[str, Any] = {}
        for report in books.reports:
            lines = {code.removeprefix("rd."): value for code, value in report.figures.items() if "rd." in code}
            years[str(report.year)] = {c: v for c, v in report.figures.items() if "rd." not in c} | {"rd": lines}
        rights = [
            {
                "kind": right.kind.value,
                "obtained_by": right.obtained_by.value,
                "granted_on": right.granted_on.isoformat(),
                "in_force": right.in_force,
                "used_in_hnte_year": right.used_in_hnte_year,
            }
            for right in books.rights
        ]
        said = {one.kind.value: one.body for one in books.statements}
        facts = parse_facts({"years": years, "ip_rights": rights, **said, **said.pop("standing", {})}, horizon=TODAY)
        assert len(facts.values) > len(said)


def test_no_part_is_larger_than_its_whole(tier):
    for _, books in several(tier):
        for report in books.reports:
            told = {code: Decimal(value) for code, value in report.figures.items()}
            assert set(told) <= set(REPORTED)
            assert told["main_business_revenue"] <= told["sales_revenue"] <= told["total_income"]
            assert told["high_tech_income"] <= told["total_income"]
            assert told.get("rd_staff_full_time", Decimal(0)) <= told["rd_staff"] <= told["headcount"]
            assert told["net_assets"] <= told["total_assets"]
            spent = sum(value for code, value in told.items() if code.startswith("rd."))
            assert 0 <= spent < told["sales_revenue"] / 5


def test_reports_come_in_order_and_none_before_the_firm_or_from_the_future(tier):
    for one, books in several(tier):
        assert one.registered_on < TODAY
        seen: dict[tuple[int, int], ReportState] = {}
        for report in books.reports:
            assert one.registered_on.year <= report.year < TODAY.year
            assert report.year >= TODAY.year - YEARS
            assert (report.year, report.version) not in seen
            assert (report.submitted_on is None) == (report.state is ReportState.DRAFT)
            assert (report.decided_on is not None) == (report.state in (ReportState.RETURNED, ReportState.ACCEPTED))
            if report.submitted_on:
                assert date(report.year, 12, 31) < report.submitted_on <= (report.decided_on or TODAY) <= TODAY
            if report.version > 1:
                assert seen[report.year, report.version - 1] is ReportState.RETURNED
            seen[report.year, report.version] = report.state


def test_on_new_years_day_the_year_that_has_ended_is_told(tier):
    today = date(2027, 1, 1)
    years = {report.year for _, books in several(tier, today=today) for report in books.reports}
    assert max(years) == 2026
    for _, books in several(tier, today=today):
        assert all(report.submitted_on <= today for report in books.reports if report.submitted_on)


def test_rights_are_granted_in_the_firms_life_and_nobody_takes_their_numbers_for_real_ones(tier):
    for one, books in several(tier):
        assert all(one.registered_on < right.granted_on <= TODAY for right in books.rights)
        numbers = [(right.kind, right.number) for right in books.rights]
        assert len(set(numbers)) == len(numbers)
        assert all(number.startswith("示例") for _, number in numbers)


def test_a_right_of_the_second_class_went_into_a_filing_only_after_it_was_granted():
    rng = random.Random(3)
    used = [
        (right.granted_on.year, right.used_in_hnte_year)
        for number in range(MANY)
        for right in keep_books(rng, subject(rng, "hnte", number, filed_in=(2024,)), today=TODAY).rights
    ]
    assert {year for _, year in used} == {None, 2024}
    assert all(granted <= 2024 for granted, year in used if year)


def test_the_same_dice_keep_the_same_books():
    assert several("gazelle") == several("gazelle")


def test_some_firms_lack_what_others_have_reported():
    counted = [
        {report.year for report in books.reports if report.state in COUNTED} for _, books in several("tech_micro")
    ]
    assert set() in counted
    assert {2025} in counted
    assert {2022, 2023, 2024, 2025} in counted


def test_whoever_must_be_complete_is():
    rng = random.Random(4)
    for number in range(MANY):
        one = subject(rng, None, number, complete=True)
        years = {report.year for report in keep_books(rng, one, today=TODAY).reports}
        assert years == set(range(min(2025, max(2022, one.registered_on.year)), 2026))


def test_a_summers_certificate_holds_to_the_end_of_its_year_and_nobody_has_next_summers():
    for today, year in ((date(2026, 11, 23), 2026), (date(2026, 3, 1), 2025)):
        titles = [title for _, books in several("eaglet", today=today) for title in books.titles]
        assert titles
        for title in titles:
            assert title.kind is CertificateKind.TECH_SME
            assert title.issued_on.year == year
            assert title.expires_on == date(year, 12, 31)
