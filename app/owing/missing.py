"""Who owes a form of a year and has not handed it in: counted, listed, and told so by one button."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, or_, select

from app.access.models import User
from app.access.terms import Actor, Role, Viewer
from app.audit.service import event_row, record
from app.clerks.queries import clerk_ids_of
from app.clock import business_day
from app.db import Conn
from app.firms.filtering import visible_to
from app.firms.models import Firm
from app.firms.terms import FirmStatus
from app.outbox.writing import notice, post_new
from app.owing.queries import owes
from app.reports.catalogue import Form
from app.reports.models import Submission
from app.reports.queries import key_of, name_of
from app.reports.terms import ReportState

MOST = 100
_OPEN = (ReportState.DRAFT.value, ReportState.RETURNED.value)


@dataclass(frozen=True, slots=True)
class Tally:
    """How far the firms that owe a form have come. Without an account nobody can file: they are counted apart."""

    form: Form
    begun: Mapping[ReportState, int]
    unbegun: int
    without_account: int

    @property
    def able(self) -> int:
        return sum(self.begun.values()) + self.unbegun

    @property
    def missing(self) -> int:
        return self.able - sum(self.begun.get(state, 0) for state in (ReportState.SUBMITTED, ReportState.ACCEPTED))


@dataclass(frozen=True, slots=True)
class Missing:
    """A firm with accounts that has not handed in."""

    firm_id: uuid.UUID
    uscc: str
    name: str
    region_code: str
    state: ReportState | None  # None when it has not begun


def _of_year(form: Form, year: int) -> Any:
    s = Submission
    return and_(s.firm_id == Firm.id, s.year == year, s.form == form.code)


def _has_account() -> Any:
    return select(User.id).where(User.firm_id == Firm.id, User.role == Role.FIRM.value, User.active).exists()


def _who(form: Form, year: int, viewer: Viewer, region: str) -> list[Any]:
    """Firms that are gone owe nothing any more."""
    who = [visible_to(viewer), Firm.status == FirmStatus.ACTIVE.value, owes(form, year)]
    return [*who, Firm.region_code.startswith(region, autoescape=True)] if region else who


async def tally(conn: Conn, form: Form, year: int, *, viewer: Viewer, region: str = "") -> Tally:
    s, able = Submission, _has_account()
    query = (
        select(s.state, able.label("able"), func.count())
        .select_from(Firm)
        .outerjoin(s, _of_year(form, year))
        .where(*_who(form, year, viewer, region))
        .group_by(s.state, "able")
    )
    begun: dict[ReportState, int] = {}
    unbegun = without = 0
    for state, has_account, count in await conn.execute(query):
        if state:
            begun[ReportState(state)] = begun.get(ReportState(state), 0) + count
        elif has_account:
            unbegun += count
        else:
            without += count
    return Tally(form, begun, unbegun, without)


def _missing(form: Form, year: int, viewer: Viewer, region: str) -> Any:
    s = Submission
    return (
        select(Firm.id, Firm.uscc, Firm.name, Firm.region_code, s.state)
        .outerjoin(s, _of_year(form, year))
        .where(*_who(form, year, viewer, region), _has_account(), or_(s.id.is_(None), s.state.in_(_OPEN)))
        .order_by(Firm.name, Firm.id)
    )


async def missing(
    conn: Conn, form: Form, year: int, *, viewer: Viewer, region: str = "", limit: int | None = MOST
) -> list[Missing]:
    rows = await conn.execute(_missing(form, year, viewer, region).limit(limit))
    return [
        Missing(firm_id, uscc, name, code, ReportState(state) if state else None)
        for firm_id, uscc, name, code, state in rows
    ]


async def missing_by_town(conn: Conn, form: Form, year: int, *, viewer: Viewer) -> list[tuple[str, int]]:
    """Where the most are missing first."""
    each = _missing(form, year, viewer, "").order_by(None).subquery()
    query = select(each.c.region_code, func.count()).group_by(each.c.region_code)
    return [
        (code, count) for code, count in await conn.execute(query.order_by(func.count().desc(), each.c.region_code))
    ]


async def chase(conn: Conn, form: Form, year: int, *, region: str = "", by: Actor, at: datetime) -> tuple[int, int]:
    """Tells the clerks of all who have not filed, once a day at most: how many firms, and how many of them just now."""
    late = await missing(conn, form, year, viewer=by.viewer, region=region, limit=None)
    people = await clerk_ids_of(conn, [firm.firm_id for firm in late])
    subject, report = f"请填报并提交 {name_of(year, form.code, form.title)}", key_of(year, form.code)
    rows = {
        firm.firm_id: [
            notice(
                *("report_chased", f"{firm.firm_id}:{report}:{business_day(at)}"),
                to=person,
                subject=subject,
                at=at,
                report=report,
            )
            for person in people.get(firm.firm_id, ())
        ]
        for firm in late
    }
    told = await post_new(conn, *(row for some in rows.values() for row in some))
    fresh = sum(any(row["dedup_key"] in told for row in some) for some in rows.values())
    if fresh:
        after = {"year": year, "form": form.code, "firms": fresh, **({"region": region} if region else {})}
        chased = event_row(
            "report:missing:chased",
            by=by,
            at=at,
            object_type="report",
            object_id=report,
            object_label=name_of(year, form.code, form.title),
            after=after,
        )
        await record(conn, chased)
    return len(late), fresh
