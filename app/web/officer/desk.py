"""我的待办: the list behind the numbers of 今日."""

import uuid
from datetime import date
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Query, Request, Response

from app.access.terms import Permission, Viewer
from app.firms import cursors
from app.firms.terms import Sort
from app.web.deps import ConnDep, TodayDep, guard
from app.web.htmx import see_other
from app.web.routing import Router
from app.web.templating import page
from app.web.work_input import ENDINGS
from app.work.desk import PAGE, due
from app.work.desk import done as done_task
from app.work.terms import NeedKind, Owner

router = Router()


@router.get("/work")
async def desk_page(
    request: Request,
    viewer: Annotated[Viewer, Depends(guard(Permission.FIRM_INTERNAL))],
    conn: ConnDep,
    today: TodayDep,
    kind: Annotated[str, Query(max_length=10)] = "tasks",
    whose: Annotated[str, Query(max_length=40)] = "mine",
    late: bool = False,
    cursor: Annotated[str, Query(max_length=200)] = "",
    done: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """Each line carries its one act; what was just marked done stands on top with the way back."""
    needs, mine = kind == "needs", whose != "all"
    whom, marked = _id(whose), _id(done)
    after = cursors.decode(cursor, Sort.NEXT_TOUCH) if cursor else None
    found = await due(conn, viewer=viewer, today=today, needs=needs, mine=mine, late=late, after=after, whom=whom)
    shown, more = found[:PAGE], len(found) > PAGE
    if cursor and not shown:  # the last of its page is done
        first = {name: value for name, value in request.query_params.items() if name != "cursor"}
        return see_other(request, f"/work?{urlencode(first)}")
    labels = dict(NeedKind.options() if needs else [(o.value, o.label) for o in Owner])

    def href(**changed: str) -> str:
        asked = {
            "kind": "needs" if needs else "",
            "whose": str(whom) if whom else "" if mine else "all",
            "late": "1" if late else "",
        }
        parts = {k: v for k, v in (asked | changed).items() if v}
        return f"/work?{urlencode(parts)}" if parts else "/work"

    context: dict[str, Any] = {
        "needs": needs,
        "done": await done_task(conn, marked, viewer=viewer) if marked else None,
        "here": href(cursor=cursor),
        "can_work": viewer.may(Permission.FIRM_NOTE),
        "endings": ENDINGS,
        "rows": [(d, labels[d.kind], (d.due_on - today).days if d.due_on else None) for d in shown],
        "tabs": [
            ("待办", href(kind=""), not needs),
            ("诉求", href(kind="needs"), needs),
            *tabs_of_desk(viewer, "")[2:],
        ],
        "choices": [
            ("我的", href(whose=""), mine and whom is None),
            ("全部", href(whose="all"), not mine),
        ],
        "late": late,
        "can_hand_over": viewer.may(Permission.HANDOVER),
        "late_href": href(late="" if late else "1"),
        "next_href": href(cursor=_position(shown[-1].due_on, shown[-1].id)) if more else None,
        "prev_href": href() if cursor else None,
    }
    return page(request, "officer/desk/desk.html", title="待办与诉求", **context)


def tabs_of_desk(viewer: Viewer, here: str) -> list[tuple[str, str, bool]]:
    """Beside the two lists of what is to do, what was done and the firms that one hears of."""
    found = [("待办", "/work", here == "tasks"), ("诉求", "/work?kind=needs", here == "needs")]
    found += [("走访", "/visits", here == "/visits")]
    if viewer.may(Permission.FIRM_NOTE):
        leaves = (("长期停滞", "/stale"), ("关注的企业", "/followed"))
        found += [(word, at, at == here) for word, at in leaves]
    return found


def _id(said: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(said)
    except ValueError:
        return None


def _position(day: date | None, row_id: Any) -> str:
    """Without a day it stands behind every day there is."""
    return cursors.encode((day or date.max).isoformat(), row_id)
