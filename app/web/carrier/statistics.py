"""The carrier's statistics forms: counted, completed and corrected by its operator, exported in the form's order."""

import uuid
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any
from urllib.parse import urlencode

from fastapi import Request, Response

from app.access.personal import hidden_from
from app.access.terms import Viewer
from app.clock import BUSINESS_ZONE
from app.collecting import answering
from app.collecting.forms import BY_THE_LOG, form_for
from app.collecting.queries import corrections_of
from app.collecting.recording import trace
from app.collecting.service import CLOSED
from app.collecting.statistics import Statistics, said, statistics_of
from app.db import Conn
from app.errors import AppError, Conflict, Invalid
from app.sheets.tables import Table, write_tables
from app.units import Unit, from_yuan
from app.web.carrier.collections import round_in_sight
from app.web.carrier.frame import LetSpaces, ReadCarriers, head
from app.web.collection_input import read_corrections
from app.web.deps import ClockDep, ConnDep, LookupDep, TodayDep
from app.web.downloads import XLSX, attachment
from app.web.forms import error_context, raw_form, version_in
from app.web.htmx import see_other
from app.web.lookups import Lookup
from app.web.routing import Router
from app.web.templating import page

router = Router()


@router.get("/collections/{round_id}/statistics")
async def statistics_page(
    request: Request, round_id: uuid.UUID, viewer: ReadCarriers, conn: ConnDep, lookup: LookupDep, today: TodayDep
) -> Response:
    return await _page(request, conn, lookup, round_id, viewer, today)


@router.post("/collections/{round_id}/statistics")
async def correct(
    request: Request,
    round_id: uuid.UUID,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    today: TodayDep,
    actor: LetSpaces,
) -> Response:
    raw = await raw_form(request)
    held, carrier = await round_in_sight(conn, round_id, actor.viewer)
    found = await statistics_of(conn, held, viewer=actor.viewer, reference=lookup.reference, today=today)
    try:
        if not held.open:
            raise Conflict(CLOSED)
        entries = read_corrections(form_for(carrier.kind, held.period).lines, found.lines, raw)
        version = version_in(raw)
        done = await answering.correct(conn, held.id, entries, version=version, by=actor, at=clock.now())
    except (Invalid, Conflict) as error:
        return await _page(request, conn, lookup, round_id, actor.viewer, today, raw=raw, error=error)
    words = f"已保存 {done} 栏" if done else "没有变化"
    return see_other(request, f"/collections/{held.id}/statistics", words)


@router.post("/collections/{round_id}/statistics/export.xlsx")
async def export(
    round_id: uuid.UUID, conn: ConnDep, lookup: LookupDep, clock: ClockDep, today: TodayDep, actor: LetSpaces
) -> Response:
    held, carrier = await round_in_sight(conn, round_id, actor.viewer)
    found = await statistics_of(conn, held, viewer=actor.viewer, reference=lookup.reference, today=today)
    await trace(conn, held, "exported", {"rows": len(found.rows)}, by=actor, at=clock.now())
    name = f"{carrier.name}-{held.period.label}-统计报表.xlsx"
    when = clock.now().astimezone(BUSINESS_ZONE)
    mark = f"{actor.viewer.name} {actor.viewer.login} {when:%Y-%m-%d %H:%M} 导出"
    return attachment(write_tables(tables_of(found, f"{carrier.name} {held.period.label}"), mark=mark), name, XLSX)


@router.get("/collections/{round_id}/statistics/sheet")
async def sheet(
    request: Request,
    round_id: uuid.UUID,
    viewer: ReadCarriers,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    today: TodayDep,
) -> Response:
    """To be printed and signed: the carrier's form, then each tenant's on a page of its own."""
    held, carrier = await round_in_sight(conn, round_id, viewer)
    found = await statistics_of(conn, held, viewer=viewer, reference=lookup.reference, today=today)
    context: dict[str, Any] = {
        "round": held,
        "found": found,
        "at": clock.now(),
        "reads_persons": not hidden_from(viewer),
    }
    title = f"{carrier.name} {held.period.label} {found.title}"
    return page(request, "carrier/statistics_sheet.html", title=title, **context)


def _log_href(carrier_id: uuid.UUID, unlogged: tuple[str, str]) -> str:
    """Where what a tenant reported is written into the log: who invested, how and when only the operator knows."""
    holder, amount = unlogged
    asked = {"holder": holder, "amount": f"{from_yuan(Decimal(amount), Unit.WAN_YUAN):f}"}
    return f"/carriers/{carrier_id}/logs/investment/new?{urlencode(asked)}"


def tables_of(found: Statistics, what: str) -> list[Table]:
    lead = (f"{what}　{found.title}　金额单位：千元", found.note)
    tables = [_own(found, lead)]
    if found.head:
        tables.append(Table("在孵（毕业）企业情况", lead[:1], found.head, found.rows))
    problems = [(p.sentence, p.asks) for p in found.problems]
    checked = (lead[0], found.counted or "都对得上。")
    return [*tables, Table("校验", checked, ("对不上的地方", "要求"), problems)]


def _own(found: Statistics, lead: tuple[str, ...]) -> Table:
    """In the form's words and order; a code stands beside them where it is the form's own."""
    coded = any(line.official for line in found.lines)
    head = ("指标", *(("代码",) if coded else ()), "数值", "单位", "部分", "更正")
    rows = []
    for line in found.lines:
        code = (line.code if line.official else "—",) if coded else ()
        changed = f"数出来的是 {line.found}；{line.author}：{line.reason}" if line.reason else ""
        rows.append((line.label, *code, line.value, line.unit, line.section, changed))
    return Table(found.title, lead, head, rows)


async def _page(
    request: Request,
    conn: Conn,
    lookup: Lookup,
    round_id: uuid.UUID,
    viewer: Viewer,
    today: date,
    *,
    raw: Mapping[str, str] | None = None,
    error: AppError | None = None,
) -> Response:
    held, carrier = await round_in_sight(conn, round_id, viewer)
    found = await statistics_of(conn, held, viewer=viewer, reference=lookup.reference, today=today)
    sections: dict[str, list[Any]] = {}
    for line in found.lines:
        typed = (raw or {}).get(line.code, line.value)
        sections.setdefault(line.section, []).append((line, typed, (raw or {}).get(f"why.{line.code}", "")))
    lines = {line.code: line for line in form_for(carrier.kind, held.period).lines}
    labels = {code: line.label for code, line in lines.items()}
    history = [
        (one, lines[one.code], said(lines[one.code], one.value or None)) for one in await corrections_of(conn, held.id)
    ]
    context: dict[str, Any] = {
        **head(carrier, viewer),
        "round": held,
        "found": found,
        "options": {code: line.options for code, line in lines.items()},
        "sections": list(sections.items()),
        "by_the_log": BY_THE_LOG,
        "log_href": partial(_log_href, carrier.id),
        "history": history,
        "version": (raw or {}).get("version", held.version),
        **error_context(error, labels),
    }
    status = error.status if error else 200
    title = f"{carrier.name} {held.period.label}统计报表"
    return page(request, "carrier/statistics.html", title=title, status=status, **context)
