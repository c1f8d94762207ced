"""Who may be made responsible for something about a firm: the choice in a form, and what came back from it."""

import uuid
from typing import Protocol

from app.access.terms import Viewer
from app.firms.terms import FirmDetail
from app.web.lookups import Lookup


class Kept(Protocol):
    """A plan, a task, a need: something that somebody is responsible for already."""

    @property
    def officer_id(self) -> uuid.UUID | None: ...
    @property
    def officer_name(self) -> str: ...


def read_officer(
    value: str, lookup: Lookup, viewer: Viewer, firm: FirmDetail, faults: dict[str, str], kept: Kept | None = None
) -> uuid.UUID | None:
    """Somebody who can open the firm; oneself, and whoever had it, always."""
    if not value:
        faults["officer_id"] = "请指定责任专员。"
        return None
    if kept and value == str(kept.officer_id):
        return kept.officer_id
    if value == str(viewer.id):
        return viewer.id
    chosen = next((i for i in lookup.officers_for(viewer) if str(i) == value), None)
    if chosen is None or not lookup.officers[chosen].can_see(firm.region_code):
        faults["officer_id"] = "没有这位专员，或这家企业不在其管辖范围内。"
    return chosen


def officers_of(lookup: Lookup, viewer: Viewer, firm: FirmDetail, kept: Kept | None = None) -> list[tuple[str, str]]:
    found = [(str(i), o.name) for i, o in lookup.officers_for(viewer).items() if o.can_see(firm.region_code)]
    if str(viewer.id) not in dict(found):
        found.insert(0, (str(viewer.id), viewer.name))
    if kept and kept.officer_id and str(kept.officer_id) not in dict(found):
        found.append((str(kept.officer_id), kept.officer_name))
    return [("", "请选择"), *found]
