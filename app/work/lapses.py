"""Certificates of firms that somebody follows: told when they are about to lapse, and when they have."""

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select, tuple_

from app.access.models import User
from app.db import Conn
from app.firms.following import colleague_of_firm
from app.firms.models import Firm, FirmFollow
from app.outbox.writing import Row, notice, post
from app.recognitions.models import Certificate
from app.recognitions.terms import CertificateKind

SOON = timedelta(days=90)
_PAST = timedelta(days=30)  # of a lapse that a long pause has missed; older ones are no news
_MOST = 5000  # at a time
_ORDER = (Certificate.expires_on, Certificate.id, FirmFollow.user_id)


async def tell_lapses(conn: Conn, *, today: date, at: datetime) -> int:
    """Each step once; nothing of a certificate that was revoked, or that a later one of its kind has replaced."""
    later = Certificate.__table__.alias("later")
    replaced = (
        select(later.c.id)
        .where(later.c.firm_id == Certificate.firm_id, later.c.kind == Certificate.kind)
        .where(later.c.expires_on > Certificate.expires_on, later.c.revoked_on.is_(None))
        .exists()
    )
    query = (
        select(
            *(Certificate.id, Certificate.kind, Certificate.number, Certificate.expires_on),
            *(Firm.uscc, Firm.name, FirmFollow.user_id),
        )
        .join(FirmFollow.__table__, FirmFollow.firm_id == Certificate.firm_id)
        .join(Firm.__table__, Firm.id == Certificate.firm_id)
        .join(User.__table__, User.id == FirmFollow.user_id)
        .where(colleague_of_firm(), Certificate.revoked_on.is_(None), ~replaced)
        .where(Certificate.expires_on.between(today - _PAST, today + SOON))
        .order_by(*_ORDER)
        .limit(_MOST)
    )
    told, page = 0, query
    while found := (await conn.execute(page)).all():
        await post(conn, *(_word(row, today, at) for row in found))
        told += len(found)
        last = found[-1]
        page = query.where(tuple_(*_ORDER) > (last.expires_on, last.id, last.user_id))
    return told


def _word(row: Any, today: date, at: datetime) -> Row:
    on, over = row.expires_on, row.expires_on < today
    when = f"已于 {on} 到期" if over else f"{on} 到期，还有 {(on - today).days} 天"
    subject = f"您关注的 {row.name} 的{CertificateKind(row.kind).label} {row.number} {when}"
    key = f"{row.id}:{on}:{'over' if over else 'soon'}"
    return notice("followed", key, to=row.user_id, subject=subject, at=at, page=f"/firms/{row.uscc}")
