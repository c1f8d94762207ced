"""Of a carrier's tenants how many belong to a count, and of how many nobody knows yet. Missing data is neither."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

# Of fewer, a count of what firms reported would tell their landlord about one of them.
FEW = 5
_GROWN = Decimal("1.2")  # 131号: more than 20 %


@dataclass(frozen=True, slots=True)
class Tenant:
    """An incubated firm on the day, with the figures of the last closed year and of the one before it."""

    registered_on: date | None
    field: str  # of the eight national high-tech fields; empty where nobody knows
    has_right: bool | None  # in force; None where it has reported nothing of them
    has_patent: bool
    year: int
    now: Mapping[str, Any] | None
    before: Mapping[str, Any] | None


def tenant_of(row: Any, year: int) -> Tenant:
    """Of its registration, its field, its rights and its figures by year."""
    by_year = row[4] or {}
    registered_on, field, has_right, has_patent = row[:4]
    now, before = by_year.get(str(year)), by_year.get(str(year - 1))
    return Tenant(registered_on, field, has_right, has_patent, year, now, before)


@dataclass(frozen=True, slots=True)
class Count:
    least: int
    maybe: int  # of whom nobody knows


def count(tenants: Iterable[Tenant], belongs: Callable[[Tenant], bool | None]) -> Count:
    said = [belongs(tenant) for tenant in tenants]
    return Count(said.count(True), said.count(None))


def has_right(tenant: Tenant) -> bool | None:
    return tenant.has_right


def applied_for_patent(tenant: Tenant) -> bool | None:
    """A granted one was applied for; an application alone is in no ledger of ours."""
    return True if tenant.has_patent else None


def financed(tenant: Tenant) -> bool | None:
    raised = _figure(tenant.now, "equity_raised")
    return None if raised is None else raised > 0


def grew(tenant: Tenant) -> bool | None:
    """131号: revenue or R&D more than 20 % above the year before. One that is younger has no year before."""
    if tenant.registered_on is not None and tenant.registered_on.year >= tenant.year:
        return False
    pairs = [(_figure(tenant.now, code), _figure(tenant.before, code)) for code in ("sales_revenue", "rd")]
    each = [_more(now, before) for now, before in pairs]
    if True in each:
        return True
    return None if None in each else False


def _more(now: Decimal | None, before: Decimal | None) -> bool | None:
    if now is None or before is None or (before == 0 and now > 0):
        return None  # a growth from nothing is no rate
    return now > before * _GROWN


def _figure(figures: Mapping[str, Any] | None, code: str) -> Decimal | None:
    if figures is None:
        return None
    if code == "rd":
        lines = [Decimal(said) for name, said in figures.items() if name.startswith("rd.")]
        return sum(lines, Decimal(0)) if lines else None
    return Decimal(figures[code]) if code in figures else None


def same_field(tenants: Sequence[Tenant]) -> Count:
    """The largest group of one field; whoever has none written down may belong to it."""
    groups = Counter(tenant.field for tenant in tenants)
    unknown = groups.pop("", 0)
    return Count(max(groups.values(), default=0), unknown)
