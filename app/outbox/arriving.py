"""What is read in the house has arrived when it is written; from here it goes on by the ways that its reader chose.

One place for every notice there is, whoever writes it. What somebody chose not to read in the house is withdrawn from
it, unless no way that they chose leads to them: then it stays, so that nothing is lost.
"""

from datetime import datetime

from sqlalchemy import DateTime, Integer, bindparam, text

from app.db import Database
from app.outbox.terms import FIXED, KIND_LABELS, TOPICS, Channel

_STRETCH = 1000
# Our own words only. A message says itself when it is a duty.
_TOPICS = " ".join(f"WHEN '{kind}' THEN '{topic.value}'" for kind, topic in TOPICS.items())
_TOPIC = f"coalesce(m.payload ->> 'topic', CASE m.kind {_TOPICS} END)"
_LABEL = " ".join(f"WHEN '{kind}' THEN '{word}'" for kind, word in KIND_LABELS.items())
_SAID = f"""coalesce(m.payload ->> 'subject', CASE m.kind {_LABEL} ELSE '' END || '：'
      || coalesce(m.payload ->> 'name', '') || '，请登录系统查看。')"""
_FIXED = ", ".join(f"'{topic.value}'" for topic in FIXED)
_ARRIVE = text(
    f"""
WITH due AS MATERIALIZED (
  SELECT m.id, m.dedup_key, m.kind, m.user_id, m.payload, u.topic, c.choices -> u.topic AS wanted,
    {_SAID} AS said,
    CASE WHEN u.active THEN coalesce(u.email, '') ELSE '' END AS email,
    CASE WHEN u.active THEN coalesce(c.phone, '') ELSE '' END AS phone, m.read_at IS NULL AS news
  FROM outbox_messages m
  LEFT JOIN LATERAL (SELECT p.email, p.active, {_TOPIC} AS topic FROM users p WHERE p.id = m.user_id) u ON true
  LEFT JOIN channel_choices c ON c.user_id = m.user_id
  WHERE m.state = 'pending' AND m.channel = 'inbox' AND m.next_attempt_at <= :at
  ORDER BY m.next_attempt_at LIMIT :most FOR UPDATE OF m SKIP LOCKED
),
ways AS (
  SELECT d.id, w.channel FROM due d CROSS JOIN LATERAL jsonb_array_elements_text(d.wanted) w (channel)
  WHERE (w.channel = 'email' AND d.email <> '') OR (w.channel = 'sms' AND d.phone <> '')
),
copied AS (
  INSERT INTO outbox_messages (id, dedup_key, kind, channel, holds, user_id, payload, next_attempt_at, created_at)
  SELECT gen_random_uuid(), d.dedup_key || ':' || w.channel, d.kind, w.channel, true, d.user_id,
    d.payload || jsonb_build_object('subject', d.said, 'body', coalesce(d.payload ->> 'body', d.said))
      || CASE WHEN w.channel = 'sms' THEN jsonb_build_object('to', d.phone) ELSE '{{}}' END, :at, :at
  FROM due d JOIN ways w USING (id) WHERE d.news
  ON CONFLICT (dedup_key) DO NOTHING
),
judged AS (
  SELECT d.id, d.wanted IS NOT NULL AND NOT d.wanted @> '["inbox"]' AND (
    EXISTS (SELECT 1 FROM ways w WHERE w.id = d.id)
    OR (d.wanted = '[]' AND d.topic NOT IN ({_FIXED}))) AS unwanted FROM due d
)
UPDATE outbox_messages m SET attempts = m.attempts + 1, sent_at = CASE WHEN j.unwanted THEN NULL ELSE :at END,
  state = CASE WHEN j.unwanted THEN 'withdrawn' ELSE 'sent' END,
  read_at = CASE WHEN j.unwanted THEN coalesce(m.read_at, :at) ELSE m.read_at END,
  answer = CASE WHEN j.unwanted THEN '按本人的选择不进站内消息' ELSE '{Channel.INBOX.label}' END
FROM judged j WHERE m.id = j.id
"""  # noqa: S608
).bindparams(bindparam("at", type_=DateTime(timezone=True)), bindparam("most", type_=Integer()))


async def arrive(database: Database, *, at: datetime) -> int:
    """A stretch at a time, until all is there."""
    arrived, last = 0, _STRETCH
    while last == _STRETCH:
        async with database.transaction() as conn:
            last = (await conn.execute(_ARRIVE, {"at": at, "most": _STRETCH})).rowcount
        arrived += last
    return arrived
