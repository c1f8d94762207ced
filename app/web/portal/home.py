"""The portal's home: what there is to do, and where the firm stands."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from fastapi import Request, Response

from app.access.terms import Viewer
from app.assessments.queries import answers_for_firm
from app.carriers.proposals import before_firm
from app.carriers.rules import Reason, months_used, reasons_for
from app.carriers.stay_terms import Tenancy
from app.carriers.tenancies import tenancies_of_firm
from app.clerks.queries import clerks_of
from app.clerks.signatories import is_signatory
from app.collecting.prefilling import known_of
from app.collecting.queries import Owed, owed_by
from app.db import Conn
from app.filings.queries import list_windows
from app.filings.rules import LIVE
from app.firms.terms import FirmDetail
from app.incubation.disagreeing import of_firm as disagreements_of
from app.owing.queries import owed_of
from app.reports.catalogue import Owing
from app.reports.forms import current
from app.reports.queries import Filing, filings_of, key_of, name_of
from app.reports.terms import ANNUAL, ReportState, asked_years
from app.web.collection_input import items_of
from app.web.countdowns import countdowns
from app.web.deps import ConnDep, LookupDep, TodayDep
from app.web.lookups import Lookup
from app.web.portal.frame import UsePortal, head, own_firm
from app.web.routing import Router
from app.web.templating import page

router = Router()
# What was handed in counts once it is accepted; what is lacking then is nothing that the form asks for.
_KNOWN_WHEN = {ReportState.SUBMITTED: "，您提交的数据审核通过后才知道", ReportState.ACCEPTED: ""}

_NO_FAULTS: Mapping[str, Any] = {"failed": "", "values": {}, "faults": {}}  # an answer's are shown where it goes


@dataclass(frozen=True, slots=True)
class Duty:
    """A form of a year that the firm owes, or has begun."""

    name: str
    key: str
    why: str
    filing: Filing | None


async def _duties(
    conn: Conn,
    firm: FirmDetail,
    filings: Mapping[tuple[int, str], Filing],
    lookup: Lookup,
    viewer: Viewer,
    today: date,
) -> list[Duty]:
    forms, years = current(lookup.forms), list(reversed(asked_years(today)))
    special = [form for form in forms if form.owed_by is not Owing.EVERY_FIRM]
    # The yearly figures of three years are read by policies; of the other forms only the last year is still taken.
    owed = await owed_of(conn, firm.id, special, years[:1], viewer=viewer, today=today)
    whys = {(one.year, one.form.code): one.why for one in owed}
    found = []
    for year in years:
        for form in forms:
            which = (year, form.code)
            if form.owed_by is Owing.EVERY_FIRM or which in whys or which in filings:
                name = name_of(year, form.code, form.title)
                found.append(Duty(name, key_of(*which), whys.get(which, ""), filings.get(which)))
    return found


async def _prefilled(conn: Conn, owed: Owed) -> tuple[int, int]:
    """How many of its items the house knows already, and of how many."""
    known = await known_of(conn, owed.round, owed.answer, to_firm=True)
    return len(known), len(items_of(owed.round, owed.answer))


@router.get("/portal")
async def home_page(request: Request, viewer: UsePortal, conn: ConnDep, lookup: LookupDep, today: TodayDep) -> Response:
    firm = await own_firm(conn, viewer)
    answers = await answers_for_firm(conn, firm.id)
    windows = await list_windows(conn, viewer=viewer, states=LIVE)
    filings = {(filing.year, filing.form): filing for filing in await filings_of(conn, firm.id)}
    following = lookup.main.above(firm.tier)
    collections = await owed_by(conn, viewer=viewer)
    latest = filings.get((asked_years(today)[-1], ANNUAL))
    context: dict[str, Any] = {
        **head(firm, "/portal"),
        "tier": lookup.main.tier(firm.tier),
        "region": lookup.reference.region(firm.region_code),
        "following": following,
        "answer": answers.get(following.sought) if following else None,
        "known_when": _KNOWN_WHEN.get(latest.state if latest else ReportState.DRAFT, "，填报后才知道"),
        "filings": sorted(filings.values(), key=lambda filing: -filing.year),
        "duties": await _duties(conn, firm, filings, lookup, viewer, today),
        "soon": countdowns(windows, lookup.calendar, today)[:3],
        "clerks": await clerks_of(conn, firm.id),
        "proposals": await before_firm(conn, firm.uscc, today=today),
        "disagreements": await disagreements_of(conn, firm.id),
        **_NO_FAULTS,
        "collections": collections,
        "known": {o.answer.id: await _prefilled(conn, o) for o in collections if o.waits},
        "tenancies": [
            (t, months_used(t.clock_since, today) if t.clock_since else None, _due(t, today))
            for t in await tenancies_of_firm(conn, firm.id, viewer=viewer)
            if t.open
        ],
        "signs": await is_signatory(conn, viewer.id),
    }
    return page(request, "portal/home.html", title=firm.name, **context)


def _due(t: Tenancy, today: date) -> list[Reason]:
    """As its operator reads it: that the lease or the incubation is over, or soon will be. Nothing of one to come."""
    if t.since is None or t.since > today:
        return []
    return reasons_for(today=today, until=t.until, clock_since=t.clock_since, limit_months=t.limit_months)
