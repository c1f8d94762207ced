"""Certificates go in by kind and number; the same one twice changes nothing."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import any_, bindparam, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by, insert
from sqlalchemy.types import Uuid

from app.access.terms import Actor
from app.audit.service import event_row, record
from app.db import Conn, new_id
from app.firms.models import Firm
from app.firms.search import refresh_search
from app.recognitions.models import Certificate
from app.recognitions.rules import HNTE_YEARS, expiry
from app.recognitions.terms import CertificateKind

_NAMES = select(Firm.id, Firm.name).where(Firm.id == any_(bindparam("ids", type_=ARRAY(Uuid()))))


@dataclass(frozen=True, slots=True)
class CertificateEntry:
    firm_id: uuid.UUID
    kind: CertificateKind
    number: str
    issued_on: date


async def record_certificates(
    conn: Conn, entries: Sequence[CertificateEntry], *, source: str, by: Actor, at: datetime
) -> int:
    """Returns how many were new or had another issue date; a number held by another firm is left as it is."""
    if not entries:
        return 0
    statement = insert(Certificate)
    write = statement.on_conflict_do_update(
        index_elements=["kind", "number"],
        set_={"issued_on": statement.excluded.issued_on, "expires_on": statement.excluded.expires_on},
        where=(Certificate.firm_id == statement.excluded.firm_id)
        & (Certificate.issued_on != statement.excluded.issued_on),
    ).returning(Certificate.firm_id, Certificate.number)
    rows = [
        {
            "id": new_id(),
            "firm_id": e.firm_id,
            "kind": e.kind.value,
            "number": e.number,
            "issued_on": e.issued_on,
            "expires_on": expiry(e.issued_on, HNTE_YEARS),
            "source": source,
            "recorded_at": at,
            "recorded_by": by.viewer.id if by.viewer.login else None,
        }
        for e in entries
    ]
    written = (await conn.execute(write, rows)).all()
    firm_ids = list({row.firm_id for row in written})
    await name_in_search(conn, firm_ids)
    names = dict((await conn.execute(_NAMES, {"ids": firm_ids})).all())
    await record(
        conn,
        *(
            event_row(
                "firm:certificate:recorded",
                by=by,
                at=at,
                object_type="firm",
                object_id=row.firm_id,
                object_label=names[row.firm_id],
                after={"number": row.number, "source": source},
            )
            for row in written
        ),
    )
    return len(written)


async def name_in_search(conn: Conn, firm_ids: Sequence[uuid.UUID]) -> None:
    """Search finds firms by the certificates they hold now; those of which it is true already cost nothing."""
    if not firm_ids:
        return
    numbers = func.coalesce(
        select(func.string_agg(Certificate.number, aggregate_order_by(literal(" "), Certificate.number)))
        .where(Certificate.firm_id == Firm.id)
        .correlate(Firm)
        .scalar_subquery(),
        "",
    )
    these = Firm.id == any_(bindparam("ids", type_=ARRAY(Uuid())))
    changed = select(Firm.id, numbers).where(these, Firm.search_extra != numbers)
    extra = dict((await conn.execute(changed, {"ids": list(firm_ids)})).all())
    await refresh_search(conn, list(extra), extra=extra)
