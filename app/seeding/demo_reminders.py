"""The demo's reminders: some rules at work, and what they wrote; the others wait for somebody to look at them."""

from datetime import datetime, timedelta

from app.access.terms import Actor
from app.db import Conn
from app.reminders.jobs import plan_in_one
from app.reminders.queries import list_rules
from app.reminders.service import activate

_AT_WORK = {
    *("hnte_due", "hnte_annual_report", "hnte_expiry", "innovative_sme_expiry", "tech_sme_due"),
    *("stay_limit", "stay_over", "lease_end", "lease_over"),
}


async def put_rules_to_work(conn: Conn, *, by: Actor, at: datetime) -> None:
    for rule in await list_rules(conn):
        if rule.code in _AT_WORK:
            await activate(conn, rule.id, expected=rule.version, by=by, at=at - timedelta(days=2))
    await plan_in_one(conn, at)
