"""What no server will take is told to whoever can do something about it, and sent again when they have."""

import uuid
from datetime import datetime

from sqlalchemy import bindparam, text
from sqlalchemy.types import DateTime, Text, Uuid

from app.access.terms import Actor
from app.audit.service import event_row, record
from app.db import Conn
from app.errors import NotFound
from app.outbox.service import retry

_MOST = 2000
# One message to each person and run, however many letters came back. Letters about no firm concern the administrators.
# As `app.personal.masking.mask` does it: who runs the system reads no name in full, and the address is sealed.
_WHOM = "left(m.payload ->> 'to_name', 1) || '**', ''"
_TELL = text(
    f"""
WITH dead AS (
  SELECT m.id, m.answer, f.id AS firm_id, coalesce(f.name, {_WHOM}) AS name, f.region_code, f.officer_id
  FROM outbox_messages m LEFT JOIN firms f ON f.uscc = m.payload ->> 'uscc'
  WHERE m.state = 'dead' AND m.told_at IS NULL AND m.channel <> 'inbox'
  ORDER BY m.created_at LIMIT {_MOST} FOR UPDATE OF m SKIP LOCKED
),
marked AS (UPDATE outbox_messages m SET told_at = :at FROM dead WHERE m.id = dead.id),
people AS (
  SELECT u.id AS person, d.* FROM dead d JOIN users u ON u.active AND CASE WHEN d.firm_id IS NULL THEN u.role = 'admin'
    ELSE u.role IN ('officer', 'town') AND (u.id = d.officer_id OR (d.officer_id IS NULL AND u.role = 'officer'
      AND u.scope <> '' AND starts_with(d.region_code, u.scope))) END
),
told AS (
  SELECT gen_random_uuid() AS id, person, count(*) AS n,
    array_to_string((array_agg(name || '（' || left(coalesce(answer, ''), 80) || '）' ORDER BY name))[1:3], '、')
      || CASE WHEN count(*) > 3 THEN '等' ELSE '' END AS which
  FROM people GROUP BY person
)
INSERT INTO outbox_messages (id, dedup_key, kind, channel, user_id, payload, next_attempt_at, created_at)
SELECT id, 'undelivered:' || id, 'undelivered', 'inbox', person, jsonb_build_object('subject',
  n || ' 封邮件没有送到：' || which || '。请核对邮箱，改好后重发；或电话联系。'), :at, :at
FROM told
"""  # noqa: S608 - our own number only
).bindparams(bindparam("at", type_=DateTime(timezone=True)))
_TO_TODAYS_ADDRESS = text(
    """
UPDATE outbox_messages m SET told_at = NULL, payload = m.payload || coalesce((
  SELECT jsonb_build_object('to', w.place) FROM contacts c
  CROSS JOIN LATERAL (SELECT CASE m.channel WHEN 'sms' THEN c.phone ELSE c.email END AS place) w
  WHERE c.firm_id = r.firm_id AND w.place <> '' ORDER BY c.is_primary DESC, c.id LIMIT 1), '{}')
FROM reminders r WHERE m.id = r.id AND r.id = :id
"""
).bindparams(bindparam("id", type_=Uuid()))
_SEEN = (
    text("SELECT f.region_code, f.name FROM reminders r JOIN firms f ON f.id = r.firm_id WHERE r.id = :id")
    .bindparams(bindparam("id", type_=Uuid()))
    .columns(region_code=Text(), name=Text())
)


async def tell_undelivered(conn: Conn, *, at: datetime) -> int:
    return (await conn.execute(_TELL, {"at": at})).rowcount


async def resend(conn: Conn, reminder_id: uuid.UUID, *, by: Actor, at: datetime) -> str:
    """To the address that the firm has today. Raises NotFound out of sight, Conflict for what is not dead.

    Returns the firm's name.
    """
    row = (await conn.execute(_SEEN, {"id": reminder_id})).one_or_none()
    if row is None or not by.viewer.scope or not row.region_code.startswith(by.viewer.scope):
        raise NotFound("没有这条提醒。")
    await retry(conn, reminder_id, at=at)
    await conn.execute(_TO_TODAYS_ADDRESS, {"id": reminder_id})
    done = event_row(
        "reminder:message:resent", by=by, at=at, object_type="reminder", object_id=reminder_id, object_label=row.name
    )
    await record(conn, done)
    return str(row.name)
