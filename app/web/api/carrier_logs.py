"""Services, events, mentors and investments over JSON, and what they come to by month and year."""

import uuid
from dataclasses import asdict
from datetime import date
from typing import Annotated, Any

from fastapi import Query, Response

from app.carriers import noting
from app.carriers.log_terms import Counts, LogLine
from app.carriers.logs import appointed, counts_of, known_of, log_by_id, logs_of
from app.carriers.rules import add_months, day_before
from app.db import Conn
from app.errors import NotFound
from app.firms import cursors
from app.firms.terms import Sort
from app.web.api.answers import answer, part
from app.web.api.carriers import Letter, Read, carrier_in_sight
from app.web.api.deeds import once_only
from app.web.api.if_match import IfMatch, version_needed
from app.web.api.log_schemas import CountsOut, LogIn, LogList, LogOut, MonthCounts, YearCounts
from app.web.api.openapi import KEYED
from app.web.carrier_input import Reader
from app.web.deps import ConnDep, TodayDep
from app.web.log_input import read_log

router = part("孵化载体", "/carriers/{carrier_id}/logs")
_KINDS = "service（缺省）、event、mentor、investment"


def _out(line: LogLine) -> LogOut:
    return LogOut(
        id=line.id,
        kind=line.kind.value,
        on=line.on,
        title=line.title,
        sort=line.sort.value if line.sort else None,
        uscc=line.uscc or None,
        holder=line.holder_name or None,
        mentor=line.mentor_name or None,
        party=line.party,
        people=line.people,
        amount=f"{line.amount:.2f}" if line.amount is not None else None,
        until=line.until,
        note=line.note,
        version=line.version,
    )


def _raw(body: LogIn) -> dict[str, Any]:
    """An amount is in 元 here, whatever a form says."""
    return {**body.model_dump(), "amount": f"{body.amount}元" if body.amount.strip()[-1:].isdigit() else body.amount}


async def _shown(conn: Conn, carrier_id: uuid.UUID, entry_id: uuid.UUID, *, status: int = 200) -> Response:
    line = await log_by_id(conn, carrier_id, entry_id)
    if line is None:
        raise NotFound
    headers = {"etag": f'"{line.version}"'}
    if status == 201:
        headers["location"] = f"/api/v1/carriers/{carrier_id}/logs/{line.kind.value}/{line.id}"
    return answer(_out(line), status=status, headers=headers)


@router.get("", response_model=LogList, summary="载体的服务、活动、导师、投资，最近的在前")
async def listed(
    carrier_id: uuid.UUID,
    conn: ConnDep,
    viewer: Read,
    kind: Annotated[str, Query(max_length=12, description=_KINDS)] = "service",
    since: Annotated[date, Query()] = date.min,
    until: Annotated[date, Query()] = date.max,
    cursor: Annotated[str, Query(max_length=300)] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 100,
) -> Response:
    await carrier_in_sight(conn, carrier_id, viewer)
    after = cursors.decode(cursor, Sort.REGISTERED) if cursor else None
    found = await logs_of(
        conn, carrier_id, noting.needs_kind(kind), since=since, until=until, after=after, limit=limit + 1
    )
    shown = found[:limit]
    more = cursors.encode(shown[-1].on, shown[-1].id) if len(found) > limit else None
    return answer(LogList(items=[_out(line) for line in shown], next=more))


@router.get("/counts", response_model=YearCounts, summary="一年里各月和全年的数")
async def counted(
    carrier_id: uuid.UUID,
    conn: ConnDep,
    today: TodayDep,
    viewer: Read,
    year: Annotated[int | None, Query(ge=1990, le=2100, description="缺省今年")] = None,
) -> Response:
    await carrier_in_sight(conn, carrier_id, viewer)
    asked = year or today.year
    until = min(date(asked, 12, 31), today)
    months, total, terms = await counts_of(conn, carrier_id, since=date(asked, 1, 1), until=until)
    items = []
    for first, counts in sorted(months.items()):
        end = min(day_before(add_months(first, 1)), today)
        items.append(MonthCounts(month=first, **_plain(counts) | {"mentors": appointed(terms, end)}))
    return answer(YearCounts(year=asked, months=items, total=CountsOut(**_plain(total))))


def _plain(counts: Counts) -> dict[str, Any]:
    return asdict(counts) | {"amount": f"{counts.amount:.2f}"}


@router.post("/{kind}", response_model=LogOut, status_code=201, summary="登记一条", openapi_extra=KEYED)
@once_only
async def add(carrier_id: uuid.UUID, kind: str, body: LogIn, deed: Letter) -> Response:
    carrier = await carrier_in_sight(deed.conn, carrier_id, deed.viewer)
    entry = read_log(_raw(body), noting.needs_kind(kind), await known_of(deed.conn, carrier.id))
    made = await noting.add_log(deed.conn, carrier, entry, by=deed.by, at=deed.at)
    return await _shown(deed.conn, carrier.id, made, status=201)


@router.put("/{kind}/{entry_id}", response_model=LogOut, summary="改正一条", openapi_extra=KEYED)
@once_only
async def amend(
    carrier_id: uuid.UUID, kind: str, entry_id: uuid.UUID, body: LogIn, deed: Letter, if_match: IfMatch = None
) -> Response:
    carrier = await carrier_in_sight(deed.conn, carrier_id, deed.viewer)
    version = version_needed(if_match)
    entry = read_log(_raw(body), noting.needs_kind(kind), await known_of(deed.conn, carrier.id))
    await noting.amend_log(deed.conn, carrier, entry_id, entry, version=version, by=deed.by, at=deed.at)
    return await _shown(deed.conn, carrier.id, entry_id)


@router.delete(
    "/{kind}/{entry_id}",
    response_model=LogOut,
    summary="删去登记有误的一条，不再计数；回答删掉的",
    openapi_extra=KEYED,
)
@once_only
async def strike(
    carrier_id: uuid.UUID,
    kind: str,
    entry_id: uuid.UUID,
    deed: Letter,
    reason: Annotated[str, Query(max_length=200, description="原因，必填")] = "",
    if_match: IfMatch = None,
) -> Response:
    carrier = await carrier_in_sight(deed.conn, carrier_id, deed.viewer)
    version, chosen = version_needed(if_match), noting.needs_kind(kind)
    held = await log_by_id(deed.conn, carrier.id, entry_id)
    if held is None or held.kind is not chosen:
        raise NotFound
    r = Reader({"reason": reason})
    said = r.text("reason", required="请写明原因。")
    r.done()
    await noting.strike_log(deed.conn, carrier, entry_id, reason=said, version=version, by=deed.by, at=deed.at)
    return answer(_out(held))
