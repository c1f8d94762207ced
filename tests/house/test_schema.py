"""Migrations, seeds, and what the tables promise by themselves."""

import re

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from app.clock import SystemClock
from app.commands.migrate import migrate
from app.config import MIGRATIONS, SEEDS
from app.db import Database
from app.models import Base
from app.seeding.load import load_seeds
from tests import factories


def config_for(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


@pytest.mark.db_commit
async def test_migrations_lead_up_down_and_up_again_and_leave_what_the_models_say(empty_url):
    database = Database(empty_url, pool_size=2)
    await migrate(database)
    await migrate(database)
    async with database.transaction() as conn:
        await conn.run_sync(lambda c: command.downgrade(config_for(c), "base"))
        left = await conn.run_sync(lambda c: set(inspect(c).get_table_names()))
        functions = await conn.execute(
            text(
                "SELECT proname FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace "
                "LEFT JOIN pg_depend d ON d.objid = p.oid AND d.deptype = 'e' "
                "WHERE nspname = 'public' AND d.objid IS NULL"
            )
        )
        assert left <= {"alembic_version"}
        assert list(functions.scalars()) == []
    await migrate(database)
    async with database.transaction() as conn:
        assert await conn.run_sync(differences) == []
    await database.dispose()


def differences(connection: Connection) -> list[object]:
    return list(compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), Base.metadata))


@pytest.mark.db_commit
async def test_seeds_loaded_twice_change_nothing(fresh_database):
    before = await contents(fresh_database)
    assert await load_seeds(fresh_database, SEEDS / "kaiping", at=SystemClock().now()) == {}
    assert await contents(fresh_database) == before


async def contents(database: Database) -> dict[str, object]:
    found: dict[str, object] = {}
    async with database.transaction() as conn:
        for table in Base.metadata.sorted_tables:
            rows = f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table.name} t"
            found[table.name] = (await conn.execute(text(rows))).scalar_one()
    return found


_KEPT = ["audit_events", "moves", "window_versions", "application_events", "plan_snapshots", "digests", "digest_lists"]


@pytest.mark.parametrize("table", [*_KEPT, "tenancy_events"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
async def test_what_happened_cannot_be_changed_or_taken_back(conn, table, statement):
    await factories.firm_on(conn, "eaglet")
    column = {"digests": "week", "digest_lists": "key"}.get(table, "actor_id")
    with pytest.raises(DBAPIError, match="append-only"):
        await conn.execute(text(statement.format(table, column, column)))


@pytest.mark.parametrize(
    ("statement", "indexes"),
    [
        (
            "SELECT id FROM firms WHERE status = 'active' AND tier IS NOT NULL AND stale_on <= '2026-11-23' "
            "ORDER BY stale_on, id LIMIT 20",
            ["ix_firms_stale"],
        ),
        (
            "SELECT id FROM audit_events WHERE object_id = 'x' OR object_label = 'x'",
            ["ix_audit_events_label", "ix_audit_events_object"],
        ),
        ("SELECT id FROM audit_events WHERE actor_name = 'x' ORDER BY at DESC LIMIT 20", ["ix_audit_events_actor"]),
    ],
)
async def test_what_pages_ask_for_is_found_by_an_index_in_its_order(conn, statement, indexes):
    # Small tables are read whole or sorted; without these ways the plan shows whether there is another.
    for way in ("seqscan", "sort"):
        await conn.execute(text(f"SET LOCAL enable_{way} = off"))
    plan = "\n".join((await conn.execute(text(f"EXPLAIN {statement}"))).scalars())
    assert sorted(set(re.findall(r"ix_\w+", plan))) == indexes
    assert "Sort" not in plan


async def test_a_firm_on_no_tier_cannot_stand_still_on_one(conn):
    uscc = await factories.firm(conn)
    with pytest.raises(DBAPIError, match="ck_firms_stale_on"):
        await conn.execute(text("UPDATE firms SET stale_on = '2026-11-23' WHERE uscc = :uscc"), {"uscc": uscc})


ENUM_COLUMNS = {
    "users.role": "app.access.terms.Role",
    "erasure_requests.state": "app.firms.terms.ErasureState",
    "factor_resets.state": "app.access.sign_in_terms.ResetState",
    "carriers.kind": "app.carriers.terms.CarrierKind",
    "carriers.state": "app.carriers.terms.CarrierState",
    "collection_answers.state": "app.collecting.terms.AnswerState",
    "carrier_logs.kind": "app.carriers.log_terms.LogKind",
    "carrier_duties.kind": "app.carriers.terms.DutyKind",
    "carrier_stays.kind": "app.carriers.terms.CarrierKind",
    "tenancy_proposals.state": "app.carriers.proposal_terms.ProposalState",
    "stay_disagreements.kind": "app.incubation.after_terms.DisagreementKind",
    "stay_disagreements.state": "app.incubation.after_terms.DisagreementState",
    "entry_applications.state": "app.incubation.terms.AskState",
    "tenancy_events.kind": "app.carriers.stay_terms.Happening",
    "firms.status": "app.firms.terms.FirmStatus",
    "firms.size_class": "app.firms.terms.SizeClass",
    "certificates.kind": "app.recognitions.terms.CertificateKind",
    "verified_likenesses.kind": "app.verifying.terms.Likeness",
    "verified_likenesses.outcome": "app.verifying.terms.Outcome",
    "title_claims.kind": "app.recognitions.terms.ClaimKind",
    "title_claims.state": "app.recognitions.terms.ClaimState",
    "firm_plans.state": "app.assessments.terms.PlanState",
    "moves.kind": "app.pipeline.terms.MoveKind",
    "move_requests.kind": "app.pipeline.terms.MoveKind",
    "move_requests.state": "app.pipeline.terms.RequestState",
    "outbox_messages.channel": "app.outbox.terms.Channel",
    "outlets.channel": "app.outbox.terms.Channel",
    "outbox_messages.state": "app.outbox.terms.MessageState",
    "calendar_days.kind": "app.workdays.rules.DayKind",
    "import_batches.state": "app.exchange.terms.BatchState",
    "applications.stage": "app.filings.stages.Stage",
    "application_events.kind": "app.filings.stages.Happening",
    "programmes.kind": "app.filings.terms.ProgrammeKind",
    "submissions.state": "app.reports.terms.ReportState",
    "submission_rounds.state": "app.reports.terms.ReportState",
    "clerk_requests.state": "app.clerks.terms.AskedState",
    "filing_windows.state": "app.filings.terms.WindowState",
    "window_versions.state": "app.filings.terms.WindowState",
    "result_lists.kind": "app.results.terms.ListKind",
    "result_lists.state": "app.results.terms.ListState",
    "result_lines.outcome": "app.results.terms.Outcome",
    "bulk_acts.kind": "app.bulk.terms.BulkKind",
    "bulk_acts.state": "app.bulk.terms.ActState",
    "bulk_lines.outcome": "app.bulk.terms.LineOutcome",
    "handover_items.kind": "app.work.terms.WorkKind",
    "handover_items.outcome": "app.work.terms.Handed",
    "import_rows.outcome": "app.exchange.terms.RowOutcome",
    "firm_visits.kind": "app.work.terms.VisitKind",
    "firm_tasks.state": "app.work.terms.TaskState",
    "firm_needs.kind": "app.work.terms.NeedKind",
    "firm_needs.state": "app.work.terms.NeedState",
    "firm_merges.state": "app.work.terms.MergeState",
    "policy_versions.state": "app.assessments.terms.VersionState",
    "assessments.outcome": "app.policy.terms.Outcome",
    "yearly_reports.state": "app.reports.terms.ReportState",
    "firm_statements.kind": "app.reports.terms.StatementKind",
    "reminder_rules.state": "app.reminders.terms.RuleState",
    "reminders.state": "app.reminders.terms.ReminderState",
    "stored_files.kind": "app.files.terms.FileKind",
    "ip_rights.kind": "app.policy.figures.IpKind",
    "platforms.kind": "app.platforms.terms.PlatformKind",
    "role_views.role": "app.access.terms.Role",
    "plans.state": "app.plans.terms.PlanState",
    "plan_indicators.kind": "app.plans.terms.IndicatorKind",
    "plan_actuals.state": "app.plans.terms.ActualState",
    "plan_snapshots.kind": "app.plans.terms.SnapshotKind",
}
# Words of other kinds: free names of things, not a closed list that people read.
NOT_ENUMS = {
    "regions.kind",
    "import_batches.kind",
    "outbox_messages.kind",
    "job_runs.outcome",
    "audit_events.actor_role",
}


def test_every_stored_word_of_a_closed_list_is_labelled_in_chinese():
    import importlib

    from app.labels import Labelled

    wordy = re.compile(r"^(kind|state|stage|status|role|outcome|channel|size_class|actor_role)$")
    columns = {f"{t.name}.{c.name}" for t in Base.metadata.sorted_tables for c in t.columns if wordy.match(c.name)}
    columns -= {"idempotency_keys.status"}  # an HTTP status
    assert columns == set(ENUM_COLUMNS) | NOT_ENUMS
    for where in ENUM_COLUMNS.values():
        module, name = where.rsplit(".", 1)
        enum = getattr(importlib.import_module(module), name)
        assert issubclass(enum, Labelled)
        assert all(re.search(r"[\u4e00-\u9fff]", member.label) for member in enum)


def test_every_table_of_a_firms_goes_over_in_a_merge_or_stays_by_decision():
    from app.work.merging import MOVING, STAYING

    of_firms = {
        table.name
        for table in Base.metadata.sorted_tables
        for key in table.foreign_keys
        if key.column.table.name == "firms"
    }
    going = {moving.table for moving in MOVING}
    assert going & STAYING == set()
    assert of_firms <= going | STAYING, "say in app/work/merging.py what becomes of it"
    assert going | STAYING <= of_firms
