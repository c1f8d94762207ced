"""Published lists of who passed over JSON: the same way as over the pages."""

import uuid
from typing import Annotated

from fastapi import Depends, Response

from app.access.terms import Permission, Viewer
from app.assessments.policies import load_policies
from app.db import Conn
from app.errors import Invalid, NotFound
from app.results import service
from app.results.applying import Rules, apply
from app.results.queries import OPEN, list_by_id, rows_of
from app.results.rules import line_of
from app.results.terms import ResultList, ResultRow
from app.results.undoing import undo
from app.web.api.answers import answer, part
from app.web.api.deeds import Deed, doing, once_only
from app.web.api.if_match import IfMatch, version_needed
from app.web.api.openapi import KEYED
from app.web.api.result_schemas import CandidateOut, ResultLineOut, ResultListIn, ResultListOut, SettleIn, UndoIn
from app.web.certificate_input import read_reason
from app.web.deps import ConnDep, LookupDep, guard
from app.web.results_input import read_list

router = part("申报")
Reader = Annotated[Viewer, Depends(guard(Permission.FILING_KEEP))]
Keeper = Annotated[Deed, Depends(doing(Permission.FILING_KEEP))]
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
@once_only
async def bring(window_id: uuid.UUID, body: ResultListIn, deed: Keeper) -> Response:
    new = read_list(body.model_dump(), source=_SOURCE)
    lines = [line_of(number, line.model_dump()) for number, line in enumerate(body.lines, start=1)]
    made = await service.bring(deed.conn, window_id, new, lines, by=deed.by, at=deed.at)
    return await _shown(deed.conn, made, deed.viewer, status=201)


@router.get("/results/{list_id}", response_model=ResultListOut, summary="一份结果名单")
async def read(list_id: uuid.UUID, conn: ConnDep, viewer: Reader) -> Response:
    return await _shown(conn, list_id, viewer)


@router.post("/results/{list_id}/settle", response_model=ResultListOut, summary="核对各行", openapi_extra=KEYED)
@once_only
async def settle(list_id: uuid.UUID, body: SettleIn, deed: Keeper, if_match: IfMatch = None) -> Response:
    await _list(deed.conn, list_id, deed.viewer)  # out of sight comes before what is wrong with the body
    expected = version_needed(if_match)
    if wrong := {n: "行号应是整数。" for n in body.lines if not (n.isascii() and n.isdecimal() and len(n) < 8)}:
        raise Invalid(wrong)
    said = {int(n): code for n, code in body.lines.items()}
    await service.settle(deed.conn, list_id, said, expected=expected, by=deed.by, at=deed.at)
    return await _shown(deed.conn, list_id, deed.viewer)


@router.post("/results/{list_id}/apply", response_model=ResultListOut, summary="按名单登记结果", openapi_extra=KEYED)
@once_only
async def enter(list_id: uuid.UUID, deed: Keeper, lookup: LookupDep, if_match: IfMatch = None) -> Response:
    await _list(deed.conn, list_id, deed.viewer)
    expected = version_needed(if_match)
    rules = Rules(lookup.main, await load_policies(deed.conn, lookup.policies), lookup.calendar)
    await apply(deed.conn, list_id, expected=expected, rules=rules, by=deed.by, at=deed.at)
    return await _shown(deed.conn, list_id, deed.viewer)


@router.post("/results/{list_id}/undo", response_model=ResultListOut, summary="撤销名单登记", openapi_extra=KEYED)
@once_only
async def take_back(list_id: uuid.UUID, body: UndoIn, deed: Keeper, if_match: IfMatch = None) -> Response:
    await _list(deed.conn, list_id, deed.viewer)
    expected, reason = version_needed(if_match), read_reason(body.model_dump())
    await undo(deed.conn, list_id, expected=expected, reason=reason, by=deed.by, at=deed.at)
    return await _shown(deed.conn, list_id, deed.viewer)


@router.post("/results/{list_id}/discard", response_model=ResultListOut, summary="放弃名单", openapi_extra=KEYED)
@once_only
async def discard(list_id: uuid.UUID, deed: Keeper, if_match: IfMatch = None) -> Response:
    await _list(deed.conn, list_id, deed.viewer)
    await service.discard(deed.conn, list_id, expected=version_needed(if_match), by=deed.by, at=deed.at)
    return await _shown(deed.conn, list_id, deed.viewer)
