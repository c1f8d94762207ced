"""One's own calendar subscription: the page that makes and revokes its address, and what the address answers."""

from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response

from app.access.feeds import feed_since, make_feed, revoke_feed, viewer_by_feed
from app.access.terms import Actor, Permission, Viewer
from app.clock import business_day
from app.errors import NotFound
from app.filings.ics import calendar
from app.filings.queries import feed
from app.web.deps import ClockDep, ConnDep, LookupsDep, SettingsDep, acting, guard
from app.web.htmx import see_other
from app.web.routing import Router
from app.web.templating import page

router = Router()
ADDRESS = "/api/v1/windows.ics"
Self = Annotated[Actor, Depends(acting(Permission.FILING_READ))]


def _page(request: Request, **context: Any) -> Response:
    return page(request, "account/calendar.html", title="日历订阅", **context)


@router.get("/account/calendar")
async def calendar_page(
    request: Request, conn: ConnDep, viewer: Annotated[Viewer, Depends(guard(Permission.FILING_READ))]
) -> Response:
    return _page(request, since=await feed_since(conn, viewer.id), address="")


@router.post("/account/calendar")
async def make(request: Request, conn: ConnDep, clock: ClockDep, settings: SettingsDep, actor: Self) -> Response:
    """The answer is the only page that ever shows the address; who loses it makes another."""
    at = clock.now()
    token = await make_feed(conn, by=actor, at=at)
    return _page(request, since=at, address=f"{settings.base_url.rstrip('/')}{ADDRESS}?token={token}")


@router.post("/account/calendar/revoke")
async def revoke(request: Request, conn: ConnDep, clock: ClockDep, actor: Self) -> Response:
    ended = await revoke_feed(conn, by=actor, at=clock.now())
    return see_other(request, "/account/calendar", "订阅地址已停用" if ended else "没有在用的订阅地址")


async def read_feed(
    conn: ConnDep,
    clock: ClockDep,
    settings: SettingsDep,
    lookups: LookupsDep,
    token: Annotated[str, Query(max_length=100, description="个人订阅地址里的密钥，在“日历订阅”页生成和停用")] = "",
) -> Response:
    """Calendar programs cannot sign in, so the secret in the address does it, for this feed only."""
    viewer = await viewer_by_feed(conn, token, at=clock.now()) if token else None
    if viewer is None or not viewer.may(Permission.FILING_READ) or viewer.must_change_password:
        raise NotFound("这个订阅地址不能用，或已停用；请在“日历订阅”页重新生成。")
    found = await feed(conn, viewer=viewer, since=business_day(clock.now()).year - 1)
    body = calendar(found, name=f"申报日历（{lookups.bureau}）", base_url=settings.base_url.rstrip("/"))
    headers = {"content-disposition": 'inline; filename="windows.ics"'}
    return Response(body, media_type="text/calendar; charset=utf-8", headers=headers)
