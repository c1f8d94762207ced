"""Reads of submissions. A firm's clerk reaches their own by year; the bureau's people by what they can see of firms."""

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import bindparam, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Text

from app.access.terms import Viewer
from app.db import Conn
from app.firms.filtering import visible_to
from app.firms.models import Firm
from app.policy.figures import RD_LINES
from app.reports.basis import RD_TOTAL
from app.reports.hiding import Beside, opened, told
from app.reports.models import FormVersion, SectionEditor, Submission, SubmissionRound, SubmissionSection, YearlyReport
from app.reports.reading import Answers
from app.reports.terms import ANNUAL, COUNTED, ReportState
from app.statements import Kept
from app.vault import Vault

STILL_THERE = timedelta(seconds=90)
_COUNTED = [state.value for state in COUNTED]


def key_of(year: int, form: str) -> str:
    return str(year) if form == ANNUAL else f"{year}-{form}"


def name_of(year: int, form: str, title: str) -> str:
    """The yearly one is what everybody means by the year's figures."""
    return f"{year} 年度数据" if form == ANNUAL else f"{year} 年度{title}"


@dataclass(frozen=True, slots=True)
class Filing:
    """A submission without what is typed in it."""

    id: uuid.UUID
    firm_id: uuid.UUID
    firm_name: str
    uscc: str
    year: int
    form: str
    form_version: int
    title: str
    state: ReportState
    round: int
    explanations: Mapping[str, str]
    open_questions: Sequence[str]
    created_at: datetime
    submitted_at: datetime | None

    @property
    def key(self) -> str:
        """What its addresses and messages name it by, within its firm."""
        return key_of(self.year, self.form)

    @property
    def href(self) -> str:
        return f"/portal/report/{self.key}"

    @property
    def name(self) -> str:
        return name_of(self.year, self.form, self.title)

    @property
    def heading(self) -> str:
        return f"{self.year} 年度填报" if self.form == ANNUAL else self.name

    @property
    def editable(self) -> bool:
        return self.state in (ReportState.DRAFT, ReportState.RETURNED)

    def locked(self, code: str) -> bool:
        return not self.editable or (self.state is ReportState.RETURNED and code not in self.open_questions)


@dataclass(frozen=True, slots=True)
class Page:
    """One section as it is kept."""

    section: str
    version: int
    answers: Answers
    saved_at: datetime | None
    saver_name: str


@dataclass(frozen=True, slots=True)
class Round:
    submission_id: uuid.UUID
    round: int
    number: str
    state: ReportState
    answers: Mapping[str, Answers]
    figures: Mapping[str, str]
    explanations: Mapping[str, str]
    submitted_at: datetime
    submitter_name: str
    comments: Mapping[str, str]
    decided_at: datetime | None
    decider_name: str
    reached: Beside = field(default_factory=dict)
    # By the check code that its content gives now, the one that was printed before its numbers lay beside it.
    printed: Mapping[str, str] = field(default_factory=dict)
    vouched: Mapping[str, Answers] = field(default_factory=dict)  # the answers as they were signed: without numbers


_ELSEWHERE = {"firm_name": Firm.name, "uscc": Firm.uscc, "title": FormVersion.title}
_FILING: tuple[Any, ...] = tuple(_ELSEWHERE.get(f) or getattr(Submission, f) for f in Filing.__dataclass_fields__)
_PAGE: tuple[Any, ...] = tuple(getattr(SubmissionSection, f) for f in Page.__dataclass_fields__)
_KEPT_OF_ROUND = tuple(name for name in Round.__dataclass_fields__ if name != "vouched")
ROUND: tuple[Any, ...] = tuple(getattr(SubmissionRound, f) for f in _KEPT_OF_ROUND)


def filings() -> Any:
    s, v = Submission, FormVersion
    asked = (v.form == s.form) & (v.version == s.form_version)
    return select(*_FILING).select_from(s).join(Firm, Firm.id == s.firm_id).join(v, asked)


def filing_of(row: Any) -> Filing:
    named = dict(zip(Filing.__dataclass_fields__, row, strict=True))
    return Filing(**{**named, "state": ReportState(named["state"])})


_OWN_PLAIN = filings().where(
    Submission.firm_id == bindparam("firm_id"),
    Submission.year == bindparam("year"),
    Submission.form == bindparam("form"),
)
# Asked for by every page that is saved.
_OWN = {
    "": Kept(_OWN_PLAIN),
    "share": Kept(_OWN_PLAIN.with_for_update(read=True, of=Submission.__table__)),
    "update": Kept(_OWN_PLAIN.with_for_update(of=Submission.__table__)),
}


async def own_filing(conn: Conn, firm_id: uuid.UUID, year: int, form: str = ANNUAL, *, hold: str = "") -> Filing | None:
    """`hold`: "share" while a page of it is saved, "update" while it is handed in."""
    row = (await conn.execute(_OWN[hold], {"firm_id": firm_id, "year": year, "form": form})).one_or_none()
    return filing_of(row) if row else None


async def filing_by_id(conn: Conn, filing_id: uuid.UUID, *, viewer: Viewer, hold: bool = False) -> Filing | None:
    query = filings().where(Submission.id == filing_id, visible_to(viewer))
    query = query.with_for_update(of=Submission.__table__) if hold else query
    row = (await conn.execute(query)).one_or_none()
    return filing_of(row) if row else None


async def filings_held(conn: Conn, ids: Collection[uuid.UUID], *, viewer: Viewer) -> list[Filing]:
    """Nobody else decides on them until this is over; always in one order, so that two never wait for each other."""
    query = filings().where(Submission.id.in_(ids), visible_to(viewer)).order_by(Submission.id)
    return [filing_of(row) for row in await conn.execute(query.with_for_update(of=Submission.__table__))]


async def filings_of(conn: Conn, firm_id: uuid.UUID) -> list[Filing]:
    query = filings().where(Submission.firm_id == firm_id).order_by(Submission.year.desc())
    return [filing_of(row) for row in await conn.execute(query)]


async def pages_of(conn: Conn, filing_id: uuid.UUID) -> dict[str, Page]:
    query = select(*_PAGE).where(SubmissionSection.submission_id == filing_id)
    pages = (Page(*row) for row in await conn.execute(query))
    return {p.section: replace(p, answers=opened(conn.vault, filing_id, p.answers)) for p in pages}


def version_tag(filing: Filing, pages: Mapping[str, Page]) -> str:
    """Another one after every save of any page and every step of the form."""
    step = list(ReportState).index(filing.state)
    return f"{filing.round}.{step}.{sum(page.version for page in pages.values())}"


async def rounds_of(conn: Conn, filing_id: uuid.UUID) -> list[Round]:
    """Newest first."""
    query = select(*ROUND).where(SubmissionRound.submission_id == filing_id)
    return rounds_in(conn.vault, await conn.execute(query.order_by(SubmissionRound.round.desc())))


def rounds_in(vault: Vault, rows: Iterable[Any]) -> list[Round]:
    """Of rows of `ROUND`."""
    named = (dict(zip(_KEPT_OF_ROUND, row, strict=True)) for row in rows)
    kept = (Round(**{**one, "state": ReportState(one["state"]), "vouched": one["answers"]}) for one in named)
    return [replace(one, answers=told(vault, one.submission_id, one.round, one.vouched, one.reached)) for one in kept]


async def others_editing(
    conn: Conn, filing_id: uuid.UUID, section: str, *, me: uuid.UUID, at: datetime
) -> list[tuple[str, datetime]]:
    e = SectionEditor
    here = (e.submission_id == filing_id, e.section == section, e.user_id != me, e.at > at - STILL_THERE)
    return [(name, seen) for name, seen in await conn.execute(select(e.name, e.at).where(*here).order_by(e.name))]


async def ledger_figures(conn: Conn, firm_id: uuid.UUID, year: int) -> dict[str, Decimal]:
    """What counts for that year: the latest version that was reported and signed for."""
    y = YearlyReport
    query = (
        select(y.figures)
        .where(y.firm_id == firm_id, y.year == year, y.state.in_(_COUNTED))
        .order_by(y.version.desc())
        .limit(1)
    )
    found = (await conn.execute(query)).scalar_one_or_none() or {}
    return {code: Decimal(value) for code, value in found.items()}


@dataclass(frozen=True, slots=True)
class LedgerReport:
    """A year's figures as they count, whoever brought them."""

    version: int
    state: ReportState
    figures: Mapping[str, str]
    source: str
    submitted_at: datetime | None
    submitter_name: str
    decided_at: datetime | None
    decider_name: str


_LEDGER: tuple[Any, ...] = tuple(getattr(YearlyReport, f) for f in LedgerReport.__dataclass_fields__)


async def ledger_report(conn: Conn, firm_id: uuid.UUID, year: int) -> LedgerReport | None:
    y = YearlyReport
    query = select(*_LEDGER).where(y.firm_id == firm_id, y.year == year, y.state.in_(_COUNTED))
    row = (await conn.execute(query.order_by(y.version.desc()).limit(1))).one_or_none()
    return LedgerReport(row[0], ReportState(row[1]), *row[2:]) if row else None


_QUARTILES = text(
    """
SELECT each.key, percentile_cont(ARRAY[0.25, 0.5, 0.75]) WITHIN GROUP (ORDER BY each.value), count(*)
FROM (SELECT DISTINCT ON (y.firm_id) y.figures FROM yearly_reports y JOIN firms f ON f.id = y.firm_id
      WHERE y.year = :year AND y.state = 'accepted' AND f.industry_code LIKE :industry AND f.id <> :firm
      ORDER BY y.firm_id, y.version DESC) AS latest, LATERAL (
  SELECT key, value::numeric AS value FROM jsonb_each_text(latest.figures) WHERE key = ANY(:codes) AND key <> :total
  UNION ALL SELECT :total, sum(value::numeric) FROM jsonb_each_text(latest.figures) WHERE key = ANY(:lines)
  HAVING count(*) = cardinality(:lines)) AS each
WHERE each.key = ANY(:codes)
GROUP BY each.key HAVING count(*) >= 5
"""
).bindparams(
    *(bindparam(name, type_=ARRAY(Text())) for name in ("codes", "lines")), bindparam("total", RD_TOTAL, type_=Text())
)


async def quartiles(
    conn: Conn, firm_id: uuid.UUID, *, industry: str, year: int, codes: Sequence[str]
) -> dict[str, tuple[Decimal, Decimal, Decimal]]:
    """Of the other firms of the industry's division (GB/T 4754), where at least five were accepted."""
    if len(industry) < 3:
        return {}
    values = {"firm": firm_id, "year": year, "industry": f"{industry[:3]}%", "codes": list(codes)}
    values["lines"] = [f"rd.{line}" for line in RD_LINES]
    rows = await conn.execute(_QUARTILES, values)
    return {code: (Decimal(str(a)), Decimal(str(b)), Decimal(str(c))) for code, (a, b, c), _ in rows}
