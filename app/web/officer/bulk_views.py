"""What the pages of bulk acts show of an act and its firms."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.access.terms import Viewer
from app.bulk.queries import Act, Line
from app.bulk.terms import ActState, LineOutcome
from app.personal.masking import names_hidden
from app.web.bulk_input import NOBODY, OFF, said_of
from app.web.filters import chips
from app.web.lookups import Lookup
from app.web.view_input import filter_of

_TONES = {ActState.PREVIEW: "warn", ActState.DONE: "good"}
_LINE_TONES = {
    LineOutcome.CHANGES: "good",
    LineOutcome.DONE: "good",
    LineOutcome.ASKS: "warn",
    LineOutcome.ASKED: "warn",
    LineOutcome.REFUSED: "bad",
    LineOutcome.LEFT: "bad",
    LineOutcome.KEPT: "bad",
}


def list_of(query: str) -> str:
    """The list that the firms were chosen from; none where the number that found them was left out."""
    return f"/firms?{query}" if query and not names_hidden(query) else ""


@dataclass(frozen=True, slots=True)
class ActView:
    id: uuid.UUID
    href: str
    what: str
    said: str
    state: str
    state_label: str
    tone: str
    busy: bool
    creator_name: str
    created_at: datetime
    done_at: datetime | None
    undone_at: datetime | None
    undoer_name: str
    reason: str
    chosen: Sequence[str]  # the filter in words; none for firms named one by one
    list_href: str
    total: int
    missing: int
    sentence: str


@dataclass(frozen=True, slots=True)
class ChosenView:
    """The firms that were chosen in a list: those that were ticked, or all of them."""

    query: str
    codes: str
    everything: bool
    words: Sequence[str]
    picked: int
    n: int  # all that the filter finds
    list_href: str
    exports: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class LineView:
    href: str
    name: str
    uscc: str
    region: str
    outcome: str
    tone: str
    reason: str


def act_view(act: Act, lookup: Lookup, viewer: Viewer) -> ActView:
    return ActView(
        id=act.id,
        href=f"/bulk/{act.id}",
        what=act.kind.label,
        said=said_of(act.change, lookup),
        state=act.state.value,
        state_label=act.state.label,
        tone=_TONES.get(act.state, ""),
        busy=act.state.busy,
        creator_name=act.creator_name,
        created_at=act.created_at,
        done_at=act.done_at,
        undone_at=act.undone_at,
        undoer_name=act.undoer_name,
        reason=act.change.reason,
        chosen=words_of(act.query, lookup, viewer),
        list_href=list_of(act.query),
        total=act.total,
        missing=act.missing,
        sentence=act.sentence,
    )


def words_of(query: str, lookup: Lookup, viewer: Viewer) -> list[str]:
    """A list's filter as its chips say it."""
    return [c.label for c in chips("/firms", filter_of(query, viewer), lookup, viewer)] if query else []


def line_view(line: Line, lookup: Lookup) -> LineView:
    return LineView(
        href=f"/firms/{line.uscc}",
        name=line.name,
        uscc=line.uscc,
        region=lookup.reference.region(line.region_code),
        outcome=line.outcome.label,
        tone=_LINE_TONES.get(line.outcome, ""),
        reason=line.reason,
    )


def tabs(act: Act, counts: Mapping[LineOutcome, int], chosen: str) -> list[tuple[str, int, str, bool]]:
    here = f"/bulk/{act.id}"
    every = [("全部", act.total, here, not chosen)]
    return every + [(o.label, n, f"{here}?outcome={o.value}", o.value == chosen) for o, n in counts.items()]


def choices(lookup: Lookup, viewer: Viewer, tags: Sequence[str]) -> dict[str, Any]:
    """What the fields of each kind offer."""
    officers = [(str(i), o.name) for i, o in lookup.officers_for(viewer).items()]
    others = [o for o in officers if o[0] != str(viewer.id)]
    return {
        "officers": [("", "请选择"), *officers, (NOBODY, "取消责任专员")],
        "doers": [("", "各企业的责任专员"), (str(viewer.id), f"{viewer.name}（本人）"), *others],
        "tiers": [("", "请选择"), *((t.code, t.label) for t in lookup.main.tiers), (OFF, "移出梯队")],
        "tags": list(tags),
    }
