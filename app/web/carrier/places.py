"""孵化载体: the list with how full each is, and one carrier with its floors, rooms and tenants on any day."""

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Query, Request, Response

from app.access.terms import Permission, Role, Viewer
from app.carriers import listing, queries
from app.carriers.occupancy import fills
from app.carriers.proposal_terms import OPEN_DAYS, OVERTAKEN, Proposal, ProposalState, rivals_of, told_operator
from app.carriers.proposals import named_inside, proposals_of
from app.carriers.tenancies import there_and_coming
from app.carriers.terms import AREA_LABELS, Carrier, CarrierKind, CarrierState, Fill
from app.db import Conn
from app.errors import AppError
from app.firms import cursors
from app.firms.terms import Sort
from app.incubation.applying import waiting_in
from app.incubation.disagreeing import to_do
from app.incubation.waiting import open_in, to_do_in
from app.policy.terms import LOCAL_DEFAULT
from app.text import TextError, normalise
from app.web.carrier.frame import ReadCarriers, carrier_in_sight, faulty, head
from app.web.carrier.views import due_first, floors_of, inside_of, there_on, twice
from app.web.deps import ConnDep, LookupDep, TodayDep, guard
from app.web.filters import options
from app.web.lookups import Lookup
from app.web.routing import Router
from app.web.templating import page

router = Router()
_EMPTY = Fill()


@router.get("/carriers")
async def list_page(
    request: Request,
    viewer: ReadCarriers,
    conn: ConnDep,
    lookup: LookupDep,
    today: TodayDep,
    q: Annotated[str, Query(max_length=60)] = "",
    kind: Annotated[str, Query(max_length=20)] = "",
    region: Annotated[str, Query(max_length=12)] = "",
    state: Annotated[str, Query(max_length=12)] = "operating",
    park: Annotated[str, Query(max_length=60)] = "",
    on: Annotated[str, Query(max_length=20)] = "",
    cursor: Annotated[str, Query(max_length=300)] = "",
) -> Response:
    filters = listing.CarrierFilter(clean(q), kind, region, state, clean(park))
    day = day_asked(on, today)
    after = cursors.decode(cursor, Sort.NAME) if cursor else None
    rows, more = await listing.list_carriers(conn, filters, viewer=viewer, on=day, today=today, after=after)

    ids = [row.id for row in rows]
    open_now = await open_in(conn, ids) if rows else {}
    to_do_now = await to_do_in(conn, ids, today=today) if rows else Counter()
    if viewer.may(Permission.CARRIER_LET):  # to whom the carrier's own page counts them, too
        to_do_now.update(open_now)

    def href(**changed: str) -> str:
        asked = {"q": filters.q, "kind": kind, "region": region, "park": filters.park}
        asked["state"] = "" if state == "operating" else state
        asked |= {"on": f"{day}" if day != today else ""} | changed
        parts = {k: v for k, v in asked.items() if v}
        return f"/carriers?{urlencode(parts)}" if parts else "/carriers"

    context: dict[str, Any] = {
        "count_text": f"{await listing.count_carriers(conn, filters, viewer=viewer, on=day):,} 个",
        "rows": [(row, lookup.reference.region(row.region_code)) for row in rows],
        "disagreeing": open_now,
        "to_do": to_do_now,
        "filters": filters,
        "on": day,
        "kinds": [("", "全部类型"), *CarrierKind.options()],
        "regions": options(lookup, viewer)["regions"],
        "states": [*CarrierState.options(), ("all", "全部")],
        "next_href": href(cursor=cursors.encode(*more)) if more else None,
        "prev_href": href() if cursor else None,
        "all_href": None if filters == replace(listing.CarrierFilter(), state=state) else "/carriers",
        "can_keep": viewer.may(Permission.CARRIER_KEEP),
        "export_href": href().replace("/carriers", "/carriers/export.xlsx", 1)
        if viewer.may(Permission.FIRM_EXPORT)
        else "",
    }
    return page(request, "carrier/list.html", title="孵化载体", **context)


def clean(value: str) -> str:
    try:
        return normalise(value, longest=60)
    except TextError:
        return ""


def day_asked(on: str, today: date) -> date:
    """A day that cannot be read is today: an address somebody has mended by hand still opens."""
    try:
        return date.fromisoformat(on) if on else today
    except ValueError:
        return today


@router.get("/carrier")
async def own_page(
    request: Request,
    viewer: Annotated[Viewer, Depends(guard(Permission.CARRIER_DESK))],
    conn: ConnDep,
    lookup: LookupDep,
    today: TodayDep,
    on: Annotated[str, Query(max_length=20)] = "",
    known: Annotated[str, Query(max_length=1)] = "",
) -> Response:
    """The operator's desk: which carrier it is, is the account's and never the address's."""
    carrier = await queries.own_carrier(conn, viewer=viewer)
    if carrier is None:
        return page(request, "account/waiting.html", title="载体端")
    return await shown(request, conn, lookup, carrier, viewer, today, day=day_asked(on, today), then=bool(known))


@router.get("/carriers/{carrier_id}")
async def carrier_page(
    request: Request,
    carrier_id: uuid.UUID,
    viewer: ReadCarriers,
    conn: ConnDep,
    lookup: LookupDep,
    today: TodayDep,
    on: Annotated[str, Query(max_length=20)] = "",
    known: Annotated[str, Query(max_length=1)] = "",
) -> Response:
    carrier = await carrier_in_sight(conn, carrier_id, viewer)
    return await shown(request, conn, lookup, carrier, viewer, today, day=day_asked(on, today), then=bool(known))


async def floors_context(conn: Conn, carrier: Carrier, *, day: date, today: date, then: bool = False) -> dict[str, Any]:
    """Three statements, however many rooms and tenants. `then`: as full as was known on the evening of that day, which
    no later record changes."""
    then = then and day < today
    ever = await queries.spaces_of(conn, carrier.id, closed=True)
    spaces = there_on(ever, day)
    there, coming = await there_and_coming(conn, carrier.id, on=day, today=today)
    inside = [inside_of(t, day, today) for t in there]
    return {
        "on": day,
        "floors": floors_of(spaces, inside, coming),
        "closed_rooms": [s for s in ever if s.closed_on is not None],
        "twice": twice([s for s in spaces if s.closed_on is None]),
        "due": due_first(inside),
        "then": then,
        "fill": (await fills(conn, [carrier.id], on=day, today=today, known_on=day if then else None)).get(
            carrier.id, _EMPTY
        ),
    }


async def shown(
    request: Request,
    conn: Conn,
    lookup: Lookup,
    carrier: Carrier,
    viewer: Viewer,
    today: date,
    *,
    day: date | None = None,
    then: bool = False,
    failed: str = "",
    raw: Mapping[str, str] | None = None,
    error: AppError | None = None,
) -> Response:
    """`failed`: the form that `error` is about; it stays open with what was typed."""
    duties, disagreeing, asked = await to_do(conn, carrier.id, viewer=viewer, today=today)
    disagreeing = disagreeing if viewer.may(Permission.CARRIER_LET) else 0
    context: dict[str, Any] = {
        **head(carrier, viewer, "", {"disagreements": disagreeing}),
        **await floors_context(conn, carrier, day=day or today, today=today, then=then),
        "more": _more(carrier, viewer),
        "region": lookup.reference.region(carrier.region_code),
        "facts": _facts(carrier),
        "titles": await queries.titles_of(conn, carrier.id),
        "duties": duties,
        "changes": await queries.changes_of(conn, carrier.id),
        "open_days": OPEN_DAYS,
        "overtaken": OVERTAKEN,
        "asked": asked if viewer.may(Permission.CARRIER_LET) else {},
        "proposals": await _proposals(conn, carrier, viewer, today),
        "disagreeing": disagreeing,
        "entries": await waiting_in(conn, viewer=viewer, today=today) if viewer.role is Role.CARRIER else [],
        "levels": [(level.value, level.label) for level in type(carrier.level)],
        "can_keep": viewer.may(Permission.CARRIER_KEEP),
        "local_default": LOCAL_DEFAULT,
        "keys": {name: uuid.uuid4().hex for name in ("title", "duty")},
        "failed": failed,
        "values": dict(raw or {}),
        **faulty(error),
    }
    status = error.status if error else 200
    return page(request, "carrier/carrier.html", title=carrier.name, status=status, **context)


def _more(carrier: Carrier, viewer: Viewer) -> list[tuple[str, str]]:
    """What is done now and then, behind one word."""
    here = f"/carriers/{carrier.id}"
    lets = [("新增房间", f"{here}/spaces/new"), ("导入导出房间和入驻", f"{here}/rooms/import")]
    keeps = [("修改载体资料", f"{here}/edit")]
    may = viewer.may
    return (lets if may(Permission.CARRIER_LET) else []) + (keeps if may(Permission.CARRIER_KEEP) else [])


@dataclass(frozen=True, slots=True)
class Told:
    """A proposal as its operator sees it."""

    proposal: Proposal
    state: ProposalState
    name: str  # of a firm that is or was in the carrier, or asked to be; of others the code, it hears no more
    rivals: Sequence[Proposal]


async def _proposals(conn: Conn, carrier: Carrier, viewer: Viewer, today: date) -> list[Told]:
    """For its operator, what it asked of firms; officers have a queue of their own."""
    if viewer.role is not Role.CARRIER:
        return []
    found = [(one, told_operator(one, today)) for one in await proposals_of(conn, carrier.id, limit=20)]
    names = await named_inside(conn, carrier.id, [one.uscc for one, _ in found]) if found else {}
    waiting = [one for one, state in found if state is ProposalState.WAITING]
    return [
        Told(one, state, names.get(one.uscc, one.called), rivals_of(one, waiting) if one in waiting else ())
        for one, state in found
    ]


def _facts(carrier: Carrier) -> list[tuple[str, str]]:
    areas = [
        (label, f"{area:,.2f} ㎡")
        for name, label in AREA_LABELS.items()
        if (area := getattr(carrier.areas, name)) is not None
    ]
    said = [
        ("运营机构", carrier.operator),
        ("开始运营", f"{carrier.opened_on}" if carrier.opened_on else ""),
        ("专业领域", carrier.focus or "综合"),
        ("地址", carrier.address),
        ("所属园区", carrier.park or ""),
        ("联系人", f"{carrier.contact_name} {carrier.contact_phone}".strip()),
        *areas,
        ("备注", carrier.remark),
    ]
    return [(label, value) for label, value in said if value]
