"""Which figures are alike, told by their digits: a copied figure keeps them when its point or its unit moves."""

from collections.abc import Collection, Mapping, Sequence

from app.verifying.terms import SAME_FIGURES, TELLING_DIGITS, Prompt, Verified


def digits_of(number: str) -> str:
    """Without sign, point and the zeros at either end; empty for what too many firms have by chance."""
    digits = number.lstrip("-").replace(".", "").strip("0")
    return digits if digits.isascii() and digits.isdigit() and len(digits) >= TELLING_DIGITS else ""


def telling(figures: Mapping[str, str], leave_out: Collection[str] = ()) -> dict[str, str]:
    """By code, the digits of those that tell something. `leave_out`: what is worked out from others."""
    found = {code: digits_of(value) for code, value in figures.items() if code not in leave_out}
    return {code: digits for code, digits in found.items() if digits}


def alike(one: Mapping[str, str], other: Mapping[str, str]) -> list[str]:
    return [code for code, digits in one.items() if other.get(code) == digits]


def enough(codes: Sequence[str]) -> bool:
    return len(codes) >= SAME_FIGURES


def open_prompts(found: Sequence[Prompt], known: Sequence[Verified]) -> list[Prompt]:
    """Those nobody has looked into, and those that have grown since."""
    looked = {(v.kind, v.key): v.weight for v in sorted(known, key=lambda v: v.weight)}
    return [p for p in found if looked.get((p.kind, p.key), -1) < p.weight]
