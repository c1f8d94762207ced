"""Rows beside the registry: what each would do, decided in one way for a preview, a dry run and the import itself."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from app.access.terms import Viewer
from app.assessments.gathering import gather
from app.db import Conn
from app.exchange.columns import TITLES
from app.exchange.comparing import changes_of, entry_for, introduction
from app.exchange.naming import Names
from app.exchange.rules import Understood
from app.exchange.terms import MERGED, Change, Message, RowCertificate, RowOutcome, Severity
from app.firms.locking import Known, known_by_code
from app.firms.service import FirmEntry
from app.firms.terms import FirmDetail, FirmStatus, Reference
from app.pipeline.asking import waiting
from app.pipeline.rules import Verdict, decide, stands_against
from app.pipeline.terms import Ladder, Standing, Tier
from app.policy.facts import CertificateFact, Facts, certificate_in_force
from app.policy.policies import Policies
from app.policy.terms import Assessment, Outcome
from app.recognitions.queries import held_numbers
from app.recognitions.rules import HNTE_YEARS, expiry
from app.recognitions.terms import CertificateKind
from app.workdays.rules import Calendar

_HNTE = CertificateKind.HNTE.value


@dataclass(frozen=True, slots=True)
class Bureau:
    """What the house knows by name, as an import needs it."""

    reference: Reference
    ladder: Ladder
    calendar: Calendar
    policies: Policies
    names: Names


@dataclass(frozen=True, slots=True)
class Placing:
    tier: Tier
    effective_on: date
    assessment: Assessment
    waits: bool = False  # one person's sheet must not grant what two have to: it asks for the second


@dataclass(frozen=True, slots=True)
class Examined:
    row: Understood
    outcome: RowOutcome
    messages: Sequence[Message]
    firm: FirmDetail | None = None
    entry: FirmEntry | None = None
    changes: Sequence[Change] = ()
    certificate: RowCertificate | None = None  # to be written: new, or with another date
    former_date: date | None = None
    placing: Placing | None = None

    @property
    def warned(self) -> bool:
        return self.outcome is not RowOutcome.REJECTED and any(m.severity is Severity.WARNING for m in self.messages)


@dataclass
class _Background:
    """What is read for a whole chunk of rows at once."""

    known: Known
    held: Mapping[str, tuple[uuid.UUID, date]]
    facts: Mapping[uuid.UUID, Facts]
    waiting: Mapping[uuid.UUID, uuid.UUID] = field(default_factory=dict)


async def examine(
    conn: Conn,
    rows: Sequence[Understood],
    *,
    bureau: Bureau,
    viewer: Viewer,
    filename: str,
    today: date,
    lock: bool = False,
) -> list[Examined]:
    """With `lock` the firms stay as they are until the transaction ends."""
    sound = [r for r in rows if not r.faulty]
    known = await known_by_code(conn, [r.uscc for r in sound], viewer=viewer, lock=lock)
    ids = [f.id for f in known.firms.values()]
    background = _Background(
        known,
        await held_numbers(conn, [r.certificate.number for r in sound if r.certificate]),
        {firm_id: found.facts for firm_id, found in (await gather(conn, ids)).items()},
        await waiting(conn, ids),
    )
    return [_examine_one(row, background, bureau, filename, today) for row in rows]


def _examine_one(row: Understood, background: _Background, bureau: Bureau, filename: str, today: date) -> Examined:
    messages = list(row.messages)
    firm = background.known.firms.get(row.uscc)
    if not row.faulty and firm is None and row.uscc in background.known.hidden:
        # Says that the code cannot be taken, and nothing of whose it is or where.
        messages.append(Message("uscc", "这个代码不能由您登记，请与上级部门核对。", Severity.ERROR))
    if firm is not None and firm.status == FirmStatus.MERGED:
        messages.append(Message("uscc", MERGED, Severity.ERROR))
    entry = entry_for(row, firm, filename=filename, scope_region=bureau.names.scope_region)
    if firm is None and not entry.values.get("region_code"):
        messages.append(Message("region_code", "请填写所属镇街：您的管辖区没有对应的行政区划。", Severity.ERROR))
    if any(m.severity is Severity.ERROR for m in messages):
        return Examined(row, RowOutcome.REJECTED, messages)
    if row.repeats:
        return Examined(row, RowOutcome.UNCHANGED, messages, firm)
    certificate, former = _certificate(row, firm, background, messages)
    facts = _facts(entry, firm, certificate, background)
    placing = _placing(row, firm, facts, background, bureau, today, messages)
    changes = _changes(firm, entry, certificate, former, placing, bureau.reference)
    outcome = RowOutcome.CREATED if firm is None else RowOutcome.UPDATED if changes else RowOutcome.UNCHANGED
    return Examined(row, outcome, messages, firm, entry, changes, certificate, former, placing)


def _certificate(
    row: Understood, firm: FirmDetail | None, background: _Background, messages: list[Message]
) -> tuple[RowCertificate | None, date | None]:
    """What of the row's certificate is to be written, and the date it had."""
    if row.certificate is None:
        return None, None
    holder = background.held.get(row.certificate.number)
    if holder is None:
        return row.certificate, None
    if firm is None or holder[0] != firm.id:
        sentence = "这个证书编号不能登记在这家企业名下，不会登记；请核对编号，或与上级部门核对。"
        messages.append(Message("certificate_number", sentence, Severity.WARNING))
        return None, None
    return (None, None) if holder[1] == row.certificate.issued_on else (row.certificate, holder[1])


def _placing(
    row: Understood,
    firm: FirmDetail | None,
    facts: Facts,
    background: _Background,
    bureau: Bureau,
    today: date,
    messages: list[Message],
) -> Placing | None:
    """Only firms that are on no tier are placed; anything else is a move, and moves are made on the board."""
    ladder = bureau.ladder
    tier = ladder.tier(row.tier)
    if tier is None or (firm is not None and firm.tier == tier.code):
        return None
    assessment = bureau.policies.assess(tier.policy, facts, as_of=today)
    sentence = _not_placed(firm, tier, assessment, background, ladder)
    if sentence:
        messages.append(Message("tier", sentence, Severity.WARNING))
        return None
    held = certificate_in_force(facts, _HNTE, today) if tier.code == _HNTE else None
    waits = _waits(firm, tier, assessment, ladder)
    if waits:
        sentence = f"进入“{tier.label}”须第二人复核：导入时一并提交复核，通过后进入。"
        messages.append(Message("tier", sentence, Severity.WARNING))
    return Placing(tier, held.issued_on if held else today, assessment, waits)


def _waits(firm: FirmDetail | None, tier: Tier, assessment: Assessment, ladder: Ladder) -> bool:
    """A firm that was here before the sheet moves by the one rule; one that arrives with it brings its tier along,
    unless the tier asks for a second person and no met condition stands for that."""
    if firm is None:
        return tier.needs_approval and assessment.outcome is not Outcome.MET
    return decide(ladder, Standing.of(firm), tier, assessment).verdict is Verdict.WAIT


def _not_placed(
    firm: FirmDetail | None, tier: Tier, assessment: Assessment, background: _Background, ladder: Ladder
) -> str:
    if firm is not None and firm.tier is not None:
        current = ladder.tier(firm.tier)
        here = current.label if current else firm.tier
        return f"企业现在在“{here}”，名册写的是“{tier.label}”；导入不会移动它，换梯队请在看板办理。"
    if firm is not None and firm.status != FirmStatus.ACTIVE:
        return f"企业已不在存续状态，不会进入“{tier.label}”。"
    if firm is not None and firm.id in background.waiting:
        return f"企业有一项移动正待复核，不会进入“{tier.label}”。"
    # A roster is the list of whoever recognised the firm: only a rule with a document stands against it.
    if assessment.official and stands_against(assessment):
        return f"{'企业会导入，但' if firm is None else ''}不会进入“{tier.label}”：{''.join(assessment.sentences)}"
    return ""


_STATED = ("name", "registered_on", "region_code", "industry_code", "high_tech_field", "above_designated_size")


def _facts(
    entry: FirmEntry, firm: FirmDetail | None, certificate: RowCertificate | None, background: _Background
) -> Facts:
    """As they will be once the row is written."""
    known = background.facts[firm.id] if firm else Facts({"status": FirmStatus.ACTIVE.value})
    facts = known.set({name: value for name in _STATED if (value := entry.values.get(name)) not in (None, "")})
    held = known.certificates
    if certificate is None:
        return facts.with_certificates(*held)
    ends = expiry(certificate.issued_on, HNTE_YEARS)
    written = CertificateFact(_HNTE, certificate.number, certificate.issued_on, ends)
    return facts.with_certificates(*(c for c in held if c.number != certificate.number), written)


def _changes(
    firm: FirmDetail | None,
    entry: FirmEntry,
    certificate: RowCertificate | None,
    former: date | None,
    placing: Placing | None,
    reference: Reference,
) -> list[Change]:
    changes = introduction(entry, reference) if firm is None else changes_of(firm, entry, reference)
    if certificate:
        before = f"{certificate.number}（{former}）" if former else ""
        changes.append(Change("certificate", "高企证书", before, f"{certificate.number}（{certificate.issued_on}）"))
    if placing:
        when = "待第二人复核" if placing.waits else f"{placing.effective_on} 起"
        changes.append(Change("tier", TITLES["tier"], "", f"{placing.tier.label}（{when}）"))
    return changes
