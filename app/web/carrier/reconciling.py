"""入驻核对 and 毕业跟踪: where list, firm and register differ, and what became of those who graduated."""

import uuid
from collections.abc import Mapping
from datetime import date
from typing import Any

from fastapi import Request, Response

from app.access.terms import Permission, Role, Viewer
from app.carriers.terms import Carrier
from app.db import Conn
from app.errors import AppError, Conflict, Invalid, NotFound, Stale
from app.incubation import disagreeing, following, reconciling
from app.incubation.after_terms import Whereabouts
from app.units import show_wan
from app.web.carrier.frame import LetSpaces, ReadCarriers, carrier_in_sight, faulty, head
from app.web.carrier.tenants import tenancy_in_sight
from app.web.carrier_input import Reader
from app.web.deps import ClockDep, ConnDep, LookupDep, TodayDep
from app.web.forms import raw_form, version_in
from app.web.htmx import see_other
from app.web.lookups import Lookup
from app.web.routing import Router
from app.web.stay_input import read_word
from app.web.templating import page

router = Router()
_SHOWN = 100


@router.get("/carriers/{carrier_id}/disagreements")
async def disagreements_page(request: Request, carrier_id: uuid.UUID, viewer: ReadCarriers, conn: ConnDep) -> Response:
    return await _listed(request, conn, await carrier_in_sight(conn, carrier_id, viewer), viewer)


async def _listed(
    request: Request,
    conn: Conn,
    carrier: Carrier,
    viewer: Viewer,
    *,
    failed: str = "",
    raw: Mapping[str, str] | None = None,
    error: AppError | None = None,
) -> Response:
    found = await disagreeing.of_carrier(conn, carrier.id, limit=_SHOWN + 1)
    cut, found = len(found) > _SHOWN, found[:_SHOWN]
    context: dict[str, Any] = {
        **head(carrier, viewer, "disagreements"),
        "waiting": [one for one in found if one.open],
        "settled": [one for one in found if not one.open],
        "cut": cut,
        "decides": viewer.role is Role.OFFICER,
        "own_word": "carrier_word" if viewer.role is Role.CARRIER else "bureau_word",
        "failed": failed,
        "values": dict(raw or {}),
        **faulty(error),
    }
    status = error.status if error else 200
    return page(request, "carrier/disagreements.html", title=f"{carrier.name} 入驻核对", status=status, **context)


@router.post("/carriers/{carrier_id}/disagreements/check")
async def check(request: Request, carrier_id: uuid.UUID, conn: ConnDep, clock: ClockDep, actor: LetSpaces) -> Response:
    carrier = await carrier_in_sight(conn, carrier_id, actor.viewer)
    opened, agreed = await reconciling.check(conn, carrier.id, viewer=actor.viewer, by=actor, at=clock.now())
    said = f"核对完：新发现 {opened} 条，{agreed} 条已经一致"
    return see_other(request, f"/carriers/{carrier.id}/disagreements", said)


@router.post("/carriers/{carrier_id}/disagreements/{disagreement_id}/{step}")
async def act(
    request: Request,
    carrier_id: uuid.UUID,
    disagreement_id: uuid.UUID,
    step: str,
    conn: ConnDep,
    clock: ClockDep,
    actor: LetSpaces,
) -> Response:
    """`answer`: the carrier's word; `settle`: an officer's decision."""
    if step not in ("answer", "settle"):
        raise NotFound
    carrier, raw = await carrier_in_sight(conn, carrier_id, actor.viewer), await raw_form(request)
    r = Reader(raw)
    try:
        words = r.text("words", longest=1000)
        r.done()
        do = disagreeing.settle if step == "settle" else disagreeing.answer
        await do(conn, disagreement_id, words, version=version_in(raw), by=actor, at=clock.now())
    except (Invalid, Stale) as error:
        failed = f"{disagreement_id}:{step}"
        return await _listed(request, conn, carrier, actor.viewer, failed=failed, raw=raw, error=error)
    done = "已了结" if step == "settle" else "已说明，各方都看得到"
    return see_other(request, f"/carriers/{carrier.id}/disagreements", done)


@router.get("/carriers/{carrier_id}/graduates")
async def graduates_page(
    request: Request, carrier_id: uuid.UUID, viewer: ReadCarriers, conn: ConnDep, lookup: LookupDep, today: TodayDep
) -> Response:
    carrier = await carrier_in_sight(conn, carrier_id, viewer)
    return await _graduates(request, conn, lookup, carrier, viewer, today)


async def _graduates(
    request: Request,
    conn: Conn,
    lookup: Lookup,
    carrier: Carrier,
    viewer: Viewer,
    today: date,
    *,
    failed: str = "",
    raw: Mapping[str, str] | None = None,
    error: AppError | None = None,
) -> Response:
    context: dict[str, Any] = {
        **head(carrier, viewer, "graduates"),
        "graduates": await following.graduates_of(conn, carrier.id, viewer=viewer, today=today),
        "tier": lookup.main.tier,
        "money": show_wan,
        "places": Whereabouts.options(),
        "speaker": disagreeing.speaker_of(viewer),
        "may_see_firm": viewer.may(Permission.FIRM_LIST),
        "failed": failed,
        "values": dict(raw or {}),
        **faulty(error),
    }
    status = error.status if error else 200
    return page(request, "carrier/graduates.html", title=f"{carrier.name} 毕业企业", status=status, **context)


@router.post("/tenancies/{tenancy_id}/years/{nth}")
async def note_year(
    request: Request,
    tenancy_id: uuid.UUID,
    nth: int,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    today: TodayDep,
    actor: LetSpaces,
) -> Response:
    held = await tenancy_in_sight(conn, tenancy_id, actor.viewer)
    raw = await raw_form(request)
    try:
        await following.note_year(conn, held.id, nth, read_word(raw), version=version_in(raw), by=actor, at=clock.now())
    except (Invalid, Conflict) as error:
        carrier = await carrier_in_sight(conn, held.carrier_id, actor.viewer)
        failed = f"{held.id}:{nth}"
        return await _graduates(
            request, conn, lookup, carrier, actor.viewer, today, failed=failed, raw=raw, error=error
        )
    return see_other(request, f"/carriers/{held.carrier_id}/graduates", "已登记")
