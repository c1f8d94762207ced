"""Likenesses of a form and its firm with others, among the firms in the viewer's sight."""

import uuid
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import any_, bindparam, func, literal, select, union_all
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import aliased
from sqlalchemy.types import Text

from app.access.terms import Viewer
from app.attachments.models import AttachmentRow
from app.attachments.terms import ObjectKind
from app.db import Conn
from app.files.models import StoredFile
from app.firms.filtering import visible_to
from app.firms.models import Contact, Firm
from app.recognitions.models import Certificate, IpRightRow, TitleClaim
from app.reports.catalogue import Form, Kind
from app.reports.models import Submission, SubmissionRound
from app.reports.queries import Filing, Round
from app.verifying.models import VerifiedLikeness
from app.verifying.rules import alike, enough, telling
from app.verifying.terms import OTHERS_WITH_ADDRESS, OTHERS_WITH_PHONE, Likeness, Other, Outcome, Prompt, Verified

MOST = 20


async def prompts_of(
    conn: Conn, filing: Filing, form: Form, signed: Round, last: Mapping[str, Decimal], *, viewer: Viewer
) -> list[Prompt]:
    """The strongest kinds first."""
    sums = {q.code for q in form.questions.values() if q.kind is Kind.SUM}
    return [
        *await _documents(conn, filing.firm_id, viewer),
        *await _copied(conn, filing, form, telling(signed.figures, sums), viewer),
        *_last_year(filing, form, telling(signed.figures, sums), last),
        *await _phones(conn, filing.firm_id, viewer),
        *await _addresses(conn, filing.firm_id, viewer),
    ]


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


async def _documents(conn: Conn, firm_id: uuid.UUID, viewer: Viewer) -> list[Prompt]:
    own, mine, joined = _hung()
    hashes = select(own.sha256).join(mine, joined).where(mine.c.firm_id == firm_id)
    a, owner, joined = _hung()
    query = (
        select(a.sha256, StoredFile.name, Firm.id, Firm.uscc, Firm.name)
        .join(owner, joined)
        .join(StoredFile, StoredFile.id == a.file_id)
        .join(Firm, Firm.id == owner.c.firm_id)
        .where(owner.c.firm_id != firm_id, a.sha256.in_(hashes), visible_to(viewer))
        .order_by(a.sha256, Firm.name)
    )
    found: dict[str, dict[uuid.UUID, Other]] = {}
    for sha256, file, other_id, uscc, name in await conn.execute(query):
        found.setdefault(sha256, {})[other_id] = Other(other_id, uscc, name, f"文件名 {file}")
    said = "同一份文件也在 {} 家别的企业名下。"
    return [
        Prompt(Likeness.DOCUMENT, sha256, said.format(len(others)), len(others), [*others.values()])
        for sha256, others in list(found.items())[:MOST]
    ]


def _digits(column: Any) -> Any:
    return func.btrim(func.replace(func.replace(column, "-", ""), ".", ""), "0")


async def _copied(conn: Conn, filing: Filing, form: Form, mine: Mapping[str, str], viewer: Viewer) -> list[Prompt]:
    if not mine:
        return []
    s, r = Submission, SubmissionRound
    each = func.jsonb_each_text(r.figures).table_valued("key", "value").render_derived("each")
    pairs = [f"{code}={digits}" for code, digits in mine.items()]
    said = each.c.key + literal("=") + _digits(each.c.value)
    query = (
        select(Firm.id, Firm.uscc, Firm.name, func.array_agg(each.c.key))
        .select_from(s)
        .join(r, (r.submission_id == s.id) & (r.round == s.round))
        .join(Firm, Firm.id == s.firm_id)
        .join(each, literal(True))
        .where(s.year == filing.year, s.form == filing.form, s.id != filing.id, visible_to(viewer))
        .where(said == any_(bindparam("pairs", type_=ARRAY(Text()))))
        .group_by(Firm.id, Firm.uscc, Firm.name)
    )
    prompts = []
    for other_id, uscc, name, codes in await conn.execute(query, {"pairs": pairs}):
        if enough(codes):
            key, which = f"{filing.year}:{other_id}", _named(form, [code for code in mine if code in codes])
            sentence = f"有 {len(codes)} 个数与这家企业同一年的一样：{which}。"
            prompts.append(Prompt(Likeness.COPIED, key, sentence, len(codes), [Other(other_id, uscc, name)]))
    return sorted(prompts, key=lambda p: -p.weight)[:MOST]


def _last_year(filing: Filing, form: Form, mine: Mapping[str, str], last: Mapping[str, Decimal]) -> list[Prompt]:
    codes = alike(mine, telling({code: f"{value:f}" for code, value in last.items()}))
    if not enough(codes):
        return []
    sentence = f"有 {len(codes)} 个数与自己 {filing.year - 1} 年度的一样：{_named(form, codes)}。"
    return [Prompt(Likeness.LAST_YEAR, str(filing.year), sentence, len(codes))]


def _named(form: Form, codes: Sequence[str]) -> str:
    labels = [form.questions[code].label for code in codes if code in form.questions]
    return "、".join(labels[:6]) + ("等" if len(labels) > 6 else "")


def _bare(column: Any) -> Any:
    """Without what people put between; every row is looked at, so it must cost little."""
    return func.translate(column, " -()（），,。", "")


async def _phones(conn: Conn, firm_id: uuid.UUID, viewer: Viewer) -> list[Prompt]:
    mine = select(_bare(Contact.phone)).where(Contact.firm_id == firm_id, func.length(_bare(Contact.phone)) >= 7)
    query = (
        select(_bare(Contact.phone), Firm.id, Firm.uscc, Firm.name)
        .join(Firm, Firm.id == Contact.firm_id)
        .where(_bare(Contact.phone).in_(mine), Firm.id != firm_id, visible_to(viewer))
        .distinct()
    )
    sentence = "联系电话也登记在 {n} 家别的企业名下；代账机构常有这种情况。"
    return _shared(Likeness.PHONE, await conn.execute(query), OTHERS_WITH_PHONE, sentence)


async def _addresses(conn: Conn, firm_id: uuid.UUID, viewer: Viewer) -> list[Prompt]:
    mine = select(_bare(Firm.address)).where(Firm.id == firm_id, Firm.address != "")
    query = select(_bare(Firm.address), Firm.id, Firm.uscc, Firm.name).where(
        _bare(Firm.address) == mine.scalar_subquery(), Firm.id != firm_id, visible_to(viewer)
    )
    sentence = "地址与 {n} 家别的企业一样；孵化器、园区里常有这种情况。"
    return _shared(Likeness.ADDRESS, await conn.execute(query), OTHERS_WITH_ADDRESS, sentence)


def _shared(kind: Likeness, rows: Any, least: int, sentence: str) -> list[Prompt]:
    found: dict[str, list[Other]] = {}
    for key, other_id, uscc, name in rows:
        found.setdefault(key, []).append(Other(other_id, uscc, name))
    return [
        Prompt(kind, key, sentence.format(n=len(others)), len(others), sorted(others, key=lambda o: o.name)[:MOST])
        for key, others in found.items()
        if len(others) >= least
    ]


async def verified_of(conn: Conn, firm_id: uuid.UUID) -> list[Verified]:
    """Newest first."""
    v = VerifiedLikeness
    query = select(v.kind, v.key, v.weight, v.outcome, v.words, v.at, v.name).where(v.firm_id == firm_id)
    rows: Any = await conn.execute(query.order_by(v.at.desc(), v.id.desc()))
    return [Verified(Likeness(kind), key, weight, Outcome(said), *rest) for kind, key, weight, said, *rest in rows]
