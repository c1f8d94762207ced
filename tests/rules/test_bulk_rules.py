"""What a bulk change means for one firm."""

import uuid
from datetime import date, datetime
from typing import Any

import pytest

from app.bulk.rules import judge, moved_on, same, written
from app.bulk.terms import BulkKind, Change, LineOutcome, Person
from app.firms.terms import FirmDetail

ME, OTHER = uuid.UUID(int=1), uuid.UUID(int=2)
TOWN, COUNTY = "440783117", "440783"
DAY = date(2026, 12, 1)
NOON = datetime(2026, 11, 23, 12)
_NONE = {name: None for name in FirmDetail.__dataclass_fields__}


def firm(**values: Any) -> FirmDetail:
    usual = {"id": uuid.UUID(int=9), "name": "开平市甲有限公司", "region_code": TOWN, "status": "active", "version": 3}
    return FirmDetail(**{**_NONE, "tags": (), "contacts": (), "former_names": (), **usual, **values})


def person(scope: str, who: uuid.UUID = OTHER) -> Person:
    return Person(who, "李", scope)


@pytest.mark.parametrize(
    ("change", "values", "is_same"),
    [
        (Change(BulkKind.OFFICER, person(TOWN)), {"officer_id": OTHER}, True),
        (Change(BulkKind.OFFICER, person(TOWN)), {"officer_id": ME}, False),
        (Change(BulkKind.OFFICER), {}, True),
        (Change(BulkKind.OFFICER), {"officer_id": ME}, False),
        (Change(BulkKind.TAG_ADD, tag="重点"), {"tags": ("重点",)}, True),
        (Change(BulkKind.TAG_ADD, tag="重点"), {"tags": ("重点企业",)}, False),
        (Change(BulkKind.TAG_REMOVE, tag="重点"), {"tags": ("重点企业",)}, True),
        (Change(BulkKind.TAG_REMOVE, tag="重点"), {"tags": ("重点",)}, False),
        (Change(BulkKind.NEXT_TOUCH, on=DAY), {"next_touch_on": DAY}, True),
        (Change(BulkKind.NEXT_TOUCH, on=DAY), {}, False),
        (Change(BulkKind.NEXT_TOUCH), {}, True),
        (Change(BulkKind.TIER, tier="eaglet"), {"tier": "eaglet"}, True),
        (Change(BulkKind.TIER), {"tier": "eaglet"}, False),
        (Change(BulkKind.TASK, title="x", on=DAY), {}, False),
    ],
)
def test_a_firm_that_is_so_already_is_left(change, values, is_same):
    assert same(firm(**values), change) is is_same
    if change.kind not in (BulkKind.TIER, BulkKind.TASK):
        expected = LineOutcome.SAME if is_same else LineOutcome.CHANGES
        assert judge(firm(**values), change, me=ME).outcome is expected


@pytest.mark.parametrize(("scope", "outcome"), [(TOWN, "changes"), (COUNTY, "changes"), ("440783115", "refused")])
@pytest.mark.parametrize("kind", [BulkKind.OFFICER, BulkKind.TASK])
def test_nobody_is_given_a_firm_that_they_cannot_open(kind, scope, outcome):
    assert judge(firm(), Change(kind, person(scope), title="x", on=DAY), me=ME).outcome == outcome


def test_what_the_change_takes_the_place_of_is_said():
    give = Change(BulkKind.OFFICER, person(COUNTY))
    assert judge(firm(officer_id=ME, officer_name="陈浩"), give, me=ME).reason == "现在是陈浩。"
    assert judge(firm(), give, me=ME).reason == "现在没有责任专员。"
    day = Change(BulkKind.NEXT_TOUCH)  # none any more
    assert judge(firm(next_touch_on=DAY), day, me=ME).reason == f"现在定的是 {DAY}。"


def test_a_task_goes_to_the_firms_own_officer_to_oneself_or_to_nobody():
    task = Change(BulkKind.TASK, title="x", on=DAY)
    assert judge(firm(), task, me=ME).outcome is LineOutcome.REFUSED
    assert judge(firm(officer_id=OTHER), task, me=ME).outcome is LineOutcome.CHANGES
    own = Change(BulkKind.TASK, person("", ME), title="x", on=DAY)
    assert judge(firm(), own, me=ME).outcome is LineOutcome.CHANGES


@pytest.mark.parametrize("kind", [k for k in BulkKind if k is not BulkKind.TIER])
def test_a_record_that_went_into_another_is_not_touched(kind):
    change = Change(kind, person(COUNTY), tag="x", on=DAY, title="x")
    assert judge(firm(status="merged", officer_id=ME, tags=("y",)), change, me=ME).outcome is LineOutcome.REFUSED


def test_what_is_no_longer_as_the_preview_showed_it_is_left_with_the_reason():
    seen = {"version": 3, "tier": "eaglet", "since": DAY}
    there = firm(tier="eaglet", tier_since=DAY)
    assert moved_on(there, seen) == ""
    assert "不在您的管辖范围" in moved_on(None, seen)
    assert "改过" in moved_on(there, seen | {"version": 2})
    assert "移动过" in moved_on(there, seen | {"tier": None, "since": None})
    assert "移动过" in moved_on(there, seen | {"since": date(2026, 12, 2)})


@pytest.mark.parametrize("kind", list(BulkKind))
def test_a_change_is_kept_and_read_again_as_it_was(kind):
    change = Change(kind, person(TOWN), "重点", DAY, "核对年报", "eaglet", "年度核对")
    assert Change.of(kind, change.to_json()) == change
    assert Change.of(kind, Change(kind).to_json()) == Change(kind)
    assert change.said
    kept = {BulkKind.OFFICER: {"officer": str(ME)}, BulkKind.NEXT_TOUCH: {"on": "2026-12-01"}}
    assert written(firm(officer_id=ME, next_touch_on=DAY), change) == kept.get(kind, {})
