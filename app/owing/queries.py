"""Which forms a firm owes of a year."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Date, func, select, true
from sqlalchemy.dialects.postgresql import Range

from app.access.terms import Viewer
from app.carriers.models import CarrierRecord, CarrierTeam, TenancyRow
from app.carriers.stay_terms import Tenancy
from app.carriers.tenancies import tenancies_of_firm
from app.carriers.terms import CarrierKind
from app.db import Conn
from app.firms.models import Firm
from app.recognitions.models import Certificate
from app.recognitions.queries import HeldCertificate, held_by
from app.recognitions.rules import state_on
from app.recognitions.terms import CertificateKind, CertificateState
from app.reports.catalogue import Form, Owing


@dataclass(frozen=True, slots=True)
class Owed:
    year: int
    form: Form
    why: str


def owes(form: Form, year: int) -> ColumnElement[bool]:
    """The condition on a firm, as `owed_of` has it of one."""
    first, last = date(year, 1, 1), date(year, 12, 31)
    if form.owed_by is Owing.HNTE_HOLDER:
        c = Certificate
        standing = (c.revoked_on.is_(None) | (c.revoked_on > last), c.issued_on <= last, c.expires_on >= last)
        held = select(c.id).where(c.firm_id == Firm.id, c.kind == CertificateKind.HNTE.value, *standing)
        return held.exists()
    if form.owed_by is Owing.TENANT:
        t, m = TenancyRow, CarrierTeam
        # Who has outstayed is still inside.
        overdue = t.ended_on.is_(None) & (func.lower(t.during, type_=Date()) <= last)
        inside = t.during.overlaps(Range(first, last, bounds="[]")) | overdue
        stays = select(t.id).join(CarrierRecord, CarrierRecord.id == t.carrier_id)
        stays = stays.where(CarrierRecord.kind == CarrierKind.INCUBATOR.value, inside)
        team = stays.join(m, m.id == t.team_id).where(m.firm_id == Firm.id).exists()
        return stays.where(t.firm_id == Firm.id).exists() | team
    return true()


async def owed_of(
    conn: Conn, firm_id: uuid.UUID, forms: Sequence[Form], years: Sequence[int], *, viewer: Viewer, today: date
) -> list[Owed]:
    """Beside what every firm owes: with the reason for it."""
    held = await held_by(conn, firm_id, today=today)
    stays = await tenancies_of_firm(conn, firm_id, viewer=viewer)
    found = [Owed(year, form, _why(form, year, held, stays)) for year in years for form in forms]
    return [owed for owed in found if owed.why]


def _why(form: Form, year: int, held: Sequence[HeldCertificate], stays: Sequence[Tenancy]) -> str:
    if form.owed_by is Owing.HNTE_HOLDER and (certificate := certificate_at_end(held, year)):
        return f"高新技术企业证书 {certificate.number}"
    if form.owed_by is Owing.TENANT and (stay := stay_of(stays, year)):
        return f"入驻{stay.carrier_name}"
    return ""


def certificate_at_end(held: Sequence[HeldCertificate], year: int) -> HeldCertificate | None:
    """32号 第九条、第十三条: whose certificate stands at the end of the year reports on that year."""
    last = date(year, 12, 31)
    return next(
        (
            c
            for c in held
            if c.kind is CertificateKind.HNTE
            and state_on(last, issued_on=c.issued_on, expires_on=c.expires_on, revoked_on=c.revoked_on)
            is CertificateState.IN_FORCE
        ),
        None,
    )


def stay_of(stays: Sequence[Tenancy], year: int) -> Tenancy | None:
    """The latest in an incubator on any day of that year."""
    first, last = date(year, 1, 1), date(year, 12, 31)
    return next(
        (
            stay
            for stay in stays
            if stay.carrier_kind is CarrierKind.INCUBATOR
            and stay.since is not None
            and stay.since <= last
            and (stay.until is None or stay.until >= first or stay.ended_on is None)
        ),
        None,
    )
