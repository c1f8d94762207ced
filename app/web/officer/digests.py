"""周报: one week of a division, everybody whom its numbers count, and the archive."""

import asyncio
import uuid
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Query, Request, Response

from app.access.terms import Actor, Permission, Viewer
from app.digests.composing import value_of
from app.digests.printing import pdf
from app.digests.queries import PAGE, ROWS, KeptDigest, archive, kept_rows, rows_now, scope_for
from app.digests.reading import Shown, asked_for, read_digest
from app.digests.rules import last_due
from app.digests.telling import change_words, headline, known_words, total_of, towns_words
from app.digests.terms import SectionCode
from app.errors import AppError
from app.text import TextError, normalise
from app.web.deps import ClockDep, ConnDep, LookupDep, SettingsDep, acting, guard
from app.web.digest_input import Place, divisions, parse_week
from app.web.digest_press import DigestPress
from app.web.downloads import attachment
from app.web.lookups import Lookup
from app.web.noting import note_taken
from app.web.routing import Router
from app.web.templating import page

router = Router()
Reader = Annotated[Viewer, Depends(guard(Permission.DIGEST_READ))]
Scope = Annotated[str, Query(max_length=12)]
Known = Annotated[str, Query(max_length=4)]


@router.get("/digests")
async def archive_page(
    request: Request,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    viewer: Reader,
    q: Annotated[str, Query(max_length=60)] = "",
    scope: Scope = "",
    cursor: Annotated[str, Query(max_length=24)] = "",
) -> Response:
    week, _, after = cursor.partition(".")
    asked = _clean(q)
    found = await archive(conn, viewer=viewer, scope=scope, q=asked, before=(week, after) if after else None)
    shown = found[:PAGE]
    chosen = {k: v for k, v in (("q", asked), ("scope", scope)) if v}
    following = urlencode({**chosen, "cursor": f"{shown[-1].week}.{shown[-1].scope}"}) if len(found) > PAGE else ""
    own, at = await scope_for(conn, scope, viewer), clock.now()
    context: dict[str, Any] = {
        "rows": [_row(d) for d in shown],
        "q": asked,
        "scope": scope,
        "scopes": [("", "全部"), *divisions(lookup, viewer)],
        "latest": Place(last_due(at, lookup.calendar), own).href(),
        "running": Place(last_due(at, lookup.calendar).shifted(1), own).href(),
        "prev_href": f"/digests?{urlencode(chosen)}" if cursor else None,
        "next_href": f"/digests?{following}" if following else None,
    }
    return page(request, "officer/digests/archive.html", title="周报", **context)


def _clean(q: str) -> str:
    try:
        return normalise(q, longest=60)
    except TextError:
        return ""


def _row(digest: KeptDigest) -> dict[str, Any]:
    d = digest.document
    return {
        "href": Place(digest.week, digest.scope).href(),
        "label": d["label"],
        "scope": d["scope_name"],
        "known_at": digest.known_at,
        "total": total_of(d),
        "up": value_of(d, "moved-up"),
        "down": value_of(d, "moved-down"),
        "stuck": value_of(d, "stuck"),
    }


@router.get("/digests/{week}")
async def digest_page(
    request: Request,
    week: str,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    viewer: Reader,
    scope: Scope = "",
    known: Known = "",
) -> Response:
    place = Place(parse_week(week), await scope_for(conn, scope, viewer), known == "now")
    shown = await read_digest(conn, place.week, place.scope, now=place.now, at=clock.now())
    return digest_answer(request, place, shown, lookup, viewer)


def digest_answer(
    request: Request, place: Place, shown: Shown, lookup: Lookup, viewer: Viewer, error: AppError | None = None
) -> Response:
    d = shown.document
    context: dict[str, Any] = {
        "d": d,
        "kept": shown.kept,
        "over": shown.asked.over,
        "now": place.now,
        "known": known_words(d),
        "headline": headline(d),
        "corrected": shown.corrected,
        "corrections": shown.corrections,
        "most": max([1, *(one["value"] for s in d["sections"] if s["code"] == "ladder" for one in s["lists"])]),
        "scope": place.scope,
        "scopes": divisions(lookup, viewer),
        "list_href": lambda key: place.href("lists", key),
        "change": change_words,
        "towns": towns_words,
        "then_href": Place(place.week, place.scope).href(),
        "now_href": Place(place.week, place.scope, now=True).href(),
        "earlier": Place(place.week.shifted(-1), place.scope).href(),
        "later": None if not shown.asked.over else Place(place.week.shifted(1), place.scope).href(),
        "pdf_href": place.href("digest.pdf"),
        "test_action": f"/digests/{place.week}/test",
        "ladder": SectionCode.LADDER.value,
        "idempotency_key": uuid.uuid4().hex,
        "sentence": error.sentence if error else "",
    }
    status = error.status if error else 200
    return page(request, "officer/digests/digest.html", title=f"周报 {d['label']}", status=status, **context)


@router.get("/digests/{week}/digest.pdf")
async def digest_pdf(
    week: str,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    settings: SettingsDep,
    actor: Annotated[Actor, Depends(acting(Permission.DIGEST_READ))],
    scope: Scope = "",
    known: Known = "",
) -> Response:
    wanted = await scope_for(conn, scope, actor.viewer)
    shown = await read_digest(conn, parse_week(week), wanted, now=known == "now", at=clock.now())
    name = f"周报 {week} {shown.document['scope_name']}.pdf"
    await note_taken(conn, name, "digest", week, by=actor, at=clock.now())
    footer = DigestPress(settings).address(shown.document)
    made = await asyncio.to_thread(
        pdf, shown.document, bureau=lookup.reference.bureau, footer=footer, fonts=settings.fonts
    )
    return attachment(made, name, "application/pdf")


@router.get("/digests/{week}/lists/{key}")
async def list_page(
    request: Request,
    week: str,
    key: str,
    conn: ConnDep,
    clock: ClockDep,
    viewer: Reader,
    scope: Scope = "",
    known: Known = "",
    start: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> Response:
    """Everybody whom one number counts."""
    place = Place(parse_week(week), await scope_for(conn, scope, viewer), known == "now")
    asked = await asked_for(conn, place.week, place.scope, now=place.now, at=clock.now())
    if asked.kept:
        listing, total, lines = await kept_rows(conn, asked.kept.id, asked.frame, key, start=start)
    else:
        listing, total, lines = await rows_now(conn, asked.frame, key, start=start)
    context: dict[str, Any] = {
        "listing": listing,
        "total": total,
        "lines": lines,
        "start": start,
        "about": f"{place.week.label} · {asked.frame.words.region(place.scope)}",
        "kept": asked.kept is not None,
        "back": place.href(),
        "prev_href": place.href("lists", key) if start else None,
        "next_href": place.href("lists", key, start=str(start + ROWS)) if start + ROWS < total else None,
    }
    return page(request, "officer/digests/list.html", title=f"{listing.label} {place.week}", **context)
