"""What people did with a firm and what machines noted, newest first."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from app.audit.queries import events_of
from app.firms.terms import FIELD_LABELS, FirmDetail
from app.pipeline.rules import taken_back
from app.pipeline.terms import MoveRecord
from app.recognitions.terms import CertificateKind
from app.web.deps import ConnDep
from app.web.lookups import Lookup
from app.web.story import TimelineEntry
from app.work.queries import remarks_of
from app.work.terms import Remark

_TOLD = ("firm:tier:moved", "firm:note:added", "firm:visit:logged")  # from their own tables, in full


async def timeline_of(
    conn: ConnDep, firm: FirmDetail, moves: list[MoveRecord], lookup: Lookup
) -> tuple[list[TimelineEntry], bool]:
    """And whether another record went into this one of late."""

    def name(code: str | None) -> str:
        tier = lookup.main.tier(code)
        return tier.label if tier else "梯队外"

    entries = [_remarked(remark, f"/firms/{firm.uscc}/work") for remark in await remarks_of(conn, firm.id)]
    gone = taken_back(moves)
    entries += [_moved(move, name, move.id in gone) for move in moves]
    absorbed = False
    for event in await events_of(conn, "firm", str(firm.id), limit=50):
        if event.action in _TOLD:
            continue
        after = event.after or {}
        if event.action.startswith("firm:record:merge") and {"kept", "gone"} <= after.keys():
            absorbed = absorbed or after["kept"] == firm.uscc
            entries.append(_merged(event.at, event.actor_name, event.label, after, firm.uscc))
            continue
        if event.action in ("firm:tier:requested", "firm:tier:refused"):
            what = f"{event.label}：移到{name(after.get('to', after.get('tier')))}"
            said = _asked(after)
            entries.append(TimelineEntry(event.at, event.actor_name, what, said, machine=False))
            continue
        if "kind" in after and event.action.startswith("firm:certificate:"):
            entries.append(TimelineEntry(event.at, event.actor_name, event.label, _certificate(after), machine=False))
            continue
        if event.action.startswith("firm:plan:"):
            href = f"/firms/{firm.uscc}/plans"
            entries.append(TimelineEntry(event.at, event.actor_name, event.label, _planned(after), False, href, "查看"))
            continue
        if event.action.startswith(("firm:task:", "firm:need:", "firm:visit:")):
            href = f"/firms/{firm.uscc}/work"
            entries.append(TimelineEntry(event.at, event.actor_name, event.label, _worked(after), False, href, "查看"))
            continue
        changed = "、".join(FIELD_LABELS.get(f, f) for f in after)
        entries.append(TimelineEntry(event.at, event.actor_name, event.label, changed, machine=True))
    return sorted(entries, key=lambda e: e.at, reverse=True), absorbed


def _asked(said: Mapping[str, Any]) -> str:
    over = f"（越过条件：{said['override']}）" if said.get("override") else ""
    return "。".join(part for part in (said.get("reason", "") + over, "；".join(said.get("why", ()))) if part)


def _merged(at: datetime, who: str, what: str, said: Mapping[str, Any], here: str) -> TimelineEntry:
    """The other record may be out of sight: it is named by its code alone."""
    other = said["gone"] if said["kept"] == here else said["kept"]
    return TimelineEntry(at, who, what, f"{said['gone']} → {said['kept']}", False, f"/firms/{other}", "另一条记录")


def _moved(move: MoveRecord, name: Callable[[str | None], str], gone: bool) -> TimelineEntry:
    what = f"{move.kind.label}：{name(move.from_tier)} → {name(move.to_tier)}" + (
        "（后来撤销或更正，不计）" if gone else ""
    )
    detail = f"{move.effective_on} 生效。{move.reason}"
    if move.override_reason:
        detail += f"（越过条件：{move.override_reason}）"
    if first := " ".join(str(part) for part in (move.first_recorder, move.first_recorded_on) if part):
        detail += f"（原记录：{first}）"
    who = f"{move.actor_name}，{move.approver_name} 复核" if move.approver_name else move.actor_name
    return TimelineEntry(move.recorded_at, who, what, detail, False, f"/moves/{move.id}/receipt", "凭据")


def _remarked(remark: Remark, href: str) -> TimelineEntry:
    if remark.kind is None:
        return TimelineEntry(remark.at, remark.who, "记录", remark.body, machine=False)
    what = f"{remark.kind.label}（{remark.visited_on}）" + (f"，见 {remark.people}" if remark.people else "")
    said = f"（已作废：{remark.strike_reason}）{remark.body}" if remark.strike_reason else remark.body
    return TimelineEntry(remark.at, remark.who, what, said, False, href, "查看")


def _worked(said: Mapping[str, Any]) -> str:
    parts = [said.get(part) for part in ("task", "need", "on", "state", "said", "reason")]
    return "：".join(str(part) for part in parts if part)


def _planned(said: Mapping[str, Any]) -> str:
    """Which title, and the step or the end that it was about."""
    more = said.get("step") or "，".join(str(said[part]) for part in ("state", "reason") if said.get(part))
    return f"{said.get('plan', '')}{'：' if more else ''}{more}"


def _certificate(said: Mapping[str, Any]) -> str:
    """Which one, and whatever of its dates and reasons the act was about."""
    parts = [f"{CertificateKind(said['kind']).label} {said['number']}"]
    if said.get("issued_on"):
        parts.append(f"{said['issued_on']} 至 {said['expires_on']}")
    if said.get("revoked_on"):
        parts.append(f"{said['revoked_on']} 撤销")
    return f"{'，'.join(parts)}。{said.get('reason', '')}"
