"""Intellectual property rights of a firm: what the ledger holds, and which of class Ⅱ have served a 高企 filing.

国科发火〔2016〕195号 三(二): a right that is judged as class Ⅱ serves one filing only.
"""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select, update

from app.access.terms import Actor
from app.audit.service import event_row, record
from app.clock import business_day
from app.db import Conn
from app.errors import Conflict, Invalid, NotFound, Refused
from app.firms.locking import known_by_code
from app.firms.terms import FirmDetail
from app.policy.figures import CLASS_TWO, IpKind, ObtainedBy
from app.recognitions.models import IpRightRow
from app.recognitions.rules import use_problem


@dataclass(frozen=True, slots=True)
class HeldRight:
    id: uuid.UUID
    kind: IpKind
    number: str
    name: str
    obtained_by: ObtainedBy | None
    granted_on: date | None
    in_force: bool | None
    used_in_hnte_year: int | None
    source: str

    @property
    def class_two(self) -> bool:
        return self.kind in CLASS_TWO

    @property
    def free(self) -> bool:
        """May still serve a filing."""
        return self.class_two and self.in_force is True and self.used_in_hnte_year is None


def body_of(right: HeldRight) -> dict[str, Any]:
    """As a claim would say what the ledger says."""
    return {
        "kind": right.kind.value,
        "number": right.number,
        "name": right.name,
        "obtained_by": right.obtained_by.value if right.obtained_by else None,
        "granted_on": right.granted_on.isoformat() if right.granted_on else None,
        "in_force": right.in_force,
        "used_in_hnte_year": right.used_in_hnte_year,
    }


_COLUMNS: tuple[Any, ...] = tuple(getattr(IpRightRow, f) for f in HeldRight.__dataclass_fields__)


async def rights_of(conn: Conn, firm_id: uuid.UUID) -> list[HeldRight]:
    """Class Ⅰ first, then by when they were granted."""
    found = [_right(row) for row in await conn.execute(select(*_COLUMNS).where(IpRightRow.firm_id == firm_id))]
    return sorted(found, key=lambda r: (r.class_two, r.granted_on or date.max, r.number))


def _right(row: Any) -> HeldRight:
    named = dict(zip(HeldRight.__dataclass_fields__, row, strict=True))
    way = ObtainedBy(named["obtained_by"]) if named["obtained_by"] else None
    return HeldRight(**{**named, "kind": IpKind(named["kind"]), "obtained_by": way})


async def locked_firm(conn: Conn, uscc: str, by: Actor) -> FirmDetail:
    """Whoever changes what a firm holds does it alone. Raises NotFound out of sight."""
    known = await known_by_code(conn, [uscc], viewer=by.viewer, lock=True)
    if uscc not in known.firms:
        raise NotFound
    return known.firms[uscc]


async def use_up(
    conn: Conn, uscc: str, ids: Collection[uuid.UUID], *, year: int, by: Actor, at: datetime
) -> list[HeldRight]:
    """These served the firm's 高企 filing of that year. Raises Invalid, and Conflict for what served another."""
    firm = await locked_firm(conn, uscc, by)
    chosen = [right for right in await rights_of(conn, firm.id) if right.id in ids]
    if not chosen or len(chosen) != len(set(ids)):
        raise Invalid({"ids": "请选择用于申报的知识产权。"})
    for right in chosen:
        if right.used_in_hnte_year not in (None, year):
            raise Conflict(f"{right.number} 已登记用于 {right.used_in_hnte_year} 年的申报，Ⅱ类只能用一次。")
        wrong = use_problem(right.kind, granted_on=right.granted_on, year=year, today=business_day(at))
        if wrong:
            raise Invalid({"year": f"{right.number}：{wrong}"})
    new = [right for right in chosen if right.used_in_hnte_year is None]
    r = IpRightRow
    await conn.execute(update(r).where(r.id.in_([right.id for right in new])).values(used_in_hnte_year=year))
    await note_rights(conn, "used", firm, new, {"year": year}, by=by, at=at)
    return new


async def give_free(conn: Conn, uscc: str, right_id: uuid.UUID, *, reason: str, by: Actor, at: datetime) -> HeldRight:
    """It was written down wrongly that it had served a filing."""
    firm = await locked_firm(conn, uscc, by)
    right = next((one for one in await rights_of(conn, firm.id) if one.id == right_id), None)
    if right is None:
        raise NotFound
    if right.used_in_hnte_year is None:
        raise Refused(f"{right.number} 没有登记过使用年度。")
    await conn.execute(update(IpRightRow).where(IpRightRow.id == right.id).values(used_in_hnte_year=None))
    said = {"year": right.used_in_hnte_year, "reason": reason}
    await note_rights(conn, "freed", firm, [right], said, by=by, at=at)
    return right


async def note_rights(
    conn: Conn,
    verb: str,
    firm: FirmDetail,
    rights: Collection[HeldRight],
    said: dict[str, Any],
    *,
    by: Actor,
    at: datetime,
) -> None:
    rows = (
        event_row(
            f"firm:right:{verb}",
            by=by,
            at=at,
            object_type="firm",
            object_id=firm.id,
            object_label=firm.name,
            after={"kind": right.kind.value, "number": right.number, **said},
        )
        for right in rights
    )
    await record(conn, *rows)
