"""The board over JSON."""

from dataclasses import replace
from typing import Annotated, Literal

from fastapi import Depends, Response

from app.access.terms import Permission, Viewer
from app.firms import cursors
from app.pipeline import board as queries
from app.web.api.answers import answer, kept_answer, part
from app.web.api.openapi import FILTERED
from app.web.api.schemas import BoardOut, CardOut, ColumnOut, DueOut
from app.web.deps import ClockDep, ConnDep, LookupDep, LookupsDep, TodayDep, guard
from app.web.filters import FilterDep

router = part("梯度看板")


@router.get("/board", response_model=BoardOut, summary="梯度看板", openapi_extra=FILTERED)
async def board(
    viewer: Annotated[Viewer, Depends(guard(Permission.FIRM_READ))],
    conn: ConnDep,
    lookups: LookupsDep,
    lookup: LookupDep,
    clock: ClockDep,
    today: TodayDep,
    filters: FilterDep,
    ladder: Literal["main"] = "main",
) -> Response:
    filters = replace(filters, status="active")
    tiers = queries.columns_shown(lookup.main, filters)
    counts = await queries.tier_counts(conn, filters, viewer=viewer, today=today)
    cards = await queries.board_cards(conn, lookup.main, tiers, replace(filters, tier=""), viewer=viewer, today=today)

    async def compute() -> dict[str, queries.ColumnStats]:
        return await queries.column_stats(conn, lookup.main, filters, viewer=viewer, today=today)

    whose = queries.stats_key(filters, viewer, today)
    stats, stats_at = await lookups.figures(whose, compute, at=clock.now())
    gaps = viewer.may(Permission.ASSESSMENT_READ)
    columns = []
    for tier in tiers:
        shown = cards[tier.code][: queries.CARDS]
        more = len(cards[tier.code]) > queries.CARDS
        columns.append(
            ColumnOut(
                tier=tier.code,
                label=tier.label,
                count=counts.get(tier.code, 0),
                stale=stats[tier.code].stale if tier.code in stats else 0,
                cards=[
                    CardOut(
                        uscc=c.uscc,
                        name=c.name,
                        region_code=c.region_code,
                        since=c.since,
                        days=(today - c.since).days,
                        stale=c.stale_on is not None and c.stale_on <= today,
                        next=kept_answer(c.answer) if gaps else None,
                        waits=c.waits,
                        due=DueOut(on=c.due.day, matter=c.due.matter, said=c.due.said) if c.due else None,
                    )
                    for c in shown
                ],
                next=cursors.encode(shown[-1].since, shown[-1].id) if more else None,
            )
        )
    return answer(BoardOut(ladder=ladder, columns=columns, stats_at=stats_at))
