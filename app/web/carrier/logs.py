"""The operator's logs: services, events, mentors and investments of a year, and what they come to by month."""

import uuid
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

from fastapi import Query, Request, Response

from app.access.terms import Viewer
from app.carriers import noting
from app.carriers.log_terms import COUNT_LABELS, FIELDS, SHAPES, Counts, LogKind, LogLine
from app.carriers.logs import PAGE, appointed, counts_of, known_of, log_by_id, logs_of
from app.carriers.noting import needs_kind
from app.carriers.rules import add_months, day_before
from app.carriers.terms import Carrier
from app.db import Conn
from app.errors import AppError, Conflict, Invalid, NotFound, Refused, Stale
from app.firms import cursors
from app.firms.terms import Sort
from app.web.carrier.frame import (
    LetSpaces,
    ReadCarriers,
    SeeLetting,
    carrier_in_sight,
    faulty,
    head,
)
from app.web.carrier_input import Reader
from app.web.deps import ClockDep, ConnDep, TodayDep
from app.web.forms import raw_form, version_in
from app.web.htmx import see_other
from app.web.idempotency import KeyDep, once
from app.web.log_input import as_typed, read_log
from app.web.routing import Router
from app.web.templating import page

router = Router()
YEARS_SHOWN = 6


@router.get("/carriers/{carrier_id}/logs")
async def logs_page(
    request: Request,
    carrier_id: uuid.UUID,
    viewer: ReadCarriers,
    conn: ConnDep,
    today: TodayDep,
    kind: Annotated[str, Query(max_length=12)] = LogKind.SERVICE.value,
    year: Annotated[str, Query(max_length=4)] = "",
    cursor: Annotated[str, Query(max_length=300)] = "",
) -> Response:
    carrier, chosen = await carrier_in_sight(conn, carrier_id, viewer), needs_kind(kind)
    asked = year_asked(year, today)
    # A mentor is in office for years: the list is of all of them.
    every = chosen is LogKind.MENTOR
    since = date.min if every else date(asked, 1, 1)
    until = date.max if every else date(asked, 12, 31)
    after = cursors.decode(cursor, Sort.REGISTERED) if cursor else None
    found = await logs_of(conn, carrier.id, chosen, since=since, until=until, after=after, limit=PAGE + 1)
    here = f"/carriers/{carrier.id}/logs"
    this = f"{here}?kind={chosen.value}&year={asked}"
    more = f"{this}&cursor={cursors.encode(found[PAGE - 1].on, found[PAGE - 1].id)}" if len(found) > PAGE else None
    context: dict[str, Any] = {
        **head(carrier, viewer, "logs"),
        **await _counted(conn, carrier, asked, today),
        "kind": chosen,
        "kinds": [(k, f"{here}?kind={k.value}&year={asked}") for k in LogKind],
        "year": asked,
        "years": [str(y) for y in range(today.year, today.year - YEARS_SHOWN, -1)],
        "lines": found[:PAGE],
        "shape": SHAPES[chosen],
        "here": here,
        "today": today,
        "next_href": more,
        "prev_href": this if cursor else None,
    }
    return page(request, "carrier/logs.html", title=f"{carrier.name} 服务与投资", **context)


def year_asked(year: str, today: date) -> int:
    """One that cannot be read, and one to come, is this year."""
    said = int(year) if year.isascii() and year.isdigit() else today.year
    return said if 1990 <= said <= today.year else today.year


async def _counted(conn: Conn, carrier: Carrier, year: int, today: date) -> dict[str, Any]:
    """Twelve months, those to come left empty, and the year."""
    until = min(date(year, 12, 31), today)
    months, total, terms = await counts_of(conn, carrier.id, since=date(year, 1, 1), until=until)
    shown: list[tuple[int, Counts | None, int]] = []
    for month in range(1, 13):
        first = date(year, month, 1)
        last = min(day_before(add_months(first, 1)), today)
        shown.append((month, months.get(first, Counts()) if first <= today else None, appointed(terms, last)))
    return {"months": shown, "total": total, "count_labels": list(COUNT_LABELS.items())}


@router.get("/carriers/{carrier_id}/logs/{kind}/new")
async def new_form(
    request: Request,
    carrier_id: uuid.UUID,
    kind: str,
    viewer: SeeLetting,
    conn: ConnDep,
    holder: Annotated[str, Query(max_length=40)] = "",
    amount: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """With what is known already, where a link brings it."""
    carrier, chosen = await carrier_in_sight(conn, carrier_id, viewer), needs_kind(kind)
    known = {"holder": holder, "amount": amount}
    return await _form(request, conn, carrier, viewer, chosen, known, key=uuid.uuid4().hex)


@router.post("/carriers/{carrier_id}/logs/{kind}/new")
async def add(
    request: Request, carrier_id: uuid.UUID, kind: str, conn: ConnDep, clock: ClockDep, actor: LetSpaces, key: KeyDep
) -> Response:
    carrier, chosen = await carrier_in_sight(conn, carrier_id, actor.viewer), needs_kind(kind)
    raw, at = await raw_form(request), clock.now()
    try:
        async with once(conn, key, viewer=actor.viewer, at=at) as slot:
            if slot.replayed is not None:
                return slot.replayed
            entry = read_log(raw, chosen, await known_of(conn, carrier.id))
            await noting.add_log(conn, carrier, entry, by=actor, at=at)
            return slot.keep(see_other(request, _home(carrier, chosen, entry.on), f"已登记 {entry.title}"))
    except (Invalid, Conflict) as error:
        return await _form(request, conn, carrier, actor.viewer, chosen, raw, key=key.value, error=error)


@router.get("/carriers/{carrier_id}/logs/{kind}/{entry_id}")
async def line_page(
    request: Request, carrier_id: uuid.UUID, kind: str, entry_id: uuid.UUID, viewer: SeeLetting, conn: ConnDep
) -> Response:
    carrier, chosen = await carrier_in_sight(conn, carrier_id, viewer), needs_kind(kind)
    line = await _line(conn, carrier, chosen, entry_id)
    return await _form(request, conn, carrier, viewer, chosen, as_typed(line), line=line)


@router.post("/carriers/{carrier_id}/logs/{kind}/{entry_id}")
async def amend(
    request: Request,
    carrier_id: uuid.UUID,
    kind: str,
    entry_id: uuid.UUID,
    conn: ConnDep,
    clock: ClockDep,
    actor: LetSpaces,
) -> Response:
    carrier, chosen = await carrier_in_sight(conn, carrier_id, actor.viewer), needs_kind(kind)
    line, raw = await _line(conn, carrier, chosen, entry_id), await raw_form(request)
    try:
        entry, version = read_log(raw, chosen, await known_of(conn, carrier.id)), version_in(raw)
        done = await noting.amend_log(conn, carrier, line.id, entry, version=version, by=actor, at=clock.now())
    except (Invalid, Conflict) as error:
        return await _form(request, conn, carrier, actor.viewer, chosen, raw, line=line, error=error)
    return see_other(request, _home(carrier, chosen, entry.on), "已保存" if done else "没有变化")


@router.post("/carriers/{carrier_id}/logs/{kind}/{entry_id}/strike")
async def strike(
    request: Request,
    carrier_id: uuid.UUID,
    kind: str,
    entry_id: uuid.UUID,
    conn: ConnDep,
    clock: ClockDep,
    actor: LetSpaces,
) -> Response:
    carrier, chosen = await carrier_in_sight(conn, carrier_id, actor.viewer), needs_kind(kind)
    line, raw = await _line(conn, carrier, chosen, entry_id), await raw_form(request)
    r = Reader(raw)
    try:
        reason, version = r.text("reason", required="请写明原因。"), version_in(raw)
        r.done()
        await noting.strike_log(conn, carrier, line.id, reason=reason, version=version, by=actor, at=clock.now())
    except (Invalid, Stale, Refused) as error:
        typed = as_typed(line)
        return await _form(request, conn, carrier, actor.viewer, chosen, typed, line=line, error=error)
    return see_other(request, _home(carrier, chosen, line.on), f"已删去 {line.title}，不再计数")


async def _line(conn: Conn, carrier: Carrier, kind: LogKind, entry_id: uuid.UUID) -> LogLine:
    found = await log_by_id(conn, carrier.id, entry_id)
    if found is None or found.kind is not kind:
        raise NotFound
    return found


def _home(carrier: Carrier, kind: LogKind, on: date) -> str:
    return f"/carriers/{carrier.id}/logs?kind={kind.value}&year={on.year}"


async def _form(
    request: Request,
    conn: Conn,
    carrier: Carrier,
    viewer: Viewer,
    kind: LogKind,
    raw: Mapping[str, str],
    *,
    line: LogLine | None = None,
    key: str = "",
    error: AppError | None = None,
) -> Response:
    known, shape = await known_of(conn, carrier.id), SHAPES[kind]
    context: dict[str, Any] = {
        **head(carrier, viewer),
        "kind": kind,
        "shape": shape,
        "line": line,
        "values": {name: raw.get(name, "") for name in FIELDS},
        "version": raw.get("version", line.version if line else ""),
        "back": f"/carriers/{carrier.id}/logs?kind={kind.value}",
        "choices": {
            "sort": [("", "请选择"), *((word.value, word.label) for word in shape.sorts)],
            "holder": [("", "" if shape.holder_needed else "不限于一家"), *_holders(known.holders)],
            "mentor": [("", "没有"), *((str(m.id), f"{m.title}（{m.on} 起）") for m in known.mentors)],
        },
        "idempotency_key": key,
        **faulty(
            error,
            "title" if isinstance(error, Conflict) else "",
            called={field: asked for field in FIELDS if (asked := shape.asks(field))},
        ),
    }
    status = error.status if error else 200
    title = line.title if line else f"登记{kind.label}"
    return page(request, "carrier/log.html", title=title, status=status, **context)


def _holders(holders: Any) -> list[tuple[str, str]]:
    return [(str(h.id), h.name if h.inside else f"{h.name}（已退出）") for h in holders]
