"""Published lists of who passed over JSON: the same way as over the pages."""

import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from app.access.terms import Actor, Permission, Viewer
from app.assessments.policies import load_policies
from app.db import Conn
from app.errors import Invalid, NotFound
from app.results import service
from app.results.applying import Rules, apply
from app.results.queries import OPEN, list_by_id, rows_of
from app.results.rules import line_of
from app.results.terms import ResultList, ResultRow
from app.results.undoing import undo
from app.web.api.answers import PROBLEMS, answer
from app.web.api.if_match import IfMatch, version_of
from app.web.api.openapi import KEYED
from app.web.api.result_schemas import CandidateOut, ResultLineOut, ResultListIn, ResultListOut, SettleIn, UndoIn
from app.web.certificate_input import read_reason
from app.web.deps import ClockDep, ConnDep, LookupDep, acting, guard
from app.web.idempotency import KeyDep, RequestKey, once
from app.web.results_input import read_list

router = APIRouter(tags=["申报"], responses=PROBLEMS)
Reader = Annotated[Viewer, Depends(guard(Permission.FILING_KEEP))]
Keeper = Annotated[Actor, Depends(acting(Permission.FILING_KEEP))]
_SOURCE = "接口"


def _line(row: ResultRow) -> ResultLineOut:
    said = row.line
    return ResultLineOut(
        row=said.row_no,
        name=said.name,
        uscc=said.uscc,
        number=said.number,
        issued_on=said.issued_on,
        expires_on=said.expires_on,
        problem=said.problem,
        match=row.match.value,
        candidates=[CandidateOut(**c.to_json()) for c in row.candidates],
        settled=row.settled,
        chosen=row.chosen,
        outcome=row.outcome.value if row.outcome else None,
        said=row.said,
    )


async def _list(conn: Conn, list_id: uuid.UUID, viewer: Viewer) -> ResultList:
    found = await list_by_id(conn, list_id, viewer=viewer)
    if found is None:
        raise NotFound
    return found


async def _shown(conn: Conn, list_id: uuid.UUID, viewer: Viewer, *, status: int = 200) -> Response:
    held = await _list(conn, list_id, viewer)
    body = ResultListOut(
        id=held.id,
        window_id=held.window_id,
        kind=held.kind.value,
        document=held.document,
        address=held.address,
        announced_on=held.announced_on,
        issued_on=held.issued_on,
        state=held.state.value,
        version=held.version,
        open=held.counts.get(OPEN, 0),
        created_at=held.created_at,
        lines=[_line(row) for row in await rows_of(conn, list_id, viewer=viewer)],
    )
    headers = {"etag": f'"{held.version}"'}
    if status == 201:
        headers["location"] = f"/api/v1/results/{held.id}"
    return answer(body, status=status, headers=headers)


@router.post(
    "/windows/{window_id}/results",
    response_model=ResultListOut,
    status_code=201,
    summary="录入结果名单",
    openapi_extra=KEYED,
)
async def bring(
    window_id: uuid.UUID, body: ResultListIn, conn: ConnDep, clock: ClockDep, actor: Keeper, key: KeyDep
) -> Response:
    at = clock.now()
    async with once(conn, key, viewer=actor.viewer, at=at) as slot:
        if slot.replayed is not None:
            return slot.replayed
        new = read_list(body.model_dump(), source=_SOURCE)
        lines = [line_of(number, line.model_dump()) for number, line in enumerate(body.lines, start=1)]
        made = await service.bring(conn, window_id, new, lines, by=actor, at=at)
        return slot.keep(await _shown(conn, made, actor.viewer, status=201))


@router.get("/results/{list_id}", response_model=ResultListOut, summary="一份结果名单")
async def read(list_id: uuid.UUID, conn: ConnDep, viewer: Reader) -> Response:
    return await _shown(conn, list_id, viewer)


async def _step(
    conn: Conn, list_id: uuid.UUID, key: RequestKey, actor: Actor, at: datetime, done: Callable[[], Awaitable[object]]
) -> Response:
    async with once(conn, key, viewer=actor.viewer, at=at) as slot:
        if slot.replayed is not None:
            return slot.replayed
        await _list(conn, list_id, actor.viewer)  # out of sight comes before what is wrong with the body
        await done()
        return slot.keep(await _shown(conn, list_id, actor.viewer))


@router.post("/results/{list_id}/settle", response_model=ResultListOut, summary="核对各行", openapi_extra=KEYED)
async def settle(
    list_id: uuid.UUID,
    body: SettleIn,
    conn: ConnDep,
    clock: ClockDep,
    actor: Keeper,
    key: KeyDep,
    if_match: IfMatch = None,
) -> Response:
    at = clock.now()

    async def done() -> None:
        if wrong := {n: "行号应是整数。" for n in body.lines if not (n.isascii() and n.isdecimal() and len(n) < 8)}:
            raise Invalid(wrong)
        said = {int(n): code for n, code in body.lines.items()}
        await service.settle(conn, list_id, said, expected=version_of(if_match), by=actor, at=at)

    return await _step(conn, list_id, key, actor, at, done)


@router.post("/results/{list_id}/apply", response_model=ResultListOut, summary="按名单登记结果", openapi_extra=KEYED)
async def enter(
    list_id: uuid.UUID,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    actor: Keeper,
    key: KeyDep,
    if_match: IfMatch = None,
) -> Response:
    at = clock.now()

    async def done() -> None:
        rules = Rules(lookup.main, await load_policies(conn, lookup.policies), lookup.calendar)
        await apply(conn, list_id, expected=version_of(if_match), rules=rules, by=actor, at=at)

    return await _step(conn, list_id, key, actor, at, done)


@router.post("/results/{list_id}/undo", response_model=ResultListOut, summary="撤销名单登记", openapi_extra=KEYED)
async def take_back(
    list_id: uuid.UUID,
    body: UndoIn,
    conn: ConnDep,
    clock: ClockDep,
    actor: Keeper,
    key: KeyDep,
    if_match: IfMatch = None,
) -> Response:
    at = clock.now()

    async def done() -> None:
        reason = read_reason(body.model_dump())
        await undo(conn, list_id, expected=version_of(if_match), reason=reason, by=actor, at=at)

    return await _step(conn, list_id, key, actor, at, done)


@router.post("/results/{list_id}/discard", response_model=ResultListOut, summary="放弃名单", openapi_extra=KEYED)
async def discard(
    list_id: uuid.UUID, conn: ConnDep, clock: ClockDep, actor: Keeper, key: KeyDep, if_match: IfMatch = None
) -> Response:
    at = clock.now()

    async def done() -> None:
        await service.discard(conn, list_id, expected=version_of(if_match), by=actor, at=at)

    return await _step(conn, list_id, key, actor, at, done)
