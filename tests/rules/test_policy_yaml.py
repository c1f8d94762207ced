"""A policy file from a stranger's hand is read whole or refused with its line; one of ours can be written back."""

import pytest

from app.config import SEEDS
from app.policy.outline import unconfirmed
from app.policy.packs import PackError, Version, read_pack, read_packs
from app.policy.writing import as_yaml, body_of
from app.web.gap_views import doubt_of

FILE = """\
policy: x
title: 试
versions:
  - version: "1"
    document: 试
    effective_from: 2020-01-01
    source: {grade: M}
    criteria:
      - kind: threshold
        code: a
        title: 甲
        measure: sales_revenue
        at_least: "0.10"
"""
PAGE = "https://www.most.gov.cn/xxgk/a.html"
BOMB = "a: &a [1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 8)}]\n" for old, new in zip("abcdefghi", "bcdefghij", strict=True)
)


def sourced(grade: str, confirmed_by: str, url: str) -> str:
    return FILE.replace("{grade: M}", f'{{grade: {grade}, confirmed_by: "{confirmed_by}", url: "{url}"}}')


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[" * 200_000, "第 1 行：内容太多或嵌套太深。"),
        ("- " * 200_000 + "x", "第 1 行：内容太多或嵌套太深。"),
        ("\n{a: " * 100_000, "第 42 行：内容太多或嵌套太深。"),
        (BOMB, "第 6 行：内容太多或嵌套太深。"),
        ("\na: &a [*a]", "第 2 行：引用了没有写完或不存在的内容。"),
        ("a: *b", "第 1 行：引用了没有写完或不存在的内容。"),
        ("policy: x\npolicy: y", "第 2 行：“policy”写了两次。"),
        ("? [1]\n: 2", "第 1 行：名称应是一个词。"),
        ("policy: x\ntitle: [", "第 3 行：不是能读懂的 YAML。"),
        ("a: !!python/object:os.system x", "第 1 行：不是能读懂的 YAML。"),
        ("policy: x\n---\npolicy: y", "不是能读懂的 YAML。"),
        ("a: 2026-02-30", "有日期或字符不能识别。"),
        ("a: \x01", "不是能读懂的 YAML。"),
        ("- 1", "第 1 行：应是成对的名称和内容。"),
        ("", "应是成对的名称和内容。"),
        (FILE.replace("at_least", "atleast"), "第 13 行（versions.0.criteria.0.atleast）：没有这一项。"),
        (FILE.replace("threshold", "treshold"), "第 9 行（versions.0.criteria.0）：没有“treshold”这种条件"),
        (FILE.replace("sales_revenue", "luck"), "没有这样的度量：luck。"),
        (FILE.replace('"0.10"', ".nan"), "第 13 行（versions.0.criteria.0.at_least）：不是数。"),
        (FILE.replace("code: a", "code: A"), "只能用小写字母、数字和下划线，以字母开头。"),
        (FILE.replace("title: 甲", 'title: ""'), "第 11 行（versions.0.criteria.0.title）：请填写。"),
        (FILE.replace("2020-01-01", "昨天"), "第 6 行（versions.0.effective_from）：不是日期。"),
        (FILE.replace("{grade: M}", "M"), "第 7 行（versions.0.source）：应是成对的名称和内容。"),
        (FILE.replace("grade: M", "grade: 可靠"), "第 7 行（versions.0.source.grade）：没有“可靠”这个来源等级"),
        (FILE + "        grade: X\n", "第 14 行（versions.0.criteria.0.grade）：没有“X”这个来源等级"),
        (sourced("M", "王五 2027-03-01", PAGE), "第 7 行（versions.0.source.confirmed_by）：填了核对人，来源等级就要"),
        (sourced("default", "王五 2027-03-01", PAGE), "第 7 行（versions.0.source.confirmed_by）：填了核对人"),
        (sourced("O", "王五", PAGE), "第 7 行（versions.0.source.confirmed_by）：写明谁、在哪一天核对的"),
        (sourced("O", "王五 2027-02-30", PAGE), "写明谁、在哪一天核对的"),
        (sourced("O", "2027-03-01", PAGE), "写明谁、在哪一天核对的"),
        (sourced("O", "王五 2027-03-01", ""), "（versions.0.source.url）：核对过的来源要写官方页面的地址"),
        (sourced("M", "", "https://most.cn/xxgk/a.html"), "（versions.0.source.url）：官方页面的地址应在政府网站"),
        (sourced("O", "王五 2027-03-01", "https://most.gov.cn.example.com/a"), "官方页面的地址应在政府网站"),
        (sourced("O", "王五 2027-03-01", "javascript://www.most.gov.cn/%0a"), "官方页面的地址应在政府网站"),
        (sourced("O", "王五 2027-03-01", "https://[most.gov.cn"), "官方页面的地址应在政府网站"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line_and_a_reason(text, sentence):
    with pytest.raises(PackError) as refused:
        read_pack(text, "甲.yaml")
    assert str(refused.value).startswith("甲.yaml")
    assert sentence in str(refused.value)


@pytest.mark.parametrize("who", ["王五 2027-03-01", "科技股 王五，2027-03-01"])
def test_a_source_is_confirmed_by_a_person_on_a_day_who_read_the_official_page(who):
    (version,) = read_pack(sourced("O", who, PAGE), "x.yaml").versions
    assert version.source.confirmed


def test_a_name_that_was_kept_beside_a_lesser_grade_is_read_back_and_confirms_nothing():
    (version,) = read_pack(FILE, "x.yaml").versions
    kept = Version.model_validate(body_of(version) | {"source": {"grade": "M", "confirmed_by": "王五", "url": PAGE}})
    assert not kept.source.confirmed
    assert any("还没有人对照官方页面核对过" in doubt for doubt in unconfirmed(kept))
    assert doubt_of(kept.source) == "文本在转载处读到，待官方页面核对"


def test_an_official_page_that_nobody_has_compared_stays_labelled_until_somebody_has():
    (unread,) = read_pack(sourced("O", "", PAGE), "x.yaml").versions
    (read,) = read_pack(sourced("A", "王五 2027-03-01", PAGE), "x.yaml").versions
    assert doubt_of(unread.source) == "还没有人对照官方页面核对过"
    assert doubt_of(read.source) == ""


def test_every_policy_of_ours_is_the_same_after_it_was_written_and_read():
    packs = read_packs(SEEDS / "policies")
    for pack in packs.values():
        written = as_yaml(pack)
        again = read_pack(written, "x.yaml")
        assert again == pack
        assert as_yaml(again) == written


def test_a_written_file_keeps_every_digit_and_reads_like_one_of_ours():
    written = as_yaml(read_pack(FILE, "x.yaml"))
    assert "at_least: '0.10'\n" in written
    assert "title: 甲\n" in written
    assert "&" not in written
