"""Likenesses of forms and their firms with others, among the firms in the viewer's sight; of many at once."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import and_, any_, bindparam, cast, func, literal, literal_column, select, union_all
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import aliased
from sqlalchemy.types import Text, Uuid

from app.access.terms import Viewer
from app.attachments.models import AttachmentRow
from app.attachments.terms import ObjectKind
from app.db import Conn
from app.files.models import StoredFile
from app.firms.filtering import visible_to
from app.firms.models import WHOLE_MARK, Contact, Firm
from app.recognitions.models import Certificate, IpRightRow, TitleClaim
from app.reports.catalogue import Form, Kind
from app.reports.models import Submission, SubmissionRound
from app.reports.queries import Filing
from app.sealed import UNREADABLE, shown, whole_marks
from app.text import numbers_in
from app.verifying.models import VerifiedLikeness
from app.verifying.rules import alike, enough, telling
from app.verifying.terms import (
    OTHERS_WITH_ADDRESS,
    OTHERS_WITH_PHONE,
    SAME_FIGURES,
    Likeness,
    Other,
    Outcome,
    Prompt,
    Verified,
)

MOST = 20
_SHORTEST = 7  # figures of a number that can be somebody's own
_MARK: Any = literal_column(WHOLE_MARK.format("contacts.phone"))
Prompts = dict[uuid.UUID, list[Prompt]]


@dataclass(frozen=True, slots=True)
class Case:
    """A form as it was signed, and the figures of the year before."""

    filing: Filing
    form: Form
    figures: Mapping[str, str]
    last: Mapping[str, Decimal]

    @property
    def telling(self) -> dict[str, str]:
        return telling(self.figures, {q.code for q in self.form.questions.values() if q.kind is Kind.SUM})


async def prompts_of(conn: Conn, cases: Sequence[Case], *, viewer: Viewer) -> Prompts:
    """By filing, the strongest kinds first."""
    firms = {case.filing.firm_id for case in cases}
    documents, phones = await _documents(conn, firms, viewer), await _phones(conn, firms, viewer)
    addresses, copied = await _addresses(conn, firms, viewer), await _copied(conn, cases, viewer)
    return {
        case.filing.id: [
            *documents.get(case.filing.firm_id, ()),
            *copied.get(case.filing.id, ()),
            *_last_year(case),
            *phones.get(case.filing.firm_id, ()),
            *addresses.get(case.filing.firm_id, ()),
        ]
        for case in cases
    }


def _firms_papers() -> Any:
    """(object, firm) of everything that a firm itself hangs files on."""
    named = ((Submission, ObjectKind.REPORT), (Certificate, ObjectKind.CERTIFICATE), (IpRightRow, ObjectKind.IP_RIGHT))
    parts = [select(model.id, model.firm_id, literal(kind.value).label("kind")) for model, kind in named]
    waiting = select(TitleClaim.id, TitleClaim.firm_id, TitleClaim.kind).where(TitleClaim.state != "accepted")
    return union_all(*parts, waiting)


def _hung() -> tuple[Any, Any, Any]:
    """Attachments, whose they are, and how they join. Anew each time: shared, it is worked out for everybody."""
    a, owner = aliased(AttachmentRow), _firms_papers().subquery()
    return a, owner, (owner.c.id == a.object_id) & (owner.c.kind == a.object_kind) & a.removed_at.is_(None)


def _among(column: Any, ids: Collection[uuid.UUID]) -> Any:
    return column == any_(cast(list(ids), ARRAY(Uuid())))


async def _documents(conn: Conn, firms: Collection[uuid.UUID], viewer: Viewer) -> Prompts:
    own, mine, joined = _hung()
    theirs = select(mine.c.firm_id, own.sha256).join(mine, joined).where(_among(mine.c.firm_id, firms)).distinct()
    held = theirs.subquery()
    a, owner, joined = _hung()
    query = (
        select(held.c.firm_id, a.sha256, StoredFile.name, Firm.id, Firm.uscc, Firm.name)
        .join(held, held.c.sha256 == a.sha256)
        .join(owner, and_(joined, owner.c.firm_id != held.c.firm_id))
        .join(StoredFile, StoredFile.id == a.file_id)
        .join(Firm, Firm.id == owner.c.firm_id)
        .where(visible_to(viewer))
        .order_by(a.sha256, Firm.name)
    )
    found: dict[uuid.UUID, dict[str, dict[uuid.UUID, Other]]] = {}
    for firm_id, sha256, file, other_id, uscc, name in await conn.execute(query):
        alike_files = found.setdefault(firm_id, {}).setdefault(sha256, {})
        alike_files[other_id] = Other(other_id, uscc, name, f"文件名 {file}")
    said = "同一份文件也在 {} 家别的企业名下。"
    return {
        firm_id: [
            Prompt(Likeness.DOCUMENT, sha256, said.format(len(others)), len(others), [*others.values()])
            for sha256, others in list(hashes.items())[:MOST]
        ]
        for firm_id, hashes in found.items()
    }


def _digits(column: Any) -> Any:
    return func.btrim(func.replace(func.replace(column, "-", ""), ".", ""), "0")


async def _copied(conn: Conn, cases: Sequence[Case], viewer: Viewer) -> Prompts:
    """Every form of the same year is read once, however many are looked at."""
    found: Prompts = {}
    for form, year in sorted({(case.filing.form, case.filing.year) for case in cases}):
        of_year = [case for case in cases if (case.filing.form, case.filing.year) == (form, year)]
        for case, others in await _with_same_figures(conn, of_year, viewer):
            told = [_as_prompt(case, other, codes) for other, codes in others]
            found[case.filing.id] = sorted(told, key=lambda p: -p.weight)[:MOST]
    return found


async def _with_same_figures(
    conn: Conn, cases: Sequence[Case], viewer: Viewer
) -> list[tuple[Case, list[tuple[Other, list[str]]]]]:
    """`cases`: of one form and year."""
    mine = [(case.filing.id, f"{code}={digits}") for case in cases for code, digits in case.telling.items()]
    if not mine:
        return []
    s, r = Submission, SubmissionRound
    ids, told = bindparam("ids", type_=ARRAY(Uuid())), bindparam("told", type_=ARRAY(Text()))
    asked = func.unnest(ids, told).table_valued("filing", "said").render_derived("asked")
    each = func.jsonb_each_text(r.figures).table_valued("key", "value").render_derived("each")
    query = (
        select(asked.c.filing, Firm.id, Firm.uscc, Firm.name, func.array_agg(each.c.key))
        .select_from(s)
        .join(r, (r.submission_id == s.id) & (r.round == s.round))
        .join(Firm, Firm.id == s.firm_id)
        .join(each, literal(True))
        .join(asked, and_(asked.c.said == each.c.key + literal("=") + _digits(each.c.value), asked.c.filing != s.id))
        .where(s.year == cases[0].filing.year, s.form == cases[0].filing.form, visible_to(viewer))
        .group_by(asked.c.filing, Firm.id, Firm.uscc, Firm.name)
        .having(func.count() >= SAME_FIGURES)
    )
    by_filing: dict[uuid.UUID, list[tuple[Other, list[str]]]] = {}
    values = {"ids": [filing_id for filing_id, _ in mine], "told": [said for _, said in mine]}
    for filing_id, other_id, uscc, name, same in await conn.execute(query, values):
        by_filing.setdefault(filing_id, []).append((Other(other_id, uscc, name), same))
    return [(case, by_filing[case.filing.id]) for case in cases if case.filing.id in by_filing]


def _as_prompt(case: Case, other: Other, codes: Sequence[str]) -> Prompt:
    key, which = f"{case.filing.year}:{other.firm_id}", _named(case.form, [c for c in case.telling if c in codes])
    sentence = f"有 {len(codes)} 个数与这家企业同一年的一样：{which}。"
    return Prompt(Likeness.COPIED, key, sentence, len(codes), [other])


def _last_year(case: Case) -> list[Prompt]:
    codes = alike(case.telling, telling({code: f"{value:f}" for code, value in case.last.items()}))
    if not enough(codes):
        return []
    year = case.filing.year
    sentence = f"有 {len(codes)} 个数与自己 {year - 1} 年度的一样：{_named(case.form, codes)}。"
    return [Prompt(Likeness.LAST_YEAR, str(year), sentence, len(codes))]


def _named(form: Form, codes: Sequence[str]) -> str:
    labels = [form.questions[code].label for code in codes if code in form.questions]
    return "、".join(labels[:6]) + ("等" if len(labels) > 6 else "")


def _bare(column: Any) -> Any:
    """Without what people put between; every row is looked at, so it must cost little."""
    return func.translate(column, " -()（），,。", "")


async def _phones(conn: Conn, firms: Collection[uuid.UUID], viewer: Viewer) -> Prompts:
    """By their marks: no number but the firms' own is opened, and those only to leave out short ones."""
    vault = conn.vault
    mine = select(Contact.id, Contact.firm_id, Contact.phone).where(_among(Contact.firm_id, firms), Contact.phone != "")
    own = set()
    for contact_id, firm_id, sealed in await conn.execute(mine):
        number = shown(vault, sealed, column="contacts.phone", row=contact_id)
        if number != UNREADABLE and len("".join(numbers_in(number))) >= _SHORTEST:
            first, *older = whole_marks(vault, number)
            own |= {(firm_id, first, mark) for mark in (first, *older)}
    if not own:
        return {}
    given = bindparam("own", type_=ARRAY(Uuid())), *(bindparam(n, type_=ARRAY(Text())) for n in ("said", "marks"))
    asked = func.unnest(*given).table_valued("firm_id", "said", "mark").render_derived("asked")
    query = (
        select(asked.c.firm_id, asked.c.said, Firm.id, Firm.uscc, Firm.name)
        .select_from(Contact)
        .join(asked, and_(asked.c.mark == _MARK, Contact.firm_id != asked.c.firm_id))
        .join(Firm, Firm.id == Contact.firm_id)
        .where(visible_to(viewer))
        .distinct()
    )
    firm_ids, said, marks = zip(*sorted(own), strict=True)
    rows = await conn.execute(query, {"own": list(firm_ids), "said": list(said), "marks": list(marks)})
    sentence = "联系电话也登记在 {n} 家别的企业名下；代账机构常有这种情况。"
    return _shared(Likeness.PHONE, rows, OTHERS_WITH_PHONE, sentence)


async def _addresses(conn: Conn, firms: Collection[uuid.UUID], viewer: Viewer) -> Prompts:
    me = aliased(Firm)
    own = select(me.id, _bare(me.address).label("said")).where(_among(me.id, firms), me.address != "").subquery()
    query = (
        select(own.c.id, own.c.said, Firm.id, Firm.uscc, Firm.name)
        .join(own, and_(_bare(Firm.address) == own.c.said, Firm.id != own.c.id))
        .where(visible_to(viewer))
    )
    sentence = "地址与 {n} 家别的企业一样；孵化器、园区里常有这种情况。"
    return _shared(Likeness.ADDRESS, await conn.execute(query), OTHERS_WITH_ADDRESS, sentence)


def _shared(kind: Likeness, rows: Any, least: int, sentence: str) -> Prompts:
    found: dict[uuid.UUID, dict[str, list[Other]]] = {}
    for firm_id, key, other_id, uscc, name in rows:
        found.setdefault(firm_id, {}).setdefault(key, []).append(Other(other_id, uscc, name))
    return {
        firm_id: [
            Prompt(kind, key, sentence.format(n=len(others)), len(others), sorted(others, key=lambda o: o.name)[:MOST])
            for key, others in keys.items()
            if len(others) >= least
        ]
        for firm_id, keys in found.items()
    }


async def verified_of(conn: Conn, firms: Collection[uuid.UUID]) -> dict[uuid.UUID, list[Verified]]:
    """By firm, newest first."""
    v = VerifiedLikeness
    query = select(v.firm_id, v.kind, v.key, v.weight, v.outcome, v.words, v.at, v.name).where(_among(v.firm_id, firms))
    found: dict[uuid.UUID, list[Verified]] = {firm_id: [] for firm_id in firms}
    rows: Any = await conn.execute(query.order_by(v.at.desc(), v.id.desc()))
    for firm_id, kind, key, weight, said, *rest in rows:
        found[firm_id].append(Verified(Likeness(kind), key, weight, Outcome(said), *rest))
    return found
