"""A claim in words, and beside what the ledger says of the same right."""

from collections.abc import Mapping
from typing import Any

from app.policy.figures import IpKind, ObtainedBy
from app.recognitions.rights import HeldRight, body_of
from app.recognitions.terms import CertificateKind, ClaimKind
from app.web.title_input import LABELS

_FIELDS = {
    ClaimKind.CERTIFICATE: ("kind", "number", "issued_on", "expires_on"),
    ClaimKind.IP_RIGHT: ("kind", "number", "name", "obtained_by", "granted_on", "in_force", "used_in_hnte_year"),
}
_FORCE = {True: "有效", False: "已失效"}


def said(kind: ClaimKind, body: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(_label(field), _word(kind, field, body.get(field))) for field in _FIELDS[kind]]


def changed(right: HeldRight, body: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """(field, as the ledger says, as it is claimed), where they differ."""
    pairs = zip(said(ClaimKind.IP_RIGHT, body_of(right)), said(ClaimKind.IP_RIGHT, body), strict=True)
    return [(label, old, new) for (label, old), (_, new) in pairs if old != new]


def _label(field: str) -> str:
    return LABELS["used" if field == "used_in_hnte_year" else field]


def _word(kind: ClaimKind, field: str, value: Any) -> str:
    if value is None or value == "":
        return ""
    if field == "kind":
        return CertificateKind(value).label if kind is ClaimKind.CERTIFICATE else IpKind(value).label
    if field == "obtained_by":
        return ObtainedBy(value).label
    return _FORCE[value] if field == "in_force" else str(value)
