"""What reviewers look at: who waits, who has not filed, and what changed between two rounds."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import and_, func, or_, select

from app.access.models import User
from app.access.terms import Actor, Role, Viewer
from app.clerks.queries import clerks_of
from app.clock import business_day
from app.db import Conn
from app.firms.filtering import visible_to
from app.firms.models import Firm
from app.outbox.writing import notice, post
from app.reports.catalogue import Form
from app.reports.models import Submission, SubmissionRound
from app.reports.queries import Filing, Round, filing_of, filings
from app.reports.reading import rows_of
from app.reports.terms import ANNUAL, ReportState

MOST = 100


@dataclass(frozen=True, slots=True)
class Waiting:
    filing: Filing
    doubts: int


@dataclass(frozen=True, slots=True)
class Silent:
    """A firm with accounts that has not handed in."""

    firm_id: uuid.UUID
    uscc: str
    name: str
    state: ReportState | None  # None when it has not begun


@dataclass(frozen=True, slots=True)
class Changed:
    label: str
    before: str
    after: str


async def waiting(conn: Conn, *, viewer: Viewer) -> list[Waiting]:
    """Longest waiting first."""
    s, r = Submission, SubmissionRound
    words = select(r.explanations).where(r.submission_id == s.id, r.round == s.round).scalar_subquery()
    query = filings().add_columns(words).where(s.state == ReportState.SUBMITTED.value, visible_to(viewer))
    rows = await conn.execute(query.order_by(s.submitted_at, s.id).limit(MOST))
    return [Waiting(filing_of(row[:-1]), len(row[-1] or {})) for row in rows]


async def state_counts(conn: Conn, year: int, *, viewer: Viewer) -> dict[ReportState, int]:
    s = Submission
    query = (
        select(s.state, func.count())
        .join(Firm, Firm.id == s.firm_id)
        .where(s.year == year, s.form == ANNUAL, visible_to(viewer))
        .group_by(s.state)
    )
    return {ReportState(state): count for state, count in await conn.execute(query)}


async def silent(conn: Conn, year: int, *, viewer: Viewer) -> list[Silent]:
    """Who could have filed and has not: chased by one button. Without an account nobody could."""
    s = Submission
    has_account = select(User.id).where(User.firm_id == Firm.id, User.role == Role.FIRM.value, User.active).exists()
    of_year = and_(s.firm_id == Firm.id, s.year == year, s.form == ANNUAL)
    open_still = or_(s.id.is_(None), s.state.in_([ReportState.DRAFT.value, ReportState.RETURNED.value]))
    query = (
        select(Firm.id, Firm.uscc, Firm.name, s.state)
        .outerjoin(s, of_year)
        .where(visible_to(viewer), has_account, open_still)
        .order_by(Firm.name)
        .limit(MOST)
    )
    rows = await conn.execute(query)
    return [Silent(firm_id, uscc, name, ReportState(state) if state else None) for firm_id, uscc, name, state in rows]


async def chase(conn: Conn, year: int, *, by: Actor, at: datetime) -> int:
    """Tells the clerks of all who have not filed, once a day at most; how many firms."""
    late = await silent(conn, year, viewer=by.viewer)
    rows: list[dict[str, Any]] = []
    for firm in late:
        subject = f"请填报并提交 {year} 年度数据"
        key = f"{firm.firm_id}:{year}:{business_day(at)}"
        people = await clerks_of(conn, firm.firm_id)
        rows += [notice("report_chased", key, to=one.id, subject=subject, at=at, report=str(year)) for one in people]
    await post(conn, *rows)
    return len(late)


def differences(form: Form, before: Round, after: Round) -> list[Changed]:
    """What a resubmission changed, figure by figure; rows are compared as a whole."""
    found = []
    for section in form.sections:
        if section.group:
            one, other = (len(rows_of(r.answers.get(section.code, {}))) for r in (before, after))
            if before.answers.get(section.code) != after.answers.get(section.code):
                found.append(Changed(section.title, f"{one} 条", f"{other} 条（有改动）"))
            continue
        for question in section.questions:
            a, b = before.figures.get(question.code), after.figures.get(question.code)
            if a != b:
                found.append(Changed(question.label, a or "", b or ""))
    return found


Quartiles = tuple[Decimal, Decimal, Decimal]


def standing(figures: Mapping[str, str], quarters: Mapping[str, Quartiles], codes: Sequence[str]) -> dict[str, str]:
    """Where a figure lies among the firms of its industry, in a word."""
    words = {}
    for code in codes:
        if code in quarters and code in figures:
            low, _, high = quarters[code]
            mine = Decimal(figures[code])
            words[code] = "低于多数同行" if mine < low else "高于多数同行" if mine > high else "在中间一半"
    return words
