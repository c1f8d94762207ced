"""What was told of firms that an undone import takes away again: unread or unsent, it goes with them."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import DateTime, Text, Uuid

from app.db import Conn

_GONE = "state = 'withdrawn', answer = '企业已随撤销的导入移除', read_at = coalesce(m.read_at, :at)"
# To the firm, and of it alone. Since it came: what was told of another that had the code before stays, and of a
# hundred thousand firms, a stretch at a time, not everything that nobody has read is looked through.
_ALONE = text(
    f"""
UPDATE outbox_messages m SET {_GONE}
WHERE m.created_at >= :since AND m.state IN ('pending', 'sent', 'dead')
  AND m.payload ->> 'uscc' = ANY(:codes) AND ((m.channel = 'inbox' AND m.read_at IS NULL)
  OR (m.state = 'pending' AND m.lease_token IS NULL AND m.attempts = 0))
"""  # noqa: S608 - our own words only
).bindparams(
    bindparam("codes", type_=ARRAY(Text())), *(bindparam(n, type_=DateTime(timezone=True)) for n in ("since", "at"))
)
# Of several: the ledger has a line for each, and what stays says how many of them are gone by now. They go a stretch at
# a time, and their lines with them.
_AMONG = text(
    f"""
WITH told AS (
  SELECT m.id, count(DISTINCT r.firm_id) AS firms,
    count(DISTINCT r.firm_id) FILTER (WHERE r.firm_id = ANY(:ids)) AS gone
  FROM outbox_messages m JOIN reminders r ON r.recipient_id = m.user_id AND r.created_at = m.created_at
    AND r.rule_id::text = m.payload ->> 'reminder_rule' AND r.party <> 'firm'
  WHERE m.channel = 'inbox' AND m.read_at IS NULL AND m.payload ? 'reminder_list'
    AND (m.user_id, m.created_at) IN (SELECT x.recipient_id, x.created_at FROM reminders x
      WHERE x.firm_id = ANY(:ids) AND x.party <> 'firm')
  GROUP BY m.id
), whole AS (
  UPDATE outbox_messages m SET {_GONE} FROM told WHERE m.id = told.id AND told.gone = told.firms
)
UPDATE outbox_messages m SET payload = m.payload || jsonb_build_object(
  'removed', coalesce((m.payload ->> 'removed')::int, 0) + told.gone,
  'subject', regexp_replace(m.payload ->> 'subject', '（其中 [0-9]+ 家已随撤销的导入移除）$', '') || '（其中 '
    || coalesce((m.payload ->> 'removed')::int, 0) + told.gone || ' 家已随撤销的导入移除）')
FROM told WHERE m.id = told.id AND told.gone > 0 AND told.gone < told.firms
"""  # noqa: S608 - our own words only
).bindparams(bindparam("ids", type_=ARRAY(Uuid())), bindparam("at", type_=DateTime(timezone=True)))


async def forget_removed(conn: Conn, firms: Sequence[tuple[uuid.UUID, str]], *, since: datetime, at: datetime) -> None:
    """Before the firms go, each with its code: their lines of the ledger go with them."""
    if firms:
        await conn.execute(_ALONE, {"codes": [code for _, code in firms], "since": since, "at": at})
        await conn.execute(_AMONG, {"ids": [firm_id for firm_id, _ in firms], "at": at})
