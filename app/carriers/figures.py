"""A carrier's year as its operator says it: read, and written over as a whole under the version that was read."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.types import Integer, Uuid

from app.access.terms import Actor
from app.carriers.figure_models import CarrierFigures
from app.carriers.figure_terms import PARTS, YearSaid
from app.carriers.queries import lock_carrier
from app.carriers.recording import trace
from app.carriers.terms import Carrier
from app.db import Conn
from app.errors import Invalid, NotFound, Stale
from app.policy.figures import CARRIER
from app.statements import Kept

_F = CarrierFigures
_SAID = Kept(
    select(_F.figures, _F.version, _F.author_name, _F.updated_at).where(
        _F.carrier_id == bindparam("carrier_id", type_=Uuid()), _F.year == bindparam("year", type_=Integer())
    )
)


async def year_said(conn: Conn, carrier_id: uuid.UUID, year: int) -> YearSaid:
    """The caller has looked the carrier up in its viewer's sight."""
    row = (await conn.execute(_SAID, {"carrier_id": carrier_id, "year": year})).one_or_none()
    if row is None:
        return YearSaid(year)
    return YearSaid(year, {code: Decimal(said) for code, said in row[0].items()}, *row[1:])


def beyond(figures: Mapping[str, Decimal]) -> dict[str, str]:
    """Parts that are more than what they are a part of."""
    return {
        part: f"不能大于{CARRIER[whole].label}。"
        for part, whole in PARTS.items()
        if part in figures and whole in figures and figures[part] > figures[whole]
    }


async def say_year(
    conn: Conn,
    carrier: Carrier,
    year: int,
    figures: Mapping[str, Decimal],
    *,
    version: int,
    by: Actor,
    at: datetime,
) -> bool:
    """False when nothing differs. Raises NotFound, Stale, Invalid by field."""
    if await lock_carrier(conn, carrier.id, viewer=by.viewer) is None:
        raise NotFound
    held = await year_said(conn, carrier.id, year)
    if held.version != version:
        raise Stale("这一年的数刚被别人改过，请对照现在的内容再保存。")
    if faults := beyond(figures):
        raise Invalid(faults)
    if dict(held.figures) == dict(figures):
        return False
    said = {code: f"{value:f}" for code, value in figures.items()}
    row = {"figures": said, "version": version + 1, "author_name": by.viewer.name, "updated_at": at}
    statement = insert(_F).values(carrier_id=carrier.id, year=year, **row)
    await conn.execute(statement.on_conflict_do_update(index_elements=[_F.carrier_id, _F.year], set_=row))
    before = {code: f"{value:f}" for code, value in held.figures.items()}
    await trace(conn, (carrier.id, carrier.name), "figures:said", {"year": year} | said, by=by, at=at, before=before)
    return True
