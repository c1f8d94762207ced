"""The incubation clock: a step of a tenancy's date, told to those who run the carrier and to the bureau.

One statement a step. The ledger has a row for each tenancy and person, so that each is told of once; what a person is
told on a day is one message for all of them.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Date, Text, Uuid, case, cast, column, func, literal, or_, select, values
from sqlalchemy.dialects.postgresql import aggregate_order_by, insert

from app.access.models import User
from app.access.terms import Role
from app.db import Conn
from app.outbox.models import OutboxMessage
from app.outbox.terms import Channel
from app.reminders.audience import topic_of
from app.reminders.housed import tenants
from app.reminders.models import Reminder
from app.reminders.planning import Planned, Work
from app.reminders.rules import FEW, SAME_DATE, due_on, dues, fill, naming, remaining
from app.reminders.terms import Anchor, Due, Party, ReminderState, Target

_LISTED = 20  # names in one message
_R, _U = Reminder, User


async def plan_stays(conn: Conn, work: Work, targets: Sequence[Target]) -> Planned:
    done = Planned()
    for due in dues(work.rule.steps, work.calendar, work.moment.today):
        met = [target for target in targets if due.after < target.on <= due.until]
        if met:
            done += await _plan(conn, work, due, met)
    return done


def _days(work: Work, due: Due, met: Sequence[Target]) -> Any:
    """What is said of each date: the day on which the step was due, and how long there is left."""
    today, calendar = work.moment.today, work.calendar
    rows = [(t.on, due_on(calendar, t.on, due.step), remaining(calendar, today, t.on)) for t in met]
    return values(column("on", Date), column("due_on", Date), column("left", Text), name="w").data(rows)


def _hears(party: Party, b: Any) -> Any:
    """Whoever runs the carrier; the bureau's officers where nobody has an account for that."""
    bureau = Role.MANAGER if party is Party.MANAGER else Role.OFFICER
    ours = (_U.role == bureau.value) & (_U.scope != "") & func.starts_with(b.c.region_code, _U.scope)
    if party is not Party.CARRIER:
        return _U.active & ours
    other = User.__table__.alias("o")
    runs = (other.c.carrier_id == b.c.carrier_id) & (other.c.role == Role.CARRIER.value) & other.c.active
    own = (_U.role == Role.CARRIER.value) & (_U.carrier_id == b.c.carrier_id)
    return _U.active & or_(own, ours & ~select(other.c.id).where(runs).exists())


def _due(work: Work, due: Due, met: Sequence[Target]) -> Any:
    """Each tenancy and each person who has not heard of it. A room changed within the house is the same stay."""
    b, w = tenants(work.rule.anchor), _days(work, due, met)
    heard = select(_R.id).where(
        _R.rule_id == work.rule.id,
        or_(_R.subject_id == b.c.tenancy_id, _R.subject_id == b.c.previous_id),
        _R.recipient_id == _U.id,
        _R.step.in_(due.settled_by),
        _R.state != ReminderState.WITHDRAWN.value,
        _R.anchor_on > b.c.on - SAME_DATE,
        _R.anchor_on < b.c.on + SAME_DATE,
    )
    floor = case((b.c.floor.regexp_match("^[0-9]+$"), func.concat(b.c.floor, "层")), else_=b.c.floor)
    place = func.concat_ws(" ", *(func.nullif(part, "") for part in (b.c.building, floor, b.c.room)))  # as `place_of`
    carrier = case((_U.role == Role.CARRIER.value, ""), else_=func.concat(b.c.carrier, " "))
    named: Any = func.concat(b.c.holder, "（", carrier, place, "，", cast(b.c.on, Text), "）")
    if work.rule.anchor is Anchor.MONTHLY:
        named = b.c.holder
    elif work.rule.anchor is Anchor.DUTY:
        named = func.concat(carrier, b.c.holder, "（", cast(b.c.on, Text), "）")
    return (
        select(
            func.gen_random_uuid().label("id"),
            *(b.c.tenancy_id, b.c.firm_id, b.c.on, w.c.due_on, w.c.left),
            _U.id.label("person"),
            _U.role,
            named.label("named"),
        )
        .join(w, w.c.on == b.c.on)
        .join(_U, _hears(due.step.party, b))
        .where(~heard.exists())
        .cte("d")
    )


async def _plan(conn: Conn, work: Work, due: Due, met: Sequence[Target]) -> Planned:
    rule, at, d = work.rule, work.moment.at, _due(work, due, met)
    row: dict[Any, Any] = {
        _R.id: d.c.id,
        _R.rule_id: literal(rule.id, Uuid),
        _R.subject_id: d.c.tenancy_id,
        _R.recipient_id: d.c.person,
        _R.step: literal(due.step.key),
        _R.anchor_on: d.c.on,
        _R.due_on: d.c.due_on,
        _R.party: literal(due.step.party.value),
        _R.firm_id: d.c.firm_id,
        _R.state: literal(ReminderState.QUEUED.value),
        _R.template_version: literal(work.template.version),
        _R.created_at: literal(at),
    }
    kept = (
        insert(Reminder)
        .from_select([c.key for c in row], select(*row.values()))
        .on_conflict_do_nothing()
        .returning(_R.id)
        .cte("kept")
    )
    told = _messages(work, d, kept, met[0]).cte("told")
    counts = (select(func.count()).select_from(one).scalar_subquery() for one in (d, kept, told))
    found = (await conn.execute(select(*counts))).one()
    return Planned(found[0], found[1])


def _messages(work: Work, d: Any, kept: Any, example: Target) -> Any:
    names = func.array_agg(aggregate_order_by(d.c.named, d.c.on, d.c.named))
    more = case((func.count() > _LISTED, "等"), else_="")
    first = func.min(d.c.on)
    g = (
        select(
            func.array_agg(aggregate_order_by(d.c.id, d.c.on, d.c.named))[1].label("id"),
            *(d.c.person, d.c.role),
            (func.count() <= FEW).label("few"),
            cast(func.count(), Text).label("家数"),
            func.concat(func.array_to_string(names[1:_LISTED], "、"), more).label("名单"),
            func.concat(case((func.max(d.c.on) > first, "最早 "), else_=""), cast(first, Text)).label("日期"),
            func.array_agg(aggregate_order_by(d.c.left, d.c.on))[1].label("剩余"),
        )
        .join(kept, kept.c.id == d.c.id)
        .group_by(d.c.person, d.c.role)
        .subquery("g")
    )
    known = {key: said for key, said in work.words(example).items() if key not in ("日期", "剩余")}

    def worded(text: str) -> Any:
        said: Any = literal(fill(text, known))
        for field in ("日期", "剩余", "家数", "名单"):
            said = func.replace(said, f"{{{field}}}", g.c[field])
        return said

    subject = work.template.staff_subject
    subject_said = case((g.c.few, worded(naming(subject))), else_=worded(subject))
    texts = ("subject", subject_said, "body", worded(work.template.staff_body))
    ways = case(
        (g.c.role == Role.CARRIER.value, func.jsonb_build_object("page", "/carrier")),
        else_=func.jsonb_build_object("reminder_rule", str(work.rule.id)),
    )
    m = OutboxMessage
    row: dict[Any, Any] = {
        m.id: g.c.id,
        m.dedup_key: func.concat("reminder:", cast(g.c.id, Text)),
        m.kind: literal("reminder"),
        m.channel: literal(Channel.INBOX.value),
        m.user_id: g.c.person,
        m.payload: func.jsonb_build_object(*texts, "topic", topic_of(work.rule)).op("||")(ways),
        m.next_attempt_at: literal(work.moment.at),
        m.created_at: literal(work.moment.at),
    }
    return insert(OutboxMessage).from_select([c.key for c in row], select(*row.values())).returning(m.id)
