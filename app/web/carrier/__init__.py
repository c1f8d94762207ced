"""Carriers' pages: an operator's own desk, and what the bureau's officers look at and do in all of their division."""

from app.web.carrier import (
    batches,
    collections,
    entries,
    keeping,
    list_file,
    logs,
    logs_file,
    onward,
    places,
    proposals,
    readiness,
    reconciling,
    rooms,
    rooms_file,
    statistics,
    stays_file,
    tenants,
)

# Fixed addresses below /carriers come before /carriers/{carrier_id}.
_PARTS = (
    *(keeping, entries, proposals, list_file, places, readiness, rooms, rooms_file, logs_file, batches, logs),
    *(tenants, onward, stays_file, reconciling, collections, statistics),
)
ROUTERS = tuple(part.router for part in _PARTS)
