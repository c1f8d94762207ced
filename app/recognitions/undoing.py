"""Certificates as they were before an import."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import delete, update

from app.db import Conn
from app.recognitions.models import Certificate
from app.recognitions.rules import HNTE_YEARS, expiry
from app.recognitions.terms import CertificateKind


@dataclass(frozen=True, slots=True)
class Written:
    """What an import wrote for a certificate: its date now, and the one before, None for a new certificate."""

    firm_id: uuid.UUID
    number: str
    issued_on: date
    former: date | None


async def take_back(conn: Conn, certificates: Sequence[Written]) -> None:
    for written in certificates:
        this = (
            (Certificate.kind == CertificateKind.HNTE.value)
            & (Certificate.number == written.number)
            & (Certificate.firm_id == written.firm_id)
        )
        if written.former is None:
            await conn.execute(delete(Certificate).where(this))
        else:
            dates = {"issued_on": written.former, "expires_on": expiry(written.former, HNTE_YEARS)}
            await conn.execute(update(Certificate).where(this).values(dates))
