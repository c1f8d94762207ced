"""Which record's fields a merge takes, as a form and a program say it."""

from collections.abc import Collection
from typing import Any

from app.errors import Invalid
from app.firms.service import EDITABLE
from app.firms.terms import FIELD_LABELS, FirmDetail
from app.web.firm_words import field_words
from app.web.lookups import Lookup

# The kept record's code and status are not for choosing.
CHOSEN = tuple(f for f in FIELD_LABELS if f in EDITABLE and f not in ("uscc", "uscc_override", "status"))


def taken_from(gone: FirmDetail, fields: Collection[str]) -> dict[str, Any]:
    """Raises Invalid for what is no such field."""
    unknown = [f for f in fields if f not in CHOSEN]
    if unknown:
        raise Invalid({"take": f"不能选取这些字段：{'、'.join(unknown)}。"})
    return {f: getattr(gone, f) for f in fields}


def differing(kept: FirmDetail, gone: FirmDetail, lookup: Lookup) -> list[tuple[str, str, str, str]]:
    """Each field that the two say differently: its name and label, and what either says."""
    said = [(n, FIELD_LABELS[n], field_words(kept, n, lookup), field_words(gone, n, lookup)) for n in CHOSEN]
    return [one for one in said if one[2] != one[3]]
