"""Two records that look alike and are two firms: said once, so that the list of doubles asks no more."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, delete, exists, or_, select
from sqlalchemy.dialects.postgresql import insert

from app.access.terms import Actor, Viewer
from app.audit.service import event_row, record
from app.db import Conn
from app.errors import Invalid
from app.firms.filtering import visible_to
from app.firms.models import Firm, FirmsToldApart
from app.firms.terms import FirmDetail

_A = FirmsToldApart


@dataclass(frozen=True, slots=True)
class Apart:
    one: tuple[str, str]  # code, name
    other: tuple[str, str]
    teller_name: str
    told_at: datetime


async def tell_apart(conn: Conn, one: FirmDetail, other: FirmDetail, *, by: Actor, at: datetime) -> bool:
    """False when somebody has said so already."""
    first, second = _in_order(one, other)
    row = {"one_id": first, "other_id": second, "teller_id": by.viewer.id, "teller_name": by.viewer.name, "told_at": at}
    if not (await conn.execute(insert(_A).values(row).on_conflict_do_nothing())).rowcount:
        return False
    await note_both(conn, "told_apart", (one, other), {"one": one.uscc, "other": other.uscc}, by=by, at=at)
    return True


async def ask_again(conn: Conn, one: FirmDetail, other: FirmDetail, *, by: Actor, at: datetime) -> bool:
    """They may be one after all: the list names them again. False when nobody had said otherwise."""
    first, second = _in_order(one, other)
    if not (await conn.execute(delete(_A).where(_A.one_id == first, _A.other_id == second))).rowcount:
        return False
    await note_both(conn, "asked_again", (one, other), {"one": one.uscc, "other": other.uscc}, by=by, at=at)
    return True


def _in_order(one: FirmDetail, other: FirmDetail) -> tuple[uuid.UUID, uuid.UUID]:
    if one.id == other.id:
        raise Invalid({"other": "这是同一条记录，请填另一家的信用代码。"})
    return min(one.id, other.id), max(one.id, other.id)


async def note_both(
    conn: Conn, verb: str, firms: Iterable[FirmDetail], said: Mapping[str, Any], *, by: Actor, at: datetime
) -> None:
    """The same in the trail of each of two records."""
    rows = [
        event_row(
            f"firm:record:{verb}",
            by=by,
            at=at,
            object_type="firm",
            object_id=firm.id,
            object_label=firm.name,
            after=said,
        )
        for firm in firms
    ]
    await record(conn, *rows)


def told_apart(one: Any, other: Any) -> Any:
    """Of two firms' columns of ids, in whichever order."""
    return exists().where(
        or_(and_(_A.one_id == one, _A.other_id == other), and_(_A.one_id == other, _A.other_id == one))
    )


async def recently_apart(conn: Conn, *, viewer: Viewer, limit: int = 30) -> list[Apart]:
    """Those of which the viewer sees both firms, the latest first."""
    other = Firm.__table__.alias("other")
    mine: Any = select(Firm.id).where(visible_to(viewer))
    query = (
        select(Firm.uscc, Firm.name, other.c.uscc, other.c.name, _A.teller_name, _A.told_at)
        .select_from(_A.__table__.join(Firm.__table__, Firm.id == _A.one_id).join(other, other.c.id == _A.other_id))
        .where(visible_to(viewer), other.c.id.in_(mine))
        .order_by(_A.told_at.desc(), _A.one_id, _A.other_id)
        .limit(limit)
    )
    return [Apart((r[0], r[1]), (r[2], r[3]), r[4], r[5]) for r in (await conn.execute(query)).all()]
