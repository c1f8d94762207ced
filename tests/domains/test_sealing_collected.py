"""Telephones that firms give to carriers: sealed by a migration that may be broken off, turned to another key."""

import importlib
import json

import pytest
from alembic import op
from sqlalchemy import text

from app.collecting.queries import frozen_of, versions_of
from app.collecting.statistics import _HEAD
from app.commands import resealing
from app.commands.context import CommandError
from app.db import Database
from app.firms.erasing import FROZEN_HEAD
from app.incubation.applying import asked_by
from app.sealed import UNREADABLE
from app.vault import Vault
from tests import factories, houses
from tests.harness import NOON, keys_of_tests
from tests.migrating import within
from tests.sealing import lies_open

PHONE, CONTACT = "13987654321", "黄工 139-8765-4321"
MADE = importlib.import_module("migrations.versions.20270201_collected_sealed")
_LINE = dict.fromkeys(_HEAD, "") | {FROZEN_HEAD: PHONE}
FORM = {"head": list(_HEAD), "rows": [list(_LINE.values()), list((_LINE | {FROZEN_HEAD: ""}).values())]}
# As it may have been typed before the door refused the form of it.
FORGED = "sealed:0badcafe:contacts.phone:x::QUJD"
_GIVEN = f"jsonb_build_object('tenant.phone', '{PHONE}', 'total_income', '5', 'tenant.head', '{FORGED}')"
OPEN = (
    "INSERT INTO collection_rounds (id, carrier_id, period, due_on, opened_at, opener_name, closed_at, frozen) "
    "VALUES (:firm, :carrier, '2026', '2027-01-31', :at, 'x', :at, CAST(:form AS jsonb))",
    "INSERT INTO collection_answers (id, round_id, firm_id, state, figures, answered_at) "
    f"VALUES (:firm, :firm, :firm, 'answered', {_GIVEN}, :at)",
    "INSERT INTO collection_versions (answer_id, version, figures, at, author_name) "
    f"SELECT :firm, n, {_GIVEN}, :at, 'x' FROM generate_series(1, 3) n",
    "INSERT INTO entry_applications (id, carrier_id, firm_id, since, seats, contact, asker_name, asked_at, closes_on) "
    f"VALUES (:firm, :carrier, :firm, '2026-12-01', 2, '{CONTACT}', 'x', :at, '2026-12-31')",
)
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
    return asked.contact, said, [row[-1] for row in form["rows"]]


@pytest.mark.db_commit
async def test_they_are_sealed_by_the_migration_go_on_after_a_break_and_open_under_another_key(fresh_url, monkeypatch):
    database = Database(fresh_url, pool_size=2, keys=keys_of_tests)
    monkeypatch.setattr(MADE, "_BATCH", 1)
    async with database.transaction() as conn:
        firm_id = await factories.id_of(conn, await factories.firm(conn))
        held = await houses.carrier(conn)
        await conn.run_sync(lambda c: within(c, MADE, None, _as_before))
        given = {"firm": firm_id, "carrier": held.id, "at": NOON, "form": json.dumps(FORM)}
        for statement in OPEN:
            await conn.execute(text(statement), given)
        with pytest.raises(CommandError, match="TIDU_SECRET_KEY"):
            await conn.run_sync(lambda c: within(c, MADE, None, MADE.upgrade))
        with pytest.raises(Exception, match="frozen_sealed"):
            async with conn.begin_nested():
                await conn.run_sync(lambda c: within(c, MADE, None, _checks))
        # What was sealed before a break is not sealed once more.
        await conn.run_sync(lambda c: within(c, MADE, None, lambda: MADE._seal_all(keys_of_tests())))
        sealed = (await conn.execute(text("SELECT contact FROM entry_applications"))).scalar_one()
        await conn.run_sync(lambda c: within(c, MADE, keys_of_tests, MADE.upgrade))
        assert (await conn.execute(text("SELECT contact FROM entry_applications"))).scalar_one() == sealed
        assert await lies_open(conn, PHONE, CONTACT) == []
        assert await read(conn, firm_id) == (CONTACT, {PHONE}, [PHONE, ""])
        with pytest.raises(RuntimeError, match="备份"):
            await conn.run_sync(lambda c: within(c, MADE, None, MADE.downgrade))
    await database.dispose()
    fresh = "n" * 40
    turning = Database(fresh_url, pool_size=2, keys=lambda: Vault([fresh, *keys_of_tests()._secrets]))
    done = await resealing.reseal(turning)
    assert (done.changed, done.unreadable) == (6, 0)
    assert (await resealing.reseal(turning)).changed == 0
    await turning.dispose()
    turned = Database(fresh_url, pool_size=2, keys=lambda: Vault([fresh]))
    async with turned.transaction() as conn:
        assert await read(conn, firm_id) == (CONTACT, {PHONE}, [PHONE, ""])
        await conn.execute(text(SWAP))
        assert (await read(conn, firm_id))[2] == ["", UNREADABLE], "a cell that was moved to another line says so"
    await turned.dispose()


def _as_before():
    for table, (name, _) in MADE._CHECKS.items():
        op.drop_constraint(f"ck_{table}_{name}", table)


def _checks():
    for table, (name, condition) in reversed(MADE._CHECKS.items()):
        op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, condition)
