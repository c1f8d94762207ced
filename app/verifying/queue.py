"""Who waits for a reviewer, and which of them want to be looked at one by one."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.access.terms import Actor, Viewer
from app.db import Conn
from app.reports import handing
from app.reports.earlier import figures_before_of
from app.reports.forms import Forms
from app.reports.queries import Filing
from app.reports.reviewing import MOST, Waiting, waiting
from app.verifying.queries import Case, prompts_of, verified_of
from app.verifying.rules import open_prompts


@dataclass(frozen=True, slots=True)
class Queued:
    filing: Filing
    prompts: int  # likenesses that nobody has looked into
    explained: int  # soft checks that the firm has explained

    @property
    def clean(self) -> bool:
        return not self.prompts and not self.explained


async def queue(conn: Conn, forms: Forms, *, viewer: Viewer) -> tuple[list[Queued], bool]:
    """What wants looking into first, then what was explained, then the rest; each the longest waiting first. And
    whether more wait than are listed."""
    found = await waiting(conn, viewer=viewer)
    open_ = await _open_prompts(conn, found[:MOST], forms, viewer)
    rows = [Queued(one.filing, open_.get(one.filing.id, 0), one.explained) for one in found[:MOST]]
    return sorted(rows, key=lambda q: (not q.prompts, not q.explained)), len(found) > MOST


async def _open_prompts(conn: Conn, found: Collection[Waiting], forms: Forms, viewer: Viewer) -> dict[UUID, int]:
    last = await figures_before_of(conn, {(one.filing.firm_id, one.filing.year) for one in found})
    cases = [
        Case(one.filing, form, one.figures, last[one.filing.firm_id, one.filing.year])
        for one in found
        if (form := forms.get((one.filing.form, one.filing.form_version))) is not None
    ]
    prompts = await prompts_of(conn, cases, viewer=viewer)
    known = await verified_of(conn, {case.filing.firm_id for case in cases})
    return {case.filing.id: len(open_prompts(prompts[case.filing.id], known[case.filing.firm_id])) for case in cases}


async def accept_clean(conn: Conn, ids: Collection[UUID], forms: Forms, *, by: Actor, at: datetime) -> tuple[int, int]:
    """How many were accepted, and how many of the chosen were not: they are looked at one by one, or decided by now."""
    rows, _ = await queue(conn, forms, viewer=by.viewer)
    clean = {row.filing.id: row.filing.round for row in rows if row.clean and row.filing.id in ids}
    accepted = await handing.accept_all(conn, clean, by=by, at=at)
    return len(accepted), len(set(ids)) - len(accepted)
