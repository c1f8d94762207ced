"""A policy file from a stranger's hand is read whole or refused with its line; one of ours can be written back."""

import pytest

from app.config import SEEDS
from app.policy.packs import PackError, read_pack, read_packs
from app.policy.writing import as_yaml

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
BOMB = "a: &a [1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 8)}]\n" for old, new in zip("abcdefghi", "bcdefghij", strict=True)
)


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
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line_and_a_reason(text, sentence):
    with pytest.raises(PackError) as refused:
        read_pack(text, "甲.yaml")
    assert str(refused.value).startswith("甲.yaml")
    assert sentence in str(refused.value)


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
