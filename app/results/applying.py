"""A settled list entered: each firm's application, its certificate, and its move laid before a second person."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Integer, Text, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from app.access.terms import Actor
from app.clock import business_day
from app.db import Conn
from app.errors import AppError, Invalid, NotFound, Refused
from app.filings.deciding import Word, enter
from app.filings.queries import programme_by_code, window_by_id
from app.filings.terms import Programme
from app.firms.locking import known_by_code
from app.firms.terms import FirmDetail
from app.pipeline.asking import waiting
from app.pipeline.recording import MoveOrder
from app.pipeline.service import move_firm
from app.pipeline.terms import Ladder, Tier
from app.policy.policies import Policies
from app.recognitions.queries import held_by
from app.recognitions.registering import NewCertificate, register
from app.recognitions.rules import HNTE_YEARS, expiry, number_of
from app.recognitions.terms import CertificateKind
from app.results.queries import OPEN, rows_of
from app.results.service import move_on, note, still_open
from app.results.terms import Line, ListKind, ListState, Outcome, ResultList, ResultRow
from app.workdays.rules import Calendar


@dataclass(frozen=True, slots=True)
class Rules:
    """What a move is judged by."""

    ladder: Ladder
    policies: Policies
    calendar: Calendar


@dataclass(frozen=True, slots=True)
class Written:
    row_no: int
    outcome: Outcome
    said: str
    undo: dict[str, Any] | None = None


_KEEP = text(
    """
UPDATE result_lines AS r SET outcome = n.outcome, said = n.said, undo = coalesce(n.undo, r.undo)
FROM unnest(:rows, :outcomes, :said, :undo) AS n (row_no, outcome, said, undo)
WHERE r.list_id = :list AND r.row_no = n.row_no
"""
).bindparams(
    bindparam("rows", type_=ARRAY(Integer())),
    bindparam("outcomes", type_=ARRAY(Text())),
    bindparam("said", type_=ARRAY(Text())),
    bindparam("undo", type_=ARRAY(JSONB(none_as_null=True))),
)


async def keep(conn: Conn, list_id: uuid.UUID, written: Sequence[Written]) -> None:
    if written:
        given: dict[str, Any] = {"list": list_id, "rows": [w.row_no for w in written]}
        given |= {"outcomes": [w.outcome.value for w in written], "said": [w.said for w in written]}
        await conn.execute(_KEEP, {**given, "undo": [w.undo for w in written]})


async def apply(
    conn: Conn, list_id: uuid.UUID, *, expected: int | None, rules: Rules, by: Actor, at: datetime
) -> dict[str, int]:
    """Returns how many were entered and how many were not, each of which says why.

    Raises NotFound, Stale, Conflict, Refused while a line is not settled.
    """
    held = await still_open(conn, list_id, expected, by=by)
    if held.counts.get(OPEN):
        raise Refused(f"还有 {held.counts[OPEN]} 行没有核对；请先逐行选定企业，或选“不是本地企业”。")
    rows = [row for row in await rows_of(conn, list_id, viewer=by.viewer) if row.chosen]
    if not rows:
        raise Refused("名单里没有选定任何企业，没有可以登记的。")
    window = await window_by_id(conn, held.window_id, viewer=by.viewer)
    if window is None:
        raise NotFound
    programme = await programme_by_code(conn, window.programme)
    # All at once and in the order of codes, so that two lists cannot wait for each other.
    known = await known_by_code(conn, [row.chosen for row in rows], viewer=by.viewer, lock=True)
    work = _Entering(conn, held, programme, rules, by, at)
    written = [await work.enter(row, known.firms.get(row.chosen)) for row in rows]
    await keep(conn, list_id, written)
    done = sum(w.outcome is Outcome.DONE for w in written)
    counts = {"done": done, "failed": len(written) - done}
    await move_on(conn, held, state=ListState.APPLIED.value, applied_at=at)
    await note(conn, "applied", list_id, held.document, by=by, at=at, after=counts)
    return counts


@dataclass(frozen=True, slots=True)
class _Entering:
    """One list on its way in. What is refused is refused before anything of it is written, so the rest goes on."""

    conn: Conn
    held: ResultList
    programme: Programme
    rules: Rules
    by: Actor
    at: datetime

    @property
    def _recognises(self) -> bool:
        return self.held.kind is ListKind.ANNOUNCEMENT

    async def enter(self, row: ResultRow, firm: FirmDetail | None) -> Written:
        number = row.line.row_no
        if firm is None:
            return Written(number, Outcome.FAILED, "企业已不在您的管辖范围内。")
        word = Word(self.held.document, self.held.announced_on, self._recognises, row.line.number)
        try:
            entered = await enter(self.conn, self.held.window_id, firm.uscc, word, by=self.by, at=self.at)
        except AppError as error:
            return Written(number, Outcome.FAILED, words_of(error))
        undo: dict[str, Any] = {"application": entered.to_json()}
        said = ["已列入并登记" if entered.created else "已登记" if entered.changed else "此前已认定"]
        if self._recognises and self.programme.certificate:
            kind = CertificateKind(self.programme.certificate)
            undo["certificate"], told = await self._certify(kind, firm, row.line)
            said.append(told)
            undo["move"], told = await self._propose(firm, row.line)
            said.append(told)
        return Written(number, Outcome.DONE, "；".join(s for s in said if s) + "。", undo)

    async def _certify(self, kind: CertificateKind, firm: FirmDetail, line: Line) -> tuple[str | None, str]:
        """The certificate that was registered, and what to say of it."""
        new = _certificate_of(kind, line, self.held.issued_on)
        if isinstance(new, str):
            return None, f"{new}，没有登记证书"
        held = await held_by(self.conn, firm.id, today=business_day(self.at))
        if any((c.kind, c.number) == (new.kind, new.number) for c in held):
            return None, "证书此前已登记"
        try:
            made = await register(self.conn, firm.uscc, new, by=self.by, at=self.at)
        except AppError as error:
            return None, f"没有登记证书：{words_of(error)}".rstrip("。")
        return str(made), f"已登记证书 {new.number}"

    async def _propose(self, firm: FirmDetail, line: Line) -> tuple[str | None, str]:
        """The move, which mostly waits for a second person now, and what to say of it."""
        ladder = self.rules.ladder
        tier, stands = _tier_of(ladder, self.programme), ladder.tier(firm.tier)
        if tier is None or (stands and stands.rank >= tier.rank):
            return None, ""
        if await waiting(self.conn, [firm.id]):
            return None, "已有一项移动待复核，没有再提"
        on: date = line.issued_on or self.held.issued_on or self.held.announced_on
        order = MoveOrder(tier.code, on, f"{self.held.document}公告认定", firm.tier)
        given: dict[str, Any] = {"ladder": ladder, "policies": self.rules.policies, "calendar": self.rules.calendar}
        try:
            moved = await move_firm(self.conn, firm.uscc, order, **given, by=self.by, at=self.at)
        except AppError as error:
            return None, f"没有提出移动：{words_of(error)}".rstrip("。")
        said = f"移到“{tier.label}”待第二人复核" if moved.waits else f"已移到“{tier.label}”"
        return str(moved.id), said


def _certificate_of(kind: CertificateKind, line: Line, issued_on: date | None) -> NewCertificate | str:
    """Or what the list does not say of it; nothing is guessed but what the law fixes."""
    if not line.number:
        return "名单没有证书编号"
    number, issued = number_of(kind, line.number), line.issued_on or issued_on
    if number is None:
        return f"看不懂证书编号“{line.number}”"
    if issued is None:
        return "名单没有发证日期"
    expires = line.expires_on or (expiry(issued, HNTE_YEARS) if kind is CertificateKind.HNTE else None)
    return "名单没有有效期" if expires is None else NewCertificate(kind, number, issued, expires)


def _tier_of(ladder: Ladder, programme: Programme) -> Tier | None:
    """The tier whose gate is the certificate that the programme issues."""
    return next((t for t in ladder.tiers if t.policy == f"{programme.certificate}_certificate"), None)


def words_of(error: AppError) -> str:
    if isinstance(error, Invalid) and error.fields:
        return "".join(error.fields.values())
    return error.sentence + "".join(error.reasons if isinstance(error, Refused) else ())
