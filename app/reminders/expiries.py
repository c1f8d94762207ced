"""What staff hear of certificates that end: one message a person and run, however many days and steps it is about.

The ledger has a line for each firm; the message is told once and leads to its lines. Firms that no message reaches are
in the same list, marked as a telephone call.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Boolean, Date, DateTime, Integer, Text, Uuid

from app.db import Conn
from app.reminders.audience import base, topic_of, values
from app.reminders.planning import PEOPLE, Planned, Work, tell_groups, why_call
from app.reminders.rules import FEW, due_on, fill, naming, remaining
from app.reminders.terms import Due, Party, Target

_LISTED = 20
_CALLS = "{电话数}"
_STATEMENT = """
WITH w AS (SELECT * FROM unnest(:days, :steps, :dues, :settled) AS w (day, step, due_on, settled)),
said AS (SELECT * FROM unnest(:all_days, :lefts) AS x (day, words)),
f AS MATERIALIZED (
  SELECT w.step, w.due_on, w.settled, false AS call, b.subject_id, b.firm_id, b.name, b.region_code, b.officer_id,
    b.anchor_on
  FROM ({base}) b JOIN w ON w.day = b.anchor_on WHERE b.reason IS NOT NULL AND NOT b.done
  UNION ALL
  SELECT 'call:' || r.step, r.due_on, 'call:' || r.step, true, r.subject_id, x.id, x.name, x.region_code, x.officer_id,
    r.anchor_on
  FROM reminders r JOIN firms x ON x.id = r.firm_id
  WHERE :calls AND r.rule_id = :rule AND r.party = 'firm' AND r.state = 'unreachable' AND r.created_at = :at
),
d AS MATERIALIZED (
  SELECT gen_random_uuid() AS id, u.id AS person, b.* FROM f b JOIN users u ON {people}
  WHERE NOT EXISTS (SELECT 1 FROM reminders r WHERE r.rule_id = :rule AND r.subject_id IN (b.subject_id, :rule)
    AND r.recipient_id = u.id AND r.step = ANY(string_to_array(b.settled, ',')) AND r.state <> 'withdrawn'
    AND r.anchor_on = b.anchor_on)
),
kept AS (
  INSERT INTO reminders (id, rule_id, subject_id, recipient_id, step, anchor_on, due_on, party, firm_id, state,
    template_version, created_at)
  SELECT d.id, :rule, d.subject_id, d.person, d.step, d.anchor_on, d.due_on, :party, d.firm_id, 'queued', :template, :at
  FROM d ON CONFLICT DO NOTHING RETURNING id
),
s AS MATERIALIZED (
  SELECT d.person, d.firm_id, d.name, min(d.anchor_on) AS day, bool_or(d.call) AS call,
    (array_agg(d.id ORDER BY d.anchor_on, d.id))[1] AS id
  FROM d JOIN kept USING (id) GROUP BY d.person, d.firm_id, d.name
),
g AS (
  SELECT s.person, (array_agg(s.id ORDER BY s.day, s.name))[1] AS id, count(*) AS firms,
    count(*) FILTER (WHERE s.call) AS calls, min(s.day) AS day, min(s.day) < max(s.day) AS several,
    array_to_string((array_agg(s.name ORDER BY s.day, s.name))[1:{few}], '、') AS names,
    array_to_string((array_agg(s.name || '（' || s.day || CASE WHEN s.call THEN '，请电话提醒' ELSE '' END || '）'
      ORDER BY s.day, s.name))[1:{listed}], '、') || CASE WHEN count(*) > {listed} THEN '等' ELSE '' END AS list
  FROM s GROUP BY s.person
),
told AS (
  INSERT INTO outbox_messages (id, dedup_key, kind, channel, user_id, payload, next_attempt_at, created_at)
  SELECT g.id, 'reminder:' || g.id, 'reminder', 'inbox', g.person, jsonb_build_object(
    'subject', {subject}, 'body', {body}, 'reminder_rule', CAST(:rule AS text), 'reminder_list', g.id,
    'topic', CAST(:topic AS text)), :at, :at
  FROM g LEFT JOIN said ON said.day = g.day
)
SELECT (SELECT count(*) FROM d), (SELECT count(*) FROM kept), (SELECT count(DISTINCT firm_id) FROM f WHERE NOT f.call)
"""
_TYPES: dict[str, Any] = {
    **dict.fromkeys(("days", "dues", "all_days"), ARRAY(Date())),
    **dict.fromkeys(("steps", "settled", "lefts"), ARRAY(Text())),
    **dict.fromkeys(("rule",), Uuid()),
    "at": DateTime(timezone=True),
    "template": Integer(),
    "calls": Boolean(),
    "ons": ARRAY(Date()),
}


def _worded(field: str, names: str) -> str:
    said = f"CAST(:{field} AS text)"
    for word, value in (
        ("日期", "CASE WHEN g.several THEN '最早 ' ELSE '' END || g.day"),
        ("剩余", "coalesce(said.words, '')"),
        ("家数", "g.firms::text"),
        ("电话数", "CASE WHEN g.calls > 0 THEN '，' || CASE WHEN g.firms > g.calls THEN '其中 ' ELSE '' END "
         "|| g.calls || ' 家系统发不到，请电话提醒' ELSE '' END"),
        ("为什么", "CASE WHEN g.calls > 0 THEN CAST(:why AS text) ELSE '' END"),
        ("名单", names),  # last: nothing in a name is read as a field
    ):  # fmt: skip
        said = f"replace({said}, '{{{word}}}', {value})"
    return said


async def tell_staff(conn: Conn, work: Work, targets: Sequence[Target], dues: Sequence[Due]) -> Planned:
    """After the firms of the same run: the officer hears whom of them nothing reaches."""
    done = Planned()
    parties = {due.step.party for due in dues} - {Party.FIRM}
    for party in sorted(parties | {Party.OFFICER}):
        met = [(d, t) for d in dues if d.step.party is party for t in targets if d.after < t.on <= d.until]
        done += await _tell(conn, work, party, targets, met)
    return done


async def _tell(
    conn: Conn, work: Work, party: Party, targets: Sequence[Target], met: Sequence[tuple[Due, Target]]
) -> Planned:
    if not targets:
        return Planned()
    rule, today = work.rule, work.moment.today
    words = {k: v for k, v in work.words(targets[0], today).items() if k not in ("日期", "剩余")}
    subject = fill(work.template.staff_subject, words) + _CALLS
    given = {
        **{k: v for k, v in values(rule, targets[0], today).items() if k != "on"},
        "ons": [t.on for _, t in met],
        "days": [t.on for _, t in met],
        "steps": [d.step.key for d, _ in met],
        "dues": [due_on(work.calendar, t.on, d.step) for d, t in met],
        "settled": [",".join(d.settled_by) for d, _ in met],
        "all_days": [t.on for t in targets],
        "lefts": [remaining(work.calendar, today, t.on) for t in targets],
        "calls": party is Party.OFFICER,
        "rule": rule.id,
        "party": party.value,
        "template": work.template.version,
        "topic": topic_of(rule),
        "at": work.moment.at,
        "subject_text": subject,
        "named_text": naming(subject),
        "body_text": fill(work.template.staff_body, words) + "{为什么}",
        "why": why_call(work.texting),
    }
    statement = _STATEMENT.format(
        base=base(rule, on="ANY(:ons)"),
        people=PEOPLE[party],
        few=FEW,
        listed=_LISTED,
        subject=f"CASE WHEN g.firms <= {FEW} THEN {_worded('named_text', 'g.names')} "
        f"ELSE {_worded('subject_text', 'g.names')} END",
        body=_worded("body_text", "g.list"),
    )
    typed = (bindparam(name, type_=_TYPES.get(name, Text())) for name in given)
    row = (await conn.execute(text(statement).bindparams(*typed), given)).one()
    first = min((t for _, t in met), key=lambda t: t.on, default=None)
    if row[1] and first is not None and party is Party.OFFICER:
        await tell_groups(conn, work, first, f"{rule.id}:{rule.id}:{party.value}:{work.moment.at:%Y-%m-%d}", row[2])
    return Planned(row[0], row[1])
