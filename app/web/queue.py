"""今日's queue in words: why each firm is in it, and the one thing to do about it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from app.pipeline.terms import Deadline, DueMatter, Ladder, Tier
from app.recognitions.terms import CertificateKind
from app.web.lookups import Lookup
from app.work.ranking import Standing, priority, strongest
from app.work.terms import Candidate, Matter, NeedKind, Signal

SHOWN = 20


@dataclass(frozen=True, slots=True)
class QueueItem:
    firm_name: str
    uscc: str
    tier: Tier | None
    reasons: list[str]
    action_label: str
    action_href: str
    score: Fraction = Fraction(0)

    @property
    def href(self) -> str:
        return f"/firms/{self.uscc}"


@dataclass(frozen=True, slots=True)
class _Desk:
    firm: Candidate
    lookup: Lookup
    today: date

    @property
    def tier(self) -> Tier | None:
        return self.lookup.main.tier(self.firm.tier)


def ranked(found: list[Candidate], lookup: Lookup, today: date) -> list[QueueItem]:
    """The weightiest first; of equals, by name."""
    lines = [_line(_Desk(firm, lookup, today)) for firm in found]
    return sorted(lines, key=lambda line: (-line.score, line.firm_name))


def _line(desk: _Desk) -> QueueItem:
    firm, today = desk.firm, desk.today
    silent = (today - firm.last_contact_on).days if firm.last_contact_on else None
    standing = Standing(_rank(firm, desk.lookup.main), silent)
    order = sorted(firm.signals, key=lambda s: -priority([s], standing, today))
    reasons = [word for signal in order for word in _WORDS[signal.matter](signal, desk)]
    if silent and not any(s.matter is Matter.STALE for s in firm.signals):
        reasons.append(f"{silent} 天未联系")
    label, end = _action(strongest(firm.signals, standing, today))
    score = priority(firm.signals, standing, today)
    return QueueItem(firm.name, firm.uscc, desk.tier, reasons, label, f"/firms/{firm.uscc}{end}", score)


def _rank(firm: Candidate, ladder: Ladder) -> int:
    """Of the tier it stands on, or of the highest that it is about to gain or to lose."""
    current = ladder.tier(firm.tier)
    sought = {tier.sought: tier.rank for tier in ladder.tiers}
    gained = [sought.get(s.policy, 0) for s in firm.signals]
    lost = [sought.get("hnte", 0) for s in firm.signals if s.matter is Matter.LAPSING]
    return max([current.rank if current else 0, *gained, *lost])


def _action(signal: Signal) -> tuple[str, str]:
    return {
        Matter.TASK: ("去办", "/work#h-tasks"),
        Matter.NEED: ("去办", "/work#h-needs"),
        Matter.TOUCH: ("记走访", "/visits/new"),
        Matter.STALE: ("记走访", "/visits/new"),
        Matter.NEAR: ("看差距", f"/gap?policy={signal.policy}"),
        Matter.LAPSING: ("看差距", "/gap?policy=hnte&case=recheck"),
    }[signal.matter]


def _left(day: date | None, today: date) -> str:
    if day is None:
        return "没有期限"
    days = (day - today).days
    return f"还有 {days} 天" if days > 0 else "今天到期" if days == 0 else f"已过 {-days} 天"


def due_words(due: Deadline, today: date) -> tuple[str, str, bool]:
    """A firm's next date: in words, the day itself, and whether it is past."""
    what = due.said if due.matter is DueMatter.WINDOW else due.matter.label
    if due.matter is DueMatter.LAPSE:
        what = f"{CertificateKind(due.said).label}证书"
    return f"{what} {_left(due.day, today)}", f"{due.day}", due.day < today


def _task(signal: Signal, desk: _Desk) -> list[str]:
    return [f"{signal.said}{_left(signal.day, desk.today)}"]


def _need(signal: Signal, desk: _Desk) -> list[str]:
    return [f"{NeedKind(signal.said).label}诉求待答复，{_left(signal.day, desk.today)}"]


def _touch(signal: Signal, desk: _Desk) -> list[str]:
    return [f"约定 {signal.day} 联系，{_left(signal.day, desk.today)}".replace("今天到期", "就是今天")]


def _near(signal: Signal, desk: _Desk) -> list[str]:
    left = f"{(signal.day - desk.today).days} 天后" if signal.day and signal.day > desk.today else "今天"
    return [f"差 {signal.missed} 项", f"{signal.said}{left}截止"]


def _lapsing(signal: Signal, desk: _Desk) -> list[str]:
    return [f"高企证书 {signal.day} 到期，{_left(signal.day, desk.today)}"]


def _stale(signal: Signal, desk: _Desk) -> list[str]:
    tier, since = desk.tier, desk.firm.tier_since
    silent = desk.lookup.calendar.working_days_between(signal.day, desk.today) if signal.day else 0
    allowed = tier.stale_working_days if tier and tier.stale_working_days else 0
    days = (desk.today - since).days if since else 0
    late = f"停滞 {silent} 个工作日，连同之前的 {allowed} 个一共" if silent > 0 else "已有"
    return [
        f"在“{tier.label if tier else ''}”已 {days} 天",
        f"{late} {allowed + silent} 个工作日没有移动也没有记录；记一次走访即重新计时",
    ]


_WORDS: Mapping[Matter, Callable[[Signal, _Desk], list[str]]] = {
    Matter.TASK: _task,
    Matter.NEED: _need,
    Matter.TOUCH: _touch,
    Matter.NEAR: _near,
    Matter.LAPSING: _lapsing,
    Matter.STALE: _stale,
}
