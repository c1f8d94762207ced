"""A round opened, its list brought up to date, chased and closed. What is closed is never changed again."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from app.access.models import User
from app.access.terms import Actor, Role
from app.carriers.terms import Carrier, CarrierKind
from app.clock import BUSINESS_ZONE, business_day
from app.collecting.hiding import form_hidden
from app.collecting.models import CollectionAnswer, CollectionRound
from app.collecting.owing import unlisted
from app.collecting.queries import answer_of, answers_of, round_by_id
from app.collecting.recording import trace
from app.collecting.terms import Answer, AnswerState, Period, Round
from app.db import Conn, new_id
from app.errors import Conflict, Invalid, NotFound, Refused, Stale
from app.outbox.writing import notice, post

_A, _R = CollectionAnswer, CollectionRound
CLOSED = "这一期已经关账，不能再改。"


async def open_round(
    conn: Conn, carrier: Carrier, period: Period, *, due_on: date, by: Actor, at: datetime
) -> uuid.UUID:
    """Raises Invalid by field, Conflict when there is one already. A month asks nobody: it is the carrier's own."""
    today = business_day(at)
    if period.first > today:
        raise Invalid({"period": f"{period.label}还没有开始。"})
    if period.half and carrier.kind is not CarrierKind.MAKERSPACE:
        raise Invalid({"period": "半年报是众创空间的，其他载体报季报和年报。"})
    if due_on < today:
        raise Invalid({"due_on": "截止日期不能早于今天。"})
    made = new_id()
    row = {"id": made, "carrier_id": carrier.id, "period": period.code, "due_on": due_on}
    row |= {"opened_at": at, "opener_name": by.viewer.name}
    written = insert(_R).values(row).on_conflict_do_nothing().returning(_R.id)
    if (await conn.execute(written)).scalar_one_or_none() is None:
        raise Conflict(f"{carrier.name}的{period.label}已经发起过。")
    asked = await _enlist(conn, carrier.id, made, period, today)
    held = await round_by_id(conn, made, viewer=by.viewer)
    assert held is not None
    await trace(conn, held, "opened", {"due_on": str(due_on), "asked": asked}, by=by, at=at)
    await _tell(conn, held, await answers_of(conn, made), "collection_opened", at=at)
    return made


async def enlist(conn: Conn, round_id: uuid.UUID, *, by: Actor, at: datetime) -> int:
    """Those who came in, or became firms, since. How many; nobody is taken off. Raises NotFound, Conflict."""
    held = await _held(conn, round_id, by=by)
    known = {answer.id for answer in await answers_of(conn, round_id)}
    added = await _enlist(conn, held.carrier_id, held.id, held.period, business_day(at))
    if added:
        await trace(conn, held, "enlisted", {"added": added}, by=by, at=at)
        new = [answer for answer in await answers_of(conn, round_id) if answer.id not in known]
        await _tell(conn, held, new, "collection_opened", at=at)
    return added


async def _enlist(conn: Conn, carrier_id: uuid.UUID, round_id: uuid.UUID, period: Period, today: date) -> int:
    rows = [
        {"id": new_id(), "round_id": round_id, "firm_id": one.firm_id, "team_id": one.team_id}
        for one in await unlisted(conn, carrier_id, round_id, period, today=today)
    ]
    if not rows:
        return 0
    written = insert(_A).values(rows).on_conflict_do_nothing().returning(_A.id)
    return len((await conn.execute(written)).all())


_SAID = {
    "collection_opened": "请在 {due_on} 前核对确认",
    "collection_chased": "还没有收到，请在 {due_on} 前核对确认",
    "collection_closed": "已经关账，没有收到贵企业的，不用再填；有疑问请与载体联系",
}


async def _tell(conn: Conn, held: Round, answers: Sequence[Answer], kind: str, *, at: datetime, key: str = "") -> None:
    """To everybody who reports for those firms."""
    by_firm: dict[uuid.UUID | None, Answer] = {a.firm_id: a for a in answers if a.state is AnswerState.WAITING}
    asked = [firm_id for firm_id in by_firm if firm_id]
    query = select(User.id, User.firm_id).where(User.firm_id.in_(asked), User.role == Role.FIRM.value, User.active)
    told = f"{held.carrier_name}收集 {held.period.label}数据：{_SAID[kind].format(due_on=held.due_on)}"
    rows = []
    for person, firm_id in await conn.execute(query):
        answer = by_firm[firm_id]
        page = f"/portal/collections/{answer.id}"
        rows.append(notice(kind, f"{answer.id}{key}", to=person, subject=told, at=at, page=page))
    await post(conn, *rows)


@dataclass(frozen=True, slots=True)
class Chased:
    told: int
    today_already: int
    no_account: int


async def chase(conn: Conn, round_id: uuid.UUID, *, by: Actor, at: datetime) -> Chased:
    """Everybody who has not answered, once a day each. Raises NotFound, Conflict."""
    # Two who chase at once come one after the other, or both would count as a day's word.
    held, today = await held_open(conn, round_id, by=by), business_day(at)
    waiting = [a for a in await answers_of(conn, round_id) if a.state is AnswerState.WAITING]
    reached = [a for a in waiting if a.has_account]
    fresh = [a for a in reached if a.chased_at is None or a.chased_at.astimezone(BUSINESS_ZONE).date() < today]
    if fresh:
        done = {"chased_at": at, "chases": _A.chases + 1}
        await conn.execute(update(_A).where(_A.id.in_([a.id for a in fresh])).values(done))
        await _tell(conn, held, fresh, "collection_chased", at=at, key=f":{today}")
        await trace(conn, held, "chased", {"told": len(fresh)}, by=by, at=at)
    return Chased(len(fresh), len(reached) - len(fresh), len(waiting) - len(reached))


async def excuse(
    conn: Conn, round_id: uuid.UUID, answer_id: uuid.UUID, *, reason: str, version: int, by: Actor, at: datetime
) -> None:
    """That it need not answer, or, without a reason, that it has to after all. Raises NotFound, Conflict, Stale."""
    held = await _held(conn, round_id, by=by)
    answer = await answer_of(conn, round_id, answer_id, lock=True)
    if answer is None:
        raise NotFound
    if answer.version != version:
        raise Stale("这一家刚有人改过，请对照现在的内容再办。")
    if answer.state is AnswerState.ANSWERED:
        raise Conflict(f"{answer.name}已经报过。")
    if not reason and answer.state is AnswerState.WAITING:
        raise Conflict(f"{answer.name}没有登记过不用报。")
    state = AnswerState.EXEMPT if reason else AnswerState.WAITING
    done = {"state": state.value, "exempt_reason": reason, "version": _A.version + 1}
    await conn.execute(update(_A).where(_A.id == answer_id).values(done))
    said = {"uscc": answer.uscc, "holder": answer.name, "reason": reason}
    await trace(conn, held, "excused" if reason else "asked_again", said, by=by, at=at)


async def close_round(
    conn: Conn,
    held: Round,
    frozen: Mapping[str, Any],
    *,
    problems: Sequence[str],
    despite: str,
    version: int,
    by: Actor,
    at: datetime,
) -> None:
    """`frozen`: the forms as they are. With something that does not agree, or somebody missing, it wants a reason.
    The caller holds the round. Raises Stale, Refused, Conflict."""
    if held.version != version:
        raise Stale("这一期刚有人改过，请核对后再关账。")
    if problems and not despite:
        raise Refused("还有对不上或没有报的，写明理由才能关账。", reasons=problems)
    kept = form_hidden(conn.vault, held.id, frozen)
    done = {"closed_at": at, "closer_name": by.viewer.name, "despite": despite, "frozen": kept}
    await conn.execute(update(_R).where(_R.id == held.id).values(**done, version=_R.version + 1))
    said = {"problems": len(problems), "reason": despite}
    await trace(conn, held, "closed", said, by=by, at=at)
    await _tell(conn, held, await answers_of(conn, held.id), "collection_closed", at=at, key=":closed")


async def held_open(conn: Conn, round_id: uuid.UUID, *, by: Actor) -> Round:
    """Nobody answers and nobody closes it until the transaction ends. Raises NotFound, Conflict."""
    return await _held(conn, round_id, by=by, lock="update")


async def _held(conn: Conn, round_id: uuid.UUID, *, by: Actor, lock: str = "share") -> Round:
    held = await round_by_id(conn, round_id, viewer=by.viewer, lock=lock)
    if held is None:
        raise NotFound
    if not held.open:
        raise Conflict(CLOSED)
    return held
