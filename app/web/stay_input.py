"""What is said of a graduate's year, from a form or a program."""

from collections.abc import Mapping
from typing import Any

from app.incubation.after_terms import Whereabouts, Word
from app.text.amounts import AmountError, parse_amount
from app.units import Unit
from app.web.carrier_input import Reader


def read_word(raw: Mapping[str, Any], *, unit: Unit = Unit.WAN_YUAN) -> Word:
    """Raises Invalid by field."""
    r, revenue = Reader(raw), None
    if said := str(raw.get("revenue") or "").strip():
        try:
            revenue = parse_amount(said, unit)
        except AmountError as error:
            r.faults["revenue"] = str(error)
        if revenue is not None and revenue < 0:
            r.faults["revenue"] = "营业收入不能小于 0。"
    word = Word(r.word("where", Whereabouts), revenue, r.count("staff"), r.text("note"))
    r.done()
    return word
