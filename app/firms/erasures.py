"""What is erased comes back from nowhere: one officer asks for it, and a second person does it."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, text, update

from app.access.models import User
from app.access.personal import shown
from app.access.second_person import must_be_in_other_hands
from app.access.terms import PERMISSIONS, TOWN_DIGITS, Actor, Permission, Viewer
from app.db import Conn, new_id
from app.errors import Conflict, Forbidden, Invalid, NotFound, Waiting
from app.firms.erasing import (
    Found,
    count_held,
    erase,
    given_for,
    kind_of,
    masked,
    must_reach_no_staff,
    note_answer,
)
from app.firms.holding import people_of
from app.firms.models import ErasureRequest
from app.firms.terms import ErasureState
from app.locks import Lock, hold
from app.outbox.writing import notice, post
from app.personal.terms import Kind
from app.sealed import seal, unseal

_SOUGHT = "erasure_requests.sought"
PLACE = "/personal/erasures"
_DECIDERS = [role.value for role, held in PERMISSIONS.items() if Permission.PERSON_CONFIRM in held]
_R = ErasureRequest


@dataclass(frozen=True, slots=True)
class Asked:
    id: uuid.UUID
    label: str
    reason: str
    asker_id: uuid.UUID
    asker_name: str
    asked_at: datetime


def answers_for_all(viewer: Viewer) -> bool:
    """A person's right ends at no division, so whoever sees to it answers for the whole county."""
    return len(viewer.scope) < TOWN_DIGITS


def must_answer_for_all(viewer: Viewer) -> None:
    """Raises Forbidden."""
    if not answers_for_all(viewer):
        raise Forbidden("本人的信息可能在任何一个镇街，请由管辖全市的账号来办。")


async def waits_for(conn: Conn, value: str) -> bool:
    """Whether somebody has asked already that it be erased."""
    mine = "SELECT EXISTS (SELECT FROM erasure_requests WHERE state = 'waiting' AND string_to_array("
    query = mine + "split_part(sought, ':', 5), '.') && CAST(:marks AS text[]))"
    return bool((await conn.execute(text(query), given_for(conn, value))).scalar_one())


async def ask_to_erase(conn: Conn, value: str, *, reason: str, by: Actor, at: datetime) -> int:
    """For how many places. Raises Invalid, Waiting."""
    await hold(conn, Lock.ERASING)
    if await waits_for(conn, value):
        raise Waiting("已经有人要求抹去它，在等第二个人同意。")
    await must_reach_no_staff(conn, value, by=by)
    found = await count_held(conn, value)
    if not found:
        raise Invalid({"value": "没有保存，不用抹去。"})
    own, label = new_id(), masked(value)
    row = {"id": own, "sought": seal(conn.vault, _SOUGHT, own, value), "label": label, "reason": reason}
    who = {"asker_id": by.viewer.id, "asker_name": by.viewer.name, "asked_at": at}
    await conn.execute(insert(_R).values(**row, **who, state=ErasureState.WAITING))
    counts = {one.where.table: one.count for one in found}
    await note_answer(conn, "person:erasure:asked", label, counts, reason, by=by, at=at)
    await _tell_deciders(conn, own, f"{by.viewer.name}要求抹去{label}的个人信息，请第二个人核实", by=by, at=at)
    return sum(one.count for one in found)


async def _tell_deciders(conn: Conn, request_id: uuid.UUID, subject: str, *, by: Actor, at: datetime) -> None:
    query = select(User.id, User.scope).where(User.role.in_(_DECIDERS), User.active, User.id != by.viewer.id)
    people = [r.id for r in await conn.execute(query.order_by(User.id)) if len(r.scope) < TOWN_DIGITS]
    page = f"{PLACE}/{request_id}"
    told = (notice("erasure_asked", str(request_id), to=one, subject=subject, page=page, at=at) for one in people)
    await post(conn, *told)


async def undecided_erasures(conn: Conn, *, viewer: Viewer) -> list[Asked]:
    """Those on which the viewer may be the second person."""
    if not (viewer.may(Permission.PERSON_CONFIRM) and answers_for_all(viewer)):
        return []
    return [one for one in await waiting_erasures(conn) if one.asker_id != viewer.id]


async def waiting_erasures(conn: Conn) -> list[Asked]:
    query = select(_R.id, _R.label, _R.reason, _R.asker_id, _R.asker_name, _R.asked_at)
    rows = await conn.execute(query.where(_R.state == ErasureState.WAITING).order_by(_R.asked_at, _R.id))
    return [Asked(*row) for row in rows]


async def erasure_asked(
    conn: Conn, request_id: uuid.UUID, *, viewer: Viewer
) -> tuple[Asked, list[Found], list[tuple[str, str]]]:
    """What is asked, where it is held today, and whose it is. Raises NotFound for what does not wait any more."""
    row = await _by_id(conn, request_id)
    if row is None or row.state != ErasureState.WAITING:
        raise NotFound("没有这个要求，或者已经答复。")
    value = unseal(conn.vault, row.sought, column=_SOUGHT, row=row.id)
    label = shown(viewer, kind_of(value), value) if value else row.label
    asked = Asked(row.id, label, row.reason, row.asker_id, row.asker_name, row.asked_at)
    found = await count_held(conn, value) if value else []
    whose = [(firm, shown(viewer, Kind.NAME, name)) for firm, name in (await people_of(conn, value) if value else ())]
    return asked, [one for one in found if one.where.table != _R.__tablename__], whose


async def must_wait_still(conn: Conn, request_id: uuid.UUID) -> None:
    """Before a password is tried: refused after it, the answer would tell whether it was right, and count no try.
    Raises NotFound, Conflict."""
    await _locked(conn, request_id)


async def agree_to_erase(conn: Conn, request_id: uuid.UUID, *, by: Actor, at: datetime) -> int:
    """The second person's yes: from how many places it went. Raises NotFound, Conflict, Forbidden, Invalid."""
    row = await _locked(conn, request_id)
    if by.viewer.id == row.asker_id:
        raise Forbidden("要由提出的人以外的第二个人来定。")
    await must_be_in_other_hands(conn, frozenset({row.asker_id}), whose="提出的人", by=by, at=at)
    value = unseal(conn.vault, row.sought, column=_SOUGHT, row=row.id)
    # First, so that what is erased is counted without the request for it.
    await _close(conn, row, ErasureState.DONE, by=by, at=at)
    if not value:  # erased meanwhile, by the operators or for another request
        more = {"asked_by": row.asker_name}
        await note_answer(conn, "person:erasure:gone", row.label, {}, row.reason, by=by, at=at, more=more)
        await _answer(conn, row, f"{row.label}的个人信息此前已经抹去", at=at)
        return 0
    found = await erase(conn, value, reason=row.reason, by=by, at=at, asked_by=row.asker_name)
    await _answer(conn, row, f"{by.viewer.name}同意，{row.label}的个人信息已抹去", at=at)
    return sum(one.count for one in found)


async def refuse_to_erase(conn: Conn, request_id: uuid.UUID, why: str, *, by: Actor, at: datetime) -> None:
    """The second person's no, or the first one's who takes it back. Raises NotFound, Conflict, Invalid."""
    row = await _locked(conn, request_id)
    if not why:
        raise Invalid({"why": "请写明为什么不抹去。"})
    back = by.viewer.id == row.asker_id
    await _close(conn, row, ErasureState.WITHDRAWN if back else ErasureState.REFUSED, by=by, at=at)
    await note_answer(conn, f"person:erasure:{'withdrawn' if back else 'refused'}", row.label, {}, why, by=by, at=at)
    if not back:
        await _answer(conn, row, f"{by.viewer.name}不同意抹去{row.label}的个人信息：{why}", at=at)


async def _by_id(conn: Conn, request_id: uuid.UUID, *, lock: bool = False) -> Row[Any] | None:
    query = select(_R.__table__).where(_R.id == request_id)
    return (await conn.execute(query.with_for_update() if lock else query)).one_or_none()


async def _locked(conn: Conn, request_id: uuid.UUID) -> Row[Any]:
    await hold(conn, Lock.ERASING)  # before the row: whoever erases without a request blanks this one's as well
    row = await _by_id(conn, request_id, lock=True)
    if row is None:
        raise NotFound("没有这个要求，或者已经答复。")
    if row.state != ErasureState.WAITING:
        raise Conflict(f"{row.decider_name}已经答复过这个要求。")
    return row


async def _close(conn: Conn, row: Row[Any], state: ErasureState, *, by: Actor, at: datetime) -> None:
    """What was asked for is not kept by the request itself."""
    said = {"state": state, "sought": "", "decider_name": by.viewer.name, "decided_at": at}
    await conn.execute(update(_R).where(_R.id == row.id).values(**said))


async def _answer(conn: Conn, row: Row[Any], subject: str, *, at: datetime) -> None:
    await post(conn, notice("erasure_answered", str(row.id), to=row.asker_id, subject=subject, at=at))
