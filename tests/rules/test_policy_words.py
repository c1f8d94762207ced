"""Every part of every kind of condition can be read by people, and two versions can be laid side by side."""

from decimal import Decimal

import pytest
from pydantic import BaseModel

from app.config import SEEDS
from app.policy.criteria import KINDS
from app.policy.differences import Fate, compare
from app.policy.field_words import FIELDS
from app.policy.field_words import KINDS as KIND_WORDS
from app.policy.fields import fields_of
from app.policy.figures import Unit
from app.policy.outline import conditions, unconfirmed
from app.policy.packs import DeductionRules, Example, Source, Version, read_packs
from app.policy.wording import read_beside

HNTE = read_packs(SEEDS / "policies")["hnte"].versions[0]


def with_models_inside(model: type[BaseModel]) -> set[type[BaseModel]]:
    inner = {field.model for field in fields_of(model) if field.model is not None}
    return {model}.union(*(with_models_inside(one) for one in inner))


def test_every_kind_of_condition_has_a_word():
    assert set(KINDS) <= set(KIND_WORDS)


@pytest.mark.parametrize("model", [*KINDS.values(), Version, Source, DeductionRules, Example], ids=lambda m: m.__name__)
def test_every_field_that_can_be_written_has_a_word(model):
    for one in with_models_inside(model):
        assert not [field.name for field in fields_of(one) if not (field.name in FIELDS or field.label != field.name)]


def changed(**update: object) -> Version:
    """The version with one condition otherwise."""
    code = update.pop("code")
    criteria = tuple(c.model_copy(update=update) if c.code == code else c for c in HNTE.criteria)
    return Version.model_validate({**dict(HNTE), "criteria": criteria})


def test_a_changed_limit_is_shown_before_and_after_in_its_unit():
    from decimal import Decimal

    after = changed(code="rd_staff_ratio", at_least=Decimal("0.08"))
    (only,) = compare(HNTE, after).changed
    assert (only.fate, only.rows) == (Fate.CHANGED, (("不低于", "10%", "8%"),))


def test_a_score_lines_change_is_one_line_and_the_others_are_not_shown():
    score = next(c for c in HNTE.criteria if c.code == "innovation_score")
    items = tuple(i.model_copy(update={"most": 5}) if i.code == "talent_incentive" else i for i in score.items)
    (only,) = compare(HNTE, changed(code="innovation_score", items=items)).changed
    assert [row[0] for row in only.rows] == ["得分项 · 人才培养引进与绩效奖励"]
    assert only.rows[0][1].startswith("满分 4；")


def test_conditions_that_came_and_went_are_told_apart():
    without = Version.model_validate({**dict(HNTE), "criteria": HNTE.criteria[1:]})
    assert [(d.title, d.fate) for d in compare(HNTE, without).changed] == [("注册成立一年以上", Fate.REMOVED)]
    assert [(d.title, d.fate) for d in compare(without, HNTE).changed] == [("注册成立一年以上", Fate.ADDED)]


def test_a_group_is_followed_by_its_parts_and_each_has_a_place():
    part = HNTE.criteria[0].model_dump()
    group = {"kind": "any_of", "code": "either", "title": "任一", "criteria": [part, {**part, "code": "b"}]}
    found = conditions(Version.model_validate({**dict(HNTE), "criteria": [group, *HNTE.criteria[1:]]}))
    assert [(c.place, c.depth, c.code) for c in found[:4]] == [
        ("0", 0, "either"),
        ("0-0", 1, "registered_days"),
        ("0-1", 1, "b"),
        ("1", 0, "core_ip"),
    ]
    assert [c.last for c in found[:3]] == [False, False, True]


def test_a_version_that_somebody_has_confirmed_leaves_only_the_conditions_that_nobody_has():
    page = {"grade": "O", "confirmed_by": "王五 2026-11-20", "url": "https://www.most.gov.cn/a.html"}
    confirmed = HNTE.model_copy(update={"source": HNTE.source.model_copy(update=page)})
    assert [doubt.split("，")[-1] for doubt in unconfirmed(HNTE)] == ["还没有人对照官方页面核对过。"]
    assert all("来源等级是“M" in doubt for doubt in unconfirmed(confirmed))
    read = [c.model_copy(update={"grade": "O"}) for c in confirmed.criteria if not c.parts_of()]
    assert unconfirmed(confirmed.model_copy(update={"criteria": tuple(read)})) == []


@pytest.mark.parametrize(
    ("unit", "amount", "limit", "words"),
    [
        (Unit.RATIO, "0.059701", "0.05", "5.97%"),
        (Unit.RATIO, "0.0499999", "0.05", "4.99999%"),
        (Unit.RATIO, "0.05", "0.05", "5%"),
        (Unit.RATIO, "0.050001", "0.05", "5.0001%"),
        (Unit.RATIO, "0.00001", "0.05", "0.001%"),
        (Unit.HOUSE, "6.060606", "5", "6.06 家"),
        (Unit.HOUSE, "4.999", "5", "4.999 家"),
        (Unit.YUAN, "49999999", "50000000", "4,999.9999 万元"),
        (Unit.YUAN, "50000000", "50000000", "5,000 万元"),
        (Unit.YUAN, "50000001", "50000000", "5,000.0001 万元"),
        (Unit.YUAN, "48765432.10", "50000000", "4,876.54 万元"),
        (Unit.YUAN, "9999.99", "50000000", "9,999.99 元"),
    ],
)
def test_what_was_found_is_read_to_two_decimals_and_never_across_its_limit(unit, amount, limit, words):
    assert read_beside(unit, Decimal(amount), [Decimal(limit)]) == words
