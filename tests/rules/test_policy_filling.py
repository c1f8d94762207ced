"""A condition as a form holds it and back: nothing is lost, and what cannot be meant is refused at its field."""

from decimal import Decimal

import pytest

from app.config import SEEDS
from app.errors import Invalid
from app.policy import amounts, places
from app.policy.criteria import KINDS, BaseCriterion
from app.policy.figures import Unit
from app.policy.filling import filled, read
from app.policy.packs import Example, Version, read_packs

PACKS = read_packs(SEEDS / "policies")
VERSIONS = [(f"{pack.policy} {v.version}", v) for pack in PACKS.values() for v in pack.versions]
HNTE = PACKS["hnte"].versions[0]


def with_parts(criterion: BaseCriterion) -> list[BaseCriterion]:
    return [criterion, *(inner for part in criterion.parts_of() for inner in with_parts(part))]


@pytest.mark.parametrize("version", [v for _, v in VERSIONS], ids=[name for name, _ in VERSIONS])
def test_a_form_that_nobody_touched_gives_back_the_version_to_the_last_character(version):
    for criterion in (inner for top in version.criteria for inner in with_parts(top)):
        said = filled(criterion)
        reading = read(type(criterion), said, was=said)
        assert reading.faults == {}
        assert places.made(criterion.known_as, reading.data, criterion.parts_of()) == criterion
    for example in version.examples:
        assert Example.model_validate(read(Example, filled(example), was=filled(example)).data) == example
    head = read(Version, filled(version), was=filled(version)).data
    if version.deduction is None:
        head.pop("deduction", None)
    assert places.made_version({**head, "criteria": version.criteria, "examples": version.examples}) == version


@pytest.mark.parametrize(
    ("unit", "said", "meant"),
    [
        (Unit.RATIO, "5%", "0.05"),
        (Unit.RATIO, "５％", "0.05"),
        (Unit.RATIO, "0.05", "0.05"),
        (Unit.RATIO, "150%", "1.5"),
        (Unit.YUAN, "5000 万元", "50000000"),
        (Unit.YUAN, "5,000万", "50000000"),
        (Unit.YUAN, "1.5亿元", "150000000"),
        (Unit.YUAN, "50000000", "50000000"),
        (Unit.DAY, "365 天", "365"),
        (Unit.DAY, "365", "365"),
        (None, "5%", "0.05"),
    ],
)
def test_a_limit_is_understood_as_people_write_it(unit, said, meant):
    assert amounts.read(unit, said) == Decimal(meant)


@pytest.mark.parametrize(
    ("unit", "said"),
    [
        (Unit.RATIO, "5"),
        (Unit.RATIO, "5 万元"),
        (Unit.DAY, "5%"),
        (Unit.PERSON, "30 天"),
        (Unit.YUAN, "5 美元"),
        (Unit.YUAN, "1e9"),
        (Unit.YUAN, "NaN"),
        (Unit.YUAN, "1" * 16),
        (Unit.RATIO, "0.123456789"),
    ],
)
def test_a_limit_that_does_not_fit_its_measure_is_refused(unit, said):
    with pytest.raises(amounts.AmountError):
        amounts.read(unit, said)


@pytest.mark.parametrize("unit", [Unit.RATIO, Unit.YUAN, Unit.DAY, None])
@pytest.mark.parametrize("number", ["0", "0.05", "0.333333", "365", "1234567.89", "50000000", "-0.1"])
def test_a_limit_is_shown_so_that_it_is_read_back_exactly(unit, number):
    if unit is Unit.RATIO and abs(Decimal(number)) > 10**6:
        return
    assert amounts.read(unit, amounts.typed(unit, Decimal(number))) == Decimal(number)


def faults(of: str, /, **said: object) -> dict[str, str]:
    """What is said of a condition of 高企 when its form holds `said` instead."""
    criterion = next(c for c in HNTE.criteria if c.code == of)
    form = filled(criterion) | said
    reading = read(type(criterion), form)
    if reading.faults:
        return reading.faults
    with pytest.raises(Invalid) as refused:
        places.made(criterion.known_as, reading.data, criterion.parts_of())
    return refused.value.fields


def test_every_fault_stands_at_its_field_in_chinese():
    assert faults("rd_staff_ratio", at_least="一成") == {
        "at_least": "请写成数，如 5%、5000 万元 或 365；小数最多八位。"
    }
    assert faults("rd_staff_ratio", at_least="") == {"": "写明 不低于、高于、不超过、低于 中的一个或两个。"}
    assert faults("rd_staff_ratio", title=" ") == {"title": "缺少这一项。"}
    assert faults("rd_staff_ratio", code="Quote'") == {"code": "只能用小写字母、数字和下划线，以字母开头。"}
    assert faults("no_incident", days="三百") == {"days": "请写成整数。"}
    assert faults("no_incident", events=[]) == {"events": "缺少这一项。"}
    rows = filled(next(c for c in HNTE.criteria if c.code == "rd_intensity"))["brackets"]
    rows[1]["at_least"] = "4 天"
    assert faults("rd_intensity", brackets=rows) == {"brackets.1.at_least": "看不懂单位“天”。"}


def test_an_examples_json_is_refused_with_line_and_column():
    said = filled(Example(name="x", as_of="2026-01-01", facts={})) | {"facts": '{\n "a": 1,\n}'}
    assert read(Example, said).faults == {"facts": "不是能读懂的 JSON：第 3 行第 1 个字处。"}
    assert read(Example, said | {"facts": '{"a": NaN}'}).faults == {"facts": "NaN 不是数。"}
    assert read(Example, said | {"facts": "[" * 10_000}).faults == {"facts": "JSON 嵌套太深。"}
    assert "facts" in read(Example, said | {"facts": '"' + "x" * 30_000 + '"'}).faults


def test_conditions_change_places_and_go_and_the_last_one_stays():
    moved = places.with_moved(HNTE, "1", up=True)
    assert [c.code for c in moved.criteria[:2]] == ["core_ip", "registered_days"]
    assert places.with_moved(HNTE, "0", up=True) == HNTE
    for _ in HNTE.criteria[1:]:
        moved = places.with_removed(moved, "0")
    with pytest.raises(Exception, match="这是最后一项"):
        places.with_removed(moved, "0")


def test_a_part_of_a_group_is_added_changed_and_taken_out_by_its_place():
    group = places.made("any_of", {"code": "either", "title": "任一"})
    grown = places.with_added(HNTE, "", group)
    at = str(len(HNTE.criteria))
    grown = places.with_added(grown, at, HNTE.criteria[0])
    assert [c.code for c in places.at(grown, at).parts_of()] == ["either_1", "registered_days"]
    grown = places.with_removed(grown, f"{at}-0")
    assert places.at(grown, f"{at}-0") == HNTE.criteria[0]


@pytest.mark.parametrize("place", ["99", "0-0", "x", "", "-1", "0-0-0-0-0-0-0-0-0", "1" * 50])
def test_a_place_where_nothing_is_is_not_found(place):
    with pytest.raises(Exception, match="没有这一项条件"):
        places.at(HNTE, place)


def test_every_kind_can_be_begun_from_an_empty_form():
    for kind, model in KINDS.items():
        with pytest.raises(Invalid) as refused:
            places.made(kind, read(model, {}).data)
        assert "code" in refused.value.fields
