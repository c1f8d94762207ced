"""What stands in the house afterwards, in the journal's words: its tables, its trail, its files."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.drill.ground import Ground
from tests.drill.lives import as_said
from tests.drill.reckoning import Kept

_ROWS = {
    "move": """SELECT m.reason, f.uscc || ' ' || coalesce(m.from_tier, 'None') || '>' || coalesce(m.to_tier, 'None')
        || ' ' || m.effective_on FROM moves m JOIN firms f ON f.id = m.firm_id""",
    "visit": "SELECT v.summary, f.uscc || ' ' || v.visited_on FROM firm_visits v JOIN firms f ON f.id = v.firm_id",
    "upload": """SELECT a.sha256, a.object_id || ' ' || s.name || ' ' || s.size FROM attachments a
        JOIN stored_files s ON s.id = a.file_id AND s.sha256 = a.sha256""",
    "admit": """SELECT m.name, t.space_id || ' ' || lower(t.during) || ' ' || t.agreement_no
        FROM tenancies t JOIN carrier_teams m ON m.id = t.team_id""",
    "end": """SELECT e.tenancy_id::text, upper(e.during) - 1 || ' ' || t.end_reason
        FROM tenancy_events e JOIN tenancies t ON t.id = e.tenancy_id WHERE e.kind = 'ended'""",
}
_SAVES = """SELECT f.uscc || ' ' || s.year, max(p.version), jsonb_object_agg(q.key, q.value ->> 0)
FROM submissions s JOIN firms f ON f.id = s.firm_id JOIN submission_sections p ON p.submission_id = s.id,
jsonb_each(p.answers) q WHERE jsonb_typeof(q.value) = 'array' GROUP BY 1"""
_ROUNDS = """SELECT f.uscc || ' ' || s.year || ' ' || r.round, r.figures FROM submission_rounds r
JOIN submissions s ON s.id = r.submission_id JOIN firms f ON f.id = s.firm_id"""
_LEDGER = """SELECT f.uscc || ' ' || y.year || ' ' || y.version, y.figures FROM yearly_reports y
JOIN firms f ON f.id = y.firm_id"""
# The trail says of a save which year it was of, and not which one it was: of several the first is the first.
_NTH = "row_number() OVER (PARTITION BY action, object_id, after ->> 'year' ORDER BY number)"
_TRAIL = f"""SELECT * FROM (SELECT split_part(action, ':', 3) AS verb, action, object_id, before, after, {_NTH} AS nth
FROM audit_events WHERE succeeded) e WHERE action = ANY(:actions)"""
_KINDS = {
    "firm:tier:moved": "move",
    "firm:report:begun": "save",
    "firm:report:filled": "save",
    "firm:report:submitted": "hand_in",
    "firm:report:accepted": "accept",
    "firm:visit:logged": "visit",
    "file:attachment:added": "upload",
    "carrier:tenancy:admitted": "admit",
    "carrier:tenancy:ended": "end",
}
# What goes with a write, and in its transaction.
BESIDES = {
    "moves whose officer was not told once": """SELECT count(*) FROM moves m WHERE 1 <> (SELECT count(*)
        FROM outbox_messages o WHERE o.dedup_key = 'tier_moved:' || m.id)""",
    "firms that stand elsewhere than their last move says": """SELECT count(*) FROM firms f WHERE f.tier IS DISTINCT
        FROM (SELECT m.to_tier FROM moves m WHERE m.firm_id = f.id ORDER BY m.effective_on DESC, m.id DESC LIMIT 1)""",
    "placements that do not follow from the moves": """SELECT count(*) FROM (SELECT firm_id, to_tier, effective_on
        FROM moves WHERE to_tier IS NOT NULL EXCEPT SELECT firm_id, tier, lower(period) FROM placements) missing""",
    "tiers whose counter does not add up": """SELECT count(*) FROM (SELECT tier, sum(n) n FROM (SELECT tier, n
        FROM tier_counts UNION ALL SELECT tier, n FROM tier_count_deltas) a GROUP BY tier) c FULL JOIN (SELECT
        coalesce(tier, '') tier, count(*) n FROM firms WHERE status = 'active' GROUP BY 1) f USING (tier)
        WHERE coalesce(c.n, 0) <> coalesce(f.n, 0)""",
}


async def kept(ground: Ground) -> list[Kept]:
    found = [Kept(kind, mark, said) for kind, query in _ROWS.items() for mark, said in await ground.ask(query)]
    for mark, version, answers in await ground.ask(_SAVES):
        found += [Kept("save", f"{mark} {n}", as_said(answers)) for n in range(1, version + 1)]
    found += [Kept("hand_in", mark, as_said(figures)) for mark, figures in await ground.ask(_ROUNDS)]
    return found + [Kept("accept", mark, as_said(figures)) for mark, figures in await ground.ask(_LEDGER)]


async def trail(ground: Ground) -> list[tuple[str, str]]:
    rows = await ground.ask(_TRAIL, actions=list(_KINDS))
    return [(_KINDS[row.action], _line(row)) for row in rows]


def _line(row: Any) -> str:
    kind, after = _KINDS[row.action], row.after
    if kind == "move":
        return f"{row.object_id} {row.before['tier']}>{after['tier']} {after['effective_on']}"
    if kind == "visit":
        return f"{row.object_id} {after['on']}"
    if kind == "upload":
        return str(after["sha256"])
    if kind in ("admit", "end"):
        return str(after["tenant"])
    return f"{row.verb} {row.object_id} {after['year']} {row.nth}"


def spoilt(store: Path, acknowledged: set[str], asked: set[str]) -> Iterator[str]:
    """Files that are gone, are not what their name says, or that nobody sent. One that was kept for a write that was
    then not acknowledged is cleared away at night."""
    there = {path.name: path for path in store.glob("??/*") if len(path.name) == 64}
    for sha in acknowledged - there.keys():
        yield f"the file {sha} was acknowledged and is gone"
    for sha, path in there.items():
        if hashlib.sha256(path.read_bytes()).hexdigest() != sha:
            yield f"the file {sha} has changed"
        elif sha not in asked:
            yield f"nobody sent the file {sha}"
