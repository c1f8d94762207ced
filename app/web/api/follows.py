"""What one hears of a firm that one follows, and the lines that are written about it, over JSON."""

from typing import Annotated

from fastapi import Depends, Path, Query, Response

from app.access.terms import Permission, Viewer
from app.errors import NotFound
from app.firms import cursors
from app.firms import queries as firms
from app.firms.following import follow, followed_by, follows, unfollow
from app.firms.terms import FirmDetail, Sort
from app.web.api.answers import answer, part
from app.web.api.deeds import Deed, doing, once_only
from app.web.api.openapi import KEYED
from app.web.api.work_schemas import (
    ColleagueList,
    ColleagueOut,
    FollowedFirm,
    FollowedList,
    FollowIn,
    FollowOut,
    NoteIn,
    NoteOut,
    RemarkList,
    RemarkOut,
    StaleFirm,
    StaleList,
)
from app.web.deps import ConnDep, LookupDep, TodayDep, guard
from app.web.forms import clean_text
from app.work.mentions import colleagues
from app.work.notes import note
from app.work.queries import remarks_of
from app.work.rules import RESETS
from app.work.stale import silent

router = part("走访与任务")
Reader = Annotated[Viewer, Depends(guard(Permission.FIRM_NOTE))]
Insider = Annotated[Viewer, Depends(guard(Permission.FIRM_INTERNAL))]
Worker = Annotated[Deed, Depends(doing(Permission.FIRM_NOTE))]
Uscc = Annotated[str, Path(max_length=40, examples=["91440783M159083022"])]


async def _firm(conn: ConnDep, uscc: str, viewer: Viewer) -> FirmDetail:
    firm = await firms.firm_by_uscc(conn, uscc.upper(), viewer=viewer)
    if firm is None:
        raise NotFound
    return firm


@router.get("/followed", response_model=FollowedList, summary="我关注的企业，最近关注的在前")
async def followed(
    conn: ConnDep,
    viewer: Reader,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    after = cursors.decode(cursor, Sort.UPDATED) if cursor else None
    found = await followed_by(conn, viewer=viewer, after=after, limit=limit)
    shown = found[:limit]
    more = cursors.encode(shown[-1].since.isoformat(), shown[-1].firm_id) if len(found) > limit else None
    items = [FollowedFirm(uscc=f.uscc, name=f.name, tier=f.tier, since=f.since) for f in shown]
    return answer(FollowedList(items=items, next=more))


@router.get("/stale", response_model=StaleList, summary="停滞已久仍没有联系的企业，最久的在前")
async def long_silent(
    conn: ConnDep,
    viewer: Reader,
    lookup: LookupDep,
    today: TodayDep,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    after, calendar = cursors.decode(cursor, Sort.NEXT_TOUCH) if cursor else None, lookup.calendar
    found = await silent(
        conn, ladder=lookup.main, calendar=calendar, viewer=viewer, today=today, after=after, limit=limit
    )
    shown = found[:limit]
    more = cursors.encode(shown[-1].stale_on.isoformat(), shown[-1].firm_id) if len(found) > limit else None
    items = [
        StaleFirm(
            uscc=f.uscc,
            name=f.name,
            tier=f.tier,
            officer=f.officer_name,
            stale_on=f.stale_on,
            working_days=calendar.working_days_between(f.stale_on, today),
            last_contact_on=f.last_contact_on,
        )
        for f in shown
    ]
    return answer(StaleList(items=items, next=more, resets=RESETS))


@router.get("/firms/{uscc}/follow", response_model=FollowOut, summary="我是否关注这家企业")
async def am_following(uscc: Uscc, conn: ConnDep, viewer: Reader) -> Response:
    firm = await _firm(conn, uscc, viewer)
    return answer(FollowOut(uscc=firm.uscc, following=await follows(conn, firm.id, viewer=viewer)))


@router.put(
    "/firms/{uscc}/follow",
    response_model=FollowOut,
    summary="关注或不再关注：移动、诉求、证书到期是否告诉我",
    openapi_extra=KEYED,
)
@once_only
async def set_following(uscc: Uscc, body: FollowIn, deed: Worker) -> Response:
    firm = await _firm(deed.conn, uscc, deed.viewer)
    await (follow if body.following else unfollow)(deed.conn, firm, by=deed.by, at=deed.at)
    return answer(FollowOut(uscc=firm.uscc, following=body.following))


@router.get("/firms/{uscc}/colleagues", response_model=ColleagueList, summary="写 @ 可以提到的同事，最多 300 位")
async def whom_to_call(uscc: Uscc, conn: ConnDep, viewer: Reader) -> Response:
    found = await colleagues(conn, await _firm(conn, uscc, viewer), viewer=viewer)
    items = [ColleagueOut(call=c.call, name=c.name, role=c.role.value, unit=c.unit) for c in found]
    return answer(ColleagueList(items=items, next=None))


@router.get("/firms/{uscc}/notes", response_model=RemarkList, summary="往来：所记的和走访，最近的在前，各最多 200 条")
async def list_notes(uscc: Uscc, conn: ConnDep, viewer: Insider) -> Response:
    firm = await _firm(conn, uscc, viewer)
    found = sorted(await remarks_of(conn, firm.id, limit=200), key=lambda r: r.at, reverse=True)
    items = [
        RemarkOut(
            at=r.at,
            author=r.who,
            text=r.body,
            visit=r.kind.value if r.kind else None,
            visited_on=r.visited_on,
            people=r.people,
            struck=r.strike_reason,
        )
        for r in found
    ]
    return answer(RemarkList(items=items, next=None))


@router.post("/firms/{uscc}/notes", response_model=NoteOut, status_code=201, summary="记一笔往来", openapi_extra=KEYED)
@once_only
async def write_note(uscc: Uscc, body: NoteIn, deed: Worker, lookup: LookupDep) -> Response:
    firm = await _firm(deed.conn, uscc, deed.viewer)
    said = clean_text("text", body.text, longest=2000, required="请写点什么再保存。")
    ladder, calendar = lookup.main, lookup.calendar
    made = await note(deed.conn, firm, said, ladder=ladder, calendar=calendar, by=deed.by, at=deed.at)
    told, unknown = list(made.told.names), list(made.told.unknown)
    out = NoteOut(id=made.id, at=deed.at, author=deed.viewer.name, text=said, told=told, unknown=unknown)
    return answer(out, status=201)
