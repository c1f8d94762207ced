"""The logs as files: out as they stand, in after a look."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from fastapi import Request, Response, UploadFile

from app.access.terms import Actor
from app.carriers.log_terms import FIELDS, SHAPES, LogEntry, LogKind, LogLine
from app.carriers.logs import Known, logs_of
from app.carriers.noting import needs_kind
from app.carriers.recording import trace
from app.carriers.terms import Carrier
from app.db import Conn
from app.exchange.carrier_logs import LogReaders, Same, bring_logs
from app.exchange.queries import batches_of
from app.exchange.terms import BatchKind, LineResult, ReadSheet
from app.sheets import MAX_FILE
from app.web.carrier.frame import LetSpaces, SeeLetting, carrier_in_sight
from app.web.carrier.lists import Columns, Line, Source, list_page, receive
from app.web.deps import ClockDep, ConnDep, DatabaseDep, FilesDep, TodayDep
from app.web.log_input import as_listed, kept_beneath, read_log, same_of
from app.web.routing import Router
from app.web.tables import file_of

router = Router()
_MOST = 100_000


def _columns(kind: LogKind) -> Columns:
    """In the kind's own words, and by those that lists elsewhere use."""
    shape = SHAPES[kind]
    others = {"on": ("日期", "时间"), "holder": ("企业或团队", "企业名称", "统一社会信用代码"), "note": ("说明",)}
    words = {field: shape.asks(field) for field in FIELDS if shape.asks(field)}
    words |= {"amount": f"{shape.amount}（万元）"} if shape.amount else {}
    return Columns({f: (w, *(o for o in others.get(f, ()) if o not in words.values())) for f, w in words.items()})


LISTS: Mapping[LogKind, Columns] = {kind: _columns(kind) for kind in LogKind}


def _numeric(kind: LogKind) -> list[int]:
    return [n for n, field in enumerate(LISTS[kind].fields) if field in ("people", "amount")]


@router.post("/carriers/{carrier_id}/logs/{kind}/export.{form}")
async def export(
    carrier_id: uuid.UUID, kind: str, form: str, conn: ConnDep, clock: ClockDep, today: TodayDep, actor: LetSpaces
) -> Response:
    carrier, chosen = await carrier_in_sight(conn, carrier_id, actor.viewer), needs_kind(kind)
    found = await logs_of(conn, carrier.id, chosen, since=date.min, until=date.max, limit=_MOST)
    rows = [[said[field] for field in LISTS[chosen].fields] for said in map(as_listed, found)]
    done = {"kind": chosen.label, "count": len(rows), "form": form[:8]}
    await trace(conn, (carrier.id, carrier.name), "logs:exported", done, by=actor, at=clock.now())
    name = f"{carrier.name}-{chosen.label}-{today}"
    kind_of_file = "xlsx" if form == "xlsx" else "csv"
    return file_of(kind_of_file, name, chosen.label, LISTS[chosen].titles, rows, _numeric(chosen))


@router.get("/carriers/{carrier_id}/logs/{kind}/template.xlsx")
async def template(carrier_id: uuid.UUID, kind: str, conn: ConnDep, viewer: SeeLetting) -> Response:
    chosen = needs_kind(kind)
    await carrier_in_sight(conn, carrier_id, viewer)
    return file_of("xlsx", f"{chosen.label}模板", chosen.label, LISTS[chosen].titles, (), _numeric(chosen))


@router.get("/carriers/{carrier_id}/logs/{kind}/import")
async def import_form(
    request: Request, carrier_id: uuid.UUID, kind: str, conn: ConnDep, viewer: SeeLetting
) -> Response:
    carrier, source = await carrier_in_sight(conn, carrier_id, viewer), source_of(needs_kind(kind))
    return list_page(request, carrier, viewer, source, await batches_of(conn, carrier.id, source.kind, viewer=viewer))


@router.post("/carriers/{carrier_id}/logs/{kind}/import")
async def bring_in(
    request: Request,
    carrier_id: uuid.UUID,
    kind: str,
    conn: ConnDep,
    database: DatabaseDep,
    files: FilesDep,
    clock: ClockDep,
    actor: LetSpaces,
    file: UploadFile,
) -> Response:
    carrier, source = await carrier_in_sight(conn, carrier_id, actor.viewer), source_of(needs_kind(kind))
    given = (await file.read(MAX_FILE + 1), file.filename or "")
    return receive(request, carrier, source, given, database, files, by=actor, at=clock.now())


def source_of(kind: LogKind) -> Source:
    """Of one kind of lines; `BatchKind` has each as a list of its own."""
    hint = f"一行一条{kind.label}；同一天、同一{SHAPES[kind].title}、同一家的是同一条，空格子不改已有的内容。"
    if SHAPES[kind].holder:
        hint += "企业写信用代码或名称，团队写名称，要是在这个载体入驻过的。"
    kept = f"登记过的全部{kind.label}，与模板同样的列，改好可以再导入。"

    def read(data: bytes, name: str) -> tuple[ReadSheet, list[Line]]:
        return LISTS[kind].read(data, name, required=("on", "title"), code="title", what="记录")

    async def bring(conn: Conn, carrier: Carrier, lines: Sequence[Line], by: Actor, at: datetime) -> list[LineResult]:
        rows = [(line.number, line.raw, line.fault) for line in lines]
        return await bring_logs(conn, carrier, kind, rows, LogReaders(same, entry), by=by, at=at)

    def same(raw: Mapping[str, Any], known: Known) -> Same:
        return same_of(raw, kind, known)

    def entry(raw: Mapping[str, Any], known: Known, held: LogLine | None) -> LogEntry:
        return read_log(kept_beneath(raw, held), kind, known)

    return Source(BatchKind(f"log_{kind.value}"), f"logs/{kind.value}", hint, kept, LISTS[kind].names, read, bring)
