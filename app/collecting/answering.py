"""A tenant's answer: confirmed or corrected by the firm, or entered by the operator for whoever has no account."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import insert, update

from app.access.terms import Actor
from app.audit.service import event_row, record
from app.collecting.hiding import hidden
from app.collecting.items import as_said, asked
from app.collecting.models import CollectionAnswer, CollectionCell, CollectionRound, CollectionVersion
from app.collecting.queries import answer_of, owed_by_id, round_by_id
from app.collecting.recording import trace
from app.collecting.service import CLOSED
from app.collecting.terms import Answer, AnswerState, Entry, Round
from app.db import Conn, new_id
from app.errors import Conflict, NotFound, Refused, Stale
from app.personal.terms import KEYS

_A = CollectionAnswer


async def confirm(
    conn: Conn, answer_id: uuid.UUID, figures: Mapping[str, str], *, note: str, version: int, by: Actor, at: datetime
) -> None:
    """By the firm that is asked. Raises NotFound, Conflict once it is closed, Stale."""
    owed = await owed_by_id(conn, answer_id, viewer=by.viewer, lock=True)
    if owed is None:
        raise NotFound
    if not owed.round.open:
        raise Conflict(CLOSED)
    await _write(conn, owed.answer, figures, note=note, basis="", version=version, by=by, at=at)
    told: dict[str, Any] = {
        "uscc": owed.answer.uscc,
        "period": owed.round.period.label,
        "carrier": owed.round.carrier_name,
    }
    told |= {"version": version}
    row = event_row(
        "firm:collection:answered",
        by=by,
        at=at,
        object_type="firm",
        object_id=str(owed.answer.firm_id),
        object_label=owed.answer.name,
        after=told | _words(owed.round, owed.answer, figures),
    )
    await record(conn, row)


async def enter(
    conn: Conn,
    round_id: uuid.UUID,
    answer_id: uuid.UUID,
    figures: Mapping[str, str],
    *,
    basis: str,
    version: int,
    by: Actor,
    at: datetime,
) -> None:
    """By the operator, from what a team or a firm without an account gave it. Raises NotFound, Conflict, Refused where
    the firm has an account: what is its own to say nobody types for it."""
    held = await round_by_id(conn, round_id, viewer=by.viewer, lock="share")
    answer = await answer_of(conn, round_id, answer_id, lock=True) if held else None
    if held is None or answer is None:
        raise NotFound
    if not held.open:
        raise Conflict(CLOSED)
    if not answer.by_operator:
        raise Refused(f"{answer.name}有填报账号，由它自己在企业端确认；没有收到的可以催。")
    await _write(conn, answer, figures, note="", basis=basis, version=version, by=by, at=at)
    said = {"uscc": answer.uscc, "holder": answer.name, "basis": basis, **_words(held, answer, figures)}
    await trace(conn, held, "entered", said, by=by, at=at)


def _words(held: Round, answer: Answer, figures: Mapping[str, str]) -> dict[str, Any]:
    """What differs from what was given before, as the form says it; of persons only that it does."""
    items = asked(yearly=held.period.yearly, team=answer.team_id is not None)
    changed = [i for i in items if answer.figures.get(i.code) != figures.get(i.code)]
    said = [
        f"{i.label}（改了）"
        if i.code in KEYS
        else f"{i.label} {as_said(i, answer.figures.get(i.code)) or '—'}→{as_said(i, figures.get(i.code))}"
        for i in changed
    ]
    return {"changed": "；".join(said)[:1000]} if answer.figures and said else {}


async def _write(
    conn: Conn,
    answer: Answer,
    figures: Mapping[str, str],
    *,
    note: str,
    basis: str,
    version: int,
    by: Actor,
    at: datetime,
) -> None:
    if answer.version != version:
        raise Stale("这一份刚有人改过，请对照现在的内容再确认。")
    kept_figures = hidden(conn.vault, answer.id, figures)
    done: dict[str, Any] = {
        "state": AnswerState.ANSWERED.value,
        "figures": kept_figures,
        "exempt_reason": "",
        "basis": basis,
    }
    done |= {"answered_at": at, "answerer_name": by.viewer.name, "version": version + 1}
    await conn.execute(update(_A).where(_A.id == answer.id).values(done))
    kept = {"answer_id": answer.id, "version": version + 1, "figures": kept_figures, "at": at, "note": note or basis}
    await conn.execute(insert(CollectionVersion).values(**kept, author_name=by.viewer.name))


async def correct(
    conn: Conn, round_id: uuid.UUID, entries: list[Entry], *, version: int, by: Actor, at: datetime
) -> int:
    """Lines of the carrier's own form, each kept beside what was there. Raises NotFound, Conflict, Stale."""
    held = await round_by_id(conn, round_id, viewer=by.viewer, lock="update")
    if held is None:
        raise NotFound
    if not held.open:
        raise Conflict(CLOSED)
    if held.version != version:
        raise Stale("这份报表刚有人改过，请对照现在的内容再保存。")
    if not entries:
        return 0
    rows = [
        {"id": new_id(), "round_id": held.id, "code": e.code, "value": e.value, "reason": e.reason, "at": at}
        for e in entries
    ]
    await conn.execute(insert(CollectionCell), [{**row, "author_name": by.viewer.name} for row in rows])
    bumped = update(CollectionRound).where(CollectionRound.id == held.id)
    await conn.execute(bumped.values(version=CollectionRound.version + 1))
    said = {
        "lines": "、".join(e.code for e in entries),
        "reason": "；".join(e.reason for e in entries if e.reason)[:500],
    }
    await trace(conn, held, "corrected", said, by=by, at=at)
    return len(entries)
