"""The register of innovation platforms: its list, one entry's form, and the coverage that it makes."""

import uuid
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Query, Request, Response

from app.access.terms import Actor, Permission, Viewer
from app.errors import AppError, Conflict, Invalid, NotFound, Stale
from app.firms import cursors
from app.firms.queries import firm_by_uscc
from app.firms.terms import Sort
from app.platforms import service
from app.platforms.queries import PAGE, PlatformFilter, counted_by_level, list_platforms, platform_by_id
from app.platforms.rules import state_on
from app.platforms.terms import Platform, PlatformKind, PlatformLevel, PlatformState
from app.web.deps import ClockDep, ConnDep, LookupDep, TodayDep, acting, guard
from app.web.filters import options
from app.web.forms import clean_text, error_context, raw_form
from app.web.htmx import see_other
from app.web.idempotency import KeyDep, once
from app.web.lookups import Lookup
from app.web.platform_input import LABELS, read_platform
from app.web.routing import Router
from app.web.templating import page

router = Router()
Reader = Annotated[Viewer, Depends(guard(Permission.FIRM_LIST))]
Formed = Annotated[Viewer, Depends(guard(Permission.PLATFORM_KEEP))]
Keeper = Annotated[Actor, Depends(acting(Permission.PLATFORM_KEEP))]
_FIELDS = (*LABELS, "version")


def read_platforms(
    q: Annotated[str, Query(max_length=60)] = "",
    kind: Annotated[str, Query(max_length=40)] = "",
    level: Annotated[str, Query(max_length=20)] = "",
    region: Annotated[str, Query(max_length=12)] = "",
    state: Annotated[str, Query(max_length=20)] = "in_force",
) -> PlatformFilter:
    return PlatformFilter("".join(q.replace("\x00", "").split()), kind, level, region, state)


Filters = Annotated[PlatformFilter, Depends(read_platforms)]


def _address(filters: PlatformFilter, **more: str) -> str:
    usual = PlatformFilter()
    parts = {f: v for f in usual.__dataclass_fields__ if (v := getattr(filters, f)) != getattr(usual, f)} | more
    return "/platforms" + (f"?{urlencode(parts)}" if parts else "")


def _states(rows: list[Platform], today: date) -> list[tuple[Platform, PlatformState]]:
    return [(p, state_on(today, recognised_on=p.recognised_on, valid_to=p.valid_to, ended_on=p.ended_on)) for p in rows]


@router.get("/platforms")
async def list_page(
    request: Request,
    conn: ConnDep,
    lookup: LookupDep,
    today: TodayDep,
    viewer: Reader,
    filters: Filters,
    cursor: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    after = cursors.decode(cursor, Sort.REGISTERED) if cursor else None
    found = await list_platforms(conn, filters, viewer=viewer, today=today, after=after)
    rows = found[:PAGE]
    counts = await counted_by_level(conn, filters, viewer=viewer, today=today)
    more = cursors.encode(rows[-1].recognised_on, rows[-1].id) if len(found) > PAGE else ""
    levels = [level for level in PlatformLevel if any(key[1] == level for key in counts)]
    kinds = [kind for kind in PlatformKind if any(key[0] == kind for key in counts)]
    context: dict[str, Any] = {
        "filters": filters,
        "rows": _states(rows, today),
        "total": sum(counts.values()),
        "levels": levels,
        "table": [
            (
                kind,
                [(counts.get((kind, level), 0), _narrowed(filters, kind, level)) for level in levels],
                sum(n for (k, _), n in counts.items() if k == kind),
                _narrowed(filters, kind, None),
            )
            for kind in kinds
        ],
        "kinds": [("", "全部类型"), *PlatformKind.options()],
        "level_options": [("", "全部级别"), *PlatformLevel.options()],
        "regions": options(lookup, viewer)["regions"],
        "states": [("in_force", "有效"), ("all", "全部")],
        "region": lookup.reference.region,
        "next_href": _address(filters, cursor=more) if more else None,
        "prev_href": _address(filters) if cursor else None,
        "can_keep": viewer.may(Permission.PLATFORM_KEEP),
        "can_export": viewer.may(Permission.FIRM_EXPORT),
    }
    return page(request, "officer/platforms/list.html", title="创新平台", **context)


def _narrowed(filters: PlatformFilter, kind: PlatformKind, level: PlatformLevel | None) -> str:
    chosen = PlatformFilter(
        filters.q, kind.value, level.value if level else filters.level, filters.region, filters.state
    )
    return _address(chosen)


@router.get("/platforms/new")
async def new_form(
    request: Request,
    conn: ConnDep,
    lookup: LookupDep,
    viewer: Formed,
    firm: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    held = await firm_by_uscc(conn, firm.upper(), viewer=viewer) if firm else None
    values = {"uscc": held.uscc, "level": PlatformLevel.PROVINCIAL.value} if held else {}
    return _form(request, lookup, viewer, values, uuid.uuid4().hex)


@router.post("/platforms/new")
async def add(
    request: Request, conn: ConnDep, lookup: LookupDep, clock: ClockDep, actor: Keeper, key: KeyDep
) -> Response:
    raw, at = await raw_form(request), clock.now()
    try:
        async with once(conn, key, viewer=actor.viewer, at=at) as slot:
            if slot.replayed is not None:
                return slot.replayed
            entry = await read_platform(conn, raw, lookup, actor.viewer)
            await service.add_platform(conn, entry, by=actor, at=at)
            return slot.keep(see_other(request, "/platforms", f"已登记{entry.name}"))
    except (Invalid, Conflict) as error:
        return _form(request, lookup, actor.viewer, raw, key.value, error)


@router.get("/platforms/{platform_id}")
async def edit_form(
    request: Request, platform_id: uuid.UUID, conn: ConnDep, lookup: LookupDep, viewer: Formed
) -> Response:
    held = await _in_sight(conn, platform_id, viewer)
    return _form(request, lookup, viewer, _values(held), "", held=held)


@router.post("/platforms/{platform_id}")
async def amend(
    request: Request, platform_id: uuid.UUID, conn: ConnDep, lookup: LookupDep, clock: ClockDep, actor: Keeper
) -> Response:
    held, raw = await _in_sight(conn, platform_id, actor.viewer), await raw_form(request)
    version = raw.get("version", "")
    try:
        entry = await read_platform(conn, raw, lookup, actor.viewer)
        await service.amend_platform(conn, held.id, entry, version=_number(version), by=actor, at=clock.now())
    except (Invalid, Conflict) as error:
        now = await _in_sight(conn, platform_id, actor.viewer)
        raw["version"] = str(now.version) if isinstance(error, Stale) else version
        return _form(request, lookup, actor.viewer, raw, "", error, held=now)
    return see_other(request, "/platforms", "已保存")


@router.post("/platforms/{platform_id}/strike")
async def strike(
    request: Request, platform_id: uuid.UUID, conn: ConnDep, lookup: LookupDep, clock: ClockDep, actor: Keeper
) -> Response:
    held, raw = await _in_sight(conn, platform_id, actor.viewer), await raw_form(request)
    try:
        reason = clean_text("reason", raw.get("reason", ""), longest=200, required="请写明怎么发现登记有误的。")
        seen = _number(raw.get("version", ""))
        await service.strike_platform(conn, held.id, reason=reason, version=seen, by=actor, at=clock.now())
    except (Invalid, Stale) as error:
        return _form(request, lookup, actor.viewer, _values(held), "", error, held=held)
    return see_other(request, "/platforms", f"已删去{held.name}")


def _number(version: str) -> int:
    """As a page sends the version that it showed; none, or nonsense, is no version of anything."""
    return int(version) if version.isascii() and version.isdigit() and len(version) < 9 else 0


async def _in_sight(conn: ConnDep, platform_id: uuid.UUID, viewer: Viewer) -> Platform:
    held = await platform_by_id(conn, platform_id, viewer=viewer)
    if held is None:
        raise NotFound
    return held


def _values(held: Platform) -> dict[str, str]:
    own_host = held.firm_id is None
    days = {f: v.isoformat() if (v := getattr(held, f)) else "" for f in ("recognised_on", "valid_to", "ended_on")}
    return {
        "name": held.name,
        "kind": held.kind.value,
        "level": held.level.value,
        "uscc": held.uscc or "",
        "host": held.host if own_host else "",
        "region_code": held.region_code if own_host else "",
        "number": held.number,
        "source": held.source,
        "duties": "\n".join(f"{d.due_on} {d.title}" for d in held.duties),
        "version": str(held.version),
        **days,
    }


def _form(
    request: Request,
    lookup: Lookup,
    viewer: Viewer,
    values: Mapping[str, str],
    key: str,
    error: AppError | None = None,
    *,
    held: Platform | None = None,
) -> Response:
    theirs = _values(held) if held and isinstance(error, Stale) else {}
    words = {**dict(PlatformKind.options()), **dict(PlatformLevel.options()), **lookup.reference.regions}
    differing = [(f, theirs[f], values.get(f, "")) for f in LABELS if f in theirs and theirs[f] != values.get(f, "")]
    towns = [pair for pair in options(lookup, viewer)["regions"] if pair[0]]
    context: dict[str, Any] = {
        "held": held,
        "values": {f: values.get(f, "") for f in _FIELDS},
        "kinds": [("", "请选择"), *PlatformKind.options()],
        "levels": [("", "请选择"), *PlatformLevel.options()],
        "regions": [("", "请选择"), *towns],
        "conflict": [(LABELS[f], words.get(a, a), words.get(b, b)) for f, a, b in differing],
        "idempotency_key": key,
        **error_context(error, LABELS),
    }
    title = held.name if held else "登记创新平台"
    status = error.status if error else 200
    return page(request, "officer/platforms/form.html", title=title, status=status, **context)
