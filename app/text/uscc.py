"""统一社会信用代码: GB 32100-2015 for the whole, GB 11714 for the organisation part (positions 9 to 17).

A wrong length or alphabet is an error. A check character that fails is only a warning: genuine codes that
fail exist. I and O are never turned into 1 and 0, because that would make another firm's code.
"""

import string
from dataclasses import dataclass, field

from app.text.clean import halve

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_VALUES = {char: value for value, char in enumerate(ALPHABET)}
_WEIGHTS = tuple(pow(3, i, 31) for i in range(17))
_BODY_VALUES = {char: value for value, char in enumerate(string.digits + string.ascii_uppercase)}
_BODY_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_UPPER = str.maketrans(string.ascii_lowercase, string.ascii_uppercase)


@dataclass(frozen=True, slots=True)
class CodeCheck:
    code: str
    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def valid(self) -> bool:
        return not self.errors


def normalise_code(value: str) -> str:
    return "".join(halve(value).split()).translate(_UPPER)


def check(value: str) -> CodeCheck:
    code = normalise_code(value)
    if not code:
        return CodeCheck(code, errors=["请填写统一社会信用代码。"])
    errors = []
    if len(code) != 18:
        errors.append(f"统一社会信用代码应为 18 位，现为 {len(code)} 位。")
    if foreign := dict.fromkeys(char for char in code if char not in _VALUES):
        errors.append(f"统一社会信用代码里不应有“{'、'.join(foreign)}”{_advice(foreign)}。")
    if errors:
        return CodeCheck(code, errors=errors)
    return CodeCheck(code, warnings=_failing_characters(code))


def _advice(foreign: dict[str, None]) -> str:
    alike = [f"{letter} 与数字 {digit}" for letter, digit in (("I", "1"), ("O", "0"), ("Z", "2")) if letter in foreign]
    return f"（请核对是否把 {'、'.join(alike)} 混淆）" if alike else ""


def _failing_characters(code: str) -> list[str]:
    warnings = []
    if (expected := organisation_character(code[8:16])) != code[16]:
        warnings.append(f"第 17 位（组织机构代码校验码）按规则应为 {expected}，现为 {code[16]}，请核对。")
    if (expected := check_character(code[:17])) != code[17]:
        warnings.append(f"第 18 位（校验码）按规则应为 {expected}，现为 {code[17]}，请核对。")
    return warnings


def organisation_character(body: str) -> str:
    """GB 11714: the ninth character of an organisation code from its first eight."""
    remainder = 11 - sum(_BODY_VALUES[c] * w for c, w in zip(body, _BODY_WEIGHTS, strict=True)) % 11
    return {10: "X", 11: "0"}.get(remainder, str(remainder))


def check_character(first17: str) -> str:
    """GB 32100-2015: the eighteenth character from the first seventeen."""
    return ALPHABET[-sum(_VALUES[c] * w for c, w in zip(first17, _WEIGHTS, strict=True)) % 31]


def make_code(prefix8: str, body8: str) -> str:
    """A code with both check characters right, for synthetic data: register and kind, division, eight characters."""
    if len(prefix8) != 8 or len(body8) != 8 or not set(prefix8 + body8) <= set(ALPHABET):
        raise ValueError(f"not 8 + 8 characters of the code's alphabet: {prefix8!r}, {body8!r}")
    first17 = prefix8 + body8 + organisation_character(body8)
    return first17 + check_character(first17)
