"""The demo: accounts for every role, and a county of invented firms with a year of moves behind it."""

import random
import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import select, text, update

from app.access.models import User
from app.access.queries import user_by_login
from app.access.service import Account, add_user
from app.access.terms import Actor, Role, Viewer
from app.assessments.policies import load_policies
from app.carriers.terms import Carrier
from app.clock import business_day
from app.db import Conn, Database
from app.errors import NotFound, Refused
from app.firms import queries, service
from app.firms.models import Firm
from app.firms.service import FirmEntry
from app.firms.terms import MAIN_LADDER, FirmDetail
from app.locks import Lock, hold
from app.pipeline import service as pipeline
from app.pipeline.queries import load_ladders
from app.pipeline.recording import MoveOrder
from app.pipeline.terms import Ladder
from app.policy.policies import Policies
from app.recognitions.registering import NewCertificate, register
from app.recognitions.service import CertificateEntry, record_certificates
from app.recognitions.terms import CertificateKind
from app.seeding import phrases
from app.seeding.acts import Act, Amend, Ask, Call, Certify, Decide, Entitle, NoteDown, Register, Survey, Tell
from app.seeding.county import DEMO_TOWN, invent_firms
from app.seeding.demo_books import SOURCE, record_reports, record_survey
from app.seeding.demo_carriers import ask_for_room, ask_in, bring_carriers
from app.seeding.demo_clerks import CLERKS_OF, SIGNATORIES, bring_clerks
from app.seeding.demo_collecting import bring_collection, bring_logs
from app.seeding.demo_digests import Mondays
from app.seeding.demo_plan import bring_plan
from app.seeding.demo_reminders import put_rules_to_work
from app.seeding.demo_reports import bring_reports
from app.seeding.first_admin import COUNTY
from app.seeding.invented import demo_code
from app.seeding.lives import tell_year
from app.seeding.visiting import visit
from app.workdays.queries import load_calendar
from app.workdays.rules import Calendar

DEMO_LOGINS = ("admin", "officer", "town", "manager", "auditor", "carrier", "firm")
FIRMS = 400
_BUREAU = "开平市科工商务局"
_ACCOUNTS = (
    Account("admin", "演示管理员", Role.ADMIN, COUNTY, _BUREAU),
    Account("officer", "演示专员 李敏", Role.OFFICER, COUNTY, _BUREAU),
    Account("officer2", "演示专员 陈浩", Role.OFFICER, COUNTY, _BUREAU),
    Account("town", "演示镇街专员 黄燕", Role.TOWN, DEMO_TOWN, "水口镇经济发展办公室"),
    Account("manager", "演示局领导 梁建", Role.MANAGER, COUNTY, _BUREAU),
    Account("auditor", "演示审计员", Role.AUDITOR, COUNTY, _BUREAU),
    Account("carrier", "演示载体运营", Role.CARRIER, "", "示例孵化器"),
)


@dataclass
class Stage:
    """What the acts are performed with."""

    conn: Conn
    ladder: Ladder
    policies: Policies
    calendar: Calendar
    actors: Mapping[str, Actor]
    ids: dict[str, uuid.UUID] = field(default_factory=dict)
    requests: dict[str, tuple[uuid.UUID, Ask]] = field(default_factory=dict)
    read: dict[str, FirmDetail] = field(default_factory=dict)  # for notes, which only need to know whose they are


async def load_demo(
    database: Database,
    passwords: Mapping[str, str],
    *,
    at: datetime,
    firms: int = FIRMS,
    seed: int = 1,
    cheap: bool = False,
) -> bool:
    """Loads all of the demo in one transaction, or nothing; says whether it did.

    Nothing is added to a demo that is there already, nor to a registry that holds other firms: invented ones among
    real ones could never be told apart by a reader in a hurry.
    """
    async with database.transaction() as conn:
        await hold(conn, Lock.INVENTION)
        if (await conn.execute(select(Firm.id).limit(1))).first() is not None:
            return False
        actors = await _accounts(conn, passwords, at=at - timedelta(days=400), cheap=cheap)
        ladder, calendar = (await load_ladders(conn))[MAIN_LADDER], await load_calendar(conn)
        stage = Stage(conn, ladder, await load_policies(conn), calendar, actors)
        rng = random.Random(seed)  # noqa: S311 - invention, not a secret
        officers = {login: actors[login].viewer.id for login in ("officer", "officer2")}
        invented = invent_firms(rng, firms, officers=officers, today=business_day(at))
        place: list[tuple[Carrier, uuid.UUID]] = []

        async def furnish() -> None:
            place.append(await _furnish(stage, at=at))

        mondays = Mondays(calendar, stage.policies, (COUNTY, DEMO_TOWN), at, furnish)
        for act in tell_year(rng, invented, ladder, calendar, at=at):
            await mondays.before(conn, act.at)
            await perform(stage, act)
        await mondays.before(conn, at)
        some = [await _firm(stage, demo_code(number)) for number in CLERKS_OF]
        clerks = await bring_clerks(conn, some, passwords["firm"], by=actors["officer"], at=at, cheap=cheap)
        await bring_reports(conn, some, [clerks[login] for login in SIGNATORIES], by=actors["officer"], at=at)
        await ask_in(conn, place[0], demo_code(next(iter(CLERKS_OF))), operator=actors["carrier"], at=at)
        clerk = clerks["firm-2"]
        await ask_for_room(conn, place[0], demo_code([*CLERKS_OF][1]), policies=stage.policies, clerk=clerk, at=at)
        await bring_logs(conn, place[0][0], operator=actors["carrier"], at=at)
        await bring_collection(conn, place[0][0], operator=actors["carrier"], at=at)
        await _type_twice(stage, at=at - timedelta(days=6))
        await _settle_old_messages(conn, before=at - timedelta(days=1))
        await put_rules_to_work(conn, by=actors["officer"], at=at)
        # The accounts have stood for a year, their passwords were made up just now.
        await conn.execute(update(User).values(password_changed_at=at))
    return True


async def _furnish(stage: Stage, *, at: datetime) -> tuple[Carrier, uuid.UUID]:
    """What the bureau has known for long: the plan's numbers, platforms, carriers and who sits in them."""
    conn, actors = stage.conn, stage.actors
    began = at - timedelta(days=60)
    hosts = select(Firm.id, Firm.name).where(Firm.tier.in_(["gazelle", "hnte", "leader"])).order_by(Firm.uscc)
    few = [(row.id, row.name) for row in await conn.execute(hosts.limit(40))]
    await bring_plan(conn, few, officer=actors["officer"], manager=actors["manager"], at=began)
    young = select(Firm.uscc).where(Firm.tier.in_(["tech_micro", "eaglet"]), Firm.status == "active")
    tenants = (await conn.execute(young.order_by(Firm.uscc).limit(8))).scalars().all()
    return await bring_carriers(conn, tenants, by=actors["officer"], town=DEMO_TOWN, at=at)


async def _accounts(conn: Conn, passwords: Mapping[str, str], *, at: datetime, cheap: bool) -> dict[str, Actor]:
    for account in _ACCOUNTS:
        if await user_by_login(conn, account.login) is None:
            shown = account.login in passwords
            password = passwords.get(account.login) or f"Td-{secrets.token_urlsafe(24)}9"
            await add_user(conn, account, password=password, must_change=not shown, at=at, cheap=cheap)
    actors = {}
    for account in _ACCOUNTS:
        user = await user_by_login(conn, account.login)
        viewer = Viewer(user["id"], user["login"], user["name"], Role(user["role"]), user["scope"], None, user["unit"])
        actors[account.login] = Actor(viewer)
    return actors


async def perform(stage: Stage, act: Act) -> None:
    match act:
        case Register():
            await _register(stage, act)
        case Certify():
            held = CertificateEntry(stage.ids[act.firm.uscc], CertificateKind.HNTE, act.number, act.issued_on)
            await record_certificates(stage.conn, [held], source=SOURCE, by=stage.actors["officer"], at=act.at)
        case Entitle():
            new = NewCertificate(act.title.kind, act.title.number, act.title.issued_on, act.title.expires_on)
            await register(stage.conn, act.firm.uscc, new, by=stage.actors["officer"], at=act.at)
        case Survey():
            await record_survey(stage.conn, act, stage.ids, by=stage.actors["officer"].viewer)
        case Tell():
            await record_reports(stage.conn, act, stage.ids, by=stage.actors["officer"].viewer)
        case Ask():
            await _ask(stage, act)
        case Decide():
            await _decide(stage, act)
        case NoteDown() | Call() | Amend():
            await _work(stage, act)


async def _work(stage: Stage, act: NoteDown | Call | Amend) -> None:
    """What an officer writes about a firm."""
    by, code = stage.actors[act.by], act.firm.uscc
    match act:
        case NoteDown():
            firm = stage.read.get(code) or await _firm(stage, code)
            await service.add_note(stage.conn, firm, act.body, by=by, at=act.at)
            await pipeline.touch(stage.conn, firm.id, ladder=stage.ladder, calendar=stage.calendar, at=act.at)
        case Call():
            firm = stage.read.get(code) or await _firm(stage, code)
            await visit(stage.conn, firm, act, ladder=stage.ladder, calendar=stage.calendar, by=by)
        case Amend():
            firm = await _firm(stage, code)
            entry = FirmEntry(act.values)
            await service.edit(stage.conn, firm, entry, version=firm.version, by=by, at=act.at)
            del stage.read[code]


async def _register(stage: Stage, act: Register) -> None:
    entries: Sequence[FirmEntry] = [firm.entry for firm in act.firms]
    ids = await service.register_many(stage.conn, entries, by=stage.actors["officer"], at=act.at)
    stage.ids |= {firm.uscc: firm_id for firm, firm_id in zip(act.firms, ids, strict=True)}


async def _ask(stage: Stage, act: Ask) -> None:
    try:
        outcome = await _move(stage, act)
    except Refused:
        # The gates are whatever policies are in force: where an invented firm falls short, a second person agrees.
        act = replace(act, override=phrases.AGREED)
        outcome = await _move(stage, act)
        if not act.waits:
            by, at = stage.actors["manager"], act.at + timedelta(minutes=5)
            await _approve(stage, outcome.id, by=by, at=at)
            return
    if outcome.waits:
        stage.requests[act.firm.uscc] = (outcome.id, act)


async def _move(stage: Stage, act: Ask) -> pipeline.MoveOutcome:
    return await pipeline.move_firm(
        stage.conn,
        act.firm.uscc,
        MoveOrder(
            to=act.to,
            effective_on=act.effective_on,
            reason=act.reason,
            expected=act.expected,
            override=act.override,
            correction=act.correction,
        ),
        ladder=stage.ladder,
        policies=stage.policies,
        calendar=stage.calendar,
        by=stage.actors[act.by],
        at=act.at,
    )


async def _decide(stage: Stage, act: Decide) -> None:
    (request, asked), by = stage.requests.pop(act.firm.uscc), stage.actors[act.by]
    if act.refusal:
        await pipeline.reject(stage.conn, request, reason=act.refusal, by=by, at=act.at)
        return
    try:
        await _approve(stage, request, by=by, at=act.at)
    except Refused:  # the gate has closed meanwhile: sent back, and asked for once more
        await pipeline.reject(stage.conn, request, reason=phrases.TURNED, by=by, at=act.at)
        again = await _move(stage, replace(asked, at=act.at, override=phrases.AGREED))
        await _approve(stage, again.id, by=by, at=act.at + timedelta(minutes=5))


async def _approve(stage: Stage, request: uuid.UUID, *, by: Actor, at: datetime) -> None:
    await pipeline.approve(
        stage.conn,
        request,
        ladder=stage.ladder,
        policies=stage.policies,
        calendar=stage.calendar,
        by=by,
        at=at,
    )


async def _firm(stage: Stage, uscc: str) -> FirmDetail:
    firm = await queries.firm_by_uscc(stage.conn, uscc, viewer=stage.actors["officer"].viewer)
    if firm is None:
        raise NotFound
    stage.read[uscc] = firm
    return firm


async def _type_twice(stage: Stage, *, at: datetime) -> None:
    """A firm that the town has entered a second time, under another code: for somebody to find and merge."""
    first = await _firm(stage, demo_code(7))
    values = {"name": first.name, "uscc": demo_code(9001), "region_code": DEMO_TOWN, "remark": "镇街补录"}
    await service.register(stage.conn, FirmEntry(values), by=stage.actors["town"], at=at)


async def _settle_old_messages(conn: Conn, *, before: datetime) -> None:
    """A year of in-house messages was read long ago; only the latest wait for the worker."""
    await conn.execute(
        text(
            "UPDATE outbox_messages SET state = 'sent', attempts = 1, answer = '站内', sent_at = created_at + "
            "interval '5 seconds', read_at = coalesce(read_at, created_at + interval '1 hour') "
            "WHERE state = 'pending' AND created_at < :before"
        ),
        {"before": before},
    )
