"""What reviewers look at: who waits, and what changed between two rounds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from app.access.terms import Viewer
from app.db import Conn
from app.firms.filtering import visible_to
from app.reports.catalogue import WORDED, Form, Question, Section
from app.reports.models import Submission, SubmissionRound
from app.reports.queries import Filing, Round, filing_of, filings
from app.reports.reading import read, rows_of, shown
from app.reports.terms import ReportState

MOST = 500


@dataclass(frozen=True, slots=True)
class Waiting:
    filing: Filing
    figures: Mapping[str, str]
    explained: int


@dataclass(frozen=True, slots=True)
class Changed:
    label: str
    before: str
    after: str


async def waiting(conn: Conn, *, viewer: Viewer, limit: int = MOST) -> list[Waiting]:
    """Longest waiting first. One more than `limit` says that there are more."""
    s, r = Submission, SubmissionRound
    query = filings().add_columns(r.figures, r.explanations)
    query = query.join(r, (r.submission_id == s.id) & (r.round == s.round))
    query = query.where(s.state == ReportState.SUBMITTED.value, visible_to(viewer))
    rows = await conn.execute(query.order_by(s.submitted_at, s.id).limit(limit + 1))
    return [Waiting(filing_of(row[:-2]), row[-2], len(row[-1])) for row in rows]


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
            a, b = (_said(question, section, one) for one in (before, after))
            if a != b:
                found.append(Changed(question.label, a, b))
    return found


def _said(question: Question, section: Section, signed: Round) -> str:
    if question.kind in WORDED:
        return read(question, signed.answers.get(section.code, {}).get(question.code)).text  # type: ignore[arg-type]
    number = signed.figures.get(question.code)
    return "" if number is None else shown(Decimal(number), question)


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
