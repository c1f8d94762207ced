"""How a day begins, as the page and the API tell it: whom to see about, what changed, how much there is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from app.access.terms import Permission, Role, Viewer
from app.clock import BUSINESS_ZONE, business_day
from app.db import Conn
from app.filings.queries import list_windows
from app.filings.rules import LIVE
from app.filings.terms import Window
from app.firms.trail import News, news
from app.incubation.waiting import Waiting, waiting
from app.pipeline.queries import RefusedRequest, refused_requests
from app.web.lookups import Lookup
from app.web.queue import QueueItem, ranked
from app.work.agenda import agenda_of
from app.work.terms import Candidate, Numbers

RECENTLY = timedelta(days=7)
CARRIERS = 5


@dataclass(frozen=True, slots=True)
class Day:
    queue: list[QueueItem]  # what one asked for and was told no comes before all the rest
    refused: int  # how many of these there are
    numbers: Numbers
    news: Sequence[News]
    news_since: date
    found: list[Candidate]
    windows: list[Window]
    stays: list[Waiting]  # of whoever may settle them; one more than CARRIERS where there are more


async def day_of(conn: Conn, lookup: Lookup, *, viewer: Viewer, at: datetime) -> Day:
    today = business_day(at)
    refused = await refused_requests(conn, viewer=viewer, since=at - RECENTLY)
    windows = await list_windows(conn, viewer=viewer, states=LIVE)
    found, numbers = await agenda_of(conn, windows, viewer=viewer, today=today)
    since = datetime.combine(lookup.calendar.add_working_days(today, -1), time(), BUSINESS_ZONE)
    return Day(
        queue=[*_refused(refused, lookup), *ranked(found, lookup, today)],
        refused=len(refused),
        numbers=numbers,
        news=await news(conn, viewer=viewer, since=since, mine=viewer.role is Role.OFFICER),
        news_since=business_day(since),
        found=found,
        windows=windows,
        stays=await waiting(conn, viewer=viewer, limit=CARRIERS) if viewer.may(Permission.CARRIER_KEEP) else [],
    )


def _refused(refused: list[RefusedRequest], lookup: Lookup) -> list[QueueItem]:
    """What I asked for and was told no: nobody should have to go and look for it."""
    items = []
    for r in refused:
        asked = lookup.main.tier(r.to_tier)
        where = f"“{asked.label}”" if asked else "梯队之外"
        why = [f"移到{where}被 {r.decider_name} 驳回：{r.reason}", f"驳回后列 {RECENTLY.days} 天"]
        items.append(QueueItem(r.firm_name, r.uscc, lookup.main.tier(r.tier), why, "查看企业", f"/firms/{r.uscc}"))
    return items
