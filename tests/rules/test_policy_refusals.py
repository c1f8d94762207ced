"""What is not a policy and what are not facts: refused at the door, each with its place and a sentence."""

from datetime import date
from typing import Any

import pytest

from app.errors import Invalid
from app.policy.packs import PackError, read_pack, read_packs
from app.policy.parsing import parse_facts

TODAY = date(2026, 11, 23)
PACK = """\
policy: trial
title: 试行
versions:
  - version: "1"
    document: 试〔2026〕1号
    effective_from: 2026-01-01
    effective_to: 2026-06-30
    source: {grade: M}
    criteria:
      - {kind: threshold, code: staff, title: 人数, measure: headcount, at_least: 10}
      - kind: bracket
        code: rd
        title: 研发
        measure: rd_intensity
        by: sales_revenue
        brackets:
          - {up_to: "1000", at_least: "0.05"}
          - {at_least: "0.03"}
      - kind: score
        code: points
        title: 得分
        at_least: 60
        items:
          - {code: one, title: 一, most: 20, measure: conversions, bands: [{at_least: 1, low: 10, high: 20}]}
        floors: [{items: [one], at_least: 1, title: 一}]
    either: [[staff, rd]]
  - version: "2"
    document: 试〔2026〕2号
    effective_from: 2026-07-01
    source: {grade: M}
    criteria:
      - {kind: manual, code: judged, title: 判断, reason: 由人判断。}
"""


@pytest.mark.parametrize(
    ("rate", "taken"), [("0", True), ("2", True), ("2.01", False), ("-0.01", False), ("100", False)]
)
def test_a_rate_of_deduction_is_a_part_or_a_double_at_most(rate: str, taken: bool) -> None:
    text = PACK[: PACK.index("    criteria:")] + f'    deduction: {{rate: "1.00", enhanced_rate: "{rate}"}}\n'
    if taken:
        assert read_pack(text, "trial.yaml")
        return
    with pytest.raises(PackError, match=r"第 9 行（versions.0.deduction.enhanced_rate）：加计比例应在"):
        read_pack(text, "trial.yaml")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("at_least: 10}", "at_least: 10, at_most: 10}"),
        ("bands: [{at_least: 1,", "bands: [{above: 1, low: 12}, {at_least: 1,"),
        ("bands: [{at_least: 1,", "bands: [{at_most: 0, low: 12}, {at_most: 1, low: 11}, {at_least: 1,"),
        ("low: 10, high: 20}", "low: 10, high: 20}, {low: 1}"),
    ],
)
def test_bounds_that_meet_and_bands_that_follow_each_other_are_taken(old: str, new: str) -> None:
    assert read_pack(PACK.replace(old, new), "trial.yaml")


def test_the_pack_reads_as_it_stands() -> None:
    assert [version.version for version in read_pack(PACK, "trial.yaml").versions] == ["1", "2"]


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ("kind: threshold", "kind: formula", 10, "没有“formula”这种条件，可用的有"),
        ("measure: headcount", "measure: luck", 4, "没有这样的度量：luck"),
        ("at_least: 10}", "atleast: 10}", 10, "没有这一项"),
        (", at_least: 10}", "}", 10, "写明 at_least、above、at_most、below 中的一个或两个"),
        ("at_least: 10}", "at_least: many}", 10, "不是数"),
        ("code: staff", "code: rd", 4, "条件代码重复：rd"),
        ('{up_to: "1000", at_least', '{up_to: "1000", under: "900", at_least', 11, "up_to、under 只写一个"),
        ('{up_to: "1000", at_least', "{at_least", 11, "其余各档都要写其一"),
        ('- {at_least: "0.03"}', '- {up_to: "2000", at_least: "0.03"}', 11, "最后一档不写"),
        ('- {at_least: "0.03"}', '- {up_to: "9", at_least: "1"}\n          - {at_least: "1"}', 11, "要从小到大"),
        ('- {at_least: "0.03"}', "- {}", 11, "每一档都要写明界限"),
        ("        at_least: 60\n", "", 19, "above、at_least 写且只写一个"),
        ("        at_least: 60\n", "        at_least: 60\n        above: 59\n", 19, "above、at_least 写且只写一个"),
        ("at_least: 10}", "at_least: 10, at_most: 9}", 10, "人数：下限高于上限，没有谁能满足"),
        ("at_least: 10}", "above: 10, at_most: 10}", 10, "人数：下限高于上限"),
        ("at_least: 10}", "at_least: 10, below: 10}", 10, "人数：下限高于上限"),
        ('- {at_least: "0.03"}', '- {at_least: "0.03", below: "0.02"}', 18, "研发第 2 档：下限高于上限"),
        ("bands: [{", "bands: [{at_least: 0, low: 5}, {", 24, "一第 2 档轮不到"),
        ("bands: [{", "bands: [{low: 0}, {", 24, "一第 2 档轮不到"),
        ("low: 10, high: 20}", "low: 10, high: 20}, {at_least: 1, low: 5}", 24, "一第 2 档轮不到"),
        ("low: 10, high: 20}", "low: 10, high: 20}, {above: 1, low: 5}", 24, "一第 2 档轮不到"),
        ("high: 20", "high: 21", 19, "超出 20 分或上下颠倒"),
        ("high: 20", "high: 9", 19, "超出 20 分或上下颠倒"),
        ("floors: [{items: [one]", "floors: [{items: [two]", 19, "没有这样的得分项：two"),
        ("either: [[staff, rd]]", "either: [[staff, luck]]", 4, "either 里没有这样的条件：luck"),
        ("effective_to: 2026-06-30", "effective_to: 2026-07-01", 1, "版本 1 与 2 的有效期重叠"),
        ("effective_to: 2026-06-30", "effective_to: 2025-12-31", 4, "effective_to 早于 effective_from"),
        ("{kind: manual, code: judged", "{kind: manual, code: 判断", 32, "只能用小写字母"),
        (
            "    source: {grade: M}\n    criteria:\n      - {kind: manual",
            "    criteria:\n      - {kind: manual",
            27,
            "缺少",
        ),
        (
            "      - {kind: manual, code: judged, title: 判断, reason: 由人判断。}",
            "      - {kind: flags, code: f, title: 甲, flags: [good_luck], want: true}",
            32,
            "没有这样的事实：good_luck",
        ),
        (
            "      - {kind: manual, code: judged, title: 判断, reason: 由人判断。}",
            "      - {kind: no_event, code: f, title: 甲, events: [records.accident_on], days: 1, years: 1}",
            32,
            "days、years、years_back 写且只写一个",
        ),
        (
            "    criteria:\n      - {kind: manual, code: judged, title: 判断, reason: 由人判断。}",
            "    criteria: []",
            27,
            "写 criteria 或 deduction，二者取一",
        ),
    ],
)
def test_a_faulty_pack_is_refused_with_its_line_and_the_reason(old: str, new: str, line: int, reason: str) -> None:
    assert PACK.count(old) >= 1
    with pytest.raises(PackError) as refused:
        read_pack(PACK.replace(old, new, 1), "trial.yaml")
    told = str(refused.value)
    assert told.startswith(f"trial.yaml 第 {line} 行"), told
    assert reason in told


def test_one_policy_in_two_files_is_refused(tmp_path) -> None:
    (tmp_path / "a.yaml").write_text(PACK, "utf-8")
    (tmp_path / "b.yaml").write_text(PACK, "utf-8")
    with pytest.raises(PackError, match=r"b\.yaml：政策 trial 已在另一个文件里"):
        read_packs(tmp_path)


YEAR = {"years": {"2025": {}}}


def of_year(**figures: Any) -> dict[str, Any]:
    return {"years": {"2025": figures}}


@pytest.mark.parametrize(
    ("data", "path"),
    [
        *[
            (of_year(sales_revenue=wrong), "years.2025.sales_revenue")
            for wrong in (
                *(
                    "NaN",
                    "nan",
                    "Infinity",
                    "-Infinity",
                    "1e6",
                    "1E6",
                    "12,000",
                    "１２３",
                    "0x10",
                    "",
                    " ",
                    "1.2.3",
                    "--1",
                ),
                *(float("nan"), float("inf"), 1e300, True, False, [], {}, "-0.01", -1, "1" * 16, "0.1234567"),
            )
        ],
        (of_year(headcount=-1), "years.2025.headcount"),
        (of_year(rd_staff=True), "years.2025.rd_staff"),
        (of_year(rd={"personnel": "-1"}), "years.2025.rd.personnel"),
        (of_year(rd=[1]), "years.2025.rd"),
        ({"years": {"2025": []}}, "years.2025"),
        ({"years": []}, "years"),
        ({"years": {"25": {}}}, "years.25"),
        ({"years": {"2027": {}}}, "years.2027"),
        ({"years": {"二〇二五": {}}}, "years.二〇二五"),
        ({"registered_on": "2026-11-24"}, "registered_on"),
        ({"registered_on": "2026-02-30"}, "registered_on"),
        ({"registered_on": "2026/1/1"}, "registered_on"),
        ({"registered_on": "0001-01-01"}, "registered_on"),
        ({"registered_on": 20260101}, "registered_on"),
        ({"registered_on": True}, "registered_on"),
        ({"carrier_tenant_since": "2027-01-01"}, "carrier_tenant_since"),
        ({"records": {"accident_on": "2026-12-01"}}, "records.accident_on"),
        ({"records": {"abnormal_operation": "no"}}, "records.abnormal_operation"),
        ({"records": {"abnormal_operation": 0}}, "records.abnormal_operation"),
        ({"records": []}, "records"),
        ({"above_designated_size": "是"}, "above_designated_size"),
        ({"industry_code": "3360"}, "industry_code"),
        ({"industry_code": 3360}, "industry_code"),
        ({"high_tech_field": "八〇一"}, "high_tech_field"),
        ({"ip_rights": {}}, "ip_rights"),
        ({"ip_rights": [7]}, "ip_rights.0"),
        ({"ip_rights": [{"kind": "trademark"}]}, "ip_rights.0.kind"),
        ({"ip_rights": [{"in_force": True}]}, "ip_rights.0.kind"),
        ({"ip_rights": [{"kind": "ic_layout", "in_force": "true"}]}, "ip_rights.0.in_force"),
        ({"ip_rights": [{"kind": "ic_layout", "granted_on": "2027-01-01"}]}, "ip_rights.0.granted_on"),
        ({"ip_rights": [{"kind": "ic_layout", "obtained_by": "found"}]}, "ip_rights.0.obtained_by"),
        ({"ip_rights": [{"kind": "ic_layout", "used_in_hnte_year": "2024"}]}, "ip_rights.0.used_in_hnte_year"),
        ({"certificates": [{"kind": "hnte"}]}, "certificates.0.issued_on"),
        (
            {"certificates": [{"kind": "hnte", "issued_on": "2024-01-02", "expires_on": "2024-01-01"}]},
            "certificates.0.expires_on",
        ),
        (
            {"certificates": [{"kind": "hnte", "issued_on": "2026-12-01", "expires_on": "2029-12-01"}]},
            "certificates.0.issued_on",
        ),
        ({"standards_led": [{"level": "galactic"}]}, "standards_led.0.level"),
        ({"science_awards": [{"level": "national", "rank": -1}]}, "science_awards.0.rank"),
        ({"science_awards": [{"level": "national", "rank": True}]}, "science_awards.0.rank"),
        ({"judgements": {"core_support": 9}}, "judgements.core_support"),
        ({"judgements": {"core_support": 7.5}}, "judgements.core_support"),
        ({"judgements": {"core_support": "7"}}, "judgements.core_support"),
        ({"carrier": {"tenants": -1}}, "carrier.tenants"),
        ({"carrier": 3}, "carrier"),
        ([], ""),
        ("{}", ""),
        (None, ""),
        (7, ""),
    ],
)
def test_garbage_is_refused_at_its_path_with_a_sentence(data: Any, path: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_facts(data, horizon=TODAY)
    assert list(refused.value.fields) == [path]
    assert refused.value.fields[path].endswith("。")


def test_every_wrong_value_is_named_not_only_the_first() -> None:
    wrong = {"registered_on": "2030-01-01", "records": {"accident_on": "soon"}, **of_year(headcount="-5", rd_staff="x")}
    with pytest.raises(Invalid) as refused:
        parse_facts(wrong, horizon=TODAY)
    assert set(refused.value.fields) == {
        "registered_on",
        "records.accident_on",
        "years.2025.headcount",
        "years.2025.rd_staff",
    }


@pytest.mark.parametrize("value", ["1200.50", "0", 0, 12, 12.5, "-0", " 7 ", "0.000001", "9" * 15])
def test_a_plain_number_is_taken(value: Any) -> None:
    assert "years.2025.sales_revenue" in parse_facts(of_year(sales_revenue=value), horizon=TODAY).values


def test_what_is_null_is_not_known_except_where_it_says_none() -> None:
    facts = parse_facts(
        {"registered_on": None, "carrier_tenant_since": None, "records": {"accident_on": None}}, horizon=TODAY
    )
    assert dict(facts.values) == {"carrier_tenant_since": None, "records.accident_on": None}


def test_a_losing_year_is_no_garbage() -> None:
    facts = parse_facts(of_year(net_profit="-5", net_assets="-7.25"), horizon=TODAY)
    assert len(facts.values) == 2


def test_the_current_year_may_be_told_as_far_as_it_goes() -> None:
    assert parse_facts({"years": {"2026": {"equity_raised": "1"}}}, horizon=TODAY).values


@pytest.mark.parametrize(
    "criterion",
    [
        "{kind: no_event, code: c, title: 无, events: [records.accident_on], days: 999999}",
        "{kind: no_event, code: c, title: 无, events: [records.accident_on], years: 5000}",
        "{kind: no_event, code: c, title: 无, events: [records.accident_on], years_back: 5000}",
        "{kind: counted, code: c, title: 奖, fact: science_awards, within_years: 5000}",
        "{kind: score, code: c, title: 分, at_least: 1, items: [{code: one, title: 一, most: 99999}]}",
        "{kind: score, code: c, title: 分, at_least: 1, items: [{code: one, title: 一, most: 9}], "
        "caps: [{items: [one], most: -99999}]}",
    ],
)
def test_periods_before_the_calendar_and_scores_beyond_the_column_are_refused_not_met_by_a_firm(criterion) -> None:
    judged = "{kind: manual, code: judged, title: 判断, reason: 由人判断。}"
    with pytest.raises(PackError, match=r"不能[大小]于"):
        read_pack(PACK.replace(judged, criterion), "trial.yaml")


def test_a_score_sheet_has_no_line_twice_and_no_more_lines_than_anybody_reads() -> None:
    line = next(one for one in PACK.splitlines(keepends=True) if "code: one" in one)
    with pytest.raises(PackError, match="代码相同"):
        read_pack(PACK.replace(line, line * 2), "trial.yaml")
    with pytest.raises(PackError, match="最多 30 项"):
        read_pack(PACK.replace(line, "".join(line.replace("one", f"l{n}") for n in range(31))), "trial.yaml")
