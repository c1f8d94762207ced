"""What the house knows of a firm that its forms ask for, as the firm would type it: it is only to be confirmed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select

from app.access.terms import Viewer
from app.carriers.stay_terms import EndReason, Tenancy
from app.carriers.tenancies import tenancies_of_firm
from app.db import Conn
from app.firms.terms import FirmDetail, Reference
from app.owing.queries import certificate_at_end, stay_of
from app.policy.figures import IpKind
from app.recognitions.models import IpRightRow
from app.recognitions.queries import HeldCertificate, held_by, rights_as_rows
from app.reports.catalogue import Form, Owing
from app.reports.reading import typed_of
from app.reports.terms import IP_ROWS
from app.units import plain

Typed = list[str]
_YES, _NO = ["yes", ""], ["no", ""]
_COUNTED = {"inventions": IpKind.INVENTION_PATENT, "software": IpKind.SOFTWARE_COPYRIGHT}
_COUNTED |= {"varieties": IpKind.PLANT_VARIETY, "layouts": IpKind.IC_LAYOUT}


@dataclass(frozen=True, slots=True)
class _Right:
    kind: str
    granted_on: date | None
    in_force: bool | None


async def facts_of(
    conn: Conn, firm: FirmDetail, form: Form, year: int, *, reference: Reference, viewer: Viewer, today: date
) -> Mapping[str, Any]:
    """By question, or by section for its rows."""
    if form.owed_by is Owing.EVERY_FIRM:
        return {IP_ROWS: await rights_as_rows(conn, firm.id)}
    held, rights = await held_by(conn, firm.id, today=today), await _rights(conn, firm)
    if form.owed_by is Owing.HNTE_HOLDER:
        return _of_holder(held, rights, year)
    stay = stay_of(await tenancies_of_firm(conn, firm.id, viewer=viewer), year)
    return _of_firm(firm, form, reference) | _of_stay(stay, year) | _of_titles(held, rights, year)


async def _rights(conn: Conn, firm: FirmDetail) -> list[_Right]:
    r = IpRightRow
    rows = await conn.execute(select(r.kind, r.granted_on, r.in_force).where(r.firm_id == firm.id))
    return [_Right(*row) for row in rows]


def _of_holder(held: Sequence[HeldCertificate], rights: Sequence[_Right], year: int) -> dict[str, Typed]:
    won = Counter(right.kind for right in rights if right.granted_on and right.granted_on.year == year)
    certificate = certificate_at_end(held, year)
    facts = {"hnte.number": [certificate.number, ""]} if certificate else {}
    return facts | {f"hnte.ip.{kind.value}": [str(won[kind.value]), ""] for kind in IpKind}


def _of_firm(firm: FirmDetail, form: Form, reference: Reference) -> dict[str, Typed]:
    industry = f"{firm.industry_code} {reference.industries.get(firm.industry_code, '')}" if firm.industry_code else ""
    field = reference.high_tech_fields.get(firm.high_tech_field or "", "")
    said = {"founded": firm.registered_on.isoformat() if firm.registered_on else "", "industry": industry.strip()}
    facts = {f"tenant.{code}": [text, ""] for code, text in (said | {"field": field}).items() if text}
    if firm.registered_capital is not None and (asked := form.questions.get("tenant.capital")):
        facts[asked.code] = [*typed_of(firm.registered_capital, asked)]
    return facts


def _of_stay(stay: Tenancy | None, year: int) -> dict[str, Typed]:
    if stay is None or stay.since is None:
        return {}
    came = stay.incubating_since or stay.since
    gone = stay.ended_on if stay.end_reason is EndReason.GRADUATED else None
    graduated = gone is not None and gone.year <= year
    facts = {"tenant.entered": [came.isoformat(), ""], "tenant.graduated": _YES if graduated else _NO}
    if graduated and gone is not None:
        facts["tenant.graduated_on"] = [gone.isoformat(), ""]
    if stay.exclusive:
        facts["tenant.area"] = [f"{plain(stay.area):f}", ""]
    return facts


def _of_titles(held: Sequence[HeldCertificate], rights: Sequence[_Right], year: int) -> dict[str, Typed]:
    kept = [right for right in rights if right.in_force and (right.granted_on is None or right.granted_on.year <= year)]
    kinds = Counter(right.kind for right in kept)
    won = sum(right.granted_on is not None and right.granted_on.year == year for right in rights)
    counts = {code: kinds[kind.value] for code, kind in _COUNTED.items()} | {"ip_held": len(kept), "ip_granted": won}
    facts = {f"tenant.{code}": [str(count), ""] for code, count in counts.items()}
    return facts | {"tenant.hnte": _YES if certificate_at_end(held, year) else _NO}
