"""A row read: every fault collected, each a sentence; an empty cell says nothing."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from app.exchange.naming import Names, names_for
from app.exchange.rosters import from_json, to_json
from app.exchange.rules import Understood, compare_within, read_row
from app.exchange.terms import BatchState, RowCertificate, Severity
from app.firms.terms import Reference
from app.pipeline.terms import Ladder, Tier
from app.sheets import Broken, Formula
from app.text import key

REFERENCE = Reference(
    regions={"440783": "开平市", "440783001": "三埠街道", "440783117": "水口镇", "440784001": "沙坪街道"},
    region_kinds={"440783": "county", "440783001": "town", "440783117": "town", "440784001": "town"},
    industries={"C": "制造业", "C33": "金属制品业", "E47": "房屋建筑业"},
    high_tech_fields={"40": "新材料", "401": "金属材料"},
    directions={"new_materials": "新材料技术"},
    direction_synonyms={key("新材料技术"): "new_materials", key("新材料"): "new_materials"},
    park_synonyms={key("翠山湖"): "翠山湖", key("翠山湖高新区"): "翠山湖"},
)
_TIERS = [
    ("tech_micro", "科技型小微企业", "小微"),
    ("eaglet", "雏鹰企业", "雏鹰"),
    ("gazelle", "瞪羚企业", "瞪羚"),
    ("hnte", "高新技术企业", "高企"),
    ("leader", "科技领军企业", "领军"),
]
LADDER = Ladder(
    "main", "梯队", tuple(Tier("main", c, n, s, r, c, None, 60, False) for r, (c, n, s) in enumerate(_TIERS, 1))
)
CODE = "91440783M159083022"


@pytest.fixture(scope="module")
def names() -> Names:
    return names_for(REFERENCE, LADDER, scope="440783")


def read(names: Names, **cells: Any) -> Understood:
    return read_row(7, {"name": "甲公司", "uscc": CODE, **cells}, names=names)


def faults(row: Understood, severity: Severity = Severity.ERROR) -> Mapping[str, str]:
    return {m.field: m.sentence for m in row.messages if m.severity is severity}


def test_a_row_says_only_what_its_cells_say(names: Names) -> None:
    row = read(names, registered_on=None, remark="  ", park="")
    assert (row.values, row.contact_name, row.certificate, row.tier, row.messages) == ({}, "", None, None, ())


def test_every_cell_is_understood_in_the_ways_people_write_it(names: Names) -> None:
    row = read(
        names,
        registered_on=41298.0,
        region_code="水口",
        park="翠山湖高新区",
        industry_code="3360",
        high_tech_field="401",
        direction="新材料",
        registered_capital="１，２００.5",
        above_designated_size="√",
        contact_name=" 张 三 ",
        contact_phone=13800000000.0,
        tier="高企",
        certificate_number="gr2024 44001918",
        certificate_issued_on="2024年11月28日",
        remark="第一行\r\n第二行 ",
    )
    assert row.messages == ()
    assert row.values == {
        "registered_on": date(2013, 1, 24),
        "region_code": "440783117",
        "park": "翠山湖",
        "industry_code": "C3360",
        "high_tech_field": "401",
        "direction": "new_materials",
        "registered_capital": Decimal("12005000"),
        "above_designated_size": True,
        "remark": "第一行\n第二行",
    }
    assert (row.contact_name, row.contact_phone, row.tier) == ("张 三", "13800000000", "hnte")
    assert row.certificate == RowCertificate("GR202444001918", date(2024, 11, 28))


@pytest.mark.parametrize(
    ("written", "tier"),
    [
        ("科技型小微", "tech_micro"),
        ("科技型小微企业", "tech_micro"),
        ("雏鹰", "eaglet"),
        ("瞪羚企业", "gazelle"),
        ("国家高新技术企业", "hnte"),
        (" 高 企 ", "hnte"),
        ("领军", "leader"),
        ("科技领军", "leader"),
        ("gazelle", "gazelle"),
    ],
)
def test_a_tier_is_known_by_label_short_word_and_common_synonym(names: Names, written: str, tier: str) -> None:
    assert read(names, tier=written).tier == tier


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("三埠", "440783001"),
        ("三埠街道办事处", "440783001"),
        ("三埠办事处", "440783001"),
        ("开平市水口镇", "440783117"),
        ("水口镇人民政府", "440783117"),
        ("440783117", "440783117"),
        ("开平市", "440783"),
    ],
)
def test_a_town_is_known_by_its_short_and_long_names(names: Names, written: str, code: str) -> None:
    assert read(names, region_code=written).values["region_code"] == code


def test_a_town_outside_the_officer_s_division_is_refused_like_one_that_does_not_exist(names: Names) -> None:
    for town in ("沙坪街道", "雅瑶镇", "440784001"):
        assert "不是开平市的镇街" in faults(read(names, region_code=town))["region_code"]


def test_every_fault_of_a_row_is_said_at_once(names: Names) -> None:
    row = read_row(
        7,
        {
            "name": None,
            "uscc": "9144O783",
            "registered_on": "2019年13月5日",
            "registered_capital": "很多",
            "above_designated_size": "大概",
            "tier": "独角兽",
            "direction": "炼金",
        },
        names=names,
    )
    assert set(faults(row)) == {
        "name",
        "uscc",
        "registered_on",
        "registered_capital",
        "above_designated_size",
        "tier",
        "direction",
    }
    assert row.faulty


@pytest.mark.parametrize(
    ("cells", "field", "said"),
    [
        ({"name": Formula("=A1", "甲公司")}, "name", "是公式"),
        ({"uscc": Formula("=B1", CODE)}, "uscc", "是公式"),
        ({"name": Broken("#REF!")}, "name", "#REF!"),
        ({"name": "甲\x00公司"}, "name", "控制字符"),
        ({"name": "长" * 10_000}, "name", "最多 200 个字"),
        ({"uscc": 914403001922038216.0}, "uscc", "存成了数字"),
        ({"uscc": "9144078"}, "uscc", "18 位"),
        ({"registered_on": Formula("=TODAY()")}, "registered_on", "没有结果"),
        ({"registered_on": Formula("=X", Broken("#N/A"))}, "registered_on", "#N/A"),  # type: ignore[arg-type]
        ({"registered_capital": -5.0}, "registered_capital", "负数"),
        ({"certificate_number": "证书"}, "certificate_number", "看不懂"),
        ({"remark": "长" * 2_001}, "remark", "最多 2000 个字"),
    ],
)
def test_a_cell_that_cannot_be_taken_refuses_its_row(
    names: Names, cells: Mapping[str, Any], field: str, said: str
) -> None:
    assert said in faults(read(names, **cells))[field]


def test_a_formula_beside_the_identity_counts_for_what_it_came_to(names: Names) -> None:
    row = read(names, registered_capital=Formula("=40+2", 42.0))
    assert (row.values["registered_capital"], row.messages) == (Decimal(420000), ())


@pytest.mark.parametrize(
    ("cells", "field"),
    [
        ({"uscc": "91440783M989834700"}, "uscc"),
        ({"industry_code": "Z99"}, "industry_code"),
        ({"certificate_number": "GR202444001918"}, "certificate_issued_on"),
        ({"certificate_issued_on": "2024-11-28"}, "certificate_number"),
    ],
)
def test_a_doubt_warns_and_lets_the_row_through(names: Names, cells: Mapping[str, Any], field: str) -> None:
    row = read(names, **cells)
    assert set(faults(row, Severity.WARNING)) == {field}
    assert not row.faulty


def test_markup_and_direction_marks_in_a_name_are_text(names: Names) -> None:
    row = read_row(7, {"name": "<b>甲</b>\u202e公司(开平)", "uscc": CODE}, names=names)
    assert (row.name, row.messages) == ("<b>甲</b>公司（开平）", ())


def rows_of(names: Names, *given: Mapping[str, Any]) -> list[Understood]:
    read_rows = [
        read_row(n, {"name": "甲公司", "uscc": CODE, **cells}, names=names) for n, cells in enumerate(given, 2)
    ]
    return compare_within(read_rows)


def test_the_same_code_with_another_name_is_refused(names: Names) -> None:
    first, second = rows_of(names, {}, {"name": "乙公司"})
    assert not first.faulty
    assert "第 2 行" in faults(second)["uscc"]
    assert "甲公司" in faults(second)["uscc"]


def test_the_same_row_twice_is_said_once_with_a_warning(names: Names) -> None:
    first, second = rows_of(names, {"remark": "好"}, {"remark": "好"})
    assert (first.repeats, second.repeats, second.faulty) == (False, True, False)


def test_the_same_firm_with_other_content_is_refused(names: Names) -> None:
    assert "内容却不同" in faults(rows_of(names, {"remark": "好"}, {"remark": "坏"})[1])["uscc"]


def test_a_faulty_first_row_does_not_swallow_the_good_second(names: Names) -> None:
    first, second = rows_of(names, {"registered_on": "没有"}, {"registered_on": "2015-03-01"})
    assert (first.faulty, second.faulty, second.repeats) == (True, False, False)


def test_one_certificate_is_not_given_to_two_firms_of_a_file(names: Names) -> None:
    held = {"certificate_number": "GR202444001918", "certificate_issued_on": "2024-11-28"}
    first, second = rows_of(names, held, {**held, "uscc": "91440783M90996031R"})
    assert first.certificate is not None
    assert second.certificate is None
    assert "第 2 行" in faults(second, Severity.WARNING)["certificate_number"]


def test_a_row_is_kept_and_comes_back_the_same(names: Names) -> None:
    row = read(
        names,
        registered_on="2015-03-01",
        registered_capital="123.456789",
        above_designated_size="否",
        certificate_number="GR202444001918",
        certificate_issued_on="2024-11-28",
        tier="高企",
        contact_name="张三",
        industry_code="Z99",
    )
    assert from_json(7, row.uscc, row.name, to_json(row)) == row


def test_a_batch_goes_only_forward() -> None:
    ways = {(a, b) for a in BatchState for b in BatchState if a is not b and a.may_become(b)}
    assert (BatchState.APPLIED, BatchState.UNDONE) in ways
    for end in (BatchState.DISCARDED, BatchState.UNDONE, BatchState.UNREADABLE):
        assert not any(a is end for a, _ in ways)
    assert (BatchState.APPLIED, BatchState.QUEUED) not in ways
