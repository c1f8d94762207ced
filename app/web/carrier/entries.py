"""入驻申请 before whoever lets the rooms: what is needed, how the firm stands beside the conditions, and the answer."""

import uuid
from collections.abc import Mapping
from typing import Any

from fastapi import Request, Response

from app.access.terms import Permission, Viewer
from app.carriers import queries
from app.carriers.proposals import asked_for
from app.carriers.stay_terms import SpecialField
from app.carriers.tenancies import holding
from app.db import Conn
from app.errors import AppError, Conflict, Invalid, NotFound, Refused
from app.incubation.applying import accept, application_by_id, decline
from app.incubation.entering import conditions, kept
from app.incubation.terms import Application
from app.policy.terms import Outcome
from app.web.carrier.frame import (
    LetSpaces,
    SeeLetting,
    carrier_in_sight,
    checked_form,
    faulty,
    field_of,
    head,
    home_of,
)
from app.web.carrier.views import incubating_words, let_by_room, rooms_to_choose, usual
from app.web.carrier_input import LABELS, Reader, read_lease
from app.web.deps import ClockDep, ConnDep, LookupDep, TodayDep
from app.web.forms import raw_form
from app.web.htmx import see_other
from app.web.lookups import Lookup
from app.web.routing import Router
from app.web.templating import page

router = Router(prefix="/entries/{entry_id}")
_FIELDS = ("space", "since", "until", "seats", "incubates", "special_field", "rent_reduced", "agreement_no", "ground")


async def entry_in_sight(conn: Conn, entry_id: uuid.UUID, viewer: Viewer) -> Application:
    found = await application_by_id(conn, entry_id, viewer=viewer)
    if found is None:
        raise NotFound
    return found


@router.get("")
async def entry_page(
    request: Request, entry_id: uuid.UUID, viewer: SeeLetting, conn: ConnDep, lookup: LookupDep, today: TodayDep
) -> Response:
    asked = await entry_in_sight(conn, entry_id, viewer)
    carrier = await carrier_in_sight(conn, asked.carrier_id, viewer)
    raw = {"since": f"{max(asked.since, today)}", "seats": f"{asked.seats or ''}", "incubates": usual(carrier.kind)}
    return await _shown(request, conn, lookup, asked, viewer, today, raw)


@router.post("/accept")
async def accepted(
    request: Request,
    entry_id: uuid.UUID,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    today: TodayDep,
    actor: LetSpaces,
) -> Response:
    asked = await entry_in_sight(conn, entry_id, actor.viewer)
    raw = await checked_form(request, "incubates", "rent_reduced")
    try:
        lease = read_lease({**raw, "uscc": asked.uscc, "team": "", "stage_target": asked.stage_target})
        r = Reader(raw)
        ground = r.text("ground", longest=2000)
        r.done()
        made = await accept(conn, asked.id, lease, ground=ground, policies=lookup.policies, by=actor, at=clock.now())
    except (Invalid, Conflict, Refused) as error:
        return await _shown(request, conn, lookup, asked, actor.viewer, today, raw, error=error)
    return see_other(request, f"/tenancies/{made}", "已办理入驻，企业会收到消息")


@router.post("/decline")
async def declined(
    request: Request,
    entry_id: uuid.UUID,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    today: TodayDep,
    actor: LetSpaces,
) -> Response:
    asked, raw = await entry_in_sight(conn, entry_id, actor.viewer), await raw_form(request)
    try:
        r = Reader(raw)
        reason = r.text("reason")
        r.done()
        await decline(conn, asked.id, reason=reason, by=actor, at=clock.now())
    except (Invalid, Conflict) as error:
        return await _shown(request, conn, lookup, asked, actor.viewer, today, raw, failed="decline", error=error)
    carrier = await carrier_in_sight(conn, asked.carrier_id, actor.viewer)
    return see_other(request, home_of(carrier, actor.viewer), "已答复，企业看得到理由")


async def _shown(
    request: Request,
    conn: Conn,
    lookup: Lookup,
    asked: Application,
    viewer: Viewer,
    today: Any,
    raw: Mapping[str, str],
    *,
    failed: str = "",
    error: AppError | None = None,
) -> Response:
    carrier = await carrier_in_sight(conn, asked.carrier_id, viewer)
    let = let_by_room(await holding(conn, carrier.id, today=today))
    day = max(asked.since, today)
    standing = await conditions(conn, carrier.kind, asked.firm_id, policies=lookup.policies, since=day)
    spaces, waiting = (
        await queries.spaces_of(conn, carrier.id),
        await asked_for(conn, carrier.id, viewer=viewer, today=today),
    )
    context: dict[str, Any] = {
        **head(carrier, viewer),
        "asked": asked,
        "told": asked.told(today),
        "waits": asked.open(today),
        "standing": kept(standing) if standing else None,
        "standing_said": Outcome(standing.outcome).label if standing else "",
        "unmet": standing is not None and standing.outcome is Outcome.NOT_MET,
        "may_see_firm": viewer.may(Permission.FIRM_LIST),
        "values": {name: raw.get(name, "") for name in (*_FIELDS, "reason")},
        "failed": failed,
        "spaces": rooms_to_choose(spaces, let, waiting, today, lambda s: _suits(asked, s, let)),
        "fields": [("", "不属于"), *SpecialField.options()],
        "labels": LABELS | {"incubates": incubating_words(carrier.kind)},
        **faulty(error, "" if failed else field_of(error)),
    }
    status = error.status if error else 200
    return page(request, "carrier/entry.html", title=f"{asked.firm_name} 申请入驻", status=status, **context)


def _suits(asked: Application, space: Any, let: Mapping[uuid.UUID, Any]) -> str:
    """Free and as large as was asked for."""
    if space.exclusive:
        fits = asked.area is not None and space.area >= asked.area and space.id not in let
    else:
        fits = asked.seats is not None and (space.capacity is None or space.capacity >= asked.seats)
    return " · 合乎要求" if fits else ""
