"""Whom a text names with an "@", and whom a long silence concerns, decided on plain facts."""

import pytest

from app.work.rules import calls_somebody, heads_of, named_in

KNOWN = {"王小明", "王小", "李芳", "officer-2", "Anna Lee"}


@pytest.mark.parametrize(
    ("text", "names", "unknown"),
    [
        ("请@王小明看一下", ("王小明",), ()),
        ("请@王小看一下", ("王小",), ()),
        ("＠李芳 与 @ 王小明，一起去", ("李芳", "王小明"), ()),
        ("@李芳@李芳", ("李芳",), ()),
        ("@officer-2：材料到了；@Anna Lee 亦可", ("officer-2", "Anna Lee"), ()),
        ("@赵不在 去过", (), ("赵不在",)),
        ("写信到 zhou@李芳.cn 和 a.b@example.com", (), ()),
        ("价格 @ 3 元", (), ("3",)),
        ("@", (), ()),
        ("没有提到谁：李芳", (), ()),
    ],
)
def test_the_longest_name_behind_an_at_is_meant_and_a_mail_address_names_nobody(text, names, unknown):
    found = named_in(text, KNOWN)
    assert (found.names, found.unknown) == (names, unknown)
    assert calls_somebody(text) == bool(names or unknown or text == "@")


@pytest.mark.parametrize(
    ("region", "heads"),
    [("440783117", ("county", "deputy")), ("440784001", ("city",)), ("440783", ("county", "deputy")), ("450000", ())],
)
def test_the_heads_of_the_narrowest_division_hear_of_a_firm(region, heads):
    people = [("city", "4407"), ("county", "440783"), ("nobody", ""), ("deputy", "440783")]
    assert heads_of(people, region) == heads
