"""What people write for an industry, found in GB/T 4754: one rule for the form, the API and rosters."""

import re
from collections.abc import Collection, Mapping

from app.text import key

_CODE = re.compile(r"([A-T]?)(\d{2})(\d{0,2})|([A-T])", re.ASCII)


def by_name(industries: Mapping[str, str]) -> dict[str, str]:
    """Codes by their names' comparison key; of a section and a division with one name the division is meant."""
    return {key(name): code for code, name in sorted(industries.items())}


def find_industry(text: str, codes: Collection[str], named: Mapping[str, str]) -> str | None:
    """A code with its section letter, which is found for one without; a name stands for its code.

    `codes` are sections and divisions; the digits below a division are taken as written.
    """
    match = _CODE.fullmatch("".join(text.upper().split()))
    if match is None:
        return named.get(key(text))
    letter, division, rest, section = match.groups()
    if section:
        return section if section in codes else None
    known = f"{letter}{division}" if letter else next((c for c in codes if c[1:] == division), "")
    return known + rest if known in codes else None
