"""What the house knows already of what a tenant is asked, each with where it stands: nothing is typed again."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import func, select

from app.carriers.log_models import CarrierLog
from app.carriers.log_terms import LogSort
from app.carriers.models import CarrierTeam
from app.collecting.hiding import opened
from app.collecting.items import BY_CODE, ITEMS, Item, ItemKind, asked, from_figures
from app.collecting.models import CollectionAnswer, CollectionRound
from app.collecting.terms import Answer, AnswerState, Period, Round
from app.db import Conn
from app.policy.figures import IpKind
from app.recognitions.rights import HeldRight, rights_of
from app.reports.hiding import opened as typed_of
from app.reports.models import Submission, SubmissionSection
from app.reports.sharing import told_figures
from app.units import plain

_KINDS = {
    "tenant.inventions": IpKind.INVENTION_PATENT,
    "tenant.software": IpKind.SOFTWARE_COPYRIGHT,
    "tenant.varieties": IpKind.PLANT_VARIETY,
    "tenant.layouts": IpKind.IC_LAYOUT,
}
_WORDS = frozenset({ItemKind.TEXT, ItemKind.CHOICE})


@dataclass(frozen=True, slots=True)
class Known:
    """In 元 and as counted; `source` says whose word it is."""

    value: str
    source: str


async def known_of(conn: Conn, held: Round, answer: Answer, *, to_firm: bool) -> dict[str, Known]:
    """By code, of what is asked. What was given for this round comes before everything else. What the firm has told
    the bureau is shown to the firm alone: its operator sees what the firm gives it."""
    items = asked(yearly=held.period.yearly, team=answer.team_id is not None)
    found = {code: Known(value, "本期已报") for code, value in answer.figures.items()}
    if not answer.figures:
        sources = [await _from_team(conn, answer.team_id)] if answer.team_id else []
        sources += await _of_firm(conn, held, answer.firm_id, to_firm) if answer.firm_id else []
        sources.append(await _before(conn, held, answer, items))
        for source in sources:
            found = {**source, **found}
    codes = {item.code for item in items}
    return {code: one for code, one in found.items() if code in codes}


async def _of_firm(conn: Conn, held: Round, firm_id: uuid.UUID, to_firm: bool) -> list[dict[str, Known]]:
    """Of a year, the firm's own yearly figures and its rights; of every time, what the carrier saw it receive."""
    financed = await _financed(conn, held, firm_id)
    if not held.period.yearly or not to_firm:
        return [financed]
    year = held.period.year
    figures = from_figures(await told_figures(conn, firm_id, year, ""))
    told = figures | await _words_of(conn, firm_id, year)
    kept = {code: Known(value, f"企业 {year} 年度填报") for code, value in told.items()}
    return [kept, financed, _counted(await rights_of(conn, firm_id), held.period)]


async def _words_of(conn: Conn, firm_id: uuid.UUID, year: int) -> dict[str, str]:
    """What the firm's own form of the year says in words."""
    s, p = Submission, SubmissionSection
    query = select(s.id, p.answers).join(s, s.id == p.submission_id).where(s.firm_id == firm_id, s.year == year)
    pages = [typed_of(conn.vault, filing_id, answers) for filing_id, answers in await conn.execute(query)]
    typed = {code: said for answers in pages for code, said in answers.items()}
    items = [item for item in ITEMS if item.kind in _WORDS and typed.get(item.code, [""])[0]]
    said = {item.code: str(typed[item.code][0]) for item in items}
    return {
        c: word for c, word in said.items() if word and (not BY_CODE[c].options or word in dict(BY_CODE[c].options))
    }


def _counted(rights: list[HeldRight], period: Period) -> dict[str, Known]:
    """A firm that has reported no right at all may have some: of it nothing is known."""
    if not rights:
        return {}
    held = [right for right in rights if right.in_force and right.granted_on and right.granted_on <= period.last]
    counts = {code: sum(right.kind is kind for right in held) for code, kind in _KINDS.items()}
    counts["tenant.ip_held"] = len(held)
    counts["tenant.ip_granted"] = sum(_in(period, right.granted_on) for right in rights)
    return {code: Known(str(n), "知识产权台账") for code, n in counts.items()}


def _in(period: Period, day: date | None) -> bool:
    return day is not None and period.first <= day <= period.last


async def _financed(conn: Conn, held: Round, firm_id: uuid.UUID) -> dict[str, Known]:
    n, kinds = CarrierLog, [LogSort.ANGEL.value, LogSort.VENTURE.value]
    query = select(func.sum(n.amount)).where(
        n.carrier_id == held.carrier_id,
        n.firm_id == firm_id,
        n.sort.in_(kinds),
        n.struck_at.is_(None),
        n.happened_on.between(held.period.first, held.period.last),
    )
    amount: Decimal | None = (await conn.execute(query)).scalar_one_or_none()
    return {} if amount is None else {"tenant.venture": Known(f"{plain(amount):f}", "载体的投资记录")}


async def _from_team(conn: Conn, team_id: uuid.UUID) -> dict[str, Known]:
    members = (await conn.execute(select(CarrierTeam.members).where(CarrierTeam.id == team_id))).scalar_one_or_none()
    return {} if members is None else {"tenant.staff": Known(str(members), "入驻登记的团队人数")}


async def _before(conn: Conn, held: Round, answer: Answer, items: list[Item]) -> dict[str, Known]:
    """The round before: words and heads change little, amounts belong to their own time."""
    figures = await given_before(conn, held, answer)
    kept = {item.code for item in items if item.kind in _WORDS or item.code == "tenant.staff"}
    label = f"{held.period.before.label}报的"
    return {code: Known(figures[code], label) for code in kept & figures.keys() & BY_CODE.keys()}


async def given_before(conn: Conn, held: Round, answer: Answer) -> Mapping[str, str]:
    """What it gave this carrier for the time before, by code."""
    a, r = CollectionAnswer, CollectionRound
    holder = a.firm_id == answer.firm_id if answer.firm_id else a.team_id == answer.team_id
    query = (
        select(a.id, a.figures)
        .join(r, r.id == a.round_id)
        .where(r.carrier_id == held.carrier_id, r.period == held.period.before.code, holder)
        .where(a.state == AnswerState.ANSWERED.value)
    )
    found = (await conn.execute(query)).one_or_none()
    return opened(conn.vault, found.id, found.figures) if found else {}
