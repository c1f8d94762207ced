"""What a change means for one firm, on plain facts."""

import uuid
from collections.abc import Mapping
from typing import Any

from app.bulk.terms import BulkKind, Change, Judged, LineOutcome
from app.firms.terms import FirmDetail, FirmStatus

_CHANGES = Judged(LineOutcome.CHANGES)


def judge(firm: FirmDetail, change: Change, *, me: uuid.UUID) -> Judged:
    """Of everything but the ladder, whose gate has its own rules. `me` acts."""
    if firm.status == FirmStatus.MERGED:
        return Judged(LineOutcome.REFUSED, "已经并入别的企业。")
    if change.kind is BulkKind.TASK:
        return _task(firm, change, me)
    if same(firm, change):
        return Judged(LineOutcome.SAME)
    person = change.person
    if change.kind is BulkKind.OFFICER and person and not sees(person.scope, firm):
        return Judged(LineOutcome.REFUSED, f"不在{person.name}的管辖范围内。")
    return Judged(LineOutcome.CHANGES, _as_it_is(firm, change))


def _as_it_is(firm: FirmDetail, change: Change) -> str:
    """What the change takes the place of, for whoever confirms it."""
    match change.kind:
        case BulkKind.OFFICER:
            return f"现在是{firm.officer_name}。" if firm.officer_id else "现在没有责任专员。"
        case BulkKind.NEXT_TOUCH:
            return f"现在定的是 {firm.next_touch_on}。" if firm.next_touch_on else "现在没有约定。"
    return ""


def same(firm: FirmDetail, change: Change) -> bool:
    """Whether the firm is as the change would have it."""
    match change.kind:
        case BulkKind.OFFICER:
            return firm.officer_id == (change.person.id if change.person else None)
        case BulkKind.TAG_ADD:
            return change.tag in firm.tags
        case BulkKind.TAG_REMOVE:
            return change.tag not in firm.tags
        case BulkKind.NEXT_TOUCH:
            return firm.next_touch_on == change.on
        case BulkKind.TIER:
            return firm.tier == change.tier
    return False


def _task(firm: FirmDetail, change: Change, me: uuid.UUID) -> Judged:
    person = change.person
    if person and person.id != me and not sees(person.scope, firm):
        return Judged(LineOutcome.REFUSED, f"不在{person.name}的管辖范围内。")
    if not person and firm.officer_id is None:
        return Judged(LineOutcome.REFUSED, "还没有责任专员，请指定由谁办。")
    return _CHANGES


def sees(scope: str, firm: FirmDetail) -> bool:
    return bool(scope) and firm.region_code.startswith(scope)


def given_to(firm: FirmDetail, change: Change) -> uuid.UUID | None:
    """Who gets the firm, or the task about it."""
    if change.kind is BulkKind.TASK and change.person is None:
        return firm.officer_id
    return change.person.id if change.person else None


def moved_on(firm: FirmDetail | None, seen: Mapping[str, Any]) -> str:
    """Why a firm is left alone: it is not what the preview showed. `seen` is the line. "" when it is."""
    if firm is None:
        return "已不在您的管辖范围内，或已不在库里。"
    if firm.version != seen["version"]:
        return "预览之后有人改过这家企业的资料。"
    if (firm.tier, firm.tier_since) != (seen["tier"], seen["since"]):
        return "预览之后有人移动过这家企业。"
    return ""


def written(firm: FirmDetail, change: Change) -> dict[str, Any]:
    """What of the firm the change replaces, as an undo needs it."""
    match change.kind:
        case BulkKind.OFFICER:
            return {"officer": str(firm.officer_id) if firm.officer_id else None}
        case BulkKind.NEXT_TOUCH:
            return {"on": firm.next_touch_on.isoformat() if firm.next_touch_on else None}
    return {}
