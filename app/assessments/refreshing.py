"""Keeps the stored answers as the facts are: firm by firm when facts change, everybody at night.

A row is written only when its answer differs, so that a night in which nothing happened writes nothing.
"""

import uuid
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Date, DateTime, Integer, Numeric, Text, Uuid

from app.assessments.answers import answers_for
from app.assessments.gathering import gather
from app.assessments.models import ChangedFirm
from app.assessments.policies import load_policies
from app.db import Conn
from app.firms.models import Firm
from app.firms.terms import FirmStatus
from app.locks import Lock, hold
from app.policy.policies import Policies
from app.statements import Kept

_COLUMNS: dict[str, Any] = {
    "firm_id": Uuid(),
    "policy": Text(),
    "version": Text(),
    "outcome": Text(),
    "missed": Integer(),
    "lacking": Integer(),
    "shortfall": Numeric(),
    "score_low": Integer(),
    "score_high": Integer(),
    "open_codes": Text(),
}
_KEPT = tuple(name for name in _COLUMNS if name not in ("firm_id", "policy"))


def _listed(*names: str, of: str = "") -> str:
    return ", ".join(f"{of}{name}" for name in names)


# One statement a batch: answers that no longer apply go, new and different ones come, the rest is not even locked. A
# full join, which PostgreSQL hashes whatever it guesses of the arrays; `found` tells on which side a row is missing.
_WRITE = Kept(
    text(
        f"""
WITH new AS MATERIALIZED (
  SELECT {_listed(*_COLUMNS)}, true AS found
  FROM unnest({_listed(*_COLUMNS, of=":")}) AS n ({_listed(*_COLUMNS)})
), old AS MATERIALIZED (
  SELECT {_listed(*(n for n in _COLUMNS if n != "open_codes"))}, array_to_string(open_codes, ',') AS open_codes,
         true AS found
  FROM assessments WHERE firm_id = ANY(:ids)
), changes AS MATERIALIZED (
  SELECT firm_id, policy, new.found, {_listed(*_KEPT, of="new.")}
  FROM new FULL JOIN old USING (firm_id, policy)
  WHERE ({_listed("found", *_KEPT, of="new.")}) IS DISTINCT FROM ({_listed("found", *_KEPT, of="old.")})
), gone AS (
  DELETE FROM assessments a USING changes c
  WHERE c.found IS NULL AND a.firm_id = c.firm_id AND a.policy = c.policy
  RETURNING 1
), written AS (
  INSERT INTO assessments ({_listed(*_COLUMNS)}, as_of, assessed_at)
  SELECT {_listed(*(n for n in _COLUMNS if n != "open_codes"))}, string_to_array(open_codes, ','), :as_of, :at
  FROM changes WHERE found
  ON CONFLICT (firm_id, policy) DO UPDATE SET
    {", ".join(f"{name} = excluded.{name}" for name in (*_KEPT, "as_of", "assessed_at"))}
  RETURNING 1
)
SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM written)
"""  # noqa: S608 - names of our own columns
    ).bindparams(
        *(bindparam(name, type_=ARRAY(kind)) for name, kind in _COLUMNS.items()),
        bindparam("ids", type_=ARRAY(Uuid())),
        bindparam("as_of", type_=Date()),
        bindparam("at", type_=DateTime(timezone=True)),
    )
)


async def refresh(conn: Conn, firm_ids: Sequence[uuid.UUID], *, policies: Policies, as_of: date, at: datetime) -> int:
    """Judges these firms anew; returns how many answers changed."""
    if not firm_ids:
        return 0
    packs = policies.for_firms()
    gathered = await gather(conn, firm_ids)
    rows = [
        answer
        for firm_id, found in gathered.items()
        for answer in answers_for(firm_id, found.facts, packs, as_of=as_of)
    ]
    columns = dict(zip(_COLUMNS, zip(*rows, strict=True), strict=True)) if rows else {name: () for name in _COLUMNS}
    values = {name: list(column) for name, column in columns.items()}
    changed: int = (
        await conn.execute(_WRITE, {**values, "ids": list(firm_ids), "as_of": as_of, "at": at})
    ).scalar_one()
    return changed


_TAKEN = (
    select(ChangedFirm.firm_id)
    .order_by(ChangedFirm.at)
    .limit(bindparam("most", type_=Integer()))
    .with_for_update(skip_locked=True)
)


async def refresh_changed(conn: Conn, *, policies: Policies, as_of: date, at: datetime, most: int = 500) -> int:
    """Takes firms whose facts have changed and judges them, in one transaction; returns how many firms it took.

    By the policies as they are once the firms are taken, `policies` where nothing has been published since.
    """
    ids = sorted((await conn.execute(_TAKEN, {"most": most})).scalars())
    if ids:
        # A batch of the night that read the facts before this change must not write after it.
        await hold(conn, Lock.ANSWERS)
        await conn.execute(delete(ChangedFirm).where(ChangedFirm.firm_id.in_(ids)))
        now = await load_policies(conn, policies)
        await refresh(conn, ids, policies=now, as_of=as_of, at=at)
    return len(ids)


async def changed_count(conn: Conn) -> int:
    return int((await conn.execute(select(func.count()).select_from(ChangedFirm))).scalar_one())


_ACTIVE = Firm.status == FirmStatus.ACTIVE.value


async def firm_count(conn: Conn, *, active: bool = False) -> int:
    query = select(func.count()).select_from(Firm)
    return int((await conn.execute(query.where(_ACTIVE) if active else query)).scalar_one())


_BATCH = (
    select(Firm.id)
    .where(Firm.id > bindparam("after", type_=Uuid()))
    .order_by(Firm.id)
    .limit(bindparam("most", type_=Integer()))
)


async def ids_after(
    conn: Conn, after: uuid.UUID, *, most: int, until: uuid.UUID | None = None, active: bool = False
) -> list[uuid.UUID]:
    """The next firms by id; unless `active`, whatever their status: who comes back to life finds its answers."""
    query = _BATCH if until is None else _BATCH.where(Firm.id <= until)
    if active:
        query = query.where(_ACTIVE)
    return list((await conn.execute(query, {"after": after, "most": most})).scalars())


async def split_points(conn: Conn, *, span: int) -> list[uuid.UUID]:
    """Every `span`-th firm's id, the last one included: where the night's work is cut into pieces."""
    numbered = select(Firm.id, func.row_number().over(order_by=Firm.id).label("n")).subquery()
    query = select(numbered.c.id).where(numbered.c.n % span == 0).order_by(numbered.c.id)
    points = list((await conn.execute(query)).scalars())
    last = (await conn.execute(select(Firm.id).order_by(Firm.id.desc()).limit(1))).scalar_one_or_none()
    return points if last is None or (points and points[-1] == last) else [*points, last]
