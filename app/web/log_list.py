"""The logs as lists, and which of a carrier's lists a batch is of."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from app.access.terms import Actor, Viewer
from app.carriers.log_terms import FIELDS, SHAPES, LogEntry, LogKind, LogLine
from app.carriers.logs import Known
from app.carriers.terms import Carrier
from app.db import Conn
from app.exchange.carrier_logs import LogReaders, Same, bring_logs
from app.exchange.terms import BatchKind, LineResult, ReadSheet
from app.policy.policies import Policies
from app.web.carrier_lists import Columns, Line, Source
from app.web.log_input import kept_beneath, read_log, same_of
from app.web.room_list import rooms_for


def _columns(kind: LogKind) -> Columns:
    """In the kind's own words, and by those that lists elsewhere use."""
    shape = SHAPES[kind]
    others = {"on": ("日期", "时间"), "holder": ("企业或团队", "企业名称", "统一社会信用代码"), "note": ("说明",)}
    words = {field: shape.asks(field) for field in FIELDS if shape.asks(field)}
    words |= {"amount": f"{shape.amount}（万元）"} if shape.amount else {}
    return Columns({f: (w, *(o for o in others.get(f, ()) if o not in words.values())) for f, w in words.items()})


LISTS: Mapping[LogKind, Columns] = {kind: _columns(kind) for kind in LogKind}


def numeric(kind: LogKind) -> list[int]:
    return [n for n, field in enumerate(LISTS[kind].fields) if field in ("people", "amount")]


def logs_for(kind: LogKind) -> Source:
    """Of one kind of lines; `BatchKind` has each as a list of its own."""
    hint = f"一行一条{kind.label}；同一天、同一{SHAPES[kind].title}、同一家的是同一条，空格子不改已有的内容。"
    if SHAPES[kind].holder:
        hint += "企业写信用代码或名称，团队写名称，要是在这个载体入驻过的。"
    kept = f"登记过的全部{kind.label}，与模板同样的列，改好可以再导入。"

    def read(data: bytes, name: str) -> tuple[ReadSheet, list[Line]]:
        of = BatchKind(f"log_{kind.value}")
        return LISTS[kind].read(data, name, required=("on", "title"), code="title", what="记录", kind=of)

    async def bring(conn: Conn, carrier: Carrier, lines: Sequence[Line], by: Actor, at: datetime) -> list[LineResult]:
        rows = [(line.number, line.raw, line.fault) for line in lines]
        return await bring_logs(conn, carrier, kind, rows, LogReaders(same, entry), by=by, at=at)

    def same(raw: Mapping[str, Any], known: Known) -> Same:
        return same_of(raw, kind, known)

    def entry(raw: Mapping[str, Any], known: Known, held: LogLine | None) -> LogEntry:
        return read_log(kept_beneath(raw, held), kind, known)

    return Source(BatchKind(f"log_{kind.value}"), f"logs/{kind.value}", hint, kept, LISTS[kind].names, read, bring)


def source_of(kind: BatchKind, viewer: Viewer, policies: Policies) -> Source:
    if kind is BatchKind.ROOMS:
        return rooms_for(viewer, policies)
    return logs_for(LogKind(kind.value.removeprefix("log_")))
