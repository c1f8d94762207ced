"""What a version would change: every firm judged by what counts now and by the new text, side by side, on one day.

Both on a day that the facts are about. A text that begins next year would find no figures of its own years yet; so the
question is what it would say if it counted today.
"""

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import localcontext

from sqlalchemy import Select, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from app.access.terms import Viewer
from app.assessments.gathering import gather
from app.assessments.models import FirmAssessment, PolicyImpact, PolicyImpactFirm
from app.assessments.refreshing import firm_count, ids_after
from app.assessments.versions import Edition, list_versions, pack_of, version_by_id
from app.db import Conn
from app.firms.filtering import visible_to
from app.firms.models import Firm
from app.policy.context import Context
from app.policy.evaluate import judge
from app.policy.exact import EXACT
from app.policy.packs import Pack
from app.policy.terms import Case, Outcome

BATCH = 500  # firms in one transaction
AT_ONCE = 500  # so many are counted while the person waits; more are the worker's
_NOBODY = uuid.UUID(int=0)
LISTED = 200  # firms shown on a page; the file has all


@dataclass(frozen=True, slots=True)
class Impact:
    text_hash: str
    as_of: date
    done: int
    total: int
    counts: Mapping[tuple[Outcome, Outcome], int]
    finished_at: datetime | None

    @property
    def changed(self) -> int:
        return sum(n for (before, after), n in self.counts.items() if before is not after)

    @property
    def steps(self) -> list[tuple[Outcome, Outcome, int]]:
        """Those that change, the most firms first."""
        found = [(before, after, n) for (before, after), n in self.counts.items() if before is not after]
        return sorted(found, key=lambda step: -step[2])


@dataclass(frozen=True, slots=True)
class ChangedAnswer:
    uscc: str
    name: str
    before: Outcome
    after: Outcome


async def ask_impact(conn: Conn, edition: Edition, *, at: datetime, today: date) -> None:
    """Counts anew. A few hundred firms at once; a county's are left to the worker."""
    await conn.execute(delete(PolicyImpact).where(PolicyImpact.version_id == edition.id))
    last = edition.version.effective_to
    of_firms = edition.subject == "firm" and edition.version.deduction is None  # else nobody is found met or not
    total = await firm_count(conn, active=True) if of_firms else 0
    asked = {
        "version_id": edition.id,
        "text_hash": edition.text_hash,
        "as_of": min(today, last) if last else today,
        "asked_at": at,
        "total": total,
        "counts": {},
        "finished_at": None if total else at,
    }
    await conn.execute(insert(PolicyImpact).values(**asked))
    if 0 < total <= AT_ONCE:
        while await count_some(conn, at=at, only=edition.id):
            pass


async def impact_of(conn: Conn, version_id: uuid.UUID) -> Impact | None:
    i = PolicyImpact
    query = select(i.text_hash, i.as_of, i.done, i.total, i.counts, i.finished_at).where(i.version_id == version_id)
    row = (await conn.execute(query)).one_or_none()
    if row is None:
        return None
    counts = {tuple(map(Outcome, step.split(">"))): n for step, n in row.counts.items()}
    return Impact(row.text_hash, row.as_of, row.done, row.total, counts, row.finished_at)  # type: ignore[arg-type]


_WAITING = (
    select(PolicyImpact.version_id, PolicyImpact.as_of, PolicyImpact.last_firm, PolicyImpact.counts)
    .where(PolicyImpact.finished_at.is_(None))
    .order_by(PolicyImpact.asked_at)
    .limit(1)
)


async def count_some(conn: Conn, *, at: datetime, only: uuid.UUID | None = None) -> int:
    """One batch of the longest waiting count, which is this transaction's alone; how many firms it was.

    Where it stopped is kept with it, so that whoever comes next goes on from there.
    """
    query = _WAITING if only is None else _WAITING.where(PolicyImpact.version_id == only)
    row = (await conn.execute(query.with_for_update(skip_locked=True))).one_or_none()
    if row is None:
        return 0
    ids = await ids_after(conn, row.last_firm or _NOBODY, most=BATCH, active=True)
    edition = await version_by_id(conn, row.version_id)
    changed = await _changed(conn, edition, ids, as_of=row.as_of)
    if rows := [(firm_id, before, after) for firm_id, (before, after) in changed.items() if before is not after]:
        columns = ("firm_id", "before", "after")
        values = [{"version_id": edition.id, **dict(zip(columns, one, strict=True))} for one in rows]
        await conn.execute(upsert(PolicyImpactFirm).on_conflict_do_nothing(), values)
    counts = Counter(row.counts) + Counter(f"{before}>{after}" for before, after in changed.values())
    over = len(ids) < BATCH
    done: dict[str, object] = {"last_firm": ids[-1]} if ids else {}
    await conn.execute(
        update(PolicyImpact)
        .where(PolicyImpact.version_id == edition.id)
        .values(counts=dict(counts), done=PolicyImpact.done + len(ids), finished_at=at if over else None, **done)
    )
    return len(ids)


async def next_count(conn: Conn) -> uuid.UUID | None:
    """The longest waiting, which `count_some` would take."""
    row = (await conn.execute(_WAITING)).first()
    return row.version_id if row else None


async def put_behind(conn: Conn, version_id: uuid.UUID, *, at: datetime) -> None:
    """One that cannot be counted waits behind the others."""
    await conn.execute(update(PolicyImpact).where(PolicyImpact.version_id == version_id).values(asked_at=at))


async def waiting_firms(conn: Conn) -> int:
    """How many firms are still to be judged for a count."""
    i = PolicyImpact
    query = select(func.coalesce(func.sum(i.total - i.done), 0)).where(i.finished_at.is_(None))
    return int((await conn.execute(query)).scalar_one())


async def _changed(
    conn: Conn, edition: Edition, ids: Sequence[uuid.UUID], *, as_of: date
) -> dict[uuid.UUID, tuple[Outcome, Outcome]]:
    counting = [e.version for e in await list_versions(conn, policy=edition.policy) if e.counts]
    now = pack_of(edition, counting) if counting else None
    then = _as_if_in_force(edition, as_of)
    case = edition.version.cases[0] if edition.version.cases else Case.NEW
    gathered = await gather(conn, ids)
    with localcontext(EXACT):
        return {firm_id: _both(now, then, Context(found.facts, as_of, case)) for firm_id, found in gathered.items()}


def _both(now: Pack | None, then: Pack, ctx: Context) -> tuple[Outcome, Outcome]:
    before = judge(now, ctx).outcome if now else Outcome.NOT_APPLICABLE
    return before, judge(then, ctx).outcome


def _as_if_in_force(edition: Edition, day: date) -> Pack:
    text = edition.version
    begins = min(text.effective_from, day)
    return pack_of(edition, [text.model_copy(update={"effective_from": begins})])


async def answers_of(conn: Conn, edition: Edition, *, viewer: Viewer) -> dict[Outcome, int]:
    """How many firms in sight have their answer of this version now: those that its retirement leaves without one."""
    a = FirmAssessment
    query = (
        select(a.outcome, func.count())
        .join(Firm, Firm.id == a.firm_id)
        .where(a.policy == edition.policy, a.version == edition.version.version, visible_to(viewer))
        .group_by(a.outcome)
    )
    return {Outcome(outcome): n for outcome, n in await conn.execute(query)}


def _firms_of(version_id: uuid.UUID, viewer: Viewer) -> Select[str, str, str, str]:
    i = PolicyImpactFirm
    return (
        select(Firm.uscc, Firm.name, i.before, i.after)
        .join(Firm, Firm.id == i.firm_id)
        .where(i.version_id == version_id, visible_to(viewer))
        .order_by(i.before, i.after, Firm.name)
    )


async def firms_changed(
    conn: Conn, version_id: uuid.UUID, *, viewer: Viewer, most: int | None = None
) -> list[ChangedAnswer]:
    """Those in the viewer's sight."""
    rows = await conn.execute(_firms_of(version_id, viewer).limit(most))
    return [ChangedAnswer(uscc, name, Outcome(before), Outcome(after)) for uscc, name, before, after in rows]
