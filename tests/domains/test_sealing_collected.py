"""Telephones that firms give to carriers: sealed by a migration that may be broken off, turned to another key."""

import importlib
import json

import pytest
from alembic import op
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.collecting.queries import frozen_of, versions_of
from app.collecting.statistics import _HEAD
from app.commands import resealing
from app.commands.context import CommandError
from app.db import Database
from app.firms.erasing import FROZEN_HEAD
from app.incubation.applying import asked_by
from app.reports.hiding import GONE
from app.reports.queries import pages_of, rounds_of
from app.reports.receipts import check_code
from app.sealed import UNREADABLE
from app.vault import Vault
from tests import factories, houses
from tests.harness import NOON, keys_of_tests
from tests.migrating import within
from tests.sealing import lies_open

PHONE, CONTACT = "13987654321", "黄工 139-8765-4321"
_NAMES = ("20270201_collected_sealed", "20270301_signed_beside")
MADE, SIGNED = (importlib.import_module(f"migrations.versions.{name}") for name in _NAMES)
_LINE = dict.fromkeys(_HEAD, "") | {FROZEN_HEAD: PHONE}
FORM = {"head": list(_HEAD), "rows": [list(_LINE.values()), list((_LINE | {FROZEN_HEAD: ""}).values())]}
# As it may have been typed before the door refused the form of it.
FORGED = "sealed:0badcafe:contacts.phone:x::QUJD"
_GIVEN = f"jsonb_build_object('tenant.phone', '{PHONE}', 'total_income', '5', 'tenant.head', '{FORGED}')"
_TYPED = f"jsonb_build_object('tenant.phone', jsonb_build_array('{PHONE}', ''))"
OPEN = (
    "INSERT INTO collection_rounds (id, carrier_id, period, due_on, opened_at, opener_name, closed_at, frozen) "
    "VALUES (:firm, :carrier, '2026', '2027-01-31', :at, 'x', :at, CAST(:form AS jsonb))",
    "INSERT INTO collection_answers (id, round_id, firm_id, state, figures, answered_at) "
    f"VALUES (:firm, :firm, :firm, 'answered', {_GIVEN}, :at)",
    "INSERT INTO collection_versions (answer_id, version, figures, at, author_name) "
    f"SELECT :firm, n, {_GIVEN}, :at, 'x' FROM generate_series(1, 3) n",
    "INSERT INTO entry_applications (id, carrier_id, firm_id, since, seats, contact, asker_name, asked_at, closes_on) "
    f"VALUES (:firm, :carrier, :firm, '2026-12-01', 2, '{CONTACT}', 'x', :at, '2026-12-31')",
    "INSERT INTO submissions (id, firm_id, year, form, form_version, created_at) "
    "SELECT :firm, :firm, 2026, form, version, :at FROM form_versions LIMIT 1",
    f"INSERT INTO submission_sections (submission_id, section, answers) VALUES (:firm, 'contacts', {_TYPED}), "
    '(:firm, \'products\', \'{"rows": [{"product.name": ["x", ""]}]}\')',
    "INSERT INTO submission_rounds (submission_id, round, number, answers, figures, explanations, submitted_at, "
    f"submitter_name) SELECT :firm, n, 'x' || n, jsonb_build_object('contacts', {_TYPED}), '{{}}', '{{}}', :at, 'x' "
    "FROM generate_series(1, 2) n",
)
# Of what was signed before numbers lay beside it, as their receipts have it printed.
PRINTED = ["0CCF-C88F-0B11", "12D3-0B9E-F090"]
SWAP = (
    "UPDATE collection_rounds SET frozen = jsonb_set(frozen, '{rows}', "
    "jsonb_build_array(frozen -> 'rows' -> 1, frozen -> 'rows' -> 0))"
)


def test_the_telephone_is_the_last_column_of_the_form_where_the_database_looks_for_it():
    assert _HEAD[-1] == FROZEN_HEAD


async def read(conn, firm_id):
    (asked,) = await asked_by(conn, firm_id)
    form = await frozen_of(conn, firm_id)
    said = {version.figures["tenant.phone"] for version in await versions_of(conn, firm_id)}
    page = (await pages_of(conn, firm_id))["contacts"].answers
    signed = await rounds_of(conn, firm_id)
    assert [page, *(one.answers["contacts"] for one in signed)] == [{"tenant.phone": [PHONE, ""]}] * 3
    assert [check_code(one) for one in signed] == PRINTED
    return asked.contact, said, [row[-1] for row in form["rows"]]


@pytest.mark.db_commit
async def test_they_are_sealed_by_the_migration_go_on_after_a_break_and_open_under_another_key(fresh_url, monkeypatch):
    database = Database(fresh_url, pool_size=2, keys=keys_of_tests)
    for made in (MADE, SIGNED):
        monkeypatch.setattr(made, "_BATCH", 1)
    async with database.transaction() as conn:
        firm_id = await factories.id_of(conn, await factories.firm(conn))
        held = await houses.carrier(conn)
        await conn.run_sync(lambda c: within(c, MADE, None, _as_before))
        given = {"firm": firm_id, "carrier": held.id, "at": NOON, "form": json.dumps(FORM)}
        for statement in OPEN:
            await conn.execute(text(statement), given)
        for made in (MADE, SIGNED):
            with pytest.raises(CommandError, match="TIDU_SECRET_KEY"):
                async with conn.begin_nested():
                    await conn.run_sync(lambda c, made=made: within(c, made, None, made.upgrade))
        with pytest.raises(Exception, match="frozen_sealed"):
            async with conn.begin_nested():
                await conn.run_sync(lambda c: within(c, MADE, None, _checks))
        # What was sealed before a break is not sealed once more.
        await conn.run_sync(lambda c: within(c, MADE, None, lambda: MADE._seal_all(keys_of_tests())))
        sealed = (await conn.execute(text("SELECT contact FROM entry_applications"))).scalar_one()
        for made in (MADE, SIGNED):
            await conn.run_sync(lambda c, made=made: within(c, made, keys_of_tests, made.upgrade))
        assert (await conn.execute(text("SELECT contact FROM entry_applications"))).scalar_one() == sealed
        assert await lies_open(conn, PHONE, CONTACT) == []
        assert await read(conn, firm_id) == (CONTACT, {PHONE}, [PHONE, ""])
        for made in (MADE, SIGNED):
            with pytest.raises(RuntimeError, match="备份"):
                await conn.run_sync(lambda c, made=made: within(c, made, None, made.downgrade))
    await database.dispose()
    fresh = "n" * 40
    turning = Database(fresh_url, pool_size=2, keys=lambda: Vault([fresh, *keys_of_tests()._secrets]))
    done = await resealing.reseal(turning)
    assert (done.changed, done.unreadable) == (11, 0)
    assert (await resealing.reseal(turning)).changed == 0
    await turning.dispose()
    turned = Database(fresh_url, pool_size=2, keys=lambda: Vault([fresh]))
    async with turned.transaction() as conn:
        assert await read(conn, firm_id) == (CONTACT, {PHONE}, [PHONE, ""])
        await conn.execute(text(SWAP))
        assert (await read(conn, firm_id))[2] == ["", UNREADABLE], "a cell that was moved to another line says so"
        await _what_was_signed_stays(conn, firm_id)
    await turned.dispose()


async def _what_was_signed_stays(conn, firm_id):
    for change in (
        "answers = jsonb_set(answers, '{contacts,tenant.phone,0}', '\"\"')",
        "printed = '{}'",
        "reached = reached || '{\"another\": []}'",
    ):
        with pytest.raises(DBAPIError, match="append-only"):
            async with conn.begin_nested():
                await conn.execute(text(f"UPDATE submission_rounds SET {change}"))
    with pytest.raises(DBAPIError, match="reached_sealed"):
        async with conn.begin_nested():
            await conn.execute(text('UPDATE submission_rounds SET reached = \'{"tenant.phone": ["1"]}\''))
    of_another = "(SELECT reached FROM submission_rounds WHERE round = 2)"
    await conn.execute(text(f"UPDATE submission_rounds SET reached = {of_another} WHERE round = 1"))
    assert await numbers_signed(conn, firm_id) == [PHONE, UNREADABLE], "another's number is not the one that was signed"
    await conn.execute(text("UPDATE submission_rounds SET reached = reached - 'tenant.phone'"))
    assert await numbers_signed(conn, firm_id) == [GONE, GONE]
    assert [check_code(one) for one in await rounds_of(conn, firm_id)] == PRINTED
    with pytest.raises(DBAPIError, match="append-only"):
        async with conn.begin_nested():
            await conn.execute(text("UPDATE submission_rounds SET reached = '{\"tenant.phone\": []}'"))


async def numbers_signed(conn, firm_id):
    """Newest first."""
    return [one.answers["contacts"]["tenant.phone"][0] for one in await rounds_of(conn, firm_id)]


def _as_before():
    for table, (name, _) in MADE._CHECKS.items():
        op.drop_constraint(f"ck_{table}_{name}", table)
    for name, (table, _, _) in SIGNED._CHECKS.items():
        op.drop_constraint(f"ck_{table}_{name}", table)
    for column in ("reached", "printed"):
        op.drop_column("submission_rounds", column)


def _checks():
    for table, (name, condition) in reversed(MADE._CHECKS.items()):
        op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, condition)
