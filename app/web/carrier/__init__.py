"""Carriers' pages: an operator's own desk, and what the bureau's officers look at and do in all of their division."""

from app.web.carrier import keeping, places, rooms, tenants

# Fixed addresses below /carriers come before /carriers/{carrier_id}.
_PARTS = (keeping, places, rooms, tenants)
ROUTERS = tuple(part.router for part in _PARTS)
