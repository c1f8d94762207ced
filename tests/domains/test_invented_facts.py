"""What the policies say of invented counties: every answer occurs, and firms stand about where their tier says."""

import uuid
from collections import Counter, defaultdict
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import func, select, update

from app.access.queries import user_by_login
from app.assessments.answers import Answer, answers_for
from app.assessments.gathering import gather
from app.firms.models import Firm
from app.pipeline.models import Move, TierRow
from app.policy.facts import Facts
from app.reports.models import YearlyReport
from app.seeding import phrases
from app.seeding.demo import DEMO_LOGINS, load_demo
from app.seeding.synth import load_county
from tests.factories import POLICIES
from tests.harness import NOON

TODAY = NOON.date()
MANY = 600
PASSWORDS = {login: f"Dengtai-{n}-zhengchang" for n, login in enumerate(DEMO_LOGINS)}


async def facts_by_tier(conn) -> dict[str | None, dict[uuid.UUID, Facts]]:
    firms = (await conn.execute(select(Firm.id, Firm.tier).where(Firm.status == "active"))).all()
    known = await gather(conn, [firm.id for firm in firms])
    grouped: dict[str | None, dict[uuid.UUID, Facts]] = defaultdict(dict)
    for firm_id, tier in firms:
        grouped[tier][firm_id] = known[firm_id].facts
    return grouped


def answers_of(policy: str, facts: dict[uuid.UUID, Facts]) -> list[Answer]:
    packs = POLICIES.only(policy).for_firms()
    return [answer for firm_id, known in facts.items() for answer in answers_for(firm_id, known, packs, as_of=TODAY)]


def share_met(policy: str, facts: dict[uuid.UUID, Facts]) -> float:
    answers = answers_of(policy, facts)
    return sum(answer.outcome == "met" for answer in answers) / len(answers)


def assert_a_believable_mix(grouped):
    answers = [answer for facts in grouped.values() for answer in answers_of("hnte", facts)]
    outcomes = Counter(answer.outcome for answer in answers)
    for outcome in ("met", "not_met", "unknown", "manual"):
        assert outcomes[outcome] > len(answers) / 50, outcomes
    near = [a for a in answers if a.missed == 1 and a.shortfall is not None and a.shortfall < Decimal("0.25")]
    assert len(near) > len(answers) / 20
    by_tier = [share_met("hnte", grouped[tier]) for tier in ("tech_micro", "gazelle", "hnte")]
    assert by_tier == sorted(by_tier)
    for tier in ("tech_micro", "eaglet", "gazelle"):
        assert share_met(tier, grouped[tier]) > max(0.4, share_met(tier, grouped[None])), tier


async def assert_in_order(conn):
    """Nothing was submitted or decided in the future, or decided before it was submitted."""
    submitted, decided = YearlyReport.submitted_at, YearlyReport.decided_at
    wrong = select(func.count()).where((submitted > NOON) | (decided > NOON) | (decided < submitted))
    assert (await conn.execute(wrong)).scalar_one() == 0
    assert (await conn.execute(select(func.count(decided)))).scalar_one() > 0


@pytest.mark.db_commit
async def test_a_synthetic_county_gets_every_answer_and_many_near_misses(fresh_database):
    await load_county(fresh_database, firms=MANY, at=NOON, cheap=True)
    async with fresh_database.reading() as conn:
        assert_a_believable_mix(await facts_by_tier(conn))


@pytest.mark.db_commit
async def test_the_registry_agrees_with_what_a_synthetic_firm_reported(fresh_database):
    await load_county(fresh_database, firms=200, at=NOON, cheap=True)
    async with fresh_database.reading() as conn:
        query = select(Firm.above_designated_size, Firm.registered_on, YearlyReport.year, YearlyReport.figures)
        rows = (await conn.execute(query.join(YearlyReport, YearlyReport.firm_id == Firm.id))).all()
        latest = [row for row in rows if row.year == TODAY.year - 1]
        assert {row.above_designated_size for row in latest} == {True, False}
        for row in latest:
            assert row.above_designated_size == (Decimal(row.figures["main_business_revenue"]) >= 20_000_000)
        assert all(row.registered_on.year <= row.year for row in rows)
        await assert_in_order(conn)


async def test_the_demo_gets_every_answer_and_many_near_misses(county):
    assert_a_believable_mix(await facts_by_tier(county))


async def test_the_demos_figures_came_in_before_today_and_were_decided_after(county):
    await assert_in_order(county)


async def test_few_of_the_demos_moves_needed_more_than_was_told_of_them(county):
    query = select(func.count(), func.count().filter(Move.override_reason == phrases.AGREED))
    moves, agreed = (await county.execute(query)).one()
    assert agreed < moves / 8


async def test_nobody_moved_before_the_firm_was_a_year_old(county):
    query = select(Move.effective_on - Firm.registered_on).join(Firm, Firm.id == Move.firm_id)
    assert min((await county.execute(query)).scalars()) >= 365


async def test_the_demo_clerks_firm_has_reported_every_year(county):
    clerk = await user_by_login(county, "firm")
    known = (await gather(county, [clerk["firm_id"]]))[clerk["firm_id"]].facts.values
    born: date = known["registered_on"]
    for year in range(max(TODAY.year - 4, born.year), TODAY.year):
        assert known[f"years.{year}.sales_revenue"] > 0
        assert f"years.{year}.rd.personnel" in known


async def test_a_gate_that_invented_firms_do_not_pass_is_passed_with_a_second_person(conn, database):
    """The policies are the bureau's to change; the demo still loads."""
    await conn.execute(update(TierRow).where(TierRow.code == "eaglet").values(policy="hnte_certificate"))
    await load_demo(database, PASSWORDS, at=NOON, firms=40, cheap=True)
    entries = select(Move.override_reason, Move.approver_name).where(Move.to_tier == "eaglet", Move.kind == "entry")
    rows = (await conn.execute(entries)).all()
    assert rows
    assert all(reason == phrases.AGREED and approver for reason, approver in rows)
