"""A week's digest as one document. Each number is the length of the list that one statement made with it."""

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Text, cast, func, literal, select
from sqlalchemy.dialects.postgresql import JSONB, JSONPATH

from app.clock import BUSINESS_ZONE
from app.db import Conn
from app.digests.counting import Count, counted
from app.digests.frames import Frame
from app.digests.models import Digest
from app.digests.rules import due_at
from app.digests.sections import SECTIONS, Section, listings_of, told
from app.digests.terms import Line, Listing, Moment, SectionCode, Week, Words
from app.errors import NotFound
from app.firms.reference import load_reference
from app.firms.terms import MAIN_LADDER
from app.pipeline.queries import load_ladders
from app.workdays.queries import load_calendar

FORM = 1  # of the document; readers of old ones look at it
TOWNS_NAMED = 3

Document = dict[str, Any]


async def frame_of(conn: Conn, week: Week, scope: str, moment: Moment) -> Frame:
    """Raises NotFound for a division that there is not, and in a house whose tables are empty."""
    reference = await load_reference(conn)
    ladder = (await load_ladders(conn)).get(MAIN_LADDER)
    if scope not in reference.regions or ladder is None:
        raise NotFound("没有这个行政区划。")
    calendar = await load_calendar(conn)
    words = Words({t.code: t.label for t in ladder.tiers}, reference.regions)
    before, known = await _before(conn, week, scope) or (None, due_at(week.shifted(-1), calendar))
    return Frame(week, scope, moment, known, before, ladder, calendar, words)


async def _before(conn: Conn, week: Week, scope: str) -> tuple[uuid.UUID, datetime] | None:
    d = Digest
    query = select(d.id, d.known_at).where(d.week == str(week.shifted(-1)), d.scope == scope)
    row = (await conn.execute(query)).one_or_none()
    return (row[0], row[1]) if row else None


async def compose(conn: Conn, frame: Frame, *, keep_as: uuid.UUID | None = None) -> Document:
    """With `keep_as` every list is written down under that digest as it is counted, by the same statement."""
    earlier = await _values_before(conn, frame)
    sections = [await _section(conn, section, frame, earlier, keep_as) for section in SECTIONS]
    return {
        "form": FORM,
        "week": str(frame.week),
        "label": frame.week.label,
        "from": frame.week.monday.isoformat(),
        "to": frame.week.sunday.isoformat(),
        "scope": frame.scope,
        "scope_name": frame.words.region(frame.scope),
        "day": frame.on.isoformat(),
        "known_at": frame.known_at.astimezone(BUSINESS_ZONE).isoformat(),
        "since": frame.since.astimezone(BUSINESS_ZONE).isoformat(),
        "afterwards": not frame.moment.fresh,
        "sections": sections,
    }


async def _section(
    conn: Conn, section: Section, frame: Frame, earlier: Mapping[str, int], keep_as: uuid.UUID | None
) -> dict[str, Any]:
    lists = []
    if told(section, frame):
        for listing, count in await counted(conn, await listings_of(section, conn, frame), keep_as):
            lists.append(_list(listing, count, frame.words, earlier.get(listing.key)))
    note = "" if told(section, frame) else section.lost
    if not note and section.code is SectionCode.CHANGES and frame.before is None:
        note = "上周的周报没有编制，无从比较。"
    return {"code": section.code.value, "title": section.code.label, "note": note, "lists": lists}


def _list(listing: Listing, count: Count, words: Words, before: int | None) -> dict[str, Any]:
    largest = sorted(count.towns.items(), key=lambda town: (-town[1], town[0]))[:TOWNS_NAMED]
    lines = [line_of(row, listing, words) for row in count.head]
    return {
        "key": listing.key,
        "label": listing.label,
        "value": count.total,
        "before": before,
        "good": listing.good,
        "live": listing.live,
        "md5": count.md5,
        "towns": [[code, words.region(code), n] for code, n in largest],
        "lines": [
            {"uscc": one.uscc, "name": one.name, "region": one.region, "said": one.said, "href": one.href}
            for one in lines
        ],
    }


def part_of(rows: Any, start: int, n: int) -> Any:
    """So many elements of a JSON array from one on."""
    path = cast(literal(f"$[{start} to {start + n - 1}]", Text()), JSONPATH())
    return func.jsonb_path_query_array(rows, path, type_=JSONB())


def line_of(row: Sequence[Any], listing: Listing, words: Words) -> Line:
    uscc, name, region, facts = row
    return Line(uscc, name, words.region(region), listing.say(facts, words), href_of(uscc, facts))


def href_of(uscc: str | None, facts: Mapping[str, Any]) -> str:
    """Where one line is told in full."""
    told = next((way.format(facts[key]) for key, way in _WAYS.items() if facts.get(key)), "")
    if told:
        return told
    if uscc is None:
        return f"/carriers/{facts['carrier']}" if "carrier" in facts else f"/filings/{facts['window']}"
    return f"/firms/{uscc}/gap?policy={facts['policy']}" if facts.get("policy") else f"/firms/{uscc}"


# By what a row's facts name.
_WAYS = {
    "move": "/moves/{}/receipt",
    "application": "/filings/applications/{}",
    "tenancy": "/tenancies/{}",
    "plan": "/plans/{}",
}


async def _values_before(conn: Conn, frame: Frame) -> dict[str, int]:
    """What the week before said of each number; nothing when it was not kept."""
    d = Digest
    query = select(d.document).where(d.week == str(frame.week.shifted(-1)), d.scope == frame.scope)
    document = (await conn.execute(query)).scalar_one_or_none()
    return {one["key"]: one["value"] for one in lists_in(document)} if document else {}


def lists_in(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [one for section in document["sections"] for one in section["lists"]]


def value_of(document: Mapping[str, Any], *keys: str) -> int | None:
    """A number of the document, or the sum of several; None where one of them is not told."""
    values = {one["key"]: one["value"] for one in lists_in(document)}
    return sum(values[key] for key in keys) if all(key in values for key in keys) else None


def sum_of(document: Document) -> str:
    """Over the document in its canonical form; it holds a sum of every list."""
    return hashlib.sha256(orjson.dumps(document, option=orjson.OPT_SORT_KEYS)).hexdigest()


def said_in(document: Document) -> str:
    """Every name and word, for the archive's search."""
    parts = [document["label"], document["week"], document["scope_name"]]
    for one in lists_in(document):
        parts += [part for line in one["lines"] for part in (line["name"], line["said"])]
    return "\n".join(dict.fromkeys(parts))
