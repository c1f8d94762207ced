"""People, firms and certificates for tests, made through the house's own services with the smallest of input."""

import itertools
import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import insert, select, update

from app.access.models import ApiToken, User, UserSession
from app.access.passwords import hasher
from app.access.rules import new_token, token_hash
from app.access.terms import Actor, Role, Viewer
from app.assessments.models import FirmAssessment
from app.assessments.plan_queries import plan_of
from app.assessments.plans import make_plan, mark_step
from app.assessments.terms import PlanEntry, StepEntry
from app.bulk.doing import Kit
from app.bulk.service import Choice, prepare
from app.bulk.terms import BulkKind, Change
from app.config import SEEDS
from app.db import Conn, new_id
from app.filings.models import FilingWindow
from app.filings.service import Revision, revise
from app.filings.terms import Dates, Notice, WindowChange
from app.firms.models import Firm
from app.firms.queries import firm_by_uscc
from app.firms.service import FirmEntry, register
from app.firms.terms import FirmFilter
from app.pipeline.queries import load_ladders
from app.pipeline.recording import MoveOrder
from app.pipeline.service import approve, move_firm
from app.pipeline.terms import Ladder
from app.policy.figures import RD_LINES
from app.policy.packs import read_packs
from app.policy.policies import Policies
from app.policy.terms import Grade
from app.recognitions.models import IpRightRow
from app.recognitions.service import CertificateEntry, record_certificates
from app.recognitions.terms import CertificateKind
from app.reminders.models import ReminderRule
from app.reports.models import FirmStatement, YearlyReport
from app.sealed import seal
from app.text.uscc import ALPHABET, make_code
from app.work.terms import NeedKind, Owner, Promise, Raised, VisitEntry, VisitKind
from app.work.visits import log_visit
from app.workdays.queries import load_calendar
from app.workdays.rules import Calendar
from tests.harness import NOON

COUNTY, TOWN, OTHER_TOWN = "440783", "440783117", "440783115"
PASSWORD = "Lingjie-2026-wu"
POLICIES = Policies(read_packs(SEEDS / "policies"))
_SCOPES = {Role.TOWN: TOWN, Role.FIRM: "", Role.CARRIER: ""}
_serial = itertools.count(1)


@dataclass(frozen=True)
class Person:
    viewer: Viewer

    @property
    def actor(self) -> Actor:
        return Actor(self.viewer)

    @property
    def id(self) -> uuid.UUID:
        return self.viewer.id

    @property
    def name(self) -> str:
        return self.viewer.name


@lru_cache(maxsize=1)
def _hash() -> str:
    return hasher(cheap=True).hash(PASSWORD)


async def person(
    conn: Conn,
    login: str,
    *,
    scope: str | None = None,
    firm_id: uuid.UUID | None = None,
    must_change: bool = False,
    active: bool = True,
    email: str | None = None,
    name: str | None = None,
) -> Person:
    """The account of that login, made when it is missing; the part before a hyphen is its role: "officer-2"."""
    role = Role(login.split("-", maxsplit=1)[0])
    known = (
        await conn.execute(select(User.id, User.name, User.scope, User.firm_id).where(User.login == login))
    ).first()
    if known:
        return Person(Viewer(known.id, login, known.name, role, known.scope, known.firm_id))
    scope = scope if scope is not None else _SCOPES.get(role, COUNTY)
    viewer = Viewer(new_id(), login, name or f"{role.label}{login}", role, scope, firm_id, "", must_change)
    await conn.execute(
        insert(User).values(
            id=viewer.id,
            login=login,
            name=viewer.name,
            role=role.value,
            scope=scope,
            firm_id=firm_id,
            email=seal(conn.vault, "users.email", viewer.id, email) if email else email,
            password_hash=_hash(),
            must_change_password=must_change,
            active=active,
            created_at=NOON,
        )
    )
    return Person(viewer)


async def session_of(conn: Conn, who: Person, *, at: datetime = NOON, hours: int = 12) -> str:
    token = new_token()
    row = {"created_at": at, "seen_at": at, "expires_at": at + timedelta(hours=hours), "ip": "127.0.0.1"}
    await conn.execute(
        insert(UserSession).values(token_hash=token_hash(token), user_id=who.id, user_agent="tests", **row)
    )
    return token


async def token_of(conn: Conn, who: Person, *, at: datetime = NOON, days: int = 30, read_only: bool = False) -> str:
    token = new_token()
    await conn.execute(
        insert(ApiToken).values(
            token_hash=token_hash(token),
            user_id=who.id,
            created_at=at,
            used_at=at,
            expires_at=at + timedelta(days=days),
            read_only=read_only,
        )
    )
    return token


def code(n: int | None = None) -> str:
    """A credit code with both check characters right, another one for every number."""
    n = next(_serial) if n is None else n
    digits = ""
    for _ in range(8):
        n, rest = divmod(n, 10)
        digits = ALPHABET[rest] + digits
    return make_code("91440783", digits)


async def firm(
    conn: Conn,
    name: str | None = None,
    *,
    region: str = TOWN,
    by: Person | None = None,
    at: datetime = NOON,
    contacts: Any = None,
    tags: Any = None,
    former_names: Any = None,
    **values: Any,
) -> str:
    """Registers a firm and returns its code."""
    uscc = values.pop("uscc", None) or code()
    entry = FirmEntry(
        {"name": name or f"开平市测试{uscc[8:16]}有限公司", "uscc": uscc, "region_code": region, **values},
        contacts=contacts,
        tags=tags,
        former_names=former_names,
    )
    officer = by or await person(conn, "officer")
    await register(conn, entry, by=officer.actor, at=at)
    return uscc


async def id_of(conn: Conn, uscc: str) -> uuid.UUID:
    found: uuid.UUID = (await conn.execute(select(Firm.id).where(Firm.uscc == uscc))).scalar_one()
    return found


async def main_ladder(conn: Conn) -> tuple[Ladder, Calendar]:
    return (await load_ladders(conn))["main"], await load_calendar(conn)


async def move(
    conn: Conn,
    uscc: str,
    to: str | None,
    *,
    by: Person | None = None,
    at: datetime = NOON,
    on: date | None = None,
    expected: str | None = None,
    **more: Any,
) -> uuid.UUID:
    """Moves a firm as an officer would; where it waits for a second person, another officer says yes."""
    ladder, calendar = await main_ladder(conn)
    first = by or await person(conn, "officer")
    order = MoveOrder(
        to=to, effective_on=on or at.date(), reason=more.pop("reason", "条件具备"), expected=expected, **more
    )
    done = await move_firm(
        conn, uscc, order, ladder=ladder, policies=POLICIES, calendar=calendar, by=first.actor, at=at
    )
    if done.waits:
        second = await person(conn, "officer-second")
        await approve(conn, done.id, ladder=ladder, policies=POLICIES, calendar=calendar, by=second.actor, at=at)
    return done.id


async def firm_on(conn: Conn, tier: str | None, *, on: date | None = None, **more: Any) -> str:
    """A firm that stands on `tier`; 高企 gets the certificate it needs."""
    uscc = await firm(conn, **more)
    if tier is None:
        return uscc
    if tier == "hnte":
        await certificate(conn, uscc)
    await move(conn, uscc, tier, on=on)
    return uscc


async def certificate(
    conn: Conn, uscc: str, *, number: str | None = None, issued_on: date = date(2024, 11, 28), at: datetime = NOON
) -> str:
    number = number or f"GR2024{next(_serial):08d}"
    officer = await person(conn, "officer")
    entry = CertificateEntry(await id_of(conn, uscc), CertificateKind.HNTE, number, issued_on)
    await record_certificates(conn, [entry], source="测试", by=officer.actor, at=at)
    return number


NOTICE = Notice("粤科函产字〔2027〕1号", "https://gdstc.gd.gov.cn/post_1.html", Grade.OFFICIAL)


async def window_id(conn: Conn, programme: str, year: int, batch: int = 0) -> uuid.UUID:
    w = FilingWindow
    query = select(w.id).where(w.programme == programme, w.year == year, w.batch == batch)
    found: uuid.UUID = (await conn.execute(query)).scalar_one()
    return found


async def window(
    conn: Conn, programme: str, year: int, batch: int = 0, *, at: datetime = NOON, by: Person | None = None, **days: Any
) -> uuid.UUID:
    """One of the seeded windows of a coming year, confirmed with those dates as an officer would."""
    found = await window_id(conn, programme, year, batch)
    officer = by or await person(conn, "officer")
    asked = Revision(WindowChange.CONFIRMED, None, Dates(**days), NOTICE)
    await revise(conn, found, asked, by=officer.actor, at=at)
    return found


_YEARS = (2022, 2023, 2024, 2025)
_FIGURES = {
    "sales_revenue": "40000000.00",
    "main_business_revenue": "38000000.00",
    "total_income": "40000000.00",
    "high_tech_income": "30000000.00",
    "cost_and_expense": "36000000.00",
    "net_profit": "3000000.00",
    "total_assets": "50000000.00",
    "net_assets": "20000000.00",
    "headcount": "120",
    "rd_staff": "15",
    "rd_staff_full_time": "12",
    "conversions": "5",
    "equity_raised": "0",
    **{f"rd.{line}": "0" for line in RD_LINES},
    "rd.personnel": "1900000.00",
}


async def reporting_firm(conn: Conn, name: str = "开平市差一点机械有限公司", **more: Any) -> str:
    """A firm of which everything is known and that would be a 高企 but for its R&D: 4.75 % where 5 % is asked."""
    uscc = await firm(conn, name, **{"registered_on": date(2015, 3, 1), "high_tech_field": "801", **more})
    firm_id = await id_of(conn, uscc)
    for year in _YEARS:
        row = {"id": new_id(), "firm_id": firm_id, "year": year, "version": 1, "state": "accepted", "figures": _FIGURES}
        await conn.execute(insert(YearlyReport).values(**row, created_at=NOON, submitted_at=NOON - timedelta(days=200)))
    right = {"id": new_id(), "firm_id": firm_id, "kind": "invention_patent", "number": "ZL1", "in_force": True}
    await conn.execute(insert(IpRightRow).values(**right, obtained_by="self_developed", recorded_at=NOON))
    records = {"abnormal_operation": False, "serious_dishonesty": False, "research_misconduct": False}
    records |= {"accident_on": None, "environmental_violation_on": None}
    for kind, body in (("records", records), ("standards_led", [])):
        stated = {"firm_id": firm_id, "kind": kind, "body": body, "true_on": NOON.date(), "source": "信用中国"}
        await conn.execute(insert(FirmStatement).values(**stated, recorded_at=NOON))
    return uscc


async def plan(conn: Conn, uscc: str, *, policy: str = "hnte", at: datetime = NOON) -> uuid.UUID:
    """A plan of three steps, the first of them done and the second overdue."""
    officer = await person(conn, "officer")
    held = await firm_by_uscc(conn, uscc, viewer=officer.viewer)
    assert held
    steps = [
        StepEntry("补齐三年研发费用辅助账", date(2026, 11, 20), "近三年研发费用占比（32号 第十一条(五)）"),
        StepEntry("新增一项发明专利申请", date(2026, 11, 22)),
        StepEntry("增加 2026 年研发费用 38.2 万元", date(2026, 12, 31), "近三年研发费用占比（32号 第十一条(五)）"),
    ]
    entry = PlanEntry(date(2027, 6, 1), officer.id, "董事长已同意，财务负责人配合。", steps)
    basis = {"document": "国科发火〔2016〕32号", "version": "2016", "outcome": "达标", "assumed": 22}
    title = POLICIES.packs[policy].title
    made = await make_plan(conn, held, entry, policy=policy, title=title, basis=basis, by=officer.actor, at=at)
    found = await plan_of(conn, held.id, made)
    assert found
    await mark_step(conn, held, made, found.steps[0].id, done=True, by=officer.actor, at=at)
    return made


async def visit(conn: Conn, uscc: str, *, at: datetime = NOON) -> uuid.UUID:
    """A visit at which both sides promised something and the firm asked for something."""
    officer = await person(conn, "officer")
    held = await firm_by_uscc(conn, uscc, viewer=officer.viewer)
    assert held
    ladder, calendar = await main_ladder(conn)
    promises = (Promise("寄送申报材料清单", Owner.BUREAU), Promise("补齐第三季度辅助账", Owner.FIRM))
    need = Raised(NeedKind.UTILITY, "夏季限电影响中试，请协调保供。")
    entry = VisitEntry(at.date(), VisitKind.ON_SITE, "周会计", "新车间已投产。", date(2026, 12, 10), promises, need)
    return (await log_visit(conn, held, entry, ladder=ladder, calendar=calendar, by=officer.actor, at=at)).id


async def active_rule(conn: Conn, code: str, *, at: datetime = NOON, **changes: Any) -> uuid.UUID:
    """One of the seeded reminder rules at work, as somebody who saw its preview would have it."""
    values = {"state": "active", "activated_at": at, "activator_name": "王", **changes}
    query = update(ReminderRule).where(ReminderRule.code == code).values(values).returning(ReminderRule.id)
    found: uuid.UUID = (await conn.execute(query)).scalar_one()
    return found


async def answer(
    conn: Conn,
    uscc: str,
    outcome: str,
    *,
    policy: str = "hnte",
    missed: int = 0,
    lacking: int = 0,
    shortfall: Any = None,
) -> None:
    """What a policy says of a firm, as the night would have kept it."""
    row = {"version": "2016", "outcome": outcome, "missed": missed, "lacking": lacking, "shortfall": shortfall}
    new = {"firm_id": await id_of(conn, uscc), "policy": policy, **row, "open_codes": [], "as_of": NOON.date()}
    await conn.execute(insert(FirmAssessment).values(**new, assessed_at=NOON))


async def bulk_preview(conn: Conn, who: Person, tier: str, *, at: datetime = NOON) -> uuid.UUID:
    """What it would mean to move every firm of the list to the tier."""
    ladder, calendar = await main_ladder(conn)
    kit = Kit(ladder, POLICIES, calendar)
    change = Change(BulkKind.TIER, tier=tier, on=at.date(), reason="年度核对")
    choice = Choice(FirmFilter(), "status=active")
    return await prepare(conn, choice, change, kit=kit, by=who.actor, today=at.date(), at=at)
