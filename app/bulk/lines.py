"""A bulk act's lines: which firms are meant, and what has become of each."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import orjson
from sqlalchemy import Date, Integer, Text, Uuid, any_, bindparam, insert, literal, select, text
from sqlalchemy.dialects.postgresql import ARRAY

from app.access.terms import Viewer
from app.bulk.models import BulkLine
from app.bulk.terms import LineOutcome
from app.db import Conn
from app.firms.filtering import matching, shape_of, sight_of, values_of, visible_to
from app.firms.models import Firm
from app.firms.terms import FirmFilter

_LINE = ("act_id", "firm_id", "version", "tier", "since", "outcome")


def _seen(act_id: uuid.UUID) -> Any:
    return select(
        literal(act_id, Uuid()),
        Firm.id,
        Firm.version,
        Firm.tier,
        Firm.tier_since,
        literal(LineOutcome.UNCHECKED.value, Text()),
    )


async def hold_matching(conn: Conn, act_id: uuid.UUID, filters: FirmFilter, *, viewer: Viewer, today: date) -> int:
    """Every firm that the filter means now, in one statement; returns how many."""
    found = _seen(act_id).where(*matching(sight_of(viewer), shape_of(filters)))
    statement = insert(BulkLine).from_select(list(_LINE), found)
    return (await conn.execute(statement, values_of(filters, viewer, vault=conn.vault, today=today))).rowcount


async def hold_named(conn: Conn, act_id: uuid.UUID, codes: Sequence[str], *, viewer: Viewer) -> int:
    named = Firm.uscc == any_(bindparam("codes", type_=ARRAY(Text())))
    statement = insert(BulkLine).from_select(list(_LINE), _seen(act_id).where(named, visible_to(viewer)))
    return (await conn.execute(statement, {"codes": list(codes)})).rowcount


_WRITE = text(
    """
UPDATE bulk_lines AS l SET outcome = n.outcome, reason = n.reason, undo = n.undo::jsonb,
  version = coalesce(n.version, l.version), tier = CASE WHEN n.version IS NULL THEN l.tier ELSE n.tier END,
  since = CASE WHEN n.version IS NULL THEN l.since ELSE n.since END
FROM unnest(:firm_ids, :outcomes, :reasons, :undos, :versions, :tiers, :sinces)
  AS n (firm_id, outcome, reason, undo, version, tier, since)
WHERE l.act_id = :act_id AND l.firm_id = n.firm_id
"""
).bindparams(
    bindparam("firm_ids", type_=ARRAY(Uuid())),
    bindparam("versions", type_=ARRAY(Integer())),
    bindparam("sinces", type_=ARRAY(Date())),
    *(bindparam(name, type_=ARRAY(Text())) for name in ("outcomes", "reasons", "undos", "tiers")),
)


async def write_lines(conn: Conn, act_id: uuid.UUID, lines: Sequence[Mapping[str, Any]]) -> None:
    """Each names its firm and outcome; a `version` says that the firm was looked at anew."""
    if not lines:
        return
    undos = [orjson.dumps(line["undo"]).decode() if line.get("undo") is not None else None for line in lines]
    given = {
        "act_id": act_id,
        "firm_ids": [line["firm_id"] for line in lines],
        "outcomes": [line["outcome"].value for line in lines],
        "reasons": [line.get("reason", "") for line in lines],
        "undos": undos,
        "versions": [line.get("version") for line in lines],
        "tiers": [line.get("tier") for line in lines],
        "sinces": [line.get("since") for line in lines],
    }
    await conn.execute(_WRITE, given)


_LEAVE = text(
    "UPDATE bulk_lines SET outcome = :to, reason = :reason WHERE act_id = :act_id AND outcome = any(:outcomes)"
).bindparams(bindparam("outcomes", type_=ARRAY(Text())))


async def leave_rest(
    conn: Conn, act_id: uuid.UUID, outcomes: Sequence[LineOutcome], *, to: LineOutcome, reason: str
) -> None:
    """What an act that cannot go on has not come to."""
    given = {"act_id": act_id, "outcomes": [o.value for o in outcomes], "to": to.value, "reason": reason}
    await conn.execute(_LEAVE, given)
