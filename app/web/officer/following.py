"""Firms that one follows: told of their moves, needs and lapsing certificates, without looking after them; and whom of
one's colleagues one can call on."""

from typing import Annotated, Any

from fastapi import Depends, Form, Query, Request, Response

from app.access.terms import Actor, Permission, Viewer
from app.errors import Invalid
from app.firms import cursors
from app.firms.following import PAGE, follow, followed_by, unfollow
from app.firms.terms import Sort
from app.text import pinyin
from app.web.deps import ClockDep, ConnDep, LookupDep, TodayDep, acting, guard
from app.web.htmx import see_other
from app.web.officer.desk import tabs_of_desk
from app.web.officer.firms import firm_in_sight
from app.web.routing import Router
from app.web.templating import fragment, page
from app.work.mentions import colleagues

router = Router()


@router.post("/firms/{uscc}/follow")
async def set_following(
    request: Request,
    uscc: str,
    conn: ConnDep,
    clock: ClockDep,
    actor: Annotated[Actor, Depends(acting(Permission.FIRM_NOTE))],
    on: Annotated[str, Form(max_length=5)] = "",
) -> Response:
    """Says which it shall be, so that a second click changes nothing."""
    firm = await firm_in_sight(conn, uscc, actor.viewer)
    if on not in ("yes", "no"):
        raise Invalid({"on": "请选择关注或不再关注。"})
    await (follow if on == "yes" else unfollow)(conn, firm, by=actor, at=clock.now())
    said = f"已关注 {firm.name}" if on == "yes" else f"不再关注 {firm.name}"
    return see_other(request, f"/firms/{firm.uscc}/work", said)


@router.get("/followed")
async def followed_page(
    request: Request,
    viewer: Annotated[Viewer, Depends(guard(Permission.FIRM_NOTE))],
    conn: ConnDep,
    lookup: LookupDep,
    today: TodayDep,
    cursor: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    after = cursors.decode(cursor, Sort.UPDATED) if cursor else None
    found = await followed_by(conn, viewer=viewer, after=after)
    shown = found[:PAGE]
    last = cursors.encode(shown[-1].since.isoformat(), shown[-1].firm_id) if len(found) > PAGE else ""
    context: dict[str, Any] = {
        "firms": shown,
        "tier": lookup.main.tier,
        "today": today,
        "tabs": tabs_of_desk(viewer, "/followed"),
        "next_href": f"/followed?cursor={last}" if last else None,
        "prev_href": "/followed" if cursor else None,
    }
    return page(request, "officer/desk/followed.html", title="关注的企业", **context)


@router.get("/firms/{uscc}/colleagues")
async def colleagues_of_firm(
    request: Request, uscc: str, conn: ConnDep, viewer: Annotated[Viewer, Depends(guard(Permission.FIRM_NOTE))]
) -> Response:
    """Asked for when somebody types "@"."""
    firm = await firm_in_sight(conn, uscc, viewer)
    found = await colleagues(conn, firm, viewer=viewer)
    return fragment(request, "officer/desk/_colleagues.html", colleagues=[(c, pinyin(c.name)[1]) for c in found])
