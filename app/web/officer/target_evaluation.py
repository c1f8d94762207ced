"""A plan's evaluation, frozen year by year, and the towns' scoreboard."""

import uuid
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Annotated, Any

from fastapi import Depends, Request, Response

from app.access.terms import Actor, Permission, Viewer
from app.errors import AppError, Invalid, Refused
from app.plans.boards import board
from app.plans.progress import progress
from app.plans.queries import plan_by_code, scope_for, year_for
from app.plans.snapshots import snapshot_by_id, snapshots_of, take_snapshot, unready
from app.plans.terms import SnapshotKind, Standing
from app.web.deps import ClockDep, ConnDep, LookupDep, TodayDep, acting, guard
from app.web.forms import clean_text, error_context, raw_form
from app.web.htmx import see_other
from app.web.idempotency import KeyDep, once
from app.web.lookups import Lookup
from app.web.officer.targets import Reader, Year, head
from app.web.routing import Router
from app.web.target_views import href, level, town_href, words
from app.web.templating import page

router = Router()
Taker = Annotated[Actor, Depends(acting(Permission.TARGET_CONFIRM))]
_LABELS = {"kind": "评估种类", "year": "年份", "remark": "评估说明"}


@router.get("/plans/{plan}/evaluation")
async def evaluation_page(
    request: Request, plan: str, conn: ConnDep, lookup: LookupDep, today: TodayDep, viewer: Reader, year: Year = None
) -> Response:
    return await _page(request, plan, conn, lookup, today, viewer, year, uuid.uuid4().hex)


async def _page(
    request: Request,
    plan: str,
    conn: ConnDep,
    lookup: Lookup,
    today: date,
    viewer: Viewer,
    year: int | None,
    key: str,
    error: AppError | None = None,
    raw: dict[str, str] | None = None,
) -> Response:
    its = await plan_by_code(conn, plan, viewer=viewer)
    chosen = year_for(its, today.year, year)
    scope = scope_for(its, viewer)
    found = await progress(conn, plan, viewer=viewer, today=today, year=chosen)
    last = (
        found if chosen == its.last_year else await progress(conn, plan, viewer=viewer, today=today, year=its.last_year)
    )
    counts = {s: sum(r.judged.standing is s for r in found.main) for s in Standing}
    context: dict[str, Any] = {
        **await head(conn, its, lookup, viewer, "/evaluation", scope=scope, year=chosen),
        "rows": [(r, words(r), level(r.reached.figure if r.reached else None, r.indicator)) for r in found.main],
        "counts": counts,
        "reasons": unready(last, today),
        "snapshots": await snapshots_of(conn, plan),
        "kinds": SnapshotKind.options(),
        "values": {"kind": "yearly", "remark": "", **(raw or {})},
        "idempotency_key": key,
        "refusals": error.reasons if isinstance(error, Refused) else [],
        **error_context(error, _LABELS),
    }
    status = error.status if error else 200
    return page(request, "officer/targets/evaluation.html", title=f"{its.short}评估", status=status, **context)


@router.post("/plans/{plan}/snapshots")
async def freeze(
    request: Request,
    plan: str,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    today: TodayDep,
    actor: Taker,
    key: KeyDep,
) -> Response:
    raw, at = await raw_form(request), clock.now()
    said = raw.get("year", "")
    year = int(said) if said.isascii() and said.isdigit() and len(said) == 4 else 0
    try:
        async with once(conn, key, viewer=actor.viewer, at=at) as slot:
            if slot.replayed is not None:
                return slot.replayed
            if raw.get("kind") not in dict(SnapshotKind.options()):
                raise Invalid({"kind": "请选择评估种类。"})
            remark = clean_text("remark", raw.get("remark", ""), longest=1000)
            kind = SnapshotKind(raw["kind"])
            made = await take_snapshot(conn, plan, kind, year, remark, by=actor, at=at)
            return slot.keep(see_other(request, href(plan, f"/snapshots/{made}"), f"已留底：{year} 年{kind.label}"))
    except (Invalid, Refused) as error:
        shown = year if 2000 <= year <= 2100 else None
        its = await plan_by_code(conn, plan, viewer=actor.viewer)
        shown = shown if shown in its.years else None
        return await _page(request, plan, conn, lookup, today, actor.viewer, shown, key.value, error, raw)


@router.get("/plans/{plan}/snapshots/{snapshot_id}")
async def snapshot_page(
    request: Request, plan: str, snapshot_id: uuid.UUID, conn: ConnDep, lookup: LookupDep, viewer: Reader
) -> Response:
    its = await plan_by_code(conn, plan, viewer=viewer)
    snapshot = await snapshot_by_id(conn, plan, snapshot_id, viewer=viewer)
    labels = {s.value: s for s in Standing}
    rows = [(one, labels[one["standing"]]) for one in snapshot.body]
    context: dict[str, Any] = {
        **await head(conn, its, lookup, viewer, "-", scope=scope_for(its, viewer), year=snapshot.year),
        "snapshot": snapshot,
        "rows": rows,
        "number": lambda text: Decimal(text) if text is not None else None,
    }
    title = f"{its.short} {snapshot.year} 年{snapshot.kind.label}"
    return page(request, "officer/targets/snapshot.html", title=title, **context)


@router.get("/plans/{plan}/towns")
async def towns_page(
    request: Request,
    plan: str,
    conn: ConnDep,
    lookup: LookupDep,
    today: TodayDep,
    viewer: Annotated[Viewer, Depends(guard(Permission.TARGET_READ))],
    year: Year = None,
) -> Response:
    its = await plan_by_code(conn, plan, viewer=viewer)
    chosen, scope = year_for(its, today.year, year), scope_for(its, viewer)
    units = [c for c, kind in lookup.reference.region_kinds.items() if kind in ("town", "zone")]
    below = [c for c in units if c.startswith(scope.region)]
    found = await board(conn, its, below, viewer=viewer, scope=scope, year=chosen, today=today)
    weighed = [i for i in found.indicators if i.weight]
    rows = sorted(found.rows, key=lambda r: (-(r.score / r.scored if r.scored else Decimal(-1)), r.region))
    context: dict[str, Any] = {
        **await head(conn, its, lookup, viewer, "/towns", scope=scope, year=chosen),
        "indicators": weighed,
        "whole": found.whole,
        "rows": [(lookup.reference.region(r.region), r) for r in rows],
        "level": level,
        "list_href": partial(town_href, plan, chosen),
    }
    return page(request, "officer/targets/towns.html", title=f"{its.short}镇级评分", **context)
