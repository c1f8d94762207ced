import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import any_, bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Text, Uuid

from app.db import Conn
from app.policy.facts import CertificateFact
from app.recognitions.models import Certificate, IpRightRow
from app.recognitions.rules import state_on
from app.recognitions.terms import CertificateKind, CertificateState
from app.statements import Kept


@dataclass(frozen=True, slots=True)
class HeldCertificate:
    id: uuid.UUID
    kind: CertificateKind
    number: str
    issued_on: date
    expires_on: date
    revoked_on: date | None
    state: CertificateState


_HELD = Kept(
    select(
        Certificate.id,
        Certificate.kind,
        Certificate.number,
        Certificate.issued_on,
        Certificate.expires_on,
        Certificate.revoked_on,
    )
    .where(Certificate.firm_id == bindparam("firm_id"))
    .order_by(Certificate.expires_on.desc())
)


async def held_by(conn: Conn, firm_id: uuid.UUID, *, today: date) -> list[HeldCertificate]:
    return [
        HeldCertificate(
            certificate_id,
            CertificateKind(kind),
            number,
            issued,
            expires,
            revoked,
            state_on(today, issued_on=issued, expires_on=expires, revoked_on=revoked),
        )
        for certificate_id, kind, number, issued, expires, revoked in await conn.execute(_HELD, {"firm_id": firm_id})
    ]


def body_of(held: HeldCertificate) -> dict[str, str | None]:
    """As a claim would say what the ledger says."""
    dates = {f: getattr(held, f) for f in ("issued_on", "expires_on", "revoked_on")}
    return {"kind": held.kind.value, "number": held.number} | {f: d and d.isoformat() for f, d in dates.items()}


async def facts_of(conn: Conn, firm_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, tuple[CertificateFact, ...]]:
    """What the gates see of many firms' certificates."""
    query = select(
        Certificate.firm_id,
        Certificate.kind,
        Certificate.number,
        Certificate.issued_on,
        Certificate.expires_on,
        Certificate.revoked_on,
    ).where(Certificate.firm_id == any_(bindparam("ids", type_=ARRAY(Uuid()))))
    found: dict[uuid.UUID, tuple[CertificateFact, ...]] = {}
    for firm_id, kind, number, issued, expires, revoked in await conn.execute(query, {"ids": list(firm_ids)}):
        fact = CertificateFact(kind, number, issued, expires, revoked)
        found[firm_id] = (*found.get(firm_id, ()), fact)
    return found


async def held_numbers(conn: Conn, numbers: Sequence[str]) -> dict[str, tuple[uuid.UUID, date]]:
    """高企 certificate numbers already on file: number → (firm, issued on)."""
    query = select(Certificate.number, Certificate.firm_id, Certificate.issued_on).where(
        Certificate.kind == CertificateKind.HNTE.value,
        Certificate.number == any_(bindparam("numbers", type_=ARRAY(Text()))),
    )
    found = await conn.execute(query, {"numbers": list(numbers)})
    return {n: (firm_id, issued) for n, firm_id, issued in found}


async def rights_as_rows(conn: Conn, firm_id: uuid.UUID) -> list[dict[str, list[str]]]:
    """The ledger's rights in force, as a firm would type them into its form."""
    r = IpRightRow
    query = select(r.kind, r.name, r.number, r.granted_on, r.obtained_by).where(
        r.firm_id == firm_id, r.in_force.is_(True)
    )
    names = ("ip.kind", "ip.name", "ip.number", "ip.granted", "ip.way")
    rows = (await conn.execute(query.order_by(r.granted_on, r.number).limit(60))).all()
    return [{n: [str(value), ""] for n, value in zip(names, row, strict=True) if value} for row in rows]
