"""A form on its way: begun with what the house knows already, saved page by page, with or without all its answers."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy import insert as plain_insert
from sqlalchemy.dialects.postgresql import insert

from app.access.terms import Actor
from app.audit.service import event_row, record
from app.db import Conn, new_id
from app.errors import Conflict, Invalid, NotFound, Stale
from app.firms.terms import FirmDetail
from app.reports.bringing import Brought, changed_codes
from app.reports.catalogue import Form, Section
from app.reports.hiding import hidden, opened
from app.reports.models import SectionEditor, Submission, SubmissionSection
from app.reports.queries import Filing, own_filing, pages_of, version_tag
from app.reports.reading import Answers
from app.reports.sharing import begun_with, told_figures
from app.reports.terms import ANNUAL, ReportState
from app.statements import Kept


async def begin(
    conn: Conn, firm: FirmDetail, year: int, form: Form, facts: Mapping[str, Any], *, by: Actor, at: datetime
) -> Filing:
    """The firm's form of that year, made when it is missing; whoever comes second finds the first one's.

    `facts` are what the house knows, by question, or by section for its rows: nothing is typed twice.
    """
    row = {"id": new_id(), "firm_id": firm.id, "year": year, "form": form.code, "form_version": form.version}
    made = insert(Submission).values(**row, created_at=at, created_by=by.viewer.id).on_conflict_do_nothing()
    filing_id = (await conn.execute(made.returning(Submission.id))).scalar_one_or_none()
    if filing_id is not None:
        known = begun_with(form, await told_figures(conn, firm.id, year, form.code), facts)
        pages = [
            {"submission_id": filing_id, "section": code, "answers": hidden(conn.vault, filing_id, page)}
            for code, page in known.items()
        ]
        await conn.execute(plain_insert(SubmissionSection), pages)
        told = {"year": year, "form": form.code, "form_version": form.version}
        begun = event_row(
            "firm:report:begun", by=by, at=at, object_type="firm", object_id=firm.id, object_label=firm.uscc, after=told
        )
        await record(conn, begun)
    found = await own_filing(conn, firm.id, year, form.code)
    if found is None:
        raise NotFound
    return found


_P = SubmissionSection
_SAVE = Kept(
    update(_P)
    .where(_P.submission_id == bindparam("filing"), _P.section == bindparam("page"), _P.version == bindparam("seen"))
    .values(
        version=bindparam("now"),
        answers=bindparam("typed"),
        saved_at=bindparam("moment"),
        saver_name=bindparam("person"),
    )
    .returning(_P.version)
)


async def save_page(
    conn: Conn,
    firm_id: uuid.UUID,
    year: int,
    section: Section,
    answers: Answers,
    *,
    form: str = ANNUAL,
    seen: int,
    by: Actor,
    at: datetime,
) -> int:
    """The page's new version. Raises Stale when somebody saved it after it was `seen`, Conflict when it is closed.

    The same once more, as after an answer that never came, is neither written again nor anybody's conflict.
    """
    # Shared with other pages' saves, never beside a handing-in: what is signed is what is kept.
    filing = _open(await own_filing(conn, firm_id, year, form, hold="share"))
    if filing.state is ReportState.RETURNED:
        answers = await _only_open(conn, filing, section, answers)
    p = SubmissionSection
    typed = hidden(conn.vault, filing.id, answers)
    given = {"filing": filing.id, "page": section.code, "seen": seen, "now": seen + 1, "typed": typed}
    saved = await conn.execute(_SAVE, {**given, "moment": at, "person": by.viewer.name})
    if saved.one_or_none() is None:
        mine = (p.submission_id == filing.id, p.section == section.code)
        kept = (await conn.execute(select(p.saver_name, p.version, p.answers).where(*mine))).one_or_none()
        if kept is None:
            raise NotFound
        if opened(conn.vault, filing.id, kept.answers) != dict(answers):
            raise Stale(f"{kept.saver_name or '同事'}在您打开之后保存过这一节。")
        return int(kept.version)
    await note_editor(conn, filing.id, section.code, by=by, at=at)
    return seen + 1


async def _only_open(conn: Conn, filing: Filing, section: Section, answers: Answers) -> Answers:
    """Of a returned form only what was asked back may change; the rest stays as it was signed."""
    p = SubmissionSection
    query = select(p.answers).where(p.submission_id == filing.id, p.section == section.code)
    kept = opened(conn.vault, filing.id, (await conn.execute(query)).scalar_one_or_none() or {})
    if section.group:
        return answers if section.code in filing.open_questions else kept
    asked = {q.code for q in section.questions if q.code in filing.open_questions}
    rest = {code: typed for code, typed in kept.items() if code not in asked}
    return rest | {code: typed for code, typed in answers.items() if code in asked}


async def save_whole(
    conn: Conn,
    firm_id: uuid.UUID,
    year: int,
    form: Form,
    brought: Brought,
    *,
    seen: str,
    way: str,
    by: Actor,
    at: datetime,
) -> list[str]:
    """Keeps what was brought, where it differs; the codes that changed. `way` says how it came, for the trail.

    Raises Stale when the form is not the one that was `seen`, Conflict when it is closed, and Invalid, by code, for
    what a return left locked.
    """
    filing = _open(await own_filing(conn, firm_id, year, form.code, hold="update"))
    pages = await pages_of(conn, filing.id)
    if version_tag(filing, pages) != seen:
        raise Stale("这份填报在您读取之后有人保存过，请重新读取后再改。")
    pairs = {s: changed_codes(s, pages[s.code].answers, brought[s.code]) for s in form.sections if s.code in brought}
    if filing.state is ReportState.RETURNED:
        # What a program leaves out of a returned form it does not mean to empty.
        pairs = {s: _meant(s, codes, brought[s.code]) for s, codes in pairs.items()}
    changed = {s: codes for s, codes in pairs.items() if codes}
    if shut := [code for codes in changed.values() for code in codes if filing.locked(code)]:
        raise Invalid(dict.fromkeys(shut, "没有退回这一项，不能改。"))
    p = SubmissionSection
    for section, codes in changed.items():
        answers = _merged(section, codes, pages[section.code].answers, brought[section.code])
        values = {"version": p.version + 1, "answers": hidden(conn.vault, filing.id, answers), "saved_at": at}
        values["saver_name"] = by.viewer.name
        await conn.execute(update(p).where(p.submission_id == filing.id, p.section == section.code).values(**values))
    found = [code for codes in changed.values() for code in codes]
    if found:
        told = {"year": year, "form": form.code, "way": way, "questions": "、".join(found)[:500]}
        filled = event_row(
            "firm:report:filled",
            by=by,
            at=at,
            object_type="firm",
            object_id=firm_id,
            object_label=filing.uscc,
            after=told,
        )
        await record(conn, filled)
    return found


def _meant(section: Section, codes: list[str], brought: Answers) -> list[str]:
    return codes if section.group else [code for code in codes if code in brought]


def _merged(section: Section, codes: list[str], kept: Answers, brought: Answers) -> dict[str, Any]:
    """What did not change stays as it was typed, with its unit."""
    if section.group:
        return dict(brought)
    rest = {code: typed for code, typed in kept.items() if code not in codes}
    return rest | {code: brought[code] for code in codes if code in brought}


_SEEN = insert(SectionEditor).values(
    {name: bindparam(f"the_{name}") for name in ("submission_id", "section", "user_id", "name", "at")}
)
_NOTE = Kept(
    _SEEN.on_conflict_do_update(
        index_elements=["submission_id", "section", "user_id"],
        set_={"at": _SEEN.excluded.at, "name": _SEEN.excluded.name},
    )
)


async def note_editor(conn: Conn, filing_id: uuid.UUID, section: str, *, by: Actor, at: datetime) -> None:
    row = {"submission_id": filing_id, "section": section, "user_id": by.viewer.id, "name": by.viewer.name, "at": at}
    await conn.execute(_NOTE, {f"the_{name}": value for name, value in row.items()})


async def explain(conn: Conn, filing: Filing, explanations: Mapping[str, str]) -> None:
    """Keeps what was written beside the soft checks, and what a colleague has written beside others meanwhile. Raises
    Conflict when the form is closed."""
    held = _open(await own_filing(conn, filing.firm_id, filing.year, filing.form, hold="update"))
    kept = {key: words for key, words in {**held.explanations, **explanations}.items() if words}
    await conn.execute(update(Submission).where(Submission.id == held.id).values(explanations=kept))


def _open(filing: Filing | None) -> Filing:
    if filing is None:
        raise NotFound
    if not filing.editable:
        raise Conflict(f"{filing.name}{filing.state.label}，不能再改。")
    return filing
