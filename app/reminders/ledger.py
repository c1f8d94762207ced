"""Reads of the ledger: who was reminded of what and when, and what was left out."""

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Text, cast, exists, func, or_, select, tuple_
from sqlalchemy.orm import aliased

from app.access.models import User
from app.access.terms import Viewer
from app.carriers.models import CarrierRecord
from app.carriers.sight import visible_to as carriers_of
from app.clock import business_day
from app.db import Conn
from app.filings.models import FilingWindow
from app.firms.filtering import visible_to
from app.firms.models import Firm
from app.outbox.models import OutboxMessage
from app.outbox.terms import MessageState
from app.reminders.models import Reminder, ReminderRule, ReminderSkip
from app.reminders.terms import Party, ReminderState

PAGE = 50
_R = Reminder


@dataclass(frozen=True, slots=True)
class LedgerLine:
    id: uuid.UUID
    at: datetime
    rule_id: uuid.UUID
    title: str
    subject: str  # as it was sent
    party: Party
    step: str
    anchor_on: date
    due_on: date
    state: ReminderState
    uscc: str | None
    firm_name: str | None
    person: str | None
    firms: int
    message: MessageState | None
    answer: str | None
    sent_at: datetime | None

    @property
    def late(self) -> bool:
        return business_day(self.at) > self.due_on


async def ledger(
    conn: Conn,
    *,
    viewer: Viewer,
    uscc: str = "",
    window: uuid.UUID | None = None,
    rule: uuid.UUID | None = None,
    message: MessageState | None = None,
    told: uuid.UUID | None = None,
    after: tuple[datetime, uuid.UUID] | None = None,
    limit: int = PAGE,
) -> list[LedgerLine]:
    """Newest first, one more than `limit`: firms in the viewer's sight, and what colleagues of the division heard.
    `told`: only what that message was about."""
    person = aliased(User)
    m = OutboxMessage
    # An operator has no division of his own: he is of his carrier's.
    runs = person.carrier_id.in_(select(CarrierRecord.id).where(carriers_of(viewer)))
    query = (
        select(
            _R.id,
            _R.created_at.label("at"),
            _R.rule_id,
            ReminderRule.title,
            func.coalesce(m.payload["subject"].astext, "").label("subject"),
            _R.party,
            _R.step,
            _R.anchor_on,
            _R.due_on,
            _R.state,
            Firm.uscc,
            Firm.name.label("firm_name"),
            person.name.label("person"),
            _R.firms,
            m.state.label("message"),
            m.answer,
            m.sent_at,
        )
        .join(ReminderRule, ReminderRule.id == _R.rule_id)
        .outerjoin(Firm, Firm.id == _R.firm_id)
        .outerjoin(person, person.id == _R.recipient_id)
        .outerjoin(m, m.id == _R.id)
        .where(or_(visible_to(viewer), _R.firm_id.is_(None) & or_(func.starts_with(person.scope, viewer.scope), runs)))
    )
    if uscc:
        query = query.where(Firm.uscc == uscc)
    if window:
        query = query.where(_R.subject_id == window)
    if rule:
        query = query.where(_R.rule_id == rule)
    if message:
        query = query.where(m.state == message.value)
    if told:
        query = query.where(_told_by(told))
    if after:
        query = query.where(tuple_(_R.created_at, _R.id) < after)
    query = query.order_by(_R.created_at.desc(), _R.id.desc()).limit(limit + 1)
    return [_line(row) for row in await conn.execute(query)]


def _told_by(message: uuid.UUID) -> ColumnElement[bool]:
    """The message stays when its firms go, and their lines with them: it is found by whom, when and by which rule."""
    n = aliased(OutboxMessage)
    same = (n.user_id == _R.recipient_id, n.created_at == _R.created_at)
    return exists().where(n.id == message, *same, n.payload["reminder_rule"].astext == cast(_R.rule_id, Text))


def _line(row: Any) -> LedgerLine:
    values = dict(row._mapping)
    message = MessageState(row.message) if row.message else None
    typed = {"party": Party(row.party), "state": ReminderState(row.state), "message": message}
    return LedgerLine(**{**values, **typed})


@dataclass(frozen=True, slots=True)
class Skip:
    at: datetime
    title: str
    what: str
    step: str
    anchor_on: date
    due_on: date
    why: str


async def skips(conn: Conn, *, rule: uuid.UUID | None = None, limit: int = 20) -> list[Skip]:
    s, w = ReminderSkip, FilingWindow
    query = (
        select(s.at, ReminderRule.title, func.coalesce(w.label, ""), s.step, s.anchor_on, s.due_on, s.why)
        .join(ReminderRule, ReminderRule.id == s.rule_id)
        .outerjoin(w, w.id == s.subject_id)
        .order_by(s.at.desc(), s.anchor_on, s.due_on)
        .limit(limit)
    )
    if rule:
        query = query.where(s.rule_id == rule)
    return [Skip(*row) for row in await conn.execute(query)]
