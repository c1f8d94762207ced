"""What a message says to the person it was sent to, and where it leads."""

from typing import Any
from urllib.parse import quote

from app.outbox.queries import Message
from app.web.lookups import Lookup


def words(message: Message, lookup: Lookup) -> str:
    if message.kind == "tier_moved":
        return _tier_moved(message.payload, lookup)
    return str(message.payload.get("subject") or message.label)


def link(message: Message) -> tuple[str, str]:
    """The page it is about and what the way there is called, or nothing; who may see that page is the page's to say."""
    if message.kind == "undelivered":
        return "/reminders/sent?message=dead", "查看"
    if code := message.payload.get("uscc"):
        return f"/firms/{quote(str(code), safe='')}", "查看企业"
    if version := message.payload.get("policy_version"):
        return f"/admin/policies/{quote(str(version), safe='')}", "查看政策"
    if rule := message.payload.get("reminder_rule"):
        return f"/reminders/{quote(str(rule), safe='')}", "查看名单"
    if year := message.payload.get("report"):
        return f"/portal/report/{quote(str(year), safe='')}", "去填报"
    if filing := message.payload.get("review"):
        return f"/reviews/{quote(str(filing), safe='')}", "去审核"
    return "", ""


def _tier_moved(payload: dict[str, Any], lookup: Lookup) -> str:
    left, entered = _tier(payload.get("from"), lookup), _tier(payload.get("tier"), lookup)
    step = f"从“{left}”移到“{entered}”"
    if not left:
        step = f"进入“{entered}”"
    elif not entered:
        step = f"退出梯队（原在“{left}”）"
    by = f"，{payload['by']}办理" if payload.get("by") else ""
    return f"{payload.get('name', '')}{step}，{payload.get('effective_on', '')} 生效{by}。"


def _tier(code: Any, lookup: Lookup) -> str:
    found = next((t for ladder in lookup.ladders.values() for t in ladder.tiers if t.code == code), None)
    return found.label if found else str(code or "")
