"""One certificate by hand: registered, marked as revoked, or struck out because it should never have been here.

Each takes the firm's row lock, so that a move's gate sees the certificates either before or after, never between.
"""

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from app.access.terms import Actor, Viewer
from app.audit.service import event_row, record
from app.clock import business_day
from app.db import Conn, new_id
from app.errors import Conflict, Invalid, NotFound
from app.firms.filtering import visible_to
from app.firms.locking import known_by_code
from app.firms.models import Firm
from app.firms.service import refuse_merged
from app.firms.terms import FirmDetail
from app.recognitions.models import Certificate
from app.recognitions.queries import HeldCertificate, held_by
from app.recognitions.rules import problems
from app.recognitions.service import name_in_search
from app.recognitions.terms import CertificateKind

_BY_HAND = "人工登记"


@dataclass(frozen=True, slots=True)
class NewCertificate:
    kind: CertificateKind
    number: str
    issued_on: date
    expires_on: date
    revoked_on: date | None = None


async def register(
    conn: Conn,
    uscc: str,
    new: NewCertificate,
    *,
    by: Actor,
    at: datetime,
    under: uuid.UUID | None = None,
    source: str = _BY_HAND,
) -> uuid.UUID:
    """Raises NotFound out of sight, Invalid by field, Conflict when the number is on file already.

    `under`: an id that something of it, such as its evidence, is known by already.
    """
    firm = await _locked(conn, uscc, by.viewer)
    refuse_merged(firm)
    wrong = problems(
        new.kind,
        issued_on=new.issued_on,
        expires_on=new.expires_on,
        revoked_on=new.revoked_on,
        today=business_day(at),
    )
    if wrong:
        raise Invalid(wrong)
    row = {
        "id": under or new_id(),
        "firm_id": firm.id,
        "kind": new.kind.value,
        "number": new.number,
        "issued_on": new.issued_on,
        "expires_on": new.expires_on,
        "revoked_on": new.revoked_on,
        "source": source,
        "recorded_at": at,
        "recorded_by": by.viewer.id if by.viewer.login else None,
    }
    write = insert(Certificate).values(row).on_conflict_do_nothing(index_elements=["kind", "number"])
    made = (await conn.execute(write.returning(Certificate.id))).scalar_one_or_none()
    if made is None:
        raise Conflict(await _held_where(conn, firm, new, by.viewer))
    await name_in_search(conn, [firm.id])
    said = {f: row[f] for f in ("kind", "number", "issued_on", "expires_on", "revoked_on")}
    await _record(conn, "registered", firm, by=by, at=at, after=said)
    return made


async def revoke(
    conn: Conn, uscc: str, certificate_id: uuid.UUID, *, on: date, reason: str, by: Actor, at: datetime
) -> HeldCertificate:
    """The authority took it back on that day. Raises NotFound, Invalid by field, Conflict when it is known already."""
    firm, held = await _held(conn, uscc, certificate_id, by.viewer, at)
    if held.revoked_on is not None:
        raise Conflict(f"这份证书已登记为 {held.revoked_on} 撤销。")
    today = business_day(at)
    wrong = problems(held.kind, issued_on=held.issued_on, expires_on=held.expires_on, revoked_on=on, today=today)
    if "revoked_on" in wrong:
        raise Invalid({"revoked_on": wrong["revoked_on"]})
    await conn.execute(update(Certificate).where(Certificate.id == held.id).values(revoked_on=on))
    said = {"kind": held.kind.value, "number": held.number, "revoked_on": on, "reason": reason}
    await _record(conn, "revoked", firm, by=by, at=at, before={"revoked_on": None}, after=said)
    return held


async def strike(
    conn: Conn, uscc: str, certificate_id: uuid.UUID, *, reason: str, by: Actor, at: datetime
) -> HeldCertificate:
    """It never was this firm's, or was written down wrongly: the record goes, the trail keeps what it said."""
    firm, held = await _held(conn, uscc, certificate_id, by.viewer, at)
    await conn.execute(delete(Certificate).where(Certificate.id == held.id))
    await name_in_search(conn, [firm.id])
    before = {f: getattr(held, f) for f in ("kind", "number", "issued_on", "expires_on", "revoked_on")}
    after = {"kind": held.kind.value, "number": held.number, "reason": reason}
    await _record(conn, "struck", firm, by=by, at=at, before=before, after=after)
    return held


async def _locked(conn: Conn, uscc: str, viewer: Viewer) -> FirmDetail:
    known = await known_by_code(conn, [uscc], viewer=viewer, lock=True)
    if uscc not in known.firms:
        raise NotFound
    return known.firms[uscc]


async def _held(
    conn: Conn, uscc: str, certificate_id: uuid.UUID, viewer: Viewer, at: datetime
) -> tuple[FirmDetail, HeldCertificate]:
    firm = await _locked(conn, uscc, viewer)
    for held in await held_by(conn, firm.id, today=business_day(at)):
        if held.id == certificate_id:
            return firm, held
    raise NotFound


async def _held_where(conn: Conn, firm: FirmDetail, new: NewCertificate, viewer: Viewer) -> str:
    """Names the holder to those who can see it; to the others it says only that the number cannot be taken."""
    holder = (
        select(Firm.id, Firm.name)
        .join(Certificate, Certificate.firm_id == Firm.id)
        .where(Certificate.kind == new.kind.value, Certificate.number == new.number, visible_to(viewer))
    )
    row = (await conn.execute(holder)).one_or_none()
    if row is None:
        return "这个证书编号不能由您登记，请核对编号，或与上级部门核对。"
    if row.id == firm.id:
        return "这家企业已登记过这个编号的证书；日期有误时请先在那份证书里删去误登的，再重新登记。"
    return f"这个证书编号已登记在 {row.name} 名下，请核对。"


async def _record(conn: Conn, verb: str, firm: FirmDetail, *, by: Actor, at: datetime, **said: dict[str, Any]) -> None:
    images: dict[str, Any] = {
        name: {k: v.isoformat() if isinstance(v, date) else v for k, v in image.items()} for name, image in said.items()
    }
    done = event_row(
        f"firm:certificate:{verb}",
        by=by,
        at=at,
        object_type="firm",
        object_id=firm.id,
        object_label=firm.name,
        **images,
    )
    await record(conn, done)
