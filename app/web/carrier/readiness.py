"""认定准备: how far a carrier is from each rule for carriers, and the year's numbers that only its operator knows."""

import uuid
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Query, Request, Response

from app.access.terms import Permission, Viewer
from app.carriers.figure_terms import SAID
from app.carriers.figures import say_year
from app.carriers.terms import Carrier
from app.db import Conn
from app.errors import AppError, Conflict, Invalid, NotFound
from app.incubation.readiness import ASKED, COUNTY, Readiness, readiness
from app.policy.terms import Assessment
from app.units import Unit
from app.web.carrier.frame import LetSpaces, ReadCarriers, carrier_in_sight, head
from app.web.carrier.places import day_asked
from app.web.deps import ClockDep, ConnDep, LookupDep, TodayDep
from app.web.figures_input import LABELS, as_typed, is_money, read_year
from app.web.forms import error_context, raw_form, version_in
from app.web.gap_views import InputView, condition_view, doubt_of, input_view, title_view
from app.web.htmx import see_other
from app.web.lookups import Lookup
from app.web.routing import Router
from app.web.templating import page

router = Router(prefix="/carriers/{carrier_id}/readiness")
YEARS_SAID = 5  # back from the last closed one


@router.get("")
async def readiness_page(
    request: Request,
    carrier_id: uuid.UUID,
    viewer: ReadCarriers,
    conn: ConnDep,
    lookup: LookupDep,
    today: TodayDep,
    on: Annotated[str, Query(max_length=20)] = "",
    policy: Annotated[str, Query(max_length=40)] = "",
    county: Annotated[str, Query(max_length=1)] = "",
) -> Response:
    carrier = await carrier_in_sight(conn, carrier_id, viewer)
    day = min(day_asked(on, today), today)
    return await _shown(request, conn, lookup, carrier, viewer, today, day=day, policy=policy, county=county == "1")


@router.post("/{year}")
async def say(
    request: Request,
    carrier_id: uuid.UUID,
    year: int,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    today: TodayDep,
    actor: LetSpaces,
) -> Response:
    carrier = await carrier_in_sight(conn, carrier_id, actor.viewer)
    if not today.year - YEARS_SAID <= year < today.year:
        raise NotFound
    raw = await raw_form(request)
    # The day on which those are the last closed year's.
    day = today if year == today.year - 1 else date(year + 1, 12, 31)
    try:
        figures = read_year(raw, unit=Unit.WAN_YUAN)
        version = version_in(raw)
        done = await say_year(conn, carrier, year, figures, version=version, by=actor, at=clock.now())
    except (Invalid, Conflict) as error:
        return await _shown(request, conn, lookup, carrier, actor.viewer, today, day=day, raw=raw, error=error)
    where = f"/carriers/{carrier.id}/readiness" + (f"?on={day}" if day != today else "")
    return see_other(request, where, "已保存" if done else "没有变化")


async def _shown(
    request: Request,
    conn: Conn,
    lookup: Lookup,
    carrier: Carrier,
    viewer: Viewer,
    today: date,
    *,
    day: date,
    policy: str = "",
    county: bool = False,
    raw: Mapping[str, str] | None = None,
    error: AppError | None = None,
) -> Response:
    found = await readiness(conn, carrier, policies=lookup.policies, county=county, on=day, today=today, viewer=viewer)
    typed = as_typed(found.said.figures) if raw is None else raw
    context: dict[str, Any] = {
        **head(carrier, viewer, "readiness"),
        "here": f"/carriers/{carrier.id}/readiness",
        "on": day,
        "county": county,
        "found": found,
        "titles": _titles(found, carrier, policy, day, today, county=county),
        **_chosen(found, policy, lookup, day),
        "switch": _switch(carrier, day, today, county=county),
        "fields": [(code, LABELS[code], typed.get(code, ""), is_money(code)) for code in SAID],
        "version": found.said.version if raw is None else raw.get("version", ""),
        "can_say": viewer.may(Permission.CARRIER_LET) and day.year > today.year - YEARS_SAID,
        **error_context(error, LABELS),
    }
    status = error.status if error else 200
    return page(request, "carrier/readiness.html", title=f"{carrier.name} 认定准备", status=status, **context)


def _of(found: Readiness, policy: str) -> Assessment | None:
    """The one that the address names, else the first; the county's variant is the same choice."""
    whole = {_whole(a.policy): a for a in found.assessments}
    return whole.get(_whole(policy)) or next(iter(found.assessments), None)


def _whole(policy: str) -> str:
    """A municipal analogue by its name without the factor."""
    return next((code for code, variant in COUNTY.items() if variant == policy), policy)


def _href(carrier: Carrier, policy: str, day: date, today: date, *, county: bool) -> str:
    asked = {"policy": policy, "on": f"{day}" if day != today else "", "county": "1" if county else ""}
    return f"/carriers/{carrier.id}/readiness?{urlencode({k: v for k, v in asked.items() if v})}"


def _titles(found: Readiness, carrier: Carrier, policy: str, day: date, today: date, *, county: bool) -> list[Any]:
    chosen = _of(found, policy)
    return [
        title_view(a, _href(carrier, a.policy, day, today, county=county), chosen=a is chosen)
        for a in found.assessments
    ]


def _switch(carrier: Carrier, day: date, today: date, *, county: bool) -> str:
    municipal = next((code for code in ASKED.get(carrier.kind, ()) if code in COUNTY), "")
    return _href(carrier, municipal if county else COUNTY.get(municipal, ""), day, today, county=not county)


def _chosen(found: Readiness, policy: str, lookup: Lookup, day: date) -> dict[str, Any]:
    chosen = _of(found, policy)
    if chosen is None:
        return {"chosen": None, "source": None, "doubt": "", "conditions": []}
    version = lookup.policies.packs[chosen.policy].version_on(day, chosen.case)
    sources = {f"carrier.{k.code}": k.source for k in found.figures}

    def inputs(path: str, value: str) -> InputView:
        return input_view(path, value, lookup, sources.get(path, ""))

    grade = version.source.grade if version else ""
    return {
        "chosen": chosen,
        "municipal": _whole(chosen.policy) in COUNTY,
        "source": version.source if version else None,
        "doubt": doubt_of(version.source) if version else "",
        "conditions": [condition_view(c, inputs, grade) for c in chosen.criteria],
    }
