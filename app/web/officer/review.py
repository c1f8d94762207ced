"""One form before its reviewer: figures beside last year's and the industry's; sent back by question or accepted."""

import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

from fastapi import Depends, Form, Request, Response

from app.access.terms import Actor, Permission, Viewer
from app.attachments.queries import attachments_on
from app.attachments.terms import Attachment, ObjectKind
from app.db import Conn
from app.errors import Invalid, NotFound
from app.firms.queries import firm_by_id
from app.reports import handing, reviewing
from app.reports.basis import RD_TOTAL
from app.reports.catalogue import WORDED, Question
from app.reports.catalogue import Form as ReportForm
from app.reports.earlier import figures_before
from app.reports.queries import Filing, Round, filing_by_id, quartiles, rounds_of
from app.reports.reading import MONEY_WORDS, Value, examine, shown, shown_briefly
from app.reports.receipts import check_code
from app.reports.sharing import told_elsewhere
from app.reports.terms import ReportState
from app.verifying.queries import Case, prompts_of, verified_of
from app.verifying.rules import open_prompts
from app.verifying.service import note_outcome
from app.verifying.terms import Outcome, Prompt, Verified
from app.web.deps import ClockDep, ConnDep, LookupDep, acting, guard
from app.web.evidence import by_place
from app.web.forms import clean_text
from app.web.htmx import see_other
from app.web.lookups import Lookup
from app.web.routing import Router
from app.web.templating import page

router = Router()
Reviewer = Annotated[Viewer, Depends(guard(Permission.REPORT_REVIEW))]
ActingReviewer = Annotated[Actor, Depends(acting(Permission.REPORT_REVIEW))]
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Line:
    question: Question
    now: str
    before: str
    change: str
    middle: str
    word: str
    comment: str
    given: bool
    exactly: str
    exactly_before: str


async def _prompts(
    conn: Conn, filing: Filing, form: ReportForm, signed: Round, last: dict[str, Decimal], viewer: Viewer
) -> tuple[list[Prompt], list[Verified]]:
    """Those to look into, and what was found out before."""
    found = await prompts_of(conn, [Case(filing, form, signed.figures, last)], viewer=viewer)
    known = (await verified_of(conn, [filing.firm_id]))[filing.firm_id]
    return open_prompts(found[filing.id], known), known


async def _found(
    conn: Conn, lookup: Lookup, filing_id: uuid.UUID, viewer: Viewer
) -> tuple[Filing, ReportForm, list[Round]]:
    filing = await filing_by_id(conn, filing_id, viewer=viewer)
    rounds = await rounds_of(conn, filing_id) if filing else []
    if filing is None or not rounds:  # a draft is nobody's statement yet, and nobody else's to read
        raise NotFound
    form = lookup.forms.get((filing.form, filing.form_version))
    if form is None:
        raise NotFound("这份填报用的表单版本不在系统里。")
    return filing, form, rounds


@router.get("/reviews/{filing_id}")
async def review_page(
    request: Request, filing_id: uuid.UUID, viewer: Reviewer, conn: ConnDep, lookup: LookupDep
) -> Response:
    return await _page(request, conn, lookup, filing_id, viewer, {})


async def _page(
    request: Request,
    conn: Conn,
    lookup: Lookup,
    filing_id: uuid.UUID,
    viewer: Viewer,
    typed: dict[str, str],
    *,
    error: Invalid | None = None,
) -> Response:
    filing, form, rounds = await _found(conn, lookup, filing_id, viewer)
    firm = await firm_by_id(conn, filing.firm_id, viewer=viewer)
    if firm is None:
        raise NotFound
    latest, last = rounds[0], await figures_before(conn, firm.id, filing.year)
    codes = [q.code for q in form.questions.values() if q.policy or q.code == RD_TOTAL]
    quarters = await quartiles(conn, firm.id, industry=firm.industry_code or "", year=filing.year, codes=codes)
    found = examine(form, latest.answers, last, await told_elsewhere(conn, filing))
    comments = typed or dict(latest.comments)
    words = reviewing.standing(latest.figures, quarters, codes)
    prompts, verified = await _prompts(conn, filing, form, latest, last, viewer)
    context: dict[str, Any] = {
        "filing": filing,
        "firm": firm,
        "form": form,
        "rounds": rounds,
        "latest": latest,
        "check": check_code(latest),
        "doubts": [(d, latest.explanations.get(d.key, "")) for d in found.doubts],
        "lines": {
            s.code: [_line(q, found.values[q.code], last, quarters, words, comments) for q in s.questions]
            for s in form.sections
            if not s.group
        },
        "found": found,
        "comments": comments,
        "files": await _files(conn, filing, form),
        "changed": reviewing.differences(form, rounds[1], latest) if len(rounds) > 1 else [],
        "prompts": prompts,
        "verified": verified,
        "outcomes": [("", "请选择"), *Outcome.options()],
        "units": dict(MONEY_WORDS),
        "error": "".join(error.fields.values()) or error.sentence if error else "",
        "open": filing.state is ReportState.SUBMITTED,
    }
    status = error.status if error else 200
    return page(request, "officer/reviews/review.html", title=f"审核：{filing.firm_name}", status=status, **context)


async def _files(conn: Conn, filing: Filing, form: ReportForm) -> list[tuple[str, list[Attachment]]]:
    """What was there when it was signed, by what it belongs to."""
    signed = [
        file
        for file in await attachments_on(conn, ObjectKind.REPORT, filing.id)
        if filing.submitted_at is not None and file.created_at <= filing.submitted_at
    ]
    return by_place(signed, form)


def _line(
    question: Question,
    signed: Value,
    last: dict[str, Decimal],
    quarters: dict[str, reviewing.Quartiles],
    words: dict[str, str],
    comments: dict[str, str],
) -> Line:
    def words_of(number: Decimal | None) -> str:
        return "—" if number is None else shown_briefly(number, question)

    code, now, before = question.code, signed.number, last.get(question.code)
    said = signed.text if question.kind in WORDED and signed.text else words_of(now)
    change = f"{(now - before) / before:+.0%}" if now is not None and before else ""
    middle = words_of(quarters[code][1].quantize(Decimal(1))) if code in quarters else ""
    given = now is not None or bool(signed.text)
    exact = [shown(number, question) if number is not None else "" for number in (now, before)]
    exact = [words if words not in (said, words_of(before)) else "" for words in exact]
    words_here, comment = words.get(code, ""), comments.get(code, "")
    return Line(question, said, words_of(before), change, middle, words_here, comment, given, *exact)


@router.post("/reviews/{filing_id}/return")
async def give_back(
    request: Request, filing_id: uuid.UUID, conn: ConnDep, lookup: LookupDep, clock: ClockDep, actor: ActingReviewer
) -> Response:
    _, form, _ = await _found(conn, lookup, filing_id, actor.viewer)
    sent = {key[2:]: str(value) for key, value in (await request.form()).items() if key.startswith("c.")}
    try:
        comments = {key: clean_text(f"c.{key}", words, longest=_LONGEST) for key, words in sent.items()}
        filing = await handing.give_back(conn, filing_id, comments, form, by=actor, at=clock.now())
    except Invalid as error:
        return await _page(request, conn, lookup, filing_id, actor.viewer, sent, error=error)
    return see_other(request, "/reviews", f"已退回 {filing.firm_name} 补正")


@router.post("/reviews/{filing_id}/accept")
async def accept(
    request: Request, filing_id: uuid.UUID, conn: ConnDep, clock: ClockDep, actor: ActingReviewer
) -> Response:
    filing = await handing.accept(conn, filing_id, by=actor, at=clock.now())
    return see_other(request, "/reviews", f"已通过 {filing.firm_name} 的 {filing.name}")


@router.post("/reviews/{filing_id}/prompts")
async def look_into(
    request: Request,
    filing_id: uuid.UUID,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    actor: ActingReviewer,
    kind: Annotated[str, Form(max_length=20)] = "",
    key: Annotated[str, Form(max_length=300)] = "",
    outcome: Annotated[str, Form(max_length=20)] = "",
    words: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Says what was found out; accepting and sending back stay as they were."""
    filing, form, rounds = await _found(conn, lookup, filing_id, actor.viewer)
    last = await figures_before(conn, filing.firm_id, filing.year)
    prompts, _ = await _prompts(conn, filing, form, rounds[0], last, actor.viewer)
    prompt = next((p for p in prompts if (p.kind.value, p.key) == (kind, key)), None)
    try:
        if prompt is None:
            raise Invalid({"key": "这条提示已经有了结果，或者情况变了，请重新看。"})
        if outcome not in dict(Outcome.options()):
            raise Invalid({"outcome": "请选择核实结果。"})
        said = clean_text("words", words, longest=_LONGEST, required="请写明怎么核实的。")
        await note_outcome(conn, filing, prompt, Outcome(outcome), said, by=actor, at=clock.now())
    except Invalid as error:
        return await _page(request, conn, lookup, filing_id, actor.viewer, {}, error=error)
    return see_other(request, f"/reviews/{filing_id}#h-prompts", "已记下核实结果")
