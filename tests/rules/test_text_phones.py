import pytest

from app.text import is_phone


@pytest.mark.parametrize(
    "phone",
    ["13800000001", "0750-2212345", "(0750) 2212345", "（0750）2212345", "0750-2212345 转 801", "0750-2212345转801",
     "0750-2212345ext.801", "+86 138 0000 0001", "400-800-1234", "661234", "13800000001、0750-2212345"],
)  # fmt: skip
def test_mobiles_landlines_extensions_and_several_of_them_are_phones(phone):
    assert is_phone(phone)


@pytest.mark.parametrize(
    "phone", ["12", "张三", "电话13800000001", "13800000001、12", "1" * 21, "", "a@b.cn", "1380000000l"]
)
def test_what_is_too_short_too_long_or_a_word_is_none(phone):
    assert not is_phone(phone)
