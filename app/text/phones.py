import re

# Mobiles, landlines with an area code, short numbers of a group, extensions; several of them in one cell.
_PART = re.compile(r"[+（(]?\d[\d ()（）+\-]*(?:(?:转|ext\.?|#) ?\d{1,6})?", re.ASCII | re.IGNORECASE)
_BETWEEN = re.compile(r"[、,，;；/]")
_LEAST, _MOST = 5, 20


def is_phone(text: str) -> bool:
    """Whether it can be a telephone number at all; which numbers exist is nobody's to say here."""
    parts = [part.strip() for part in _BETWEEN.split(text)]
    return all(_PART.fullmatch(p) and _LEAST <= sum(c.isdigit() for c in p) <= _MOST for p in parts)
