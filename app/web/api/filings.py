"""Filing windows over JSON, and the feed that calendar programs subscribe to."""

import uuid
from datetime import date
from typing import Annotated, Any

from fastapi import Depends, Query, Response

from app.access.terms import Permission, Viewer
from app.errors import Invalid, NotFound
from app.filings import queries, service
from app.filings.rules import phase_on
from app.filings.terms import Window, WindowChange
from app.web import calendar_feed
from app.web.api.answers import answer, part
from app.web.api.deeds import Deed, doing, once_only
from app.web.api.filing_schemas import ChangeIn, DatesIn, WindowIn, WindowList, WindowOut
from app.web.api.if_match import IfMatch, version_needed
from app.web.api.openapi import KEYED
from app.web.deps import ConnDep, TodayDep, guard
from app.web.window_input import read_change, read_revision, read_window

router = part("申报窗口", "/windows")
feed = part("申报窗口")
Reader = Annotated[Viewer, Depends(guard(Permission.FILING_READ))]
Keeper = Annotated[Deed, Depends(doing(Permission.FILING_KEEP))]

feed.get(
    "/windows.ics",
    summary="日历订阅（iCalendar）",
    response_class=Response,
    responses={200: {"content": {"text/calendar": {"schema": {"type": "string"}, "example": "BEGIN:VCALENDAR…"}}}},
    openapi_extra={"security": []},
)(calendar_feed.read_feed)


def _out(window: Window, today: date) -> WindowOut:
    dates = window.dates
    values: dict[str, Any] = {f: getattr(window, f) for f in WindowOut.model_fields if hasattr(window, f)}
    values |= {m.value: day for m, day in dates.given.items()}
    return WindowOut(
        **{"opens_on": None, "firm_due": None, "review_due": None, "city_due": None, "paper_due": None, **values},
        phase=phase_on(today, state=window.state, dates=dates).value,
        firm_until=f"{dates.firm_until:%H:%M}" if dates.firm_until else None,
        document=window.notice.document,
        address=window.notice.address,
        grade=window.notice.grade.value,
        remark=window.notice.remark,
    )


async def _shown(conn: ConnDep, window_id: uuid.UUID, viewer: Viewer, today: date, *, status: int = 200) -> Response:
    window = await queries.window_by_id(conn, window_id, viewer=viewer)
    if window is None:
        raise NotFound
    headers = {"etag": f'"{window.version}"'}
    if status == 201:
        headers["location"] = f"/api/v1/windows/{window.id}"
    return answer(_out(window, today), status=status, headers=headers)


@router.get("", response_model=WindowList, summary="申报窗口列表")
async def windows(
    conn: ConnDep,
    today: TodayDep,
    viewer: Reader,
    year: Annotated[int | None, Query(ge=2000, le=2100)] = None,
    programme: Annotated[str, Query(max_length=60)] = "",
    state: Annotated[str, Query(max_length=20, description="reference、confirmed、extended、closed")] = "",
    cursor: Annotated[str, Query(max_length=40)] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 100,
) -> Response:
    found = await queries.list_windows(
        conn, viewer=viewer, years=[year] if year else (), programme=programme, states=[state] if state else ()
    )
    begin = 0
    if cursor:
        # A county has a hundred windows, not a million: the whole list is read, and a part of it answered.
        begin = next((n for n, w in enumerate(found, 1) if str(w.id) == cursor), -1)
        if begin < 0:
            raise Invalid({"cursor": "翻页位置无效，请从第一页重新开始。"})
    shown = found[begin : begin + limit]
    following = str(shown[-1].id) if begin + limit < len(found) else None
    return answer(WindowList(items=[_out(w, today) for w in shown], next=following))


@router.post("", response_model=WindowOut, status_code=201, summary="新增申报窗口", openapi_extra=KEYED)
@once_only
async def add(body: WindowIn, deed: Keeper) -> Response:
    """有日期的须同时给出通知的文号和网址，即为已确认；没有日期的只列为往年参考。"""
    made = await service.add_window(deed.conn, read_window(body.model_dump()), by=deed.by, at=deed.at)
    return await _shown(deed.conn, made, deed.viewer, deed.today, status=201)


@router.get("/{window_id}", response_model=WindowOut, summary="一个申报窗口")
async def read(window_id: uuid.UUID, conn: ConnDep, today: TodayDep, viewer: Reader) -> Response:
    return await _shown(conn, window_id, viewer, today)


@router.post("/{window_id}/confirm", response_model=WindowOut, summary="按通知确认", openapi_extra=KEYED)
@once_only
async def confirm(window_id: uuid.UUID, body: DatesIn, deed: Keeper, if_match: IfMatch = None) -> Response:
    await _shown(deed.conn, window_id, deed.viewer, deed.today)  # out of sight comes before what is wrong with the body
    revision = read_revision(body.model_dump(), WindowChange.CONFIRMED, version_needed(if_match))
    await service.revise(deed.conn, window_id, revision, by=deed.by, at=deed.at)
    return await _shown(deed.conn, window_id, deed.viewer, deed.today)


@router.post(
    "/{window_id}/changes", response_model=WindowOut, summary="延期、更正、关闭或撤回确认", openapi_extra=KEYED
)
@once_only
async def change(window_id: uuid.UUID, body: ChangeIn, deed: Keeper, if_match: IfMatch = None) -> Response:
    await _shown(deed.conn, window_id, deed.viewer, deed.today)
    revision = read_revision(body.model_dump(), read_change(body.change), version_needed(if_match))
    await service.revise(deed.conn, window_id, revision, by=deed.by, at=deed.at)
    return await _shown(deed.conn, window_id, deed.viewer, deed.today)
