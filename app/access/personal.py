"""Which of what is held of persons a viewer reads in full. Everything that shows it asks here."""

from collections.abc import Mapping
from typing import Any

from app.access.terms import Role, Viewer
from app.personal.masking import mask, mask_keys
from app.personal.terms import Kind

_ALL = frozenset(Kind)
# Who speaks with the firms reads all of it; a firm and an operator see nobody's but their own anyway. Who leads or
# examines knows whom a record is about, and asks for a number with a reason; who runs the system needs neither.
READABLE: Mapping[Role, frozenset[Kind]] = {
    Role.FIRM: _ALL,
    Role.CARRIER: _ALL,
    Role.TOWN: _ALL,
    Role.OFFICER: _ALL,
    Role.MANAGER: frozenset({Kind.NAME, Kind.TRACE}),
    Role.AUDITOR: frozenset({Kind.NAME, Kind.TRACE}),
    Role.ADMIN: frozenset({Kind.TRACE}),
}
_HIDDEN = {role: _ALL - readable for role, readable in READABLE.items()}


def hidden_from(viewer: Viewer) -> frozenset[Kind]:
    """Nothing is hidden from the house itself, whose jobs send the letters."""
    return _HIDDEN[viewer.role] if viewer.login else frozenset()


def readable(viewer: Viewer, image: Mapping[str, Any]) -> dict[str, Any]:
    """What a record says by its keys, as far as the viewer reads it."""
    return mask_keys(image, hidden_from(viewer))


def shown(viewer: Viewer, kind: Kind, value: str) -> str:
    return mask(kind, value) if kind in hidden_from(viewer) else value
