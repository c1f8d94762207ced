"""A day's reminders: for each rule and step one statement that finds who is due, and writes ledger and outbox at once.

What a step is for is a range of dates and not one day (`app.reminders.rules.dues`), and who had it already is in the
ledger: so a run that comes late, twice, or beside another one ends in the same state.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Date, DateTime, Integer, Numeric, Text, Uuid

from app.db import Conn
from app.reminders.audience import OFF, REACHED, WAYS, base, topic_of, values
from app.reminders.rules import FEW, SAME_DATE, due_on, fill, naming, remaining
from app.reminders.terms import Anchor, Audience, Due, Party, Rule, Target, Template
from app.workdays.rules import Calendar

_TYPES: Mapping[str, Any] = {
    **dict.fromkeys(("subject", "rule", "about"), Uuid()),
    **dict.fromkeys(("on", "today", "due_on", "renew_from", "renew_until"), Date()),
    **dict.fromkeys(("at", "send_at", "week"), DateTime(timezone=True)),
    **dict.fromkeys(("ended", "settled_by"), ARRAY(Text())),
    **dict.fromkeys(("year", "template", "cap", "near_missed"), Integer()),
    "near_within": Numeric(),
}
_REASONS = " ".join(f"WHEN '{a.value}' THEN '{a.label}'" for a in Audience)
# Somebody who was reminded of nearly the same date by this step or a more urgent one needs it no more.
_SETTLED = """NOT EXISTS (SELECT 1 FROM reminders r WHERE r.rule_id = :rule AND r.subject_id = b.subject_id
  AND r.recipient_id = {recipient} AND r.step = ANY(:settled_by) AND r.state <> 'withdrawn'
  AND {near})"""
_NEARLY = f"r.anchor_on > b.anchor_on - {SAME_DATE} AND r.anchor_on < b.anchor_on + {SAME_DATE}"
_SETTLED_FOR_STAFF = _SETTLED.format(recipient="b.person", near=_NEARLY)
_FULL = """b.firm_id IN (SELECT r.firm_id FROM reminders r WHERE r.created_at > :week AND r.created_at <= :at
  AND r.party = 'firm' AND r.state = 'queued' GROUP BY r.firm_id HAVING count(*) >= :cap)"""


def _worded(field: str) -> str:
    """A text with what each firm puts in. The name comes last: nothing in it is read as a field."""
    reason = f"replace(CAST(:{field} AS text), '{{{{原因}}}}', CASE d.reason {_REASONS} ELSE '' END)"
    return f"replace(replace({reason}, '{{{{差距}}}}', d.gap), '{{{{企业}}}}', d.name)"


_TO_FIRMS = f"""
WITH b AS ({{base}}),
d AS MATERIALIZED (
  SELECT gen_random_uuid() AS id, b.*, e.email, p.phone, {{full}} AS full,
    b.firm_id IN (SELECT u.firm_id FROM users u WHERE u.firm_id IS NOT NULL AND u.active) AS clerk
  FROM b {REACHED.format(firm="b.firm_id")}
  WHERE b.reason IS NOT NULL AND NOT b.done AND NOT {OFF} AND {{settled}}
),
kept AS (
  INSERT INTO reminders (id, rule_id, subject_id, recipient_id, step, anchor_on, due_on, party, firm_id, milestone,
    reason, state, template_version, created_at)
  SELECT d.id, :rule, d.subject_id, d.firm_id, :step, d.anchor_on, :due_on, 'firm', d.firm_id, :milestone, d.reason,
    CASE WHEN coalesce(d.email, d.phone) IS NOT NULL OR d.clerk THEN 'queued' ELSE 'unreachable' END, :template, :at
  FROM d WHERE NOT d.full
  ON CONFLICT DO NOTHING RETURNING id
),
mails AS (
  INSERT INTO outbox_messages (id, dedup_key, kind, channel, holds, payload, next_attempt_at, created_at)
  SELECT CASE WHEN w.first THEN d.id ELSE gen_random_uuid() END,
    'reminder:' || d.id || CASE WHEN w.first THEN '' ELSE ':' || w.channel END, 'reminder', w.channel, true,
    jsonb_build_object('subject', {_worded("subject_text")}, 'body', {_worded("body_text")}, 'uscc', d.uscc,
      'to', w.place),
    :send_at, :at
  FROM d JOIN kept USING (id) {WAYS}
),
told AS (
  INSERT INTO outbox_messages (id, dedup_key, kind, channel, user_id, payload, next_attempt_at, created_at)
  SELECT gen_random_uuid(), 'reminder:' || d.id || ':' || u.id, 'reminder', 'inbox', u.id,
    jsonb_build_object('subject', {_worded("told_text")}, 'uscc', d.uscc, 'topic', CAST(:topic AS text)), :at, :at
  FROM d JOIN kept USING (id) JOIN users u ON u.firm_id = d.firm_id AND u.active
)
SELECT (SELECT count(*) FROM d), (SELECT count(*) FROM kept), (SELECT count(*) FROM d WHERE d.full),
  (SELECT count(*) FROM d JOIN kept USING (id) WHERE coalesce(d.email, d.phone) IS NULL AND NOT d.clerk)
"""  # noqa: S608 - our own words only
# Whoever looks after a firm; where nobody does, every officer of its division.
PEOPLE = {
    Party.OFFICER: """u.active AND u.role IN ('officer', 'town') AND (u.id = b.officer_id OR (b.officer_id IS NULL
  AND u.role = 'officer' AND u.scope <> '' AND starts_with(b.region_code, u.scope)))""",
    Party.MANAGER: "u.active AND u.role = 'manager' AND u.scope <> '' AND starts_with(b.region_code, u.scope)",
}
_TO_STAFF = """
WITH f AS MATERIALIZED ({source}),
b AS MATERIALIZED (
  SELECT u.id AS person, b.subject_id, b.anchor_on, count(*) AS firms,
    array_to_string((array_agg(b.name ORDER BY b.name))[1:5], '、') || CASE WHEN count(*) > 5 THEN '等' ELSE '' END
      AS names
  FROM f b JOIN users u ON {people}
  GROUP BY u.id, b.subject_id, b.anchor_on
),
d AS MATERIALIZED (SELECT gen_random_uuid() AS id, b.* FROM b WHERE {settled}),
kept AS (
  INSERT INTO reminders (id, rule_id, subject_id, recipient_id, step, anchor_on, due_on, party, milestone, state, firms,
    template_version, created_at)
  SELECT d.id, :rule, d.subject_id, d.person, :step, d.anchor_on, :due_on, :party, :milestone, 'queued', d.firms,
    :template, :at
  FROM d ON CONFLICT DO NOTHING RETURNING id
),
told AS (
  INSERT INTO outbox_messages (id, dedup_key, kind, channel, user_id, payload, next_attempt_at, created_at)
  SELECT d.id, 'reminder:' || d.id, 'reminder', 'inbox', d.person, jsonb_build_object(
    'subject', replace(replace(CASE WHEN d.firms <= {few} THEN CAST(:named_text AS text)
      ELSE CAST(:subject_text AS text) END, '{{家数}}', d.firms::text), '{{名单}}', d.names),
    'body', replace(replace(CAST(:body_text AS text), '{{家数}}', d.firms::text), '{{名单}}', d.names),
    'reminder_rule', CAST(:rule AS text), 'reminder_page', CAST(:page AS text), 'topic', CAST(:topic AS text)), :at, :at
  FROM d JOIN kept USING (id)
)
SELECT (SELECT count(*) FROM d), (SELECT count(*) FROM kept), (SELECT count(*) FROM f)
"""
# A group hears how many and until when, and nothing of a firm: whoever is in it need not be of the bureau.
_GROUP_WORDS = "【提醒】{事项}{环节} {日期}，{剩余}：{家数} 家企业还没有办结，请登录系统看名单。"
_TO_GROUPS = """
INSERT INTO outbox_messages (id, dedup_key, kind, channel, holds, payload, next_attempt_at, created_at)
SELECT gen_random_uuid(), 'outlet:' || o.id || ':' || :key, 'reminder', o.channel, true,
  jsonb_build_object('outlet', o.id, 'subject', CAST(:subject_text AS text)), :send_at, :at
FROM outlets o WHERE o.active ON CONFLICT (dedup_key) DO NOTHING
"""
_OPEN_FIRMS = """SELECT b.firm_id, b.name, b.region_code, b.officer_id, b.subject_id, b.anchor_on
  FROM ({base}) b WHERE b.reason IS NOT NULL AND NOT b.done"""
_UNREACHED = """SELECT f.id AS firm_id, f.name, f.region_code, f.officer_id, CAST(:about AS uuid) AS subject_id,
  r.anchor_on FROM reminders r JOIN firms f ON f.id = r.firm_id
  WHERE r.rule_id = :rule AND r.step = :from_step AND r.state = 'unreachable' AND r.created_at = :at"""
_CALL_SUBJECT = "{家数} 家企业系统发不到，请电话提醒：{事项}{环节} {日期}"
_CALL_BODY = "{名单}。"


def why_call(texting: bool) -> str:
    """A telephone on file reaches nobody by itself: by text only where there is a gateway, and the firm chose it."""
    no_text = "也没有选用短信" if texting else "本局没有接短信网关，档案里的电话系统用不上"
    return f"这些企业没有能用的联系人邮箱，{no_text}。在企业档案里补上邮箱，以后由系统发送。"


@dataclass(frozen=True, slots=True)
class Moment:
    """When a run plans, and from when on what it writes may leave the house."""

    at: datetime
    today: date
    send_at: datetime
    week: datetime
    send_day: date


@dataclass(frozen=True, slots=True)
class Planned:
    due: int = 0
    created: int = 0
    held_back: int = 0

    def __add__(self, other: "Planned") -> "Planned":
        return Planned(self.due + other.due, self.created + other.created, self.held_back + other.held_back)


@dataclass(frozen=True, slots=True)
class Work:
    """A rule on its day, with what its texts are made of."""

    rule: Rule
    template: Template
    sender: Mapping[str, str]
    cap: int
    calendar: Calendar
    moment: Moment
    texting: bool = False  # there is a gateway for text messages

    def words(self, target: Target, read_on: date | None = None) -> dict[str, str]:
        """What is left is counted from the day of reading: that on which mail leaves, or `read_on` within the house."""
        milestone = self.rule.milestone.label if self.rule.milestone else "到期"
        return {
            "事项": target.name,
            "环节": milestone,
            "日期": f"{target.on}{target.until}",
            "剩余": remaining(self.calendar, read_on or self.moment.send_day, target.on),
            "依据": target.basis,
            **self.sender,
        }


def bound(statement: str, given: Mapping[str, Any]) -> Any:
    """Every parameter with its type: one that is named twice must not be taken for two kinds of thing."""
    return text(statement).bindparams(*(bindparam(name, type_=_TYPES.get(name, Text())) for name in given))


async def plan_step(conn: Conn, work: Work, target: Target, due: Due) -> Planned:
    """One step for one date. What staff hear of certificates is told of all dates at once, see `expiries`."""
    rule, moment = work.rule, work.moment
    firmward = due.step.party is Party.FIRM
    words = work.words(target, None if firmward else moment.today)
    texts = (work.template.subject, work.template.body)
    if not firmward:
        texts = (work.template.staff_subject, work.template.staff_body)
    given = {
        **values(rule, target, moment.today),
        "rule": rule.id,
        "topic": topic_of(rule),
        "step": due.step.key,
        "settled_by": list(due.settled_by),
        "due_on": due_on(work.calendar, target.on, due.step),
        "milestone": rule.milestone.value if rule.milestone else None,
        "template": work.template.version,
        "at": moment.at,
        "subject_text": fill(texts[0], words),
        "body_text": fill(texts[1], words),
    }
    if not firmward:
        return await _to_staff(conn, work, target, due, given)
    given["send_at"] = moment.send_at
    given["told_text"] = fill(texts[0], work.words(target, moment.today))
    if not rule.mandatory:
        given |= {"week": moment.week, "cap": work.cap}
    parts = {
        "base": base(rule),
        "settled": _SETTLED.format(recipient="b.firm_id", near=_NEARLY),
        "full": "false" if rule.mandatory else _FULL,
    }
    row = (await conn.execute(bound(_TO_FIRMS.format(**parts), given), given)).one()
    if row[3] and rule.anchor is not Anchor.CERTIFICATE:
        await _ask_for_calls(conn, work, target, due, given)
    return Planned(row[0], row[1], row[2])


async def _to_staff(conn: Conn, work: Work, target: Target, due: Due, given: dict[str, Any]) -> Planned:
    source = _OPEN_FIRMS.format(base=base(work.rule))
    given |= {"party": due.step.party.value, "named_text": naming(given["subject_text"]), "page": page_of(work, target)}
    statement = _TO_STAFF.format(few=FEW, source=source, people=PEOPLE[due.step.party], settled=_SETTLED_FOR_STAFF)
    row = (await conn.execute(bound(statement, given), given)).one()
    if row[1] and due.step.party is Party.OFFICER:
        await tell_groups(conn, work, target, f"{work.rule.id}:{target.id}:{due.step.key}:{target.on}", row[2])
    return Planned(row[0], row[1])


def page_of(work: Work, target: Target) -> str:
    """Where the firms of that date are listed."""
    return f"/reminders/{work.rule.id}?on={target.on}"


async def tell_groups(conn: Conn, work: Work, target: Target, key: str, firms: int) -> None:
    told = {
        "key": key,
        "subject_text": fill(_GROUP_WORDS, {**work.words(target), "家数": str(firms)}),
        "send_at": work.moment.send_at,
        "at": work.moment.at,
    }
    await conn.execute(bound(_TO_GROUPS, told), told)


async def _ask_for_calls(conn: Conn, work: Work, target: Target, due: Due, given: Mapping[str, Any]) -> None:
    """Firms that no message reaches are a telephone call for whoever looks after them."""
    step, words = f"call:{due.step.key}", work.words(target, work.moment.today)
    asked = {name: given[name] for name in ("rule", "topic", "due_on", "milestone", "template", "at")} | {
        "about": target.id,
        "page": page_of(work, target),
        "from_step": due.step.key,
        "step": step,
        "settled_by": [step],
        "party": Party.OFFICER.value,
        "subject_text": fill(_CALL_SUBJECT, words),
        "named_text": naming(fill(_CALL_SUBJECT, words)),
        "body_text": fill(_CALL_BODY, words) + why_call(work.texting),
    }
    statement = _TO_STAFF.format(few=FEW, source=_UNREACHED, people=PEOPLE[Party.OFFICER], settled=_SETTLED_FOR_STAFF)
    await conn.execute(bound(statement, asked), asked)
