"""Certificates as they were before an import."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Date, Text, Uuid

from app.db import Conn
from app.recognitions.rules import HNTE_YEARS, expiry
from app.recognitions.service import name_in_search
from app.recognitions.terms import CertificateKind


@dataclass(frozen=True, slots=True)
class Written:
    """What an import wrote for a certificate: its date now, and the one before, None for a new certificate."""

    firm_id: uuid.UUID
    number: str
    issued_on: date
    former: date | None


_FIRMS, _NUMBERS = bindparam("firms", type_=ARRAY(Uuid())), bindparam("numbers", type_=ARRAY(Text()))
_REMOVE = text(
    """
DELETE FROM certificates AS c USING unnest(:firms, :numbers) AS w (firm_id, number)
WHERE c.kind = :kind AND c.number = w.number AND c.firm_id = w.firm_id
"""
).bindparams(_FIRMS, _NUMBERS)
_DATE_BACK = text(
    """
UPDATE certificates AS c SET issued_on = w.issued_on, expires_on = w.expires_on
FROM unnest(:firms, :numbers, :issued_on, :expires_on) AS w (firm_id, number, issued_on, expires_on)
WHERE c.kind = :kind AND c.number = w.number AND c.firm_id = w.firm_id
"""
).bindparams(
    _FIRMS, _NUMBERS, bindparam("issued_on", type_=ARRAY(Date())), bindparam("expires_on", type_=ARRAY(Date()))
)


async def take_back(conn: Conn, certificates: Sequence[Written]) -> None:
    """What search knows of the firms follows: certificates that others recorded since stay in it."""
    if new := [w for w in certificates if w.former is None]:
        await conn.execute(_REMOVE, _given(new))
    if dated := [(w, w.former) for w in certificates if w.former is not None]:
        dates = {
            "issued_on": [former for _, former in dated],
            "expires_on": [expiry(former, HNTE_YEARS) for _, former in dated],
        }
        await conn.execute(_DATE_BACK, {**_given([w for w, _ in dated]), **dates})
    await name_in_search(conn, [w.firm_id for w in certificates])


def _given(certificates: Sequence[Written]) -> dict[str, object]:
    return {
        "kind": CertificateKind.HNTE.value,
        "firms": [w.firm_id for w in certificates],
        "numbers": [w.number for w in certificates],
    }
