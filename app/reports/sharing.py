"""What a firm has told of a year once, for its other forms of that year: brought along, and held against them."""

import uuid
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from app.db import Conn
from app.reports.basis import with_total
from app.reports.catalogue import Form, Question, Section
from app.reports.forms import load_forms
from app.reports.models import Submission, SubmissionSection
from app.reports.queries import Filing, ledger_figures
from app.reports.reading import ROWS, Answers, Typed, examine, told_of, typed_of
from app.reports.terms import ANNUAL


async def told_figures(conn: Conn, firm_id: uuid.UUID, year: int, form: str) -> dict[str, Decimal]:
    """The figures of that year beside this form: in the firm's others as they stand, and what counts already."""
    forms = await load_forms(conn)
    s, p = Submission, SubmissionSection
    query = (
        select(s.form, s.form_version, p.section, p.answers)
        .join(p, p.submission_id == s.id)
        .where(s.firm_id == firm_id, s.year == year, s.form != form)
        .order_by(s.form == ANNUAL, s.form)
    )
    others: dict[tuple[str, int], dict[str, Answers]] = {}
    for code, version, section, answers in await conn.execute(query):
        others.setdefault((code, version), {})[section] = answers
    told: dict[str, Decimal] = {}
    for which, pages in others.items():
        if which in forms:
            told |= {code: Decimal(value) for code, value in examine(forms[which], pages, {}).figures.items()}
    told |= await ledger_figures(conn, firm_id, year)
    return with_total(told)


async def told_elsewhere(conn: Conn, filing: Filing) -> Mapping[str, Decimal]:
    """What a form is held against. The yearly one is the one that the others are held against."""
    return {} if filing.form == ANNUAL else await told_figures(conn, filing.firm_id, filing.year, filing.form)


def begun_with(form: Form, told: Mapping[str, Decimal], facts: Mapping[str, Any]) -> dict[str, Answers]:
    """By section, what nobody needs to type: `facts` by question, or by section for its rows."""
    return {section.code: _page(section, told, facts) for section in form.sections}


def _page(section: Section, told: Mapping[str, Decimal], facts: Mapping[str, Any]) -> Answers:
    if section.group:
        return {ROWS: facts[section.code]} if facts.get(section.code) else {}
    known = {question.code: _known(question, told, facts) for question in section.questions if not question.of}
    return {code: list(typed) for code, typed in known.items() if typed is not None}


def _known(question: Question, told: Mapping[str, Decimal], facts: Mapping[str, Any]) -> Typed | None:
    if question.code in facts:
        typed: Typed = facts[question.code]
        return typed
    number = told_of(question, told)
    if number is None and question.like:
        number = told.get(question.like)
    return typed_of(number, question) if number is not None else None
