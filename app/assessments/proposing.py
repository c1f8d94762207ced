"""Whom a window is for: firms that ought to be in it and are not, each with the reason."""

import uuid
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, and_, extract, literal, or_, select, union_all

from app.access.terms import Viewer
from app.assessments.models import FirmAssessment
from app.db import Conn
from app.filings.models import ApplicationRow, FilingWindow
from app.filings.rules import significant
from app.filings.terms import NATION, Programme, Window
from app.firms.filtering import visible_to
from app.firms.models import Firm
from app.labels import Labelled
from app.policy.terms import Outcome
from app.policy.wording import standing_words
from app.recognitions.models import Certificate
from app.recognitions.rules import HNTE_YEARS

SHOWN = 200
# What the seeded reminders call near, so that the page and the letter mean the same firms.
NEAR_MISSED, NEAR_WITHIN = 1, Decimal("0.10")


class Ground(Labelled):
    """The most telling first: a firm of several grounds stands under the first."""

    RENEWING = "renewing", "三年前发证、今年应重新认定"
    MET = "met", "已达标"
    NEAR = "near", "差一点达标"


@dataclass(frozen=True, slots=True)
class Proposal:
    firm_id: uuid.UUID
    uscc: str
    firm_name: str
    region_code: str
    ground: Ground
    words: str


async def proposals(
    conn: Conn, window: Window, programme: Programme, *, viewer: Viewer, limit: int = SHOWN
) -> list[Proposal]:
    """The first of each ground, by town."""
    if programme.applicants != "firm" or programme.certificate is None:
        return []
    found: dict[uuid.UUID, Proposal] = {}
    for row in await conn.execute(_renewing(window, viewer).limit(limit)):
        said = f"{row.number} · {row.issued_on} 发证"
        found[row.id] = Proposal(row.id, row.uscc, row.name, row.region_code, Ground.RENEWING, said)
    if programme.policy is not None:
        parts = [_judged(window, programme, viewer, answers).limit(limit) for answers in (_MET, _NEAR)]
        for row in await conn.execute(union_all(*(part.subquery().select() for part in parts))):
            outcome = Outcome(row.outcome)
            ground = Ground.MET if outcome is Outcome.MET else Ground.NEAR
            said = standing_words(outcome, row.missed, row.lacking)
            found.setdefault(row.id, Proposal(row.id, row.uscc, row.name, row.region_code, ground, said))
    return list(found.values())


_FIRM: tuple[Any, ...] = (Firm.id, Firm.uscc, Firm.name, Firm.region_code)
_HELD: tuple[Any, ...] = (*_FIRM, Certificate.number, Certificate.issued_on)
_ANSWERED: tuple[Any, ...] = (*_FIRM, FirmAssessment.outcome, FirmAssessment.missed, FirmAssessment.lacking)
_MET = FirmAssessment.outcome == Outcome.MET.value
_NEAR = and_(
    FirmAssessment.outcome == Outcome.NOT_MET.value,
    FirmAssessment.missed <= NEAR_MISSED,
    FirmAssessment.shortfall <= NEAR_WITHIN,
)


def _concerned(window: Window, viewer: Viewer) -> list[Any]:
    """Active firms of the window's division that are in no batch of its programme's year."""
    within = [] if window.region == NATION else [Firm.region_code.startswith(significant(window.region))]
    in_it = (
        select(ApplicationRow.id)
        .join(FilingWindow, FilingWindow.id == ApplicationRow.window_id)
        .where(
            ApplicationRow.firm_id == Firm.id,
            FilingWindow.programme == window.programme,
            FilingWindow.year == window.year,
        )
        .exists()
    )
    return [visible_to(viewer), Firm.status == "active", ~in_it, *within]


def _renewing(window: Window, viewer: Viewer) -> Select[Any]:
    """国科发火〔2016〕32号 第九条: three years; 粤科函产字〔2026〕903号: a certificate of 2023 re-applies in 2026."""
    younger = Certificate.__table__.alias("younger")
    renewed = (
        select(younger.c.id)
        .where(
            younger.c.firm_id == Certificate.firm_id,
            younger.c.kind == Certificate.kind,
            younger.c.issued_on > Certificate.issued_on,
        )
        .exists()
    )
    query = select(*_HELD).join(Certificate, Certificate.firm_id == Firm.id)
    return query.where(
        *_concerned(window, viewer),
        literal(window.programme == "hnte"),
        Certificate.kind == window.programme,
        extract("year", Certificate.issued_on) == window.year - HNTE_YEARS,
        Certificate.revoked_on.is_(None),
        ~renewed,
    ).order_by(Firm.region_code, Firm.id)


def _judged(window: Window, programme: Programme, viewer: Viewer, answers: Any) -> Select[Any]:
    """Whoever holds the title beyond the window's year has nothing to apply for."""
    holds = (
        select(Certificate.id)
        .where(
            Certificate.firm_id == Firm.id,
            Certificate.kind == programme.certificate,
            Certificate.expires_on >= date(window.year, 12, 31),
            or_(Certificate.revoked_on.is_(None), Certificate.revoked_on > date(window.year, 12, 31)),
        )
        .exists()
    )
    a = FirmAssessment
    query = select(*_ANSWERED).join(a, a.firm_id == Firm.id)
    return query.where(*_concerned(window, viewer), a.policy == programme.policy, answers, ~holds).order_by(
        Firm.region_code, a.missed, Firm.id
    )
