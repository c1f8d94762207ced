import re

from app.text.clean import key

# Mobiles, landlines with an area code, short numbers of a group, extensions; several of them in one cell.
_PART = re.compile(r"[+（(]?\d[\d ()（）+\-]*(?:(?:转|ext\.?|#) ?\d{1,6})?", re.ASCII | re.IGNORECASE)
_BETWEEN = re.compile(r"[、,，;；/]")
_LEAST, _MOST = 5, 20
_MOBILE = 11  # digits
_EXTENSION = re.compile(r"(?:转|ext\.?|#).*", re.IGNORECASE | re.DOTALL)


def is_phone(text: str) -> bool:
    """Whether it can be a telephone number at all; which numbers exist is nobody's to say here."""
    parts = [part.strip() for part in _BETWEEN.split(text)]
    return all(_PART.fullmatch(p) and _LEAST <= sum(c.isdigit() for c in p) <= _MOST for p in parts)


def numbers_in(text: str) -> list[str]:
    """The numbers in a cell as one compares them: without what people put between, and without China's own prefix."""
    bare = [key(part) for part in _BETWEEN.split(text)]
    return [_home(one) for one in bare if one] or [text]


def numbers_said(text: str) -> list[str]:
    """The numbers in a sentence, as one compares them: what spaces part may be one number or several, and with an
    extension or without it is the same telephone."""
    said: dict[str, None] = {}
    for found in _PART.finditer(text):
        several = (found[0], _EXTENSION.sub("", found[0]), *found[0].split())
        numbers = (_home(key(one)) for one in several if sum(c.isdigit() for c in one) >= _LEAST)
        said |= dict.fromkeys(numbers)
    return list(said)


def _home(number: str) -> str:
    abroad = number.removeprefix("00")
    return abroad[2:] if abroad.startswith("86") and len(abroad) == _MOBILE + 2 else number
