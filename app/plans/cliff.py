"""高企 certificates that lapse: who holds one today, whose ends when, and who could take their place."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Date, Select, and_, exists, func, literal, not_, or_, select

from app.access.terms import Viewer
from app.assessments.models import FirmAssessment
from app.db import Conn
from app.firms.filtering import visible_to
from app.firms.models import Firm
from app.firms.nearness import reachable
from app.firms.terms import FirmStatus
from app.plans.counting import held_on, within
from app.plans.listing import Listed, firms_where
from app.plans.renewing import Outlook, months, outlook
from app.plans.terms import Scope
from app.policy.terms import Outcome
from app.recognitions.models import Certificate
from app.recognitions.terms import CertificateKind

HNTE = CertificateKind.HNTE.value
MONTHS = 18
BRIDGE = ("above", "elsewhere", "without")
_YEARS_BACK = 3


@dataclass(frozen=True, slots=True)
class Cliff:
    holders: int
    by_month: Sequence[tuple[str, int]]
    later: int  # whose certificate holds beyond the months shown
    ready: int  # without a certificate, all conditions met
    near: int  # one condition short of it
    ahead: Outlook


@dataclass(frozen=True, slots=True)
class Bridge:
    """Why as many hold a certificate and as many others stand on the ladder's step of that name."""

    both: int
    above: int  # hold one, and have gone on to a higher step
    elsewhere: int  # hold one, and stand on a lower step or on none
    without: int  # stand on the step, and hold none today

    @property
    def holders(self) -> int:
        return self.both + self.above + self.elsewhere

    @property
    def standing(self) -> int:
        return self.both + self.without


def _firms(viewer: Viewer, scope: Scope) -> ColumnElement[bool]:
    return and_(visible_to(viewer), Firm.status == FirmStatus.ACTIVE.value, within(scope))


def _last_days(today: date) -> Select[uuid.UUID, date]:
    """Of each firm that holds a certificate today, the last day on which it does."""
    on = literal(today, Date())
    held = select(Certificate.firm_id, func.max(Certificate.expires_on).label("until")).where(
        held_on(HNTE, "in_force", on)
    )
    return held.group_by(Certificate.firm_id)


async def cliff(conn: Conn, *, viewer: Viewer, scope: Scope, today: date, until: date) -> Cliff:
    """`until`: the day for which the range is worked out."""
    last = _last_days(today).subquery()
    month = func.to_char(last.c.until, "YYYY-MM")
    query = select(month, func.count(), func.count().filter(last.c.until < until)).select_from(
        last.join(Firm, Firm.id == last.c.firm_id)
    )
    rows = (await conn.execute(query.where(_firms(viewer, scope)).group_by(month))).all()
    by_month = {name: n for name, n, _ in rows}
    shown = months(by_month, f"{today:%Y-%m}", MONTHS)
    holders, lapsing = sum(by_month.values()), sum(n for _, _, n in rows)
    renewed, sample = (await conn.execute(_renewals(viewer, scope, today))).one()
    counted = select(func.count().filter(_ready()), func.count().filter(not_(_ready())))
    ready, near = (
        await conn.execute(
            counted.select_from(Firm.__table__.join(FirmAssessment, FirmAssessment.firm_id == Firm.id)).where(
                *_could_hold(viewer, scope, today)
            )
        )
    ).one()
    ahead = outlook(staying=holders - lapsing, lapsing=lapsing, renewed=renewed, sample=sample)
    return Cliff(holders, shown, holders - sum(n for _, n in shown), ready, near, ahead)


async def bridge(conn: Conn, *, viewer: Viewer, scope: Scope, today: date, above: Sequence[str]) -> Bridge:
    """`above`: the steps beyond the one that the certificate stands for."""
    last = _last_days(today).subquery()
    sides = (func.count().filter(_side(side, last.c.until.is_not(None), above)) for side in ("both", *BRIDGE))
    found = select(*sides).select_from(Firm.__table__.outerjoin(last, last.c.firm_id == Firm.id))
    counted: Sequence[int] = (await conn.execute(found.where(_firms(viewer, scope)))).one()
    return Bridge(*counted)


def _side(side: str, holds: ColumnElement[bool], above: Sequence[str]) -> ColumnElement[bool]:
    beyond = and_(Firm.tier.is_not(None), Firm.tier.in_(above))
    stands = Firm.tier.is_not_distinct_from(HNTE)
    return {
        "both": and_(holds, stands),
        "above": and_(holds, beyond),
        "elsewhere": and_(holds, not_(stands), not_(beyond)),
        "without": and_(not_(holds), stands),
    }[side]


def _renewals(viewer: Viewer, scope: Scope, today: date) -> Select[int, int]:
    """Of the certificates that ended in the last years, how many were followed by another."""
    following = Certificate.__table__.alias("following")
    followed = exists().where(
        following.c.firm_id == Certificate.firm_id,
        following.c.kind == HNTE,
        following.c.expires_on > Certificate.expires_on,
        following.c.issued_on <= today,
    )
    ended = (
        Certificate.kind == HNTE,
        Certificate.expires_on < today,
        Certificate.expires_on >= today.replace(year=today.year - _YEARS_BACK, day=1),
        Certificate.revoked_on.is_(None),
    )
    query = select(func.count().filter(followed), func.count()).select_from(Certificate)
    return query.join(Firm, Firm.id == Certificate.firm_id).where(_firms(viewer, scope), *ended)


def _ready() -> ColumnElement[bool]:
    return FirmAssessment.outcome == Outcome.MET.value


def _could_hold(viewer: Viewer, scope: Scope, today: date) -> list[ColumnElement[bool]]:
    """The firm holds none today; its assessment is joined from outside."""
    on = literal(today, Date())
    holds = exists().where(Certificate.firm_id == Firm.id, held_on(HNTE, "in_force", on))
    short = and_(
        FirmAssessment.outcome == Outcome.NOT_MET.value,
        FirmAssessment.missed == 1,
        FirmAssessment.lacking == 0,
        reachable(FirmAssessment.shortfall),
    )
    return [_firms(viewer, scope), not_(holds), FirmAssessment.policy == HNTE, or_(_ready(), short)]


async def listed(
    conn: Conn,
    of: str,
    *,
    viewer: Viewer,
    scope: Scope,
    today: date,
    until: date,
    above: Sequence[str] = (),
    after: tuple[str, uuid.UUID] | None = None,
) -> Listed:
    """`of`: "holders", "lapsing" before `until`, "staying" beyond it, "later", a month, "ready" or "near"; or a side of
    the bridge."""
    if of in BRIDGE:
        holds = Firm.id.in_(select(_last_days(today).subquery().c.firm_id))
        return await firms_where(conn, _firms(viewer, scope), _side(of, holds, above), after=after)
    if of in ("ready", "near"):
        wanted = _ready() if of == "ready" else not_(_ready())
        firms, holds_none, *answers = _could_hold(viewer, scope, today)
        answered = exists().where(FirmAssessment.firm_id == Firm.id, wanted, *answers)
        return await firms_where(conn, firms, holds_none, answered, after=after)
    last = _last_days(today).subquery()
    month = func.to_char(last.c.until, "YYYY-MM")
    beyond = months({}, f"{today:%Y-%m}", MONTHS)[-1][0]
    which: dict[str, list[Any]] = {
        "holders": [],
        "lapsing": [last.c.until < until],
        "staying": [last.c.until >= until],
        "later": [month > beyond],
    }
    conditions = which.get(of, [month == of])
    return await firms_where(
        conn, _firms(viewer, scope), Firm.id.in_(select(last.c.firm_id).where(*conditions)), after=after
    )
