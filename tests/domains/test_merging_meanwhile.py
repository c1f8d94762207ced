"""What is written about a record while it is being merged waits for it, and is then refused."""

import asyncio
from datetime import date

import pytest
from sqlalchemy import text

from app.assessments.plans import make_plan
from app.assessments.terms import PlanEntry
from app.errors import Conflict
from app.firms.queries import firm_by_uscc
from app.firms.service import add_note
from app.work.merging import merge
from app.work.needs import raise_need
from app.work.tasks import add_task
from app.work.terms import NeedKind, Raised, TaskEntry
from tests import factories
from tests.harness import NOON

DAY = date(2026, 12, 30)
TABLES = ("firm_notes", "firm_tasks", "firm_needs", "firm_plans")


@pytest.mark.db_commit
async def test_a_note_a_task_a_need_and_a_plan_do_not_land_on_a_record_that_is_being_merged(fresh_database):
    async with fresh_database.transaction() as conn:
        officer = await factories.person(conn, "officer")
        codes = [await factories.firm(conn) for _ in "12"]
        kept, gone = [await firm_by_uscc(conn, uscc, viewer=officer.viewer) for uscc in codes]
    by = {"by": officer.actor, "at": NOON}
    plan, basis = PlanEntry(DAY, officer.id, "", []), {"document": "", "version": "2016", "outcome": "", "assumed": 0}
    deeds = [
        lambda conn: add_note(conn, gone, "电话沟通", **by),
        lambda conn: add_task(conn, gone, TaskEntry("寄清单", DAY, officer.id), **by),
        lambda conn: raise_need(conn, gone, Raised(NeedKind.LAND, "要厂房"), raised_on=DAY, **by),
        lambda conn: make_plan(conn, gone, plan, policy="hnte", title="高企", basis=basis, **by),
    ]

    async def done(deed):
        async with fresh_database.transaction() as conn:
            await deed(conn)

    async with fresh_database.transaction() as conn:
        await merge(conn, kept.id, gone.id, taken={}, versions=(kept.version, gone.version), **by)
        coming = [asyncio.create_task(done(deed)) for deed in deeds]
        await asyncio.sleep(0.5)
        assert not any(one.done() for one in coming)
    for one in coming:
        with pytest.raises(Conflict, match="已并入别的企业"):
            await one
    async with fresh_database.reading() as conn:
        for table in TABLES:
            assert (await conn.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one() == 0, table
