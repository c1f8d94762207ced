"""What is known of a firm (or a carrier) on a day, by path: `registered_on`, `years.2025.headcount`, `ip_rights`.

A path that is not there is not known. It is never a no: "no accident" is the path with None.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import cached_property
from operator import itemgetter
from types import MappingProxyType
from typing import Any, Self

from app.policy.exact import EXACT, ZERO
from app.policy.figures import CLASS_TWO, IpKind, ObtainedBy


@dataclass(frozen=True, slots=True)
class CertificateFact:
    kind: str
    number: str
    issued_on: date
    expires_on: date
    revoked_on: date | None = None

    def in_force(self, day: date) -> bool:
        """The corresponding day is the last valid one."""
        return self.issued_on <= day <= self.expires_on and (self.revoked_on is None or day < self.revoked_on)


_CLASS_TWO = tuple(CLASS_TWO)  # three words are compared faster than hashed


@dataclass(frozen=True, slots=True)
class IpRight:
    kind: IpKind
    in_force: bool | None = None
    obtained_by: ObtainedBy | None = None
    granted_on: date | None = None
    used_in_hnte_year: int | None = None

    @property
    def class_two(self) -> bool:
        return self.kind in _CLASS_TWO


@dataclass(frozen=True, slots=True)
class Dated:
    """Something that happened or was won: a standard led, an award, an institution."""

    level: str
    on: date | None = None
    rank: int | None = None


@dataclass(frozen=True)
class Facts:
    values: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def holding(cls, *certificates: CertificateFact) -> Self:
        """All that a certificate's gate looks at."""
        return cls({"certificates": certificates})

    def with_certificates(self, *certificates: CertificateFact) -> Self:
        return replace(self, values={**self.values, "certificates": certificates})

    @cached_property
    def known(self) -> "Known":
        """All of it as a key: facts that hold the same are the same."""
        return Known(tuple(sorted(self.values.items(), key=itemgetter(0))))

    @property
    def certificates(self) -> tuple[CertificateFact, ...]:
        known: tuple[CertificateFact, ...] = self.values.get("certificates", ())
        return known

    def set(self, changes: Mapping[str, Any]) -> Self:
        return replace(self, values={**self.values, **changes})

    def add(self, path: str, amount: Decimal) -> Self:
        """The figure at `path`, more by `amount`; a figure that is not known counts from zero."""
        return self.set({path: EXACT.add(self.values.get(path, ZERO), amount)})


class Known:
    """A hundred figures whose hash is taken once: they are looked up several times for one page."""

    __slots__ = ("_facts", "_hash")

    def __init__(self, facts: tuple[tuple[str, Any], ...]) -> None:
        self._facts, self._hash = facts, hash(facts)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Known) and self._hash == other._hash and self._facts == other._facts


def certificate_in_force(facts: Facts, kind: str, day: date) -> CertificateFact | None:
    held = [c for c in facts.certificates if c.kind == kind and c.in_force(day)]
    return max(held, key=lambda c: c.expires_on, default=None)
