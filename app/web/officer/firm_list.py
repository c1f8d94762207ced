"""The registry's list, as its filter, its reader and their views want it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import Depends, Request, Response

from app.access.terms import Permission, Viewer
from app.assessments.queries import answers_for_policy
from app.assessments.terms import KeptAnswer
from app.db import new_id
from app.firms import queries
from app.firms.mistyped import nearly
from app.firms.terms import FirmFilter, FirmRow, FirmStatus, Page, Sort
from app.pipeline.terms import Tier
from app.views.queries import desk_of
from app.views.rules import columns_for, sharing_problem
from app.views.terms import EVERY_FIRM, USUAL, Density, ListColumn
from app.web.bulk_input import bulk_options
from app.web.deps import ConnDep, guard, lookup_of, today_of
from app.web.filters import FilterDep, address, chips, options, status_label, unused, usual_sort, written
from app.web.htmx import see_other
from app.web.lookups import Lookup
from app.web.officer.firms import shown_of
from app.web.officer.list_columns import NUMBERS, Cell, cells
from app.web.routing import Router
from app.web.templating import page
from app.web.view_input import arrangement_choices
from app.work.columns import Wanted
from app.work.columns import wanted as asked_beside

router = Router()
ListFirms = Annotated[Viewer, Depends(guard(Permission.FIRM_LIST))]


@dataclass(frozen=True, slots=True)
class RowView:
    href: str
    name: str
    uscc: str
    region: str
    park: str
    tier: Tier | None
    days_on_tier: int | None
    stale: bool
    officer: str
    updated_at: datetime
    status: str
    gap: KeptAnswer | None
    gap_href: str
    more: list[Cell]


@dataclass(frozen=True, slots=True)
class ColumnView:
    label: str
    sort_href: str | None
    direction: str | None
    numeric: bool = False


def row_view(
    row: FirmRow, lookup: Lookup, today: date, gap: KeptAnswer | None = None, beside: Wanted | None = None
) -> RowView:
    region, park = lookup.reference.region(row.region_code), row.park or ""
    return RowView(
        href=f"/firms/{row.uscc}",
        name=row.name,
        uscc=row.uscc,
        region=region,
        park="" if park in region else park,
        tier=lookup.main.tier(row.tier),
        days_on_tier=(today - row.tier_since).days if row.tier_since else None,
        stale=row.stale_on is not None and row.stale_on <= today,
        officer=row.officer_name or "",
        updated_at=row.updated_at,
        status="" if row.status == FirmStatus.ACTIVE else status_label(row.status),
        gap=gap,
        gap_href=f"/firms/{row.uscc}/gap?policy={gap.policy}" if gap else "",
        more=cells(beside.by_column(row.beside), lookup, today) if beside else [],
    )


_C = ListColumn
_SORTED: dict[ListColumn, tuple[Sort, str]] = {
    _C.DAYS: (Sort.TIER_SINCE, ""),
    _C.UPDATED: (Sort.UPDATED, "-"),
    _C.REGISTERED: (Sort.REGISTERED, ""),
    _C.TOUCH: (Sort.NEXT_TOUCH, ""),
}

_AHEAD = (_C.CODE, _C.REGION, _C.TIER)  # of the gap, where one is asked for


def _columns(filters: FirmFilter, sort: str, shown: Sequence[ListColumn]) -> list[ColumnView]:
    order, descending = queries.parse_sort(sort)

    def column(label: str, key: Sort | None, first: str = "", numeric: bool = False) -> ColumnView:
        if key is None:
            return ColumnView(label, None, None, numeric)
        here = order is key
        flipped = ("" if descending else "-") + key.value if here else first + key.value
        direction = ("desc" if descending else "asc") if here else None
        return ColumnView(label, address("/firms", filters, sort=flipped), direction, key is Sort.TIER_SINCE)

    columns = [column("企业名称", Sort.NAME)]
    before = [one for one in shown if one in _AHEAD]
    for one in before:
        columns.append(column(one.label, *_SORTED.get(one, (None,))))
    if filters.policy:
        columns.append(column("差距", None))  # what is asked for is shown
    for one in shown[len(before) :]:
        key, first = _SORTED.get(one, (None, ""))
        columns.append(column(one.label, key, first, one in NUMBERS))
    return columns


async def _found(
    conn: ConnDep,
    filters: FirmFilter,
    *,
    viewer: Viewer,
    today: date,
    sort: str,
    cursor: str,
    rows: int,
    beside: Wanted | None,
) -> tuple[Page[FirmRow], str, bool]:
    """A page, how many there are in words, and whether it shows only the closest of them."""
    found = await queries.list_firms(
        conn, filters, viewer=viewer, today=today, sort=sort, cursor=cursor or None, limit=rows, beside=beside
    )
    if sort == Sort.RELEVANCE.value and filters.q:
        return found, shown_of(len(found.items), found.hits), found.hits > len(found.items)
    count = await queries.count_firms(conn, filters, viewer=viewer, today=today)
    limit = queries.COUNT_LIMIT
    return found, f"{count:,} 家" if count <= limit else f"{limit:,} 家以上", False


async def _nearly(conn: ConnDep, filters: FirmFilter, viewer: Viewer) -> list[tuple[str, str]]:
    """Whose name was perhaps meant: (address, name)."""
    active = filters.status == FirmStatus.ACTIVE
    return [(f"/firms/{r.uscc}", r.name) for r in await nearly(conn, filters.q, viewer=viewer, active=active)]


@router.get("/firms")
async def list_page(
    request: Request,
    viewer: ListFirms,
    conn: ConnDep,
    filters: FilterDep,
    sort: str = "",
    cursor: str = "",
) -> Response:
    lookup, today = await lookup_of(request, conn), await today_of(request)
    desk = await desk_of(conn, viewer)
    if desk.first and not request.url.query:
        return see_other(request, f"/firms?{desk.first.query}")
    sort = sort or usual_sort(filters.q)
    wanted = desk.arrangement
    columns = [column for column in columns_for(viewer) if column.value not in wanted.hidden]
    beside = asked_beside(columns, lookup.main, today=today, internal=viewer.may(Permission.FIRM_INTERNAL))
    found, count_text, closest = await _found(
        conn, filters, viewer=viewer, today=today, sort=sort, cursor=cursor, rows=wanted.page_size, beside=beside
    )
    ids = [row.id for row in found.items]
    gaps = await answers_for_policy(conn, ids, filters.policy) if filters.policy else {}
    exports = viewer.may(Permission.FIRM_EXPORT)
    here = written(filters, sort)
    context: dict[str, Any] = {
        "filters": filters,
        "chips": chips("/firms", filters, lookup, viewer),
        "nearness": unused(request, filters),
        "options": options(lookup, viewer, filters),
        "columns": _columns(filters, sort, columns),
        "shown": {column.value: column in columns for column in USUAL},
        "dense": wanted.density is Density.DENSE,
        "rows": [row_view(row, lookup, today, gaps.get(row.id), beside) for row in found.items],
        "desk": desk,
        "arranging": arrangement_choices(wanted, viewer),
        "view_query": here,
        "every_href": f"/firms?{EVERY_FIRM}",
        "every_here": here == EVERY_FIRM,
        "shares": not sharing_problem(viewer),
        "idempotency_key": str(new_id()),
        "count_text": count_text,
        "sort": sort,
        "all_href": address("/firms", filters, sort="-updated") if closest else None,
        "next_href": address("/firms", filters, sort=sort, cursor=found.next) if found.next else None,
        "prev_href": address("/firms", filters, sort=sort) if cursor else None,
        "export_csv_href": address("/firms/export.csv", filters, sort=sort) if exports else None,
        "export_xlsx_href": address("/firms/export.xlsx", filters, sort=sort) if exports else None,
        "board_href": address("/board", filters),
        "can_create": viewer.may(Permission.FIRM_EDIT),
        "can_merge": viewer.may(Permission.FIRM_MERGE),
        "bulk": bulk_options(viewer),
        "bulk_all": "全部结果" if sort == Sort.RELEVANCE.value and filters.q else f"全部 {count_text}",
        "nearly": await _nearly(conn, filters, viewer) if filters.q and not found.items else [],
    }
    return page(request, "officer/firms/list.html", title="企业库", **context)
