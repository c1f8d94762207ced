"""Dates that changed after somebody was reminded of them: what has not left yet is taken back, what has is corrected
once."""

import uuid
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import case, select, text

from app.db import Conn
from app.filings.models import FilingWindow
from app.filings.queries import window_of, windows
from app.filings.rules import LIVE
from app.filings.stages import Stage
from app.filings.terms import Milestone, Window, WindowState
from app.reminders.audience import REACHED, WAYS, ended_before, topic_of
from app.reminders.models import Reminder
from app.reminders.planning import Planned, Work, bound
from app.reminders.rules import fill
from app.reminders.terms import Party, ReminderState, Target

_ENDED = ", ".join(f"'{stage.value}'" for stage in Stage if stage not in (Stage.TARGET, Stage.PREPARING))
_LIVE = ", ".join(f"'{state.value}'" for state in LIVE)
_COLUMNS = ", ".join(f"WHEN '{m.value}' THEN w.{m.value}" for m in Milestone).replace(", WHEN", " WHEN")
# Messages that wait for the morning while their date moved, or while their firm did what it would be told to do.
_WITHDRAW = text(
    f"""
WITH stale AS (
  SELECT r.id FROM reminders r
  JOIN outbox_messages m ON m.id = r.id AND m.state = 'pending' AND m.lease_token IS NULL AND m.attempts = 0
  JOIN filing_windows w ON w.id = r.subject_id
  LEFT JOIN firms f ON f.id = r.firm_id
  WHERE r.party = 'firm' AND r.state = 'queued' AND r.milestone IS NOT NULL AND r.step NOT LIKE 'changed:%' AND (
    w.state NOT IN ({_LIVE}) OR r.anchor_on IS DISTINCT FROM CASE r.milestone {_COLUMNS} END OR f.status <> 'active'
    OR (r.milestone IN ('opens_on', 'firm_due') AND EXISTS (SELECT 1 FROM applications x
      WHERE x.window_id = w.id AND x.firm_id = r.firm_id AND x.stage IN ({_ENDED}))))
  FOR UPDATE OF m SKIP LOCKED
), gone AS (
  UPDATE outbox_messages m SET state = 'withdrawn', answer = '发出前情况有变，已撤回' FROM stale WHERE m.id = stale.id
  RETURNING m.id
)
UPDATE reminders r SET state = 'withdrawn' FROM gone WHERE r.id = gone.id
"""  # noqa: S608 - our own words only
)
# The last date that each firm was told, where it is not the one that holds now.
_TELL = """
WITH told AS (
  SELECT DISTINCT ON (r.firm_id) r.firm_id, r.anchor_on, r.step
  FROM reminders r
  WHERE r.subject_id = :subject AND r.milestone = :milestone AND r.party = 'firm' AND r.state = 'queued'
  ORDER BY r.firm_id, r.created_at DESC, r.id DESC
),
d AS MATERIALIZED (
  SELECT gen_random_uuid() AS id, f.id AS firm_id, f.uscc, f.name, t.anchor_on, e.email, p.phone,
    EXISTS (SELECT 1 FROM users u WHERE u.firm_id = f.id AND u.active) AS clerk
  FROM told t JOIN firms f ON f.id = t.firm_id AND f.status = 'active'
  {reached}
  WHERE {changed} AND NOT EXISTS (SELECT 1 FROM applications x
    WHERE x.window_id = :subject AND x.firm_id = f.id AND x.stage = ANY(:ended))
),
kept AS (
  INSERT INTO reminders (id, rule_id, subject_id, recipient_id, step, anchor_on, due_on, party, firm_id, milestone,
    state, template_version, created_at)
  SELECT d.id, :rule, :subject, d.firm_id, :step, {now}, :today, 'firm', d.firm_id, :milestone,
    CASE WHEN coalesce(d.email, d.phone) IS NOT NULL OR d.clerk THEN 'queued' ELSE 'unreachable' END, :template, :at
  FROM d ON CONFLICT DO NOTHING RETURNING id
),
mails AS (
  INSERT INTO outbox_messages (id, dedup_key, kind, channel, holds, payload, next_attempt_at, created_at)
  SELECT CASE WHEN w.first THEN d.id ELSE gen_random_uuid() END,
    'reminder:' || d.id || CASE WHEN w.first THEN '' ELSE ':' || w.channel END, 'reminder', w.channel, true,
    jsonb_build_object(
    'subject', replace(replace(:subject_text, '{{原日期}}', d.anchor_on::text), '{{企业}}', d.name),
    'body', replace(replace(:body_text, '{{原日期}}', d.anchor_on::text), '{{企业}}', d.name), 'uscc', d.uscc,
    'to', w.place),
    :send_at, :at
  FROM d JOIN kept USING (id) {ways}
),
inbox AS (
  INSERT INTO outbox_messages (id, dedup_key, kind, channel, user_id, payload, next_attempt_at, created_at)
  SELECT gen_random_uuid(), 'reminder:' || d.id || ':' || u.id, 'reminder', 'inbox', u.id, jsonb_build_object(
    'subject', replace(replace(:subject_text, '{{原日期}}', d.anchor_on::text), '{{企业}}', d.name), 'uscc', d.uscc,
    'topic', CAST(:topic AS text)),
    :at, :at
  FROM d JOIN kept USING (id) JOIN users u ON u.firm_id = d.firm_id AND u.active
)
SELECT (SELECT count(*) FROM d), (SELECT count(*) FROM kept)
"""


async def withdraw_stale(conn: Conn) -> int:
    """What is taken back was never said: under the new date it is planned anew, and nothing needs correcting."""
    return (await conn.execute(_WITHDRAW)).rowcount


@dataclass(frozen=True, slots=True)
class _Changed:
    window: Window
    milestone: Milestone
    on: date | None  # None: the window is no longer one to keep to


async def tell_changes(conn: Conn, work: Work) -> Planned:
    """One notice a firm, window and version, to those who were last told another date."""
    done = Planned()
    for changed in await _changed(conn, work.moment.today):
        done += await _tell(conn, work, changed)
    return done


async def _changed(conn: Conn, today: date) -> list[_Changed]:
    """Windows whose firms were told of a date that does not hold any more."""
    recent = select(FilingWindow.id).where(FilingWindow.year >= today.year - 1)
    gone = Reminder.step.like("changed:%:gone:%")
    last = (
        select(Reminder.subject_id, Reminder.milestone, case((gone, date.min), else_=Reminder.anchor_on))
        .where(
            Reminder.subject_id.in_(recent),
            Reminder.party == Party.FIRM.value,
            Reminder.milestone.is_not(None),
            Reminder.state == ReminderState.QUEUED.value,
        )
        .distinct()
    )
    said: dict[tuple[uuid.UUID, Milestone], set[date]] = {}
    for subject, milestone, on in await conn.execute(last):
        said.setdefault((subject, Milestone(milestone)), set()).add(on)
    rows = await conn.execute(windows().where(FilingWindow.id.in_({subject for subject, _ in said})))
    known = {row.id: window_of(row) for row in rows}
    found = []
    for (subject, milestone), days in said.items():
        window = known.get(subject)
        if window is None:
            continue
        on = window.dates.on(milestone) if window.state in LIVE else None
        over = window.state is WindowState.CLOSED and max(days) < today
        if not over and days - {on}:
            found.append(_Changed(window, milestone, on))
    return found


async def _tell(conn: Conn, work: Work, changed: _Changed) -> Planned:
    moment, window = work.moment, changed.window
    target = Target(window.id, changed.on or moment.today, window.name, basis=window.notice.document)
    if changed.on and changed.milestone is Milestone.FIRM and window.dates.firm_until:
        target = replace(target, until=f" {window.dates.firm_until:%H:%M}")
    words = {**work.words(target), "环节": changed.milestone.label, "差距": "", "原因": ""}
    if changed.on is None:
        words |= {"日期": "另行通知（原定日期不再有效）", "剩余": "请以后续通知为准"}
    given: dict[str, Any] = {
        "rule": work.rule.id,
        "topic": topic_of(work.rule),
        "subject": window.id,
        "milestone": changed.milestone.value,
        "step": f"changed:{changed.milestone.value}:v{window.version}",
        "ended": ended_before(changed.milestone),
        "template": work.template.version,
        "today": moment.today,
        "at": moment.at,
        "send_at": moment.send_at,
        "subject_text": fill(work.template.subject, words),
        "body_text": fill(work.template.body, words),
    }
    if changed.on is None:
        # Told once that a date does not hold; the row keeps the date that was meant.
        parts = {"changed": "t.anchor_on >= :today AND t.step NOT LIKE 'changed:%:gone:%'", "now": "d.anchor_on"}
        given["step"] = f"changed:{changed.milestone.value}:gone:v{window.version}"
    else:
        given["on"] = changed.on
        parts = {"changed": "t.anchor_on <> :on OR t.step LIKE 'changed:%:gone:%'", "now": ":on"}
        parts["changed"] = f"({parts['changed']})"
    statement = _TELL.format(**parts, reached=REACHED.format(firm="f.id"), ways=WAYS)
    row = (await conn.execute(bound(statement, given), given)).one()
    return Planned(row[0], row[1])
