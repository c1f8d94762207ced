"""Reads of carriers and what belongs to them. Everything goes through the viewer's sight of the carrier."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, SelectBase, any_, bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Uuid

from app.access.personal import shown
from app.access.terms import Viewer
from app.carriers.models import (
    CarrierChangeRow,
    CarrierDuty,
    CarrierRecord,
    CarrierSpace,
    CarrierStay,
    CarrierTeam,
    CarrierTitle,
)
from app.carriers.sight import Sight, in_sight, sight_of, values_for, visible_to
from app.carriers.stay_terms import Stay, Team
from app.carriers.terms import (
    Areas,
    Carrier,
    CarrierChange,
    CarrierKind,
    CarrierLevel,
    CarrierState,
    Duty,
    DutyKind,
    Space,
    Title,
)
from app.db import Conn
from app.personal.terms import Kind
from app.sealed import shown as opened
from app.statements import Kept
from app.vault import Vault

_C = CarrierRecord
_ID = bindparam("carrier_id", type_=Uuid())
_DETAIL = select(
    _C.id,
    _C.name,
    _C.kind,
    _C.level,
    _C.region_code,
    _C.park,
    _C.operator,
    _C.address,
    _C.focus,
    _C.opened_on,
    _C.state,
    _C.closed_on,
    _C.contact_name,
    _C.contact_phone,
    _C.remark,
    _C.area_total,
    _C.area_office,
    _C.area_tenants,
    _C.area_public,
    _C.area_other,
    _C.version,
    _C.updated_at,
)


def carrier_of(row: Sequence[Any], vault: Vault) -> Carrier:
    values = [*row[:15], Areas(*row[15:20]), *row[20:]]
    values[2], values[3], values[10] = CarrierKind(row[2]), CarrierLevel(row[3]), CarrierState(row[10])
    values[13] = opened(vault, row[13], column="carriers.contact_phone", row=row[0])
    return Carrier(*values)


async def carrier_by_id(conn: Conn, carrier_id: uuid.UUID, *, viewer: Viewer) -> Carrier | None:
    query = _by_id(sight_of(viewer))
    row = (await conn.execute(query, {**values_for(viewer), "carrier_id": carrier_id})).one_or_none()
    return _shown_to(viewer, carrier_of(row, conn.vault)) if row is not None else None


def _shown_to(viewer: Viewer, carrier: Carrier) -> Carrier:
    name, phone = shown(viewer, Kind.NAME, carrier.contact_name), shown(viewer, Kind.PHONE, carrier.contact_phone)
    return replace(carrier, contact_name=name, contact_phone=phone)


@lru_cache(maxsize=8)
def _by_id(sight: Sight) -> Kept:
    return Kept(_DETAIL.where(_C.id == _ID, in_sight(sight)))


async def carrier_asking(conn: Conn, carrier_id: uuid.UUID) -> Carrier:
    """Of a proposal that the caller has in sight: who answers it may not see the carrier yet."""
    return carrier_of((await conn.execute(_DETAIL.where(_C.id == carrier_id))).one(), conn.vault)


async def carriers_where(conn: Conn, condition: ColumnElement[bool]) -> list[Carrier]:
    """By name; the caller says who may see them."""
    vault = conn.vault
    rows = await conn.execute(_DETAIL.where(condition).order_by(_C.name, _C.id))
    return [carrier_of(row, vault) for row in rows]


async def own_carrier(conn: Conn, *, viewer: Viewer) -> Carrier | None:
    return await carrier_by_id(conn, viewer.carrier_id, viewer=viewer) if viewer.carrier_id else None


async def lock_carrier(conn: Conn, carrier_id: uuid.UUID, *, viewer: Viewer | None) -> Carrier | None:
    """Nobody else can change it until the transaction ends. `viewer` None: for a job."""
    query = _DETAIL.where(_C.id == carrier_id, *([visible_to(viewer)] if viewer else []))
    row = (await conn.execute(query.with_for_update())).one_or_none()
    return carrier_of(row, conn.vault) if row is not None else None


async def hold_carriers(conn: Conn, carriers: Collection[uuid.UUID] | SelectBase) -> None:
    """Whoever writes about rooms, leases and what is proposed for them has their carrier first, then the room, the
    lease, the proposal: a list of the carrier holds it for all of its rows, and else the two would wait for each
    other."""
    query = select(_C.id).where(_C.id.in_(carriers)).order_by(_C.id)
    await conn.execute(query.with_for_update(key_share=True))


async def carriers_by_name(conn: Conn, *, viewer: Viewer) -> dict[str, Carrier]:
    """Those in sight, by name: for lists that name them, and for drop-downs."""
    rows = await conn.execute(_DETAIL.where(visible_to(viewer)).order_by(_C.name))
    vault = conn.vault
    return {carrier.name: _shown_to(viewer, carrier) for carrier in (carrier_of(row, vault) for row in rows)}


async def names_in_sight(conn: Conn, *, viewer: Viewer) -> list[tuple[uuid.UUID, str]]:
    rows = await conn.execute(select(_C.id, _C.name).where(visible_to(viewer)).order_by(_C.name))
    return [(carrier_id, name) for carrier_id, name in rows]


async def carrier_choices(conn: Conn) -> list[tuple[str, str]]:
    """For administrators who bind an account to a carrier: that it exists, and nothing else of it."""
    rows = await conn.execute(select(_C.id, _C.name).order_by(_C.name))
    return [(str(carrier_id), name) for carrier_id, name in rows]


async def carrier_id_by_name(conn: Conn, name: str) -> uuid.UUID | None:
    return (await conn.execute(select(_C.id).where(_C.name == name))).scalar_one_or_none()


_T = CarrierTitle
_TITLE: tuple[Any, ...] = (_T.id, _T.level, _T.name, _T.document, _T.issued_on, _T.valid_until)
_LATEST_TITLE = (_T.issued_on.desc(), _T.id)
_TITLES = Kept(select(*_TITLE).where(_T.carrier_id == _ID).order_by(*_LATEST_TITLE))
_D = CarrierDuty
DUTY = (_D.id, _D.kind, _D.what, _D.due_on, _D.basis, _D.done_on, _D.doer_name)
OWED_FIRST = (_D.done_on.nulls_first(), _D.due_on, _D.id)
_IDS = bindparam("ids", type_=ARRAY(Uuid()))
_H = CarrierChangeRow
_CHANGES = Kept(
    select(_H.changed_on, _H.what, _H.before, _H.after, _H.actor_name, _H.at)
    .where(_H.carrier_id == _ID)
    .order_by(_H.at.desc(), _H.id)
)


async def titles_of(conn: Conn, carrier_id: uuid.UUID) -> list[Title]:
    """Here and below: the caller has looked the carrier up in its viewer's sight."""
    return [_title_of(row) for row in await conn.execute(_TITLES, {"carrier_id": carrier_id})]


def _title_of(row: Sequence[Any]) -> Title:
    return Title(row[0], CarrierLevel(row[1]), *row[2:])


def duty_of(row: Sequence[Any]) -> Duty:
    return Duty(row[0], DutyKind(row[1]), *row[2:])


async def duties_of(conn: Conn, carrier_id: uuid.UUID) -> list[Duty]:
    query = select(*DUTY).where(_D.carrier_id == carrier_id).order_by(*OWED_FIRST)
    return [duty_of(row) for row in await conn.execute(query)]


async def kept_by(conn: Conn, carrier_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, tuple[list[Title], list[Duty]]]:
    """Of many at once: their titles, the latest first, and the duties that are still owed, the next first."""
    kept: dict[uuid.UUID, tuple[list[Title], list[Duty]]] = {one: ([], []) for one in carrier_ids}
    ids = {"ids": list(carrier_ids)}
    titles = select(*_TITLE, _T.carrier_id).where(_T.carrier_id == any_(_IDS)).order_by(*_LATEST_TITLE)
    for row in await conn.execute(titles, ids):
        kept[row.carrier_id][0].append(_title_of(row[:-1]))
    duties = select(*DUTY, _D.carrier_id).where(_D.carrier_id == any_(_IDS), _D.done_on.is_(None))
    for owed in await conn.execute(duties.order_by(*OWED_FIRST), ids):
        kept[owed.carrier_id][1].append(duty_of(owed[:-1]))
    return kept


async def changes_of(conn: Conn, carrier_id: uuid.UUID) -> list[CarrierChange]:
    return [CarrierChange(*row) for row in await conn.execute(_CHANGES, {"carrier_id": carrier_id})]


_S = CarrierSpace
SPACE: tuple[Any, ...] = (
    _S.id,
    _S.carrier_id,
    _S.building,
    _S.floor,
    _S.room,
    _S.area,
    _S.exclusive,
    _S.capacity,
    _S.opened_on,
    _S.closed_on,
    _S.version,
    _S.closed_at,
    _S.joined_into,
)


_EVERY = select(*SPACE).where(_S.carrier_id == _ID).order_by(_S.building, _S.floor, _S.room, _S.id)
_SPACES = {True: Kept(_EVERY), False: Kept(_EVERY.where(_S.closed_on.is_(None)))}


async def spaces_of(conn: Conn, carrier_id: uuid.UUID, *, closed: bool = False) -> list[Space]:
    """By building, floor and room; with `closed` those that are no more, too."""
    return [Space(*row) for row in await conn.execute(_SPACES[closed], {"carrier_id": carrier_id})]


async def space_of(conn: Conn, carrier_id: uuid.UUID, space_id: uuid.UUID, *, lock: bool = False) -> Space | None:
    query = select(*SPACE).where(_S.carrier_id == carrier_id, _S.id == space_id)
    row = (await conn.execute(query.with_for_update() if lock else query)).one_or_none()
    return Space(*row) if row is not None else None


_M = CarrierTeam
TEAM = (_M.id, _M.carrier_id, _M.name, _M.leader, _M.members, _M.firm_id, _M.linked_on)


async def team_of(conn: Conn, carrier_id: uuid.UUID, team_id: uuid.UUID, *, lock: bool = False) -> Team | None:
    query = select(*TEAM).where(_M.carrier_id == carrier_id, _M.id == team_id)
    row = (await conn.execute(query.with_for_update() if lock else query)).one_or_none()
    return Team(*row) if row is not None else None


async def teams_of(conn: Conn, carrier_id: uuid.UUID) -> list[Team]:
    """Those that are no firm yet."""
    query = select(*TEAM).where(_M.carrier_id == carrier_id, _M.firm_id.is_(None)).order_by(_M.name)
    return [Team(*row) for row in await conn.execute(query)]


async def stays(conn: Conn) -> Mapping[CarrierKind, Stay]:
    s = CarrierStay
    rows = await conn.execute(select(s.kind, s.months, s.special_months, s.document, s.grade))
    return {CarrierKind(row[0]): Stay(CarrierKind(row[0]), *row[1:]) for row in rows}
