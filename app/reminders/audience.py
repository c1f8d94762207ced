"""Whom a rule means, as SQL: one set for planning, for preview and for what was done meanwhile.

Text and not Core: the parts are put together from our own words only, and everything else is a parameter.
"""

from datetime import date
from typing import Any

from app.filings.rules import significant
from app.filings.stages import DECIDED, Stage
from app.filings.terms import Milestone
from app.outbox.terms import Topic
from app.recognitions.rules import HNTE_YEARS
from app.reminders.terms import Anchor, Audience, Rule, Target

_HELD = """f.id IN (SELECT c.firm_id FROM certificates c WHERE c.kind = :certificate AND c.issued_on <= :today
  AND c.expires_on >= :today AND (c.revoked_on IS NULL OR c.revoked_on > :today))"""
# 粤科函产字〔2026〕903号: a certificate of 2023 re-applies in 2026.
_RENEWING = """f.id IN (SELECT c.firm_id FROM certificates c WHERE c.kind = :certificate AND c.revoked_on IS NULL
  AND c.issued_on >= :renew_from AND c.issued_on < :renew_until AND NOT EXISTS (SELECT 1 FROM certificates y
    WHERE y.firm_id = c.firm_id AND y.kind = c.kind AND y.issued_on > c.issued_on))"""
# Who holds the title beyond the window's year has it behind them, and may not file so early (粤科函产字〔2026〕903号).
_AHEAD = """NOT EXISTS (SELECT 1 FROM certificates c WHERE c.firm_id = f.id AND c.kind = :policy
  AND c.issued_on <= :today AND c.expires_on >= make_date(:year, 12, 31)
  AND (c.revoked_on IS NULL OR c.revoked_on > :today))"""
_BY_ANSWER = (Audience.MET, Audience.NEAR, Audience.LACKING)
_IN: dict[Audience, str] = {
    # What is near first: a firm that is in several is told the most telling of them.
    Audience.UNFINISHED: "p.unfinished",
    Audience.NOT_FILED: "p.not_filed",
    Audience.SUBMITTED: "p.submitted",
    Audience.RENEWING: _RENEWING,
    Audience.HOLDERS: _HELD,
    Audience.ABOVE_SIZE: "f.above_designated_size",
    Audience.MET: f"a.outcome = 'met' AND {_AHEAD}",
    Audience.NEAR: f"a.outcome = 'not_met' AND a.missed <= :near_missed AND a.shortfall <= :near_within AND {_AHEAD}",
    Audience.LACKING: f"a.outcome = 'unknown' AND {_AHEAD}",
}
_GAP = """CASE WHEN a.missed > 0 AND a.lacking > 0 THEN '差 ' || a.missed || ' 项 · 缺 ' || a.lacking || ' 项数据'
  WHEN a.missed > 0 THEN '差 ' || a.missed || ' 项' WHEN a.lacking > 0 THEN '缺 ' || a.lacking || ' 项数据'
  WHEN a.outcome = 'met' THEN '已达标' ELSE '' END"""
_COLUMNS = f"f.id AS firm_id, f.uscc, f.name, f.region_code, {_GAP} AS gap"
_WINDOW = """
SELECT {columns}, CAST(:subject AS uuid) AS subject_id, CAST(:on AS date) AS anchor_on,
  coalesce(p.officer_id, f.officer_id) AS officer_id, a.outcome, coalesce(p.done, false) AS done, {reason} AS reason
FROM firms f
LEFT JOIN assessments a ON a.firm_id = f.id AND a.policy = :policy
LEFT JOIN (
  SELECT x.firm_id, bool_or(x.stage = ANY(:ended)) AS done,
    bool_or(x.window_id = :subject AND x.stage = 'target') AS not_filed,
    bool_or(x.window_id = :subject AND x.stage = 'preparing') AS unfinished,
    bool_or(x.window_id = :subject AND x.stage = 'submitted') AS submitted,
    (array_agg(x.officer_id) FILTER (WHERE x.window_id = :subject))[1] AS officer_id
  FROM applications x JOIN filing_windows w ON w.id = x.window_id JOIN programmes g ON g.code = w.programme
  WHERE w.programme = :programme AND w.year = :year AND (g.once_a_year OR w.id = :subject)
  GROUP BY x.firm_id
) p ON p.firm_id = f.id
WHERE f.status = 'active' AND f.region_code >= :region_from AND f.region_code < :region_until
"""
_CERTIFICATE = """
SELECT {columns}, k.id AS subject_id, k.expires_on AS anchor_on, f.officer_id, a.outcome, false AS done,
  'holders' AS reason
FROM certificates k JOIN firms f ON f.id = k.firm_id AND f.status = 'active'
LEFT JOIN assessments a ON a.firm_id = f.id AND a.policy = :policy
WHERE k.kind = :certificate AND k.revoked_on IS NULL AND k.expires_on = {on}
  AND NOT EXISTS (SELECT 1 FROM certificates y
    WHERE y.firm_id = k.firm_id AND y.kind = k.kind AND y.issued_on > k.issued_on)
"""
# By what a firm is reached: the first address of its contacts, or the first telephone where it chose text messages.
REACHED = """LEFT JOIN channel_choices h ON h.firm_id = {firm}
  LEFT JOIN LATERAL (SELECT c.email FROM contacts c WHERE c.firm_id = {firm} AND c.email <> ''
    AND coalesce(h.choices -> :topic @> '["email"]', true) ORDER BY c.is_primary DESC, c.id LIMIT 1) e ON true
  LEFT JOIN LATERAL (SELECT c.phone FROM contacts c WHERE c.firm_id = {firm} AND c.phone <> ''
    AND h.choices -> :topic @> '["sms"]' ORDER BY c.is_primary DESC, c.id LIMIT 1) p ON true"""
# One message a way; the first has the ledger row's own id.
WAYS = """CROSS JOIN LATERAL (VALUES ('email', d.email, true), ('sms', d.phone, d.email IS NULL))
    w (channel, place, first)
  WHERE w.place IS NOT NULL"""
# A duty by law is told whatever was chosen.
OFF = f"coalesce(h.choices -> :topic = '[]' AND :topic <> '{Topic.DUTY.value}', false)"
# Only what still wants doing: who has handed in is left alone until the bureau's own date, and then the bureau is not.
_ENDED = (Stage.REJECTED, Stage.WITHDRAWN, Stage.RECOGNISED)


def _reason(rule: Rule) -> str:
    chosen = [(a, condition) for a, condition in _IN.items() if a in rule.audience]
    cases = " ".join(f"WHEN {condition} THEN '{a.value}'" for a, condition in chosen)
    return f"CASE {cases} END" if cases else "NULL::text"


def base(rule: Rule, *, on: str = ":on") -> str:
    """Every firm that a rule looks at: why it is meant (or NULL), and whether it has done what it would be told of.
    `on`: the day on which certificates end, or several."""
    if rule.anchor is Anchor.CERTIFICATE:
        return _CERTIFICATE.format(columns=_COLUMNS, on=on)
    return _WINDOW.format(columns=_COLUMNS, reason=_reason(rule))


def values(rule: Rule, target: Target, today: date) -> dict[str, Any]:
    """The parameters that `base` asks for."""
    kind = rule.certificate.value if rule.certificate else None
    if rule.anchor is Anchor.CERTIFICATE:
        return {"certificate": kind, "policy": kind, "on": target.on}
    region = significant(target.region) if target.region != "000000" else ""
    given: dict[str, Any] = {
        "subject": target.id,
        "on": target.on,
        "policy": rule.programme,
        "programme": rule.programme,
        "year": target.year,
        "ended": ended_before(rule.milestone),
        "region_from": region,
        "region_until": str(int(region) + 1) if region else "9",
    }
    if Audience.NEAR in rule.audience:
        given |= {"near_missed": rule.near_missed, "near_within": rule.near_percent / 100}
    if Audience.HOLDERS in rule.audience or Audience.RENEWING in rule.audience:
        given["certificate"] = kind
    if Audience.HOLDERS in rule.audience or any(audience in rule.audience for audience in _BY_ANSWER):
        given["today"] = today
    if Audience.RENEWING in rule.audience:
        year = target.year - HNTE_YEARS
        given |= {"renew_from": date(year, 1, 1), "renew_until": date(year + 1, 1, 1)}
    return given


def topic_of(rule: Rule) -> str:
    """As what a rule's messages are chosen: a changed date is told to all who were told the old one."""
    return (Topic.DUTY if rule.mandatory or rule.anchor is Anchor.CHANGE else Topic.REMINDER).value


def ended_before(milestone: Milestone | None) -> list[str]:
    """The stages in which a firm has nothing more to do for that date."""
    early = milestone in (Milestone.OPENS, Milestone.FIRM)
    stages = {*_ENDED, *DECIDED} | ({Stage.SUBMITTED} if early else set())
    return sorted(stage.value for stage in stages)
