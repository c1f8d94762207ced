"""The statements of a move, written out: a move is the hottest write, so it takes five round trips and no more."""

from sqlalchemy import Date, DateTime, Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import Text

from app.firms.following import FOLLOWERS
from app.statements import Kept

# `approver`: whoever agreed to the present stay, whatever was recorded after that: another first day, a step away and
# back, each of which one person does alone, do not make it one person's.
CONTEXT = Kept(
    text(
        """
SELECT
  (SELECT json_build_array(requester_name, requested_by) FROM move_requests
     WHERE firm_id = :firm_id AND ladder = :ladder AND state = 'pending') AS pending,
  (SELECT json_build_array(actor_name, recorded_at) FROM moves
     WHERE firm_id = :firm_id AND ladder = :ladder AND kind <> 'history'
     ORDER BY recorded_at DESC, id DESC LIMIT 1) AS last_move,
  (SELECT json_build_array(lower(period), upper(period), tier) FROM placements
     WHERE firm_id = :firm_id AND ladder = :ladder AND NOT upper_inf(period)
     ORDER BY lower(period) DESC LIMIT 1) AS previous,
  (SELECT approver_name FROM moves
     WHERE firm_id = :firm_id AND ladder = :ladder AND approver_name IS NOT NULL
       AND to_tier = (SELECT tier FROM placements WHERE firm_id = :firm_id AND ladder = :ladder AND upper_inf(period))
       AND effective_on >= coalesce((SELECT max(lower(period)) FROM placements
         WHERE firm_id = :firm_id AND ladder = :ladder AND NOT upper_inf(period)), '-infinity')
     ORDER BY recorded_at DESC, id DESC LIMIT 1) AS approver
"""
    ).bindparams(bindparam("firm_id", type_=Uuid()), bindparam("ladder", type_=Text()))
)

# Asked only for a move told of late: whoever was spoken with after it took effect does not stand still since then.
SPOKEN = Kept(
    text(
        """
SELECT greatest(
  (SELECT max(visited_on) FROM firm_visits WHERE firm_id = :firm_id AND struck_at IS NULL),
  (SELECT CAST(max(at) AT TIME ZONE :zone AS date) FROM firm_notes WHERE firm_id = :firm_id))
"""
    ).bindparams(bindparam("firm_id", type_=Uuid()), bindparam("zone", type_=Text()))
)

_PLACEMENT = (
    bindparam("firm_id", type_=Uuid()),
    bindparam("placement_id", type_=Uuid()),
    bindparam("ladder", type_=Text()),
    bindparam("to_tier", type_=Text()),
    bindparam("effective_on", type_=Date()),
)

# The interval that ends and the one that begins. A placement that began on the effective date is replaced:
# it never held for a whole day, and the move that made it stays in the history. Reading `n` makes PostgreSQL end
# the old interval before it inserts the new one.
PLACE = Kept(
    text(
        """
WITH ended AS (
  UPDATE placements SET period = daterange(lower(period), :effective_on)
  WHERE firm_id = :firm_id AND ladder = :ladder AND upper_inf(period) AND lower(period) < :effective_on
  RETURNING 1
), replaced AS (
  DELETE FROM placements
  WHERE firm_id = :firm_id AND ladder = :ladder AND upper_inf(period) AND lower(period) >= :effective_on
  RETURNING 1
), done AS (
  SELECT (SELECT count(*) FROM ended) + (SELECT count(*) FROM replaced) AS n
)
INSERT INTO placements (id, firm_id, ladder, tier, period)
SELECT :placement_id, :firm_id, :ladder, :to_tier, daterange(:effective_on, NULL)
FROM done WHERE :to_tier IS NOT NULL AND n >= 0
"""
    ).bindparams(*_PLACEMENT)
)

# A correction moves the boundary between the current placement and the one before it, or takes the current one away,
# and then the one before may begin where it began.
CORRECT = Kept(
    text(
        """
WITH dropped AS (
  DELETE FROM placements WHERE firm_id = :firm_id AND ladder = :ladder AND upper_inf(period)
  RETURNING lower(period) AS began
), previous AS (
  UPDATE placements SET period = daterange(lower(period), :effective_on)
  WHERE firm_id = :firm_id AND ladder = :ladder AND upper(period) = (SELECT began FROM dropped)
    AND lower(period) < :effective_on
  RETURNING 1
), whole AS (
  DELETE FROM placements
  WHERE firm_id = :firm_id AND ladder = :ladder AND upper(period) = (SELECT began FROM dropped)
    AND lower(period) = :effective_on
  RETURNING 1
), done AS (
  SELECT (SELECT count(*) FROM dropped) + (SELECT count(*) FROM previous) + (SELECT count(*) FROM whole) AS n
)
INSERT INTO placements (id, firm_id, ladder, tier, period)
SELECT :placement_id, :firm_id, :ladder, :to_tier, daterange(:effective_on, NULL)
FROM done WHERE :to_tier IS NOT NULL AND n >= 0
"""
    ).bindparams(*_PLACEMENT)
)

_FOLLOWERS = ", ".join(f"'{role}'" for role in FOLLOWERS)
# Everything else a move leaves behind, in one statement: the event, the firm's shortcut columns, audit, and word to
# its officer and to whoever follows it and can still open it.
RECORD = Kept(
    text(
        f"""
WITH moved AS (
  INSERT INTO moves (id, firm_id, ladder, from_tier, to_tier, kind, effective_on, recorded_at, actor_id, actor_name,
                     approver_id, approver_name, reason, override_reason, assessment)
  VALUES (:id, :firm_id, :ladder, :from_tier, :to_tier, :kind, :effective_on, :at, :actor_id, :actor_name,
          :approver_id, :approver_name, :reason, :override_reason, :assessment)
), stood AS (
  UPDATE firms SET tier = :to_tier, tier_since = :tier_since, stale_on = :stale_on, updated_at = :at
  WHERE id = :firm_id AND :ladder = 'main'
), audited AS (
  INSERT INTO audit_events (id, at, actor_id, actor_name, actor_role, action, object_type, object_id, object_label,
                            before, after, ip, session_id, request_id)
  VALUES (:audit_id, :at, :audit_actor_id, :audit_actor_name, :actor_role, 'firm:tier:moved', 'firm', :object_id,
          :firm_name, :before, :after, :ip, :session_id, :request_id)
)
INSERT INTO outbox_messages (id, dedup_key, kind, channel, user_id, payload, next_attempt_at, created_at, read_at)
SELECT CAST(:outbox_id AS uuid), :dedup_key, 'tier_moved', 'inbox', CAST(:recipient_id AS uuid),
  CAST(:payload AS jsonb), :at, :at, :read_at
UNION ALL
SELECT gen_random_uuid(), :dedup_key || ':' || u.id, 'tier_moved', 'inbox', u.id, CAST(:payload AS jsonb),
  :at, :at, NULL
FROM firm_follows w JOIN firms f ON f.id = w.firm_id JOIN users u ON u.id = w.user_id
WHERE w.firm_id = :firm_id AND u.active AND u.role IN ({_FOLLOWERS}) AND u.scope <> ''
  AND starts_with(f.region_code, u.scope) AND u.id IS DISTINCT FROM :recipient_id AND u.id IS DISTINCT FROM :mover_id
"""  # noqa: S608  # our own roles
    ).bindparams(
        *(
            bindparam(n, type_=Uuid())
            for n in ("id", "firm_id", "actor_id", "approver_id", "audit_id", "audit_actor_id")
        ),
        *(bindparam(n, type_=Uuid()) for n in ("outbox_id", "recipient_id", "mover_id")),
        *(bindparam(n, type_=Date()) for n in ("effective_on", "tier_since", "stale_on")),
        *(bindparam(n, type_=JSONB(none_as_null=True)) for n in ("assessment", "before", "after", "payload")),
        *(bindparam(n, type_=DateTime(timezone=True)) for n in ("at", "read_at")),
        *(
            bindparam(n, type_=Text())
            for n in ("dedup_key", "from_tier", "to_tier", "ladder", "approver_name", "override_reason")
        ),
    )
)
