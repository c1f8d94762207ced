"""A firm's field as people read it, whatever it is stored as."""

from app.firms.terms import FirmDetail, SizeClass
from app.web.lookups import Lookup

_YES_NO = {True: "是", False: "否", None: ""}


def field_words(firm: FirmDetail, name: str, lookup: Lookup) -> str:
    reference = lookup.reference
    value = getattr(firm, name)
    if name == "above_designated_size":
        return _YES_NO[value]
    if value is None:
        return ""
    if name == "registered_capital":
        return f"{value / 10000:,.2f} 万元"
    if name == "officer_id":
        return firm.officer_name or ""
    named = {
        "region_code": reference.regions,
        "high_tech_field": reference.high_tech_fields,
        "direction": reference.directions,
        "size_class": dict(SizeClass.options()),
    }.get(name, {})
    return str(named.get(value, value))
