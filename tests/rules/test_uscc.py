import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.text.uscc import ALPHABET, check, make_code

BODY = st.text(st.sampled_from(ALPHABET), min_size=8, max_size=8)


@pytest.mark.parametrize(
    "code", ["91350100M000100Y43", "9144078319428766XQ", "914403001922038216", "91331023704713535H"]
)
def test_real_codes_pass_without_a_word(code):
    result = check(code)
    assert (result.valid, result.errors, result.warnings) == (True, [], [])


@pytest.mark.parametrize(("code", "expected"), [("91350211M0000XUF46", "R"), ("91350100M0001TGQXM", "1")])
def test_a_genuine_code_whose_last_character_fails_is_valid_with_one_warning(code, expected):
    result = check(code)
    assert result.valid
    assert [f"应为 {expected}，现为 {code[-1]}" in w for w in result.warnings] == [True]


@pytest.mark.parametrize(
    "code",
    [
        "91440400MA4UKDGM8E",
        "91410100779423456X",
        "91310115MA1H8R7C6D",
        "91310115MA1G4L1WXK",
        "91440300713555564J",
        "9144030071526726XA",
    ],
)
def test_invented_codes_are_warned_about(code):
    assert check(code).valid
    assert check(code).warnings


def test_both_check_characters_are_looked_at():
    assert len(check("91410100779423456X").warnings) == 2


@pytest.mark.parametrize("code", ["9144078319428766X", "9144078319428766XQ1", "9"])
def test_a_code_of_another_length_is_refused(code):
    result = check(code)
    assert not result.valid
    assert f"现为 {len(code)} 位" in result.errors[0]


def test_letters_i_and_o_are_refused_and_never_changed():
    result = check("9I44O300708461136T")
    assert result.code == "9I44O300708461136T"
    assert not result.valid
    assert "I 与数字 1" in result.errors[0]
    assert "O 与数字 0" in result.errors[0]


def test_width_case_and_blanks_are_normalised():
    assert check("　９１４４ 0783 1942\u200b8766xq ").code == "9144078319428766XQ"


@pytest.mark.parametrize("letter", ["ı", "ſ", "ﬀ"])
def test_letters_that_only_upper_case_into_ascii_stay_foreign(letter):
    assert not check(f"9144078319428766X{letter}").valid


def test_an_empty_code_asks_to_be_filled_in():
    assert check(" 　").errors == ["请填写统一社会信用代码。"]


@given(BODY)
def test_made_codes_pass_both_checks(body):
    result = check(make_code("91440783", body))
    assert result.valid
    assert not result.warnings


@given(BODY, st.integers(8, 17), st.sampled_from(ALPHABET))
def test_one_mistyped_character_is_always_noticed(body, position, other):
    code = make_code("91440783", body)
    if other != code[position]:
        assert check(code[:position] + other + code[position + 1 :]).warnings


@pytest.mark.parametrize(("prefix", "body"), [("9144078", "MA4UKDGM"), ("91440783", "MA4UKDGI")])
def test_no_code_is_made_from_impossible_parts(prefix, body):
    with pytest.raises(ValueError, match="alphabet"):
        make_code(prefix, body)
