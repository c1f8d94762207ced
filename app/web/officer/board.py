"""梯度看板: the ladder as columns, in the same filter as the list."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response

from app.access.terms import Permission, Viewer
from app.clock import BUSINESS_ZONE
from app.errors import NotFound
from app.firms import cursors
from app.firms.terms import FirmFilter, Sort
from app.pipeline import board as queries
from app.pipeline.board import Card
from app.pipeline.terms import Tier
from app.policy.terms import Outcome
from app.web.deps import ClockDep, ConnDep, LookupDep, LookupsDep, TodayDep, guard
from app.web.filters import FilterDep, address, chips, options, unused
from app.web.lookups import Lookup
from app.web.queue import due_words
from app.web.routing import Router
from app.web.templating import fragment, page

router = Router()
ListFirms = Annotated[Viewer, Depends(guard(Permission.FIRM_LIST))]


@dataclass(frozen=True, slots=True)
class CardView:
    href: str
    move_href: str
    uscc: str
    name: str
    region: str
    days: int
    since: date
    stale: bool
    chip: tuple[str, str] | None
    gap: tuple[str, str] | None = None  # how far from the next step: words, and where they are told in full
    due: tuple[str, str, bool] | None = None  # what comes next: words, the day, and whether it is past
    waits: bool = False
    moved: bool = False


@dataclass(frozen=True, slots=True)
class ColumnView:
    tier: Tier
    count: int
    stale: int
    stale_href: str
    list_href: str
    median_days: int | None
    near: int
    near_href: str | None
    overridden: int
    overridden_href: str
    cards: list[CardView]
    next_href: str | None


def card_view(card: Card, lookup: Lookup, today: date, *, gaps: bool) -> CardView:
    """`gaps`: the viewer may read how firms stand beside the policies."""
    stale = card.stale_on is not None and card.stale_on <= today
    region = lookup.reference.region(card.region_code)
    return CardView(
        href=f"/firms/{card.uscc}",
        move_href=f"/firms/{card.uscc}/move",
        uscc=card.uscc,
        name=card.name,
        region=card.park or region,
        days=(today - card.since).days,
        since=card.since,
        stale=stale,
        chip=("bad", "停滞") if stale else None,
        gap=_gap(card) if gaps else None,
        due=due_words(card.due, today) if card.due else None,
        waits=card.waits,
    )


def _gap(card: Card) -> tuple[str, str] | None:
    if card.answer is None:
        return None
    # A card has room for what counts most: what is missed, else what is lacking.
    answer = replace(card.answer, lacking=0) if card.answer.missed else card.answer
    words = "条件已达标" if answer.outcome is Outcome.MET else answer.words
    return words, f"/firms/{card.uscc}/gap?policy={card.answer.policy}"


def _with_moved(cards: list[CardView], moved: list[CardView]) -> list[CardView]:
    """A firm that has just come stands at the end of its column, out of sight: it is shown on top once."""
    shown = {c.uscc for c in moved}
    return [*(replace(c, moved=True) for c in moved), *(c for c in cards if c.uscc not in shown)]


def _next_href(tier: str, cards: list[Card], filters: FirmFilter) -> str | None:
    if len(cards) <= queries.CARDS:
        return None
    last = cards[queries.CARDS - 1]
    return address(f"/board/{tier}", replace(filters, tier=""), cursor=cursors.encode(last.since, last.id))


@dataclass(frozen=True, slots=True)
class Shown:
    """To whom, and what was asked for."""

    filters: FirmFilter
    viewer: Viewer
    lookup: Lookup
    today: date

    def cards(self, cards: Sequence[Card]) -> list[CardView]:
        gaps = self.viewer.may(Permission.ASSESSMENT_READ)
        return [card_view(card, self.lookup, self.today, gaps=gaps) for card in cards]

    def near_href(self, tier: str) -> str | None:
        close = queries.near_to_next(self.lookup.main, tier, self.filters)
        return address("/firms", close) if close and self.viewer.may(Permission.ASSESSMENT_READ) else None


def _column_view(
    tier: Tier, count: int, stats: queries.ColumnStats, cards: list[Card], moved: list[Card], shown: Shown
) -> ColumnView:
    here = replace(shown.filters, tier=tier.code)
    return ColumnView(
        tier=tier,
        count=count,
        stale=stats.stale,
        stale_href=address("/firms", replace(here, stale=True)),
        list_href=address("/firms", here),
        median_days=stats.median_days,
        near=stats.near,
        near_href=shown.near_href(tier.code),
        # That it came against the conditions is the bureau's own word about a firm.
        overridden=stats.overridden if shown.viewer.may(Permission.FIRM_INTERNAL) else 0,
        overridden_href=address("/firms", replace(here, overridden=True)),
        cards=_with_moved(shown.cards(cards[: queries.CARDS]), shown.cards(moved)),
        next_href=_next_href(tier.code, cards, shown.filters),
    )


@router.get("/board")
async def board_page(
    request: Request,
    viewer: ListFirms,
    conn: ConnDep,
    lookups: LookupsDep,
    lookup: LookupDep,
    clock: ClockDep,
    today: TodayDep,
    filters: FilterDep,
    moved: Annotated[str, Query(max_length=18)] = "",
) -> Response:
    # The board shows the living; a tier in the address narrows it to one column.
    filters = replace(filters, status="active")
    tiers = queries.columns_shown(lookup.main, filters)
    counts = await queries.tier_counts(conn, filters, viewer=viewer, today=today)
    cards = await queries.board_cards(conn, lookup.main, tiers, replace(filters, tier=""), viewer=viewer, today=today)
    just_moved: dict[str, list[Card]] = {}
    if moved and not filters.q:
        wanted = replace(filters, tier="", q=moved)
        just_moved = await queries.board_cards(conn, lookup.main, tiers, wanted, viewer=viewer, today=today, limit=1)

    async def compute() -> dict[str, queries.ColumnStats]:
        return await queries.column_stats(conn, lookup.main, filters, viewer=viewer, today=today)

    whose = queries.stats_key(filters, viewer, today)
    stats, stats_at = await lookups.figures(whose, compute, at=clock.now())
    shown = Shown(filters, viewer, lookup, today)
    columns = [
        _column_view(
            tier,
            counts.get(tier.code, 0),
            stats.get(tier.code, queries.ColumnStats(0, None)),
            cards[tier.code],
            [c for c in just_moved.get(tier.code, ()) if c.uscc == moved],
            shown,
        )
        for tier in tiers
    ]
    context: dict[str, Any] = {
        "filters": filters,
        "chips": chips("/board", filters, lookup, viewer),
        "nearness": unused(request, filters),
        "options": options(lookup, viewer, filters),
        "columns": columns,
        "stats_at": f"{stats_at.astimezone(BUSINESS_ZONE):%H:%M}",
        "unplaced": counts.get("", 0),
        "unplaced_href": address("/firms", replace(filters, tier="none")),
        "list_href": address("/firms", filters),
        "export_xlsx_href": address("/firms/export.xlsx", filters) if viewer.may(Permission.FIRM_EXPORT) else None,
        "can_move": viewer.may(Permission.MOVE),
    }
    return page(request, "officer/pipeline/board.html", title="梯度看板", **context)


@router.get("/board/{tier}")
async def more_cards(
    request: Request,
    tier: str,
    viewer: ListFirms,
    conn: ConnDep,
    lookup: LookupDep,
    today: TodayDep,
    filters: FilterDep,
    cursor: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """加载更多: the next cards of one column; without JavaScript a page of that column alone."""
    found = lookup.main.tier(tier)
    if found is None:
        raise NotFound
    filters = replace(filters, tier="", status="active")
    after = cursors.decode(cursor, Sort.TIER_SINCE) if cursor else None
    cards = await queries.column_cards(conn, lookup.main, tier, filters, viewer=viewer, today=today, after=after)
    context: dict[str, Any] = {
        "tier": found,
        "cards": Shown(filters, viewer, lookup, today).cards(cards[: queries.CARDS]),
        "next_href": _next_href(tier, cards, filters),
        "board_href": address("/board", filters),
        "can_move": viewer.may(Permission.MOVE),
    }
    if "hx-request" in request.headers:
        return fragment(request, "officer/pipeline/_cards.html", **context)
    return page(request, "officer/pipeline/column.html", title=found.label, **context)
