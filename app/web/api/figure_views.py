"""Which figures of a year somebody is shown: a firm its own draft, the bureau what was signed, else what counts."""

from collections.abc import Mapping
from typing import Any

from app.access.terms import Viewer
from app.db import Conn
from app.errors import NotFound
from app.firms.terms import FirmDetail
from app.reports.catalogue import Form, Kind, Section
from app.reports.earlier import figures_before
from app.reports.queries import (
    Filing,
    LedgerReport,
    Round,
    ledger_report,
    own_filing,
    pages_of,
    rounds_of,
    version_tag,
)
from app.reports.reading import Answers, Examined, examine, read, rows_of
from app.reports.sharing import told_elsewhere
from app.reports.terms import ANNUAL, ReportState
from app.web.api.figure_schemas import DoubtOut, FaultOut, FiguresOut
from app.web.lookups import Lookup


async def shown_figures(
    conn: Conn, firm: FirmDetail, year: int, form: str, *, viewer: Viewer, lookup: Lookup
) -> tuple[FiguresOut, str]:
    """With the tag of what was read. Raises NotFound when nothing of that year is for this viewer."""
    filing = await own_filing(conn, firm.id, year, form)
    if filing is not None and (viewer.firm_id == firm.id or filing.round):
        return await _filed(conn, filing, lookup, own=viewer.firm_id == firm.id)
    kept = await ledger_report(conn, firm.id, year) if form == ANNUAL else None
    if kept is None:
        raise NotFound(f"没有这家企业 {year} 年度的数据。")
    return _kept(firm.uscc, year, kept), f"ledger.{kept.version}"


async def _filed(conn: Conn, filing: Filing, lookup: Lookup, *, own: bool) -> tuple[FiguresOut, str]:
    form = lookup.forms.get((filing.form, filing.form_version))
    if form is None:
        raise NotFound("这份填报用的表单版本不在系统里，请联系主管部门。")
    pages, rounds = await pages_of(conn, filing.id), await rounds_of(conn, filing.id)
    latest = rounds[0] if rounds else None
    drafted = own and filing.editable
    answers: Mapping[str, Answers] = {code: page.answers for code, page in pages.items()}
    if not drafted and latest is not None:
        answers = latest.answers
    last = await figures_before(conn, filing.firm_id, filing.year)
    found = examine(form, answers, last, await told_elsewhere(conn, filing))
    explanations = filing.explanations if drafted or latest is None else latest.explanations
    return _out(filing, form, answers, found, latest, explanations), version_tag(filing, pages)


def _out(
    filing: Filing,
    form: Form,
    answers: Mapping[str, Answers],
    found: Examined,
    latest: Round | None,
    explanations: Mapping[str, str],
) -> FiguresOut:
    sums = {q.code for q in form.questions.values() if q.kind is Kind.SUM}
    figures = found.figures
    return FiguresOut(
        uscc=filing.uscc,
        year=filing.year,
        state=filing.state.value,
        form=filing.form,
        form_version=filing.form_version,
        round=filing.round,
        number=latest.number if latest else None,
        source="企业填报",
        figures={code: value for code, value in figures.items() if code not in sums},
        computed={code: value for code, value in figures.items() if code in sums},
        rows={s.code: _rows(s, answers.get(s.code, {})) for s in form.sections if s.group},
        explanations=dict(explanations),
        comments=dict(latest.comments) if latest and filing.state is ReportState.RETURNED else {},
        open=list(filing.open_questions),
        faults=[FaultOut(code=f.field, label=f.label, sentence=f.sentence, missing=f.missing) for f in found.faults],
        doubts=[DoubtOut(key=d.key, label=d.label, sentence=d.sentence) for d in found.doubts],
        submitted_at=latest.submitted_at if latest else None,
        submitter=latest.submitter_name if latest else "",
        decided_at=latest.decided_at if latest else None,
        decider=latest.decider_name if latest else "",
    )


def _rows(section: Section, answers: Answers) -> list[dict[str, str]]:
    """A choice by its key, an amount in 元, a date as ISO: what may be sent back as it is."""
    found = []
    for row in rows_of(answers):
        said: dict[str, str] = {}
        for question in section.questions:
            value = read(question, row.get(question.code))
            typed = str(row[question.code][0]) if question.code in row else ""
            text = f"{value.number:f}" if value.number is not None else value.text
            if text and not value.fault:
                said[question.code] = typed if question.kind is Kind.CHOICE else text
        found.append(said)
    return found


def _kept(uscc: str, year: int, kept: LedgerReport) -> FiguresOut:
    nothing: dict[str, Any] = {"form": None, "form_version": None, "round": 0, "number": None, "computed": {}}
    return FiguresOut(
        **nothing,
        uscc=uscc,
        year=year,
        state=kept.state.value,
        source=kept.source,
        figures=dict(kept.figures),
        rows={},
        explanations={},
        comments={},
        open=[],
        faults=[],
        doubts=[],
        submitted_at=kept.submitted_at,
        submitter=kept.submitter_name,
        decided_at=kept.decided_at,
        decider=kept.decider_name,
    )
