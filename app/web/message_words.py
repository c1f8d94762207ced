"""What a message says to the person it was sent to, and where it leads."""

from typing import Any
from urllib.parse import quote

from app.outbox.queries import Message
from app.web.lookups import Lookup


def words(message: Message, lookup: Lookup) -> str:
    if message.kind == "tier_moved":
        return _tier_moved(message.payload, lookup)
    return str(message.payload.get("subject") or message.label)


# By what a message's payload names.
_WAYS = {
    "uscc": ("/firms", "查看企业"),
    "policy_version": ("/admin/policies", "查看政策"),
    "reminder_rule": ("/reminders", "查看名单"),
    "report": ("/portal/report", "去填报"),
    "review": ("/reviews", "去审核"),
    "digest": ("/digests", "看周报"),
    "tenancy": ("/tenancies", "看租约"),
}


def link(message: Message) -> tuple[str, str]:
    """The page it is about and what the way there is called, or nothing; who may see that page is the page's to say."""
    if message.kind == "undelivered":
        return "/reminders/sent?message=dead", "查看"
    if which := message.payload.get("reminder_list"):
        return f"/reminders/sent?told={which}", "查看名单"
    if here := message.payload.get("reminder_page"):
        return str(here), "查看名单"
    if here := message.payload.get("page"):  # one of ours, written by the house
        return str(here), "查看"
    for key, (place, words) in _WAYS.items():
        if which := message.payload.get(key):
            scope = f"?scope={quote(str(message.payload['scope']))}" if message.payload.get("scope") else ""
            return f"{place}/{quote(str(which), safe='')}{scope}", words
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
