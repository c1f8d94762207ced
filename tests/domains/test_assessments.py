"""What the tables say of a firm becomes facts; what the policies say of the facts is kept, and kept up to date."""

import uuid
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import delete, func, insert, select, update

from app.assessments.gathering import gather
from app.assessments.jobs import reassess
from app.assessments.models import ChangedFirm, FirmAssessment
from app.assessments.refreshing import refresh, refresh_changed
from app.db import new_id
from app.firms.models import Firm
from app.policy.figures import INTERNAL_LINES, RD_LINES
from app.recognitions.models import Certificate, IpRightRow
from app.reports.models import FirmStatement, YearlyReport
from tests import factories
from tests.factories import POLICIES
from tests.harness import NOON

TODAY = NOON.date()
FIGURES = {
    "sales_revenue": "46000000.00",
    "total_income": "46000000.00",
    "high_tech_income": "30000000.00",
    "headcount": "120",
    "rd_staff": "15",
    **{f"rd.{line}": "0" for line in RD_LINES},
    f"rd.{INTERNAL_LINES[0]}": "2000000.00",
}


async def report(
    conn: Any, firm_id: uuid.UUID, year: int, *, state: str = "accepted", version: int = 1, **figures: str
) -> None:
    await conn.execute(
        insert(YearlyReport).values(
            id=new_id(),
            firm_id=firm_id,
            year=year,
            version=version,
            state=state,
            figures={**FIGURES, **{code.replace("__", "."): value for code, value in figures.items()}},
            created_at=NOON,
            submitted_at=NOON - timedelta(days=30),
        )
    )


async def state(conn: Any, firm_id: uuid.UUID, kind: str, body: Any) -> None:
    values = {"firm_id": firm_id, "kind": kind, "body": body, "true_on": TODAY, "source": "测试", "recorded_at": NOON}
    await conn.execute(insert(FirmStatement).values(**values))


async def firm(conn: Any, **more: Any) -> uuid.UUID:
    return await factories.id_of(conn, await factories.firm(conn, **more))


async def facts_of(conn: Any, firm_id: uuid.UUID) -> dict[str, Any]:
    return dict((await gather(conn, [firm_id]))[firm_id].facts.values)


async def test_a_firm_that_has_reported_nothing_is_known_by_the_registry_and_the_ledger_alone(conn):
    facts = await facts_of(conn, await firm(conn, registered_on=date(2015, 3, 1)))
    assert facts["registered_on"] == date(2015, 3, 1)
    assert facts["certificates"] == ()
    assert "ip_rights" not in facts
    assert not [path for path in facts if path.startswith(("years.", "records."))]


async def test_figures_count_once_they_are_submitted_and_the_latest_version_counts(conn):
    firm_id = await firm(conn)
    await report(conn, firm_id, 2025, version=1)
    await report(conn, firm_id, 2025, version=2, state="submitted", sales_revenue="47000000.00")
    await report(conn, firm_id, 2025, version=3, state="draft", sales_revenue="1.00")
    await report(conn, firm_id, 2024, state="returned")
    gathered = (await gather(conn, [firm_id]))[firm_id]
    assert gathered.facts.values["years.2025.sales_revenue"] == Decimal("47000000.00")
    assert "years.2024.sales_revenue" not in gathered.facts.values
    assert gathered.source_of("years.2025.rd.design").state == "submitted"
    assert gathered.source_of("registered_on").source == "企业库"


async def test_a_firm_that_reports_a_year_without_rights_has_none(conn):
    firm_id = await firm(conn)
    await report(conn, firm_id, 2025)
    assert (await facts_of(conn, firm_id))["ip_rights"] == ()


async def test_statements_become_facts_and_no_accident_is_something_else_than_nothing_known(conn):
    firm_id = await firm(conn)
    await state(conn, firm_id, "records", {"abnormal_operation": False, "accident_on": None})
    await state(conn, firm_id, "standards_led", [{"level": "industry", "on": "2024-06-01"}])
    await state(conn, firm_id, "judgements", {"rd_rules": 5})
    await state(conn, firm_id, "standing", {"in_hnte_pool": True, "carrier_tenant_since": None})
    facts = await facts_of(conn, firm_id)
    assert facts["records.abnormal_operation"] is False
    assert facts["records.accident_on"] is None
    assert "records.environmental_violation_on" not in facts
    assert facts["standards_led"][0].level == "industry"
    assert facts["judgements.rd_rules"] == 5
    assert facts["in_hnte_pool"] is True
    assert facts["carrier_tenant_since"] is None


async def test_the_facts_of_many_firms_take_one_statement(conn, statements):
    ids = [await firm(conn) for _ in range(12)]
    statements.clear()
    assert len(await gather(conn, ids)) == 12
    assert len(statements) == 1


async def answers(conn: Any, firm_id: uuid.UUID) -> dict[str, Any]:
    rows = await conn.execute(select(FirmAssessment.__table__).where(FirmAssessment.firm_id == firm_id))
    return {row.policy: row for row in rows}


async def test_an_answer_is_kept_with_what_is_missed_what_is_lacking_and_how_near(conn):
    firm_id = await firm(conn, registered_on=date(2015, 3, 1), high_tech_field="801")
    for year in (2023, 2024, 2025):
        await report(conn, firm_id, year)
    await refresh(conn, [firm_id], policies=POLICIES, as_of=TODAY, at=NOON)
    answer = (await answers(conn, firm_id))["hnte"]
    assert answer.outcome == "not_met"
    assert {"core_ip", "rd_intensity"} <= set(answer.open_codes)
    assert "innovation_score" in answer.open_codes
    assert answer.missed == 2
    assert answer.shortfall == Decimal(1)  # no right at all where one is asked for


async def test_the_same_facts_again_write_nothing(conn):
    firm_id = await firm(conn)
    await report(conn, firm_id, 2025)
    assert await refresh(conn, [firm_id], policies=POLICIES, as_of=TODAY, at=NOON) > 0
    assert await refresh(conn, [firm_id], policies=POLICIES, as_of=TODAY, at=NOON + timedelta(hours=1)) == 0
    assert {row.assessed_at for row in (await answers(conn, firm_id)).values()} == {NOON}


async def test_an_answer_of_a_policy_that_is_gone_goes(conn):
    firm_id = await firm(conn)
    await refresh(conn, [firm_id], policies=POLICIES, as_of=TODAY, at=NOON)
    await refresh(conn, [firm_id], policies=POLICIES.only("hnte"), as_of=TODAY, at=NOON)
    assert set(await answers(conn, firm_id)) == {"hnte"}


async def waiting(conn: Any) -> set[uuid.UUID]:
    return set((await conn.execute(select(ChangedFirm.firm_id))).scalars())


@pytest.fixture
async def quiet(conn):
    """A firm whose facts have been looked at."""
    firm_id = await firm(conn)
    await conn.execute(delete(ChangedFirm))
    return firm_id


async def test_a_new_firm_waits_to_be_assessed(conn):
    assert await firm(conn) in await waiting(conn)


@pytest.mark.parametrize("column", ["registered_on", "industry_code", "high_tech_field", "above_designated_size"])
async def test_a_changed_fact_of_the_registry_puts_the_firm_in_line(conn, quiet, column):
    value = {"registered_on": date(2001, 1, 1), "industry_code": "C13", "high_tech_field": "402"}.get(column, True)
    await conn.execute(update(Firm).where(Firm.id == quiet).values({column: value}))
    assert await waiting(conn) == {quiet}


async def test_what_no_policy_reads_puts_nobody_in_line(conn, quiet):
    await conn.execute(update(Firm).where(Firm.id == quiet).values(remark="电话已换", updated_at=NOON))
    assert await waiting(conn) == set()


async def test_a_report_a_right_a_statement_and_a_certificate_put_the_firm_in_line(conn, quiet):
    async def report_() -> None:
        await report(conn, quiet, 2025)

    async def state_() -> None:
        await state(conn, quiet, "records", {})

    async def right() -> None:
        row = {"id": new_id(), "firm_id": quiet, "kind": "utility_model", "number": "1", "recorded_at": NOON}
        await conn.execute(insert(IpRightRow).values(**row))

    async def no_right() -> None:
        await conn.execute(delete(IpRightRow).where(IpRightRow.firm_id == quiet))

    async def certificate() -> None:
        row = {"id": new_id(), "firm_id": quiet, "kind": "hnte", "number": "GR202444009999", "recorded_at": NOON}
        dates = {"issued_on": date(2024, 11, 28), "expires_on": date(2027, 11, 28)}
        await conn.execute(insert(Certificate).values(**row, **dates))

    for change in (report_, state_, right, no_right, certificate):
        await conn.execute(delete(ChangedFirm))
        await change()
        assert await waiting(conn) == {quiet}, change.__name__


async def test_who_waits_is_assessed_and_waits_no_more(conn, quiet):
    await report(conn, quiet, 2025)
    assert await refresh_changed(conn, policies=POLICIES, as_of=TODAY, at=NOON) == 1
    assert await waiting(conn) == set()
    assert "hnte" in await answers(conn, quiet)


@pytest.mark.db_commit
@pytest.mark.parametrize("edited", [False, True])
async def test_a_firm_that_waits_is_not_taken_while_another_change_of_it_is_not_committed(fresh_database, edited):
    async with fresh_database.transaction() as conn:
        changing = await firm(conn)
    assert changing in await _waiting_now(fresh_database)
    async with fresh_database.transaction() as conn:
        if edited:
            await conn.execute(update(Firm).where(Firm.id == changing).values(industry_code="C3360"))
        else:
            await report(conn, changing, 2025)
        async with fresh_database.transaction() as worker:
            assert await refresh_changed(worker, policies=POLICIES, as_of=TODAY, at=NOON) == 0
    async with fresh_database.transaction() as worker:
        assert await refresh_changed(worker, policies=POLICIES, as_of=TODAY, at=NOON) == 1
    assert await _waiting_now(fresh_database) == set()


async def _waiting_now(database: Any) -> set[uuid.UUID]:
    async with database.reading() as conn:
        return await waiting(conn)


async def test_a_deleted_firm_takes_its_place_in_line_and_its_answers_along(conn, quiet):
    await report(conn, quiet, 2025)
    await refresh(conn, [quiet], policies=POLICIES, as_of=TODAY, at=NOON)
    await conn.execute(delete(Firm).where(Firm.id == quiet))
    assert await waiting(conn) == set()
    assert await answers(conn, quiet) == {}


@pytest.mark.db_commit
async def test_a_night_judges_everybody_once_and_a_second_night_finds_nothing_to_write(fresh_database):
    at: datetime = NOON
    async with fresh_database.transaction() as conn:
        for _ in range(3):
            await factories.firm(conn)
    first = await reassess(fresh_database, at=at)
    again = await reassess(fresh_database, at=at + timedelta(hours=1))
    assert first["planned"] == again["planned"] == 3
    assert first["created"] > 0
    assert again["created"] == 0
    async with fresh_database.reading() as conn:
        kept = (await conn.execute(select(func.count(FirmAssessment.firm_id.distinct())))).scalar_one()
    assert kept == 3
