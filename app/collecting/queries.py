"""Reads of collections: rounds by the carriers in sight, a firm's own by its account."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, bindparam, false, func, select
from sqlalchemy.types import Uuid

from app.access.models import User
from app.access.terms import Role, Viewer
from app.carriers.models import CarrierRecord, CarrierTeam
from app.carriers.sight import Sight, in_sight, sight_of, values_for
from app.collecting.hiding import form_opened, opened
from app.collecting.models import CollectionAnswer, CollectionCell, CollectionRound, CollectionVersion
from app.collecting.terms import Answer, AnswerState, AnswerVersion, Correction, Period, Round, period_of
from app.db import Conn
from app.firms.models import Firm
from app.statements import Kept

_R, _A, _C = CollectionRound, CollectionAnswer, CarrierRecord
_ROUND: tuple[Any, ...] = (
    *(_R.id, _R.carrier_id, _C.name, _R.period, _R.due_on, _R.opened_at, _R.opener_name),
    *(_R.closed_at, _R.closer_name, _R.despite, _R.version),
)


def _round(row: Sequence[Any]) -> Round:
    period = period_of(row[3])
    assert period is not None
    return Round(row[0], row[1], row[2], period, *row[4:])


def _rounds() -> Select[Any]:
    return select(*_ROUND).join(_C, _C.id == _R.carrier_id)


_CARRIER = bindparam("carrier_id", type_=Uuid())
_OF_ROUND = bindparam("round_id", type_=Uuid())
_ROUNDS = Kept(
    select(
        *_ROUND,
        func.count(_A.id).filter(_A.state != AnswerState.EXEMPT.value),
        func.count(_A.id).filter(_A.state == AnswerState.ANSWERED.value),
    )
    .join(_C, _C.id == _R.carrier_id)
    .outerjoin(_A, _A.round_id == _R.id)
    .where(_R.carrier_id == _CARRIER)
    .group_by(_R.id, _C.id)
    .order_by(_R.period.desc())
)


async def rounds_of(conn: Conn, carrier_id: uuid.UUID) -> list[tuple[Round, int, int]]:
    """The latest first, each with how many owe and how many of them have answered. The caller sees the carrier."""
    return [(_round(row[:11]), row[11], row[12]) for row in await conn.execute(_ROUNDS, {"carrier_id": carrier_id})]


async def round_by_id(conn: Conn, round_id: uuid.UUID, *, viewer: Viewer, lock: str = "") -> Round | None:
    """`lock`: "share" while somebody answers, "update" while it is closed."""
    query = _by_id(sight_of(viewer), lock)
    row = (await conn.execute(query, {**values_for(viewer), "round_id": round_id})).one_or_none()
    return _round(row) if row is not None else None


@lru_cache(maxsize=24)
def _by_id(sight: Sight, lock: str) -> Kept:
    query = _rounds().where(_R.id == _OF_ROUND, in_sight(sight))
    return Kept(query.with_for_update(read=lock == "share", of=_R.__table__) if lock else query)


async def round_of_period(conn: Conn, carrier_id: uuid.UUID, period: Period) -> Round | None:
    row = (await conn.execute(_OF_PERIOD, {"carrier_id": carrier_id, "period": period.code})).one_or_none()
    return _round(row) if row is not None else None


_OF_PERIOD = Kept(_rounds().where(_R.carrier_id == _CARRIER, _R.period == bindparam("period")))


async def frozen_of(conn: Conn, round_id: uuid.UUID) -> dict[str, Any] | None:
    found: dict[str, Any] | None = (await conn.execute(select(_R.frozen).where(_R.id == round_id))).scalar_one()
    return form_opened(conn.vault, round_id, found) if found is not None else None


_M, _F = CarrierTeam, Firm
_HAS = (
    select(User.id).where(User.firm_id == _A.firm_id, User.role == Role.FIRM.value, User.active).correlate(_A).exists()
)
_ANSWER: tuple[Any, ...] = (
    *(_A.id, _A.round_id, _A.firm_id, _A.team_id, func.coalesce(_F.name, _M.name), func.coalesce(_F.uscc, "")),
    *(_A.state, _A.figures, _A.answered_at, _A.answerer_name, _A.basis, _A.exempt_reason, _A.chased_at, _A.chases),
    *(_A.version, _HAS),
)


def _answers() -> Select[Any]:
    return select(*_ANSWER).outerjoin(_F, _F.id == _A.firm_id).outerjoin(_M, _M.id == _A.team_id)


def _answer(conn: Conn, row: Sequence[Any]) -> Answer:
    values = list(row)
    values[6] = AnswerState(values[6])
    values[7] = opened(conn.vault, values[0], values[7])
    return Answer(*values)


_WAITING_FIRST = ((_A.state == AnswerState.WAITING.value).desc(), func.coalesce(_F.name, _M.name), _A.id)
_ANSWERS = Kept(_answers().where(_A.round_id == _OF_ROUND).order_by(*_WAITING_FIRST))


async def answers_of(conn: Conn, round_id: uuid.UUID) -> list[Answer]:
    """Those who still owe first, by name. The caller has looked the round up in its viewer's sight."""
    return [_answer(conn, row) for row in await conn.execute(_ANSWERS, {"round_id": round_id})]


async def answer_of(conn: Conn, round_id: uuid.UUID, answer_id: uuid.UUID, *, lock: bool = False) -> Answer | None:
    query = _answers().where(_A.round_id == round_id, _A.id == answer_id)
    row = (await conn.execute(query.with_for_update(of=_A.__table__) if lock else query)).one_or_none()
    return _answer(conn, row) if row is not None else None


@dataclass(frozen=True, slots=True)
class Owed:
    """What a firm is asked, and by whom."""

    round: Round
    answer: Answer

    @property
    def waits(self) -> bool:
        return self.round.open and self.answer.state is AnswerState.WAITING


async def owed_by(conn: Conn, *, viewer: Viewer) -> list[Owed]:
    """A firm's own, open rounds first, then the latest."""
    query = _owed(viewer).order_by(_R.closed_at.is_not(None), _R.due_on.desc(), _R.id).limit(20)
    return [Owed(_round(row[:11]), _answer(conn, row[11:])) for row in await conn.execute(query)]


async def owed_by_id(conn: Conn, answer_id: uuid.UUID, *, viewer: Viewer, lock: bool = False) -> Owed | None:
    """With `lock`, the round cannot be closed meanwhile, and nobody else answers."""
    query = _owed(viewer).where(_A.id == answer_id)
    if lock:
        held = select(_R.id).join(_A, _A.round_id == _R.id).where(_A.id == answer_id, _A.firm_id == viewer.firm_id)
        await conn.execute(held.with_for_update(read=True, of=_R.__table__))
        query = query.with_for_update(of=_A.__table__)
    row = (await conn.execute(query)).one_or_none()
    return Owed(_round(row[:11]), _answer(conn, row[11:])) if row is not None else None


def _owed(viewer: Viewer) -> Select[Any]:
    return (
        select(*_ROUND, *_ANSWER)
        .join(_C, _C.id == _R.carrier_id)
        .join(_A, _A.round_id == _R.id)
        .join(_F, _F.id == _A.firm_id)
        .outerjoin(_M, _M.id == _A.team_id)
        .where(_A.firm_id == viewer.firm_id if viewer.firm_id else false())
    )


async def versions_of(conn: Conn, answer_id: uuid.UUID) -> list[AnswerVersion]:
    """Newest first."""
    v = CollectionVersion
    query = select(v.version, v.figures, v.at, v.author_name, v.note).where(v.answer_id == answer_id)
    found = await conn.execute(query.order_by(v.version.desc()))
    return [AnswerVersion(row[0], opened(conn.vault, answer_id, row[1]), *row[2:]) for row in found]


_L = CollectionCell
_CORRECTIONS = Kept(
    select(_L.code, _L.value, _L.reason, _L.author_name, _L.at)
    .where(_L.round_id == _OF_ROUND)
    .order_by(_L.at.desc(), _L.id.desc())
)


async def corrections_of(conn: Conn, round_id: uuid.UUID) -> list[Correction]:
    """Newest first."""
    return [Correction(*row) for row in await conn.execute(_CORRECTIONS, {"round_id": round_id})]
