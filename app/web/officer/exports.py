"""The filtered list out, as CSV and XLSX: what the screen shows, in its order, streamed; who took it stands on it."""

from typing import Annotated

from fastapi import Depends, Query, Response

from app.access.sight import SeenBy
from app.access.terms import Actor, Permission
from app.bulk.terms import MOST_PICKED
from app.clock import BUSINESS_ZONE
from app.exchange.exporting import csv_stream, note_export, statement, xlsx_stream
from app.web.deps import ClockDep, DatabaseDep, TodayDep, acting
from app.web.downloads import CSV, XLSX, streamed
from app.web.filters import FilterDep, usual_sort
from app.web.routing import Router

router = Router()
Exporter = Annotated[Actor, Depends(acting(Permission.FIRM_EXPORT))]
# Codes of firms that were ticked in the list; none: all of it.
Picked = Annotated[str, Query(max_length=(18 + 1) * MOST_PICKED)]


@router.get("/firms/export.csv")
async def export_csv(
    database: DatabaseDep,
    clock: ClockDep,
    today: TodayDep,
    filters: FilterDep,
    actor: Exporter,
    sort: str = "",
    pick: Picked = "",
) -> Response:
    # A transaction of its own, ended before the first byte leaves: the request's connection only reads.
    only, house = pick.upper().split(), SeenBy(database, actor.viewer)
    async with house.transaction() as conn:
        await note_export(conn, filters, form="csv", by=actor, today=today, at=clock.now(), only=only)
        vault = conn.vault
    order = sort or usual_sort(filters.q)
    query = statement(filters, viewer=actor.viewer, vault=vault, today=today, sort=order, escaped=True, only=only)
    return streamed(csv_stream(house, query), f"企业名册-{actor.viewer.login}-{today}.csv", CSV)


@router.get("/firms/export.xlsx")
async def export_xlsx(
    database: DatabaseDep,
    clock: ClockDep,
    today: TodayDep,
    filters: FilterDep,
    actor: Exporter,
    sort: str = "",
    pick: Picked = "",
) -> Response:
    only, house = pick.upper().split(), SeenBy(database, actor.viewer)
    async with house.transaction() as conn:
        await note_export(conn, filters, form="xlsx", by=actor, today=today, at=clock.now(), only=only)
        vault = conn.vault
    order = sort or usual_sort(filters.q)
    query = statement(filters, viewer=actor.viewer, vault=vault, today=today, sort=order, only=only)
    when = clock.now().astimezone(BUSINESS_ZONE)
    mark = f"{actor.viewer.name} {actor.viewer.login} {when:%Y-%m-%d %H:%M} 导出"
    return streamed(
        xlsx_stream(house, query, mark=mark),
        f"企业名册-{actor.viewer.login}-{today}.xlsx",
        XLSX,
    )
