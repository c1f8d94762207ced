"""What one ought to know before seeing a firm: who is there, what stands in the way, what was promised, what is due."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from fastapi import Request

from app.access.personal import hidden_from
from app.access.terms import Permission, Viewer
from app.assessments.gathering import gather
from app.assessments.plan_queries import plans_of
from app.assessments.telling import Teller
from app.assessments.terms import PlanState
from app.filings.applications import Underway, underway
from app.firms.terms import FirmDetail
from app.policy.terms import Case, Outcome
from app.recognitions.queries import held_by
from app.recognitions.terms import CertificateState
from app.web.deps import ConnDep
from app.web.gap_views import TONES, next_sought, says
from app.web.lookups import Lookup
from app.work.queries import needs_of, tasks_of, visits_of
from app.work.terms import Need, NeedState, Owner, Task, TaskState, Visit

_NEAR, _TITLES, _SENTENCES = 3, 4, 6
_OPEN = (Outcome.NOT_MET, Outcome.UNKNOWN, Outcome.MANUAL)
_LAPSES_WITHIN = timedelta(days=180)


@dataclass(frozen=True, slots=True)
class TitleBrief:
    title: str
    says: str
    tone: str
    href: str
    sentences: list[str]


@dataclass(frozen=True, slots=True)
class Brief:
    titles: list[TitleBrief]
    papers: list[Underway]
    lapsing: list[tuple[str, date, int]]  # what, until when, how many days
    steps: list[tuple[str, date, int]]  # of the firm's plan, overdue or next


@dataclass(frozen=True, slots=True)
class Work:
    visits: list[Visit]
    tasks: list[Task]
    needs: list[Need]

    @property
    def last_visit(self) -> Visit | None:
        return next((v for v in self.visits if v.struck_at is None), None)

    @property
    def open_tasks(self) -> list[Task]:
        return [t for t in self.tasks if t.state is TaskState.OPEN]

    @property
    def open_needs(self) -> list[Need]:
        return [n for n in self.needs if n.state is NeedState.OPEN]

    def promised(self, owner: Owner) -> list[Task]:
        return [t for t in self.open_tasks if t.owner is owner]


async def work_of(conn: ConnDep, firm: FirmDetail) -> Work:
    return Work(await visits_of(conn, firm.id), await tasks_of(conn, firm.id), await needs_of(conn, firm.id))


async def brief_of(
    request: Request, conn: ConnDep, lookup: Lookup, firm: FirmDetail, viewer: Viewer, *, today: date
) -> Brief:
    titles = await _titles(request, conn, lookup, firm, today) if viewer.may(Permission.ASSESSMENT_READ) else []
    lapsing = [
        (f"{c.kind.label} {c.number}", c.expires_on, (c.expires_on - today).days)
        for c in await held_by(conn, firm.id, today=today)
        if c.state is CertificateState.IN_FORCE and c.expires_on <= today + _LAPSES_WITHIN
    ]
    steps = [
        (step.action, step.due_on, (step.due_on - today).days)
        for plan in await plans_of(conn, firm.id)
        if plan.state is PlanState.OPEN
        for step in plan.steps
        if step.done_at is None
    ]
    return Brief(titles, await underway(conn, firm.id), lapsing, sorted(steps, key=lambda s: s[1])[:_SENTENCES])


async def _titles(request: Request, conn: ConnDep, lookup: Lookup, firm: FirmDetail, today: date) -> list[TitleBrief]:
    """The next tier's title, and those above it that are near: nobody can talk about eighteen."""
    teller: Teller = request.app.state.teller
    facts = (await gather(conn, [firm.id]))[firm.id].facts
    told = teller.tell(lookup.policies, facts, as_of=today, today=today, case=Case.NEW)
    current = lookup.main.tier(firm.tier)
    above = [tier.sought for tier in lookup.main.tiers if current is None or tier.rank > current.rank]
    ahead = [a for policy in dict.fromkeys(above) if (a := told.of(policy)) and a.outcome in _OPEN]
    wanted = [a for a in ahead if a.policy == next_sought(firm, lookup) or a.missed + a.lacking <= _NEAR]
    return [
        TitleBrief(
            a.title,
            says(a),
            TONES.get(a.outcome, ""),
            f"/firms/{firm.uscc}/gap?policy={a.policy}",
            a.sentences[:_SENTENCES],
        )
        for a in wanted[:_TITLES]
    ]


def work_context(work: Work, firm: FirmDetail, viewer: Viewer, today: date) -> dict[str, Any]:
    last = work.last_visit
    return {
        "last_visit": last,
        "silent_days": (today - last.visited_on).days if last else None,
        "ours": work.promised(Owner.BUREAU),
        "theirs": work.promised(Owner.FIRM),
        "open_needs": work.open_needs,
        "contacts": firm.contacts,
        "contacts_masked": bool(hidden_from(viewer)),
    }
