"""Handing in: checked whole, signed, numbered; and what becomes of it. Nobody but the firm ever changes a figure."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, update

from app.access.terms import Actor, Viewer
from app.audit.service import event_row, record
from app.clerks.queries import clerk_ids_of
from app.clerks.signatories import must_sign
from app.db import Conn, new_id
from app.errors import Conflict, Invalid, NotFound, Refused
from app.outbox.writing import notice, post
from app.reports.catalogue import Form
from app.reports.earlier import figures_before
from app.reports.hiding import signed
from app.reports.models import Submission, SubmissionRound, YearlyReport
from app.reports.queries import (
    ROUND,
    Filing,
    Round,
    filing_by_id,
    filings_held,
    own_filing,
    pages_of,
    rounds_in,
    rounds_of,
)
from app.reports.reading import Examined, examine
from app.reports.sharing import told_elsewhere
from app.reports.terms import ANNUAL, REPORTED, ReportState


@dataclass(frozen=True, slots=True)
class Receipt:
    number: str
    filing: Filing


async def examined(conn: Conn, filing: Filing, form: Form) -> Examined:
    pages = await pages_of(conn, filing.id)
    answers = {code: page.answers for code, page in pages.items()}
    last = await figures_before(conn, filing.firm_id, filing.year)
    return examine(form, answers, last, await told_elsewhere(conn, filing))


async def hand_in(
    conn: Conn, firm_id: uuid.UUID, year: int, form: Form, *, officer: uuid.UUID | None, by: Actor, at: datetime
) -> Receipt:
    """Raises Refused with what is missing; handed in twice is handed in once."""
    await must_sign(conn, by)
    filing = await own_filing(conn, firm_id, year, form.code, hold="update")
    if filing is None:
        raise NotFound
    if not filing.editable:
        latest = (await rounds_of(conn, filing.id))[0]
        return Receipt(latest.number, filing)
    found = await examined(conn, filing, form)
    silent = [d for d in found.doubts if not filing.explanations.get(d.key)]
    if found.faults or silent:
        reasons = [f"{f.label}：{f.sentence}" for f in found.faults] + [f"{d.label}：{d.sentence}" for d in silent]
        raise Refused("还不能提交，请先改好下面几处。", reasons=reasons[:30])
    number = f"{year}-{filing.uscc}-{form.mark}{filing.round + 1:02d}"
    pages = await pages_of(conn, filing.id)
    row = {"submission_id": filing.id, "round": filing.round + 1, "number": number, "figures": found.figures}
    typed = {code: page.answers for code, page in pages.items()}
    row["answers"], row["reached"] = signed(conn.vault, filing.id, filing.round + 1, typed)
    row |= {"explanations": {d.key: filing.explanations[d.key] for d in found.doubts}}
    row |= {"submitted_at": at, "submitted_by": by.viewer.id, "submitter_name": by.viewer.name}
    await conn.execute(insert(SubmissionRound).values(row))
    changed = {"state": ReportState.SUBMITTED.value, "round": filing.round + 1, "submitted_at": at}
    await conn.execute(update(Submission).where(Submission.id == filing.id).values(**changed, open_questions=[]))
    await record(conn, _noted(filing, "submitted", by=by, at=at, number=number))
    if officer is not None:
        subject = f"{filing.firm_name}提交了 {filing.name}"
        told = notice("report_submitted", number, to=officer, subject=subject, at=at, review=str(filing.id))
        await post(conn, told)
    return Receipt(number, filing)


async def give_back(
    conn: Conn, filing_id: uuid.UUID, comments: Mapping[str, str], form: Form, *, by: Actor, at: datetime
) -> Filing:
    """退回补正: what is commented on is open again, everything else stays locked. Raises Conflict, Invalid."""
    filing = await _waiting(conn, filing_id, viewer=by.viewer)
    known = {q.code for q in form.questions.values() if not q.of} | {s.code for s in form.sections if s.group}
    said = {code: words for code, words in comments.items() if words and code in known}
    if not said:
        raise Invalid({"comments": "请至少在一项下面写明要补正什么。"})
    await _decide(conn, [filing.id], ReportState.RETURNED, said, by=by, at=at)
    opened = {"state": ReportState.RETURNED.value, "open_questions": sorted(said)}
    await conn.execute(update(Submission).where(Submission.id == filing.id).values(**opened))
    await record(conn, _noted(filing, "returned", by=by, at=at, questions="、".join(sorted(said))))
    subject = f"{filing.name}退回补正 {len(said)} 处，请补正后重新提交"
    await _tell_clerks(conn, [(filing, subject)], "report_returned", at=at)
    return filing


async def accept(conn: Conn, filing_id: uuid.UUID, *, by: Actor, at: datetime) -> Filing:
    """Raises Conflict for what does not wait any more."""
    filing = await _waiting(conn, filing_id, viewer=by.viewer)
    await _accept(conn, [filing], by=by, at=at)
    return filing


async def accept_all(conn: Conn, looked_at: Mapping[uuid.UUID, int], *, by: Actor, at: datetime) -> list[Filing]:
    """Those that still wait in the round that was looked at; what was decided or handed in anew meanwhile stays."""
    found = await filings_held(conn, looked_at.keys(), viewer=by.viewer)
    waiting = [f for f in found if f.state is ReportState.SUBMITTED and f.round == looked_at[f.id]]
    await _accept(conn, waiting, by=by, at=at)
    return waiting


async def _accept(conn: Conn, filings: Sequence[Filing], *, by: Actor, at: datetime) -> None:
    """Those that are held: as few statements for many as for one."""
    if not filings:
        return
    ids = [filing.id for filing in filings]
    rounds = {one.submission_id: one for one in await _decide(conn, ids, ReportState.ACCEPTED, {}, by=by, at=at)}
    await _enter(conn, [(f, rounds[f.id]) for f in filings if f.form == ANNUAL], by=by, at=at)
    closed = {"state": ReportState.ACCEPTED.value, "open_questions": []}
    await conn.execute(update(Submission).where(Submission.id.in_(ids)).values(**closed))
    await record(conn, *(_noted(f, "accepted", by=by, at=at, number=rounds[f.id].number) for f in filings))
    await _tell_clerks(conn, [(f, f"{f.name}已审核通过") for f in filings], "report_accepted", at=at)


async def _enter(conn: Conn, signed: Sequence[tuple[Filing, Round]], *, by: Actor, at: datetime) -> None:
    """The yearly form's figures go into the ledger as they were signed: there is no other way in, and none to change
    them. Another form asks for some of them again only to have them beside its own."""
    y = YearlyReport
    query = select(y.firm_id, y.year, func.max(y.version)).where(y.firm_id.in_({f.firm_id for f, _ in signed}))
    latest = {(firm, year): last for firm, year, last in await conn.execute(query.group_by(y.firm_id, y.year))}
    decided = {"state": ReportState.ACCEPTED.value, "created_at": at, "decided_at": at}
    decided |= {"decided_by": by.viewer.id, "decider_name": by.viewer.name}
    rows = [
        {
            **decided,
            "id": new_id(),
            "firm_id": filing.firm_id,
            "year": filing.year,
            "version": latest.get((filing.firm_id, filing.year), 0) + 1,
            "figures": {code: value for code, value in one.figures.items() if code in REPORTED},
            "source": f"企业填报，回执 {one.number}",
            "submitted_at": one.submitted_at,
            "submitter_name": one.submitter_name,
        }
        for filing, one in signed
    ]
    if rows:
        await conn.execute(insert(y), rows)


async def _waiting(conn: Conn, filing_id: uuid.UUID, *, viewer: Viewer) -> Filing:
    filing = await filing_by_id(conn, filing_id, viewer=viewer, hold=True)
    if filing is None:
        raise NotFound
    if filing.state is not ReportState.SUBMITTED:
        raise Conflict(f"这份填报现在是“{filing.state.label}”，请刷新后再看。")
    return filing


async def _decide(
    conn: Conn, ids: Sequence[uuid.UUID], state: ReportState, comments: Mapping[str, str], *, by: Actor, at: datetime
) -> list[Round]:
    """Of each the latest round, which is what waits."""
    r, s = SubmissionRound, Submission
    decided = {"state": state.value, "comments": dict(comments), "decided_at": at}
    decided |= {"decided_by": by.viewer.id, "decider_name": by.viewer.name}
    latest = (r.submission_id == s.id, r.round == s.round, s.id.in_(ids))
    return rounds_in(conn.vault, await conn.execute(update(r).where(*latest).values(**decided).returning(*ROUND)))


def _noted(filing: Filing, verb: str, *, by: Actor, at: datetime, **after: str) -> Mapping[str, Any]:
    told = {"year": filing.year, "form": filing.form, **after}
    return event_row(
        f"firm:report:{verb}",
        by=by,
        at=at,
        object_type="firm",
        object_id=filing.firm_id,
        object_label=filing.uscc,
        after=told,
    )


async def _tell_clerks(conn: Conn, subjects: Sequence[tuple[Filing, str]], kind: str, *, at: datetime) -> None:
    people = await clerk_ids_of(conn, [filing.firm_id for filing, _ in subjects])
    rows = [
        notice(kind, f"{filing.id}:{filing.round}", to=one, subject=subject, at=at, report=filing.key)
        for filing, subject in subjects
        for one in people.get(filing.firm_id, ())
    ]
    await post(conn, *rows)
