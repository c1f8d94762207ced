"""Collections over JSON: an operator's rounds and statistics, a firm's own answers."""

import uuid
from typing import Annotated, Any

from fastapi import Depends, Response

from app.access.personal import readable
from app.access.terms import Permission, Viewer
from app.collecting import answering, service
from app.collecting.prefilling import known_of
from app.collecting.queries import Owed, answer_of, answers_of, owed_by, owed_by_id, round_by_id, rounds_of
from app.collecting.statistics import statistics_of
from app.collecting.terms import AnswerState, Round, tally_of
from app.db import Conn
from app.errors import NotFound
from app.web.api.answers import answer, part
from app.web.api.carriers import Letter, Read, carrier_in_sight
from app.web.api.collection_schemas import (
    ChasedOut,
    CloseIn,
    EnterIn,
    ExcuseIn,
    GiveIn,
    GivenOut,
    OwedList,
    OwedOut,
    RoundDetail,
    RoundIn,
    RoundList,
    RoundOut,
)
from app.web.api.deeds import Deed, doing, once_only
from app.web.api.if_match import IfMatch, version_needed
from app.web.api.openapi import KEYED
from app.web.collection_input import from_program, items_of, labels_of, read_answer, read_round
from app.web.deps import ConnDep, LookupDep, guard
from app.web.forms import clean_text

router = part("孵化载体")
Own = Annotated[Viewer, Depends(guard(Permission.PORTAL))]
Giver = Annotated[Deed, Depends(doing(Permission.PORTAL))]


def _plain(held: Round, owing: int, answered: int) -> dict[str, Any]:
    plain = {name: getattr(held, name) for name in ("id", "carrier_id", "due_on", "closed_at", "version")}
    return {**plain, "period": held.period.code, "owing": owing, "answered": answered}


@router.get("/carriers/{carrier_id}/collections", response_model=RoundList, summary="载体的数据收集，最近的在前")
async def rounds(carrier_id: uuid.UUID, conn: ConnDep, viewer: Read) -> Response:
    await carrier_in_sight(conn, carrier_id, viewer)
    found = await rounds_of(conn, carrier_id)
    return answer(RoundList(items=[RoundOut(**_plain(*one)) for one in found]))


@router.post(
    "/carriers/{carrier_id}/collections",
    response_model=RoundDetail,
    status_code=201,
    summary="发起一期，通知应报的企业",
    openapi_extra=KEYED,
)
@once_only
async def open_round(carrier_id: uuid.UUID, body: RoundIn, deed: Letter) -> Response:
    carrier = await carrier_in_sight(deed.conn, carrier_id, deed.viewer)
    period, due_on = read_round(body.model_dump(), deed.today)
    made = await service.open_round(deed.conn, carrier, period, due_on=due_on, by=deed.by, at=deed.at)
    return await _shown(deed.conn, made, deed.viewer, status=201)


@router.get("/collections/{round_id}", response_model=RoundDetail, summary="一期：谁报了、报了什么")
async def one_round(round_id: uuid.UUID, conn: ConnDep, viewer: Read) -> Response:
    return await _shown(conn, round_id, viewer)


async def _shown(conn: Conn, round_id: uuid.UUID, viewer: Viewer, *, status: int = 200) -> Response:
    held = await round_seen(conn, round_id, viewer)
    given = await answers_of(conn, round_id)
    tally = tally_of([one.state for one in given])
    answers = [
        GivenOut(
            id=one.id,
            uscc=one.uscc or None,
            team=one.name if one.team_id else None,
            state=one.state.value,
            figures=readable(viewer, one.figures),
            answered_at=one.answered_at,
            chases=one.chases,
            version=one.version,
        )
        for one in given
    ]
    body = RoundDetail(**_plain(held, tally.owing, tally.answered), answers=answers)
    headers = {"etag": f'"{held.version}"'}
    if status == 201:
        headers["location"] = f"/api/v1/collections/{round_id}"
    return answer(body, status=status, headers=headers)


async def round_seen(conn: Conn, round_id: uuid.UUID, viewer: Viewer) -> Round:
    held = await round_by_id(conn, round_id, viewer=viewer)
    if held is None:
        raise NotFound
    return held


@router.post("/collections/{round_id}/chase", response_model=ChasedOut, summary="催还没有报的", openapi_extra=KEYED)
@once_only
async def chase(round_id: uuid.UUID, deed: Letter) -> Response:
    done = await service.chase(deed.conn, round_id, by=deed.by, at=deed.at)
    return answer(ChasedOut(told=done.told, today_already=done.today_already, no_account=done.no_account))


@router.post("/collections/{round_id}/enlist", response_model=RoundDetail, summary="补充名单", openapi_extra=KEYED)
@once_only
async def enlist(round_id: uuid.UUID, deed: Letter) -> Response:
    """发起以后才入驻的、后来才注册为企业的；谁也不从名单里去掉。"""
    await service.enlist(deed.conn, round_id, by=deed.by, at=deed.at)
    return await _shown(deed.conn, round_id, deed.viewer)


@router.post("/collections/{round_id}/close", response_model=RoundDetail, summary="关账", openapi_extra=KEYED)
@once_only
async def close(
    round_id: uuid.UUID, body: CloseIn, deed: Letter, lookup: LookupDep, if_match: IfMatch = None
) -> Response:
    """关账以后企业不能再改，报表不再变动。"""
    held = await service.held_open(deed.conn, round_id, by=deed.by)
    version = version_needed(if_match)
    despite = clean_text("despite", body.despite, longest=200)
    found = await statistics_of(deed.conn, held, viewer=deed.viewer, reference=lookup.reference, today=deed.today)
    await service.close_round(
        deed.conn, held, found.to_json(), problems=found.hard, despite=despite, version=version, by=deed.by, at=deed.at
    )
    return await _shown(deed.conn, round_id, deed.viewer)


@router.put(
    "/collections/{round_id}/answers/{answer_id}",
    response_model=RoundDetail,
    summary="代填：团队，和没有填报账号的企业",
    openapi_extra=KEYED,
)
@once_only
async def enter(
    round_id: uuid.UUID, answer_id: uuid.UUID, body: EnterIn, deed: Letter, if_match: IfMatch = None
) -> Response:
    held = await round_seen(deed.conn, round_id, deed.viewer)
    one = await answer_of(deed.conn, round_id, answer_id)
    if one is None:
        raise NotFound
    version, items = version_needed(if_match), items_of(held, one)
    basis = clean_text("basis", body.basis, longest=200, required="请写明依据，如谁在哪天给的哪份表。")
    figures = read_answer(items, from_program(items, body.figures))
    await answering.enter(deed.conn, round_id, answer_id, figures, basis=basis, version=version, by=deed.by, at=deed.at)
    return await _shown(deed.conn, round_id, deed.viewer)


_ONE = "/collections/{round_id}/answers/{answer_id}"


@router.post(f"{_ONE}/excuse", response_model=RoundDetail, summary="登记为不用报", openapi_extra=KEYED)
@once_only
async def excuse(
    round_id: uuid.UUID, answer_id: uuid.UUID, body: ExcuseIn, deed: Letter, if_match: IfMatch = None
) -> Response:
    """不再催，也不算没有报。If-Match 是这一家的 version。"""
    version = version_needed(if_match)
    reason = clean_text("reason", body.reason, longest=200, required="请写明为什么不用报。")
    await service.excuse(deed.conn, round_id, answer_id, reason=reason, version=version, by=deed.by, at=deed.at)
    return await _shown(deed.conn, round_id, deed.viewer)


@router.post(f"{_ONE}/ask-again", response_model=RoundDetail, summary="恢复为应报", openapi_extra=KEYED)
@once_only
async def ask_again(round_id: uuid.UUID, answer_id: uuid.UUID, deed: Letter, if_match: IfMatch = None) -> Response:
    version = version_needed(if_match)
    await service.excuse(deed.conn, round_id, answer_id, reason="", version=version, by=deed.by, at=deed.at)
    return await _shown(deed.conn, round_id, deed.viewer)


@router.get("/owed-collections", response_model=OwedList, summary="载体向本企业收集的数据")
async def owed(conn: ConnDep, viewer: Own) -> Response:
    return answer(OwedList(items=[await _owed_out(conn, one) for one in await owed_by(conn, viewer=viewer)]))


async def _owed_out(conn: Conn, owed: Owed) -> OwedOut:
    known = await known_of(conn, owed.round, owed.answer, to_firm=True) if owed.round.open else {}
    figures = {code: one.value for code, one in known.items()}
    return OwedOut(
        id=owed.answer.id,
        carrier=owed.round.carrier_name,
        period=owed.round.period.code,
        due_on=owed.round.due_on,
        open=owed.round.open,
        state=owed.answer.state.value,
        figures=figures if owed.answer.state is not AnswerState.ANSWERED else dict(owed.answer.figures),
        items=labels_of(items_of(owed.round, owed.answer)),
        version=owed.answer.version,
    )


@router.put("/owed-collections/{answer_id}", response_model=OwedOut, summary="确认或更正，给载体", openapi_extra=KEYED)
@once_only
async def give(answer_id: uuid.UUID, body: GiveIn, deed: Giver, if_match: IfMatch = None) -> Response:
    held = await owed_by_id(deed.conn, answer_id, viewer=deed.viewer)
    if held is None:
        raise NotFound
    version, note = version_needed(if_match), clean_text("note", body.note, longest=200)
    items = items_of(held.round, held.answer)
    figures = read_answer(items, from_program(items, body.figures))
    await answering.confirm(deed.conn, answer_id, figures, note=note, version=version, by=deed.by, at=deed.at)
    again = await owed_by_id(deed.conn, answer_id, viewer=deed.viewer)
    assert again is not None
    return answer(await _owed_out(deed.conn, again), headers={"etag": f'"{again.answer.version}"'})
