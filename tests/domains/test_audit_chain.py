"""The trail is sealed without holding anybody up, and whatever is done to it afterwards is found."""

import asyncio
import logging
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.access.sight import look_for
from app.access.terms import SYSTEM
from app.audit import sealing
from app.audit.jobs import Sealer, TrailBroken, check_chain, remove_old
from app.audit.keeping import REMOVED, SHORTEST, decide_removal
from app.audit.rules import Fault
from app.audit.service import event_row, record
from app.audit.verifying import verify
from app.cli import main
from app.commands.grants import grants
from tests import factories
from tests.harness import NOON

pytestmark = pytest.mark.usefixtures("patient_sealer")


def event(n, *, at=NOON):
    after = {"n": n, "说": "原来的话", "big": 12345678901234567890, "part": 1.5}
    return event_row("firm:note:added", by=SYSTEM, at=at, object_type="firm", object_id=str(n), after=after)


async def sealed(database, count, *, at=NOON, sealer=None):
    async with database.transaction() as conn:
        await record(conn, *(event(n) for n in range(count)))
    return await (sealer or Sealer()).seal(database, at=at)


async def numbers(conn):
    return list((await conn.execute(text("SELECT number FROM audit_events ORDER BY number"))).scalars())


async def forge(conn, statement, **values):
    """As somebody who owns the database may: past every trigger."""
    await conn.execute(text("SET LOCAL session_replication_role = replica"))
    await conn.execute(text(statement), values)
    await conn.execute(text("SET LOCAL session_replication_role = DEFAULT"))


FORGERIES = {
    "a word": ("UPDATE audit_events SET after = jsonb_set(after, '{说}', '\"改了\"') WHERE number = :one", "altered"),
    "a figure": (
        "UPDATE audit_events SET after = after || '{\"big\": 12345678901234567891}' WHERE number = :one",
        "altered",
    ),
    "who": ("UPDATE audit_events SET actor_name = '别人' WHERE number = :one", "altered"),
    "when": ("UPDATE audit_events SET at = at + interval '1 microsecond' WHERE number = :one", "altered"),
    "whether": ("UPDATE audit_events SET succeeded = NOT succeeded WHERE number = :one", "altered"),
    "from where": ("UPDATE audit_events SET ip = '10.0.0.9', session_id = 'x' WHERE number = :one", "altered"),
    "one gone": ("DELETE FROM audit_events WHERE number = :one", "missing"),
    "one more": (
        "INSERT INTO audit_events (id, at, actor_name, actor_role, action, object_type, object_id, number) "
        "SELECT gen_random_uuid(), at, actor_name, actor_role, action, object_type, object_id, -5 FROM audit_events "
        "WHERE number = :one",
        "inserted",
    ),
    "order": (
        "UPDATE audit_events e SET object_id = o.object_id, after = o.after FROM audit_events o "
        "WHERE (e.number = :one AND o.number = :one + 1) OR (e.number = :one + 1 AND o.number = :one)",
        "altered",
    ),
    "a seal's list": (
        "UPDATE audit_seals SET digests = digests || digests, events = 2 * events WHERE number = 2",
        "seal",
    ),
    "a seal gone": ("DELETE FROM audit_seals WHERE number = 2", "gap"),
    "a seal's link": ("UPDATE audit_seals SET former = hash WHERE number = 2", "seal"),
}


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_whatever_is_forged_is_found_and_the_first_of_it_named(conn, database, monkeypatch, forgery):
    monkeypatch.setattr(sealing, "SEAL_MOST", 3)
    assert await sealed(database, 8) == len(await numbers(conn))
    assert (await verify(conn)).fault is None
    one = (await numbers(conn))[-4]
    statement, fault = FORGERIES[forgery]
    await forge(conn, statement, **({"one": one} if ":one" in statement else {}))
    verdict = await verify(conn)
    assert verdict.fault == Fault(fault)
    if fault in ("altered", "missing"):
        assert verdict.event == one
        assert f"第 {one} 号记录" in verdict.sentence
    with pytest.raises(TrailBroken):
        await check_chain(database)


async def test_a_chain_that_was_made_anew_is_found_by_what_was_written_down_elsewhere(conn, database, caplog):
    with caplog.at_level(logging.INFO, "tidu.audit"):
        await sealed(database, 3)
    anchor = caplog.messages[-1].rpartition(" ")[2]
    number, _, hashed = anchor.partition(":")
    assert (await verify(conn, anchor=(int(number), hashed))).fault is None
    await forge(conn, "UPDATE audit_events SET actor_name = '别人'")
    await forge(conn, "DELETE FROM audit_seals")
    await Sealer().seal(database, at=NOON)
    assert (await verify(conn)).fault is None
    assert (await verify(conn, anchor=(int(number), hashed))).fault == Fault.ANCHOR
    assert (await verify(conn, anchor=(int(number) + 5, hashed))).fault == Fault.GAP


async def test_an_end_that_was_cut_off_is_found_by_what_was_written_down_elsewhere(conn, database, monkeypatch):
    """Within the database nothing is left of it: neither events nor the seals that knew of them."""
    monkeypatch.setattr(sealing, "SEAL_MOST", 3)
    await sealed(database, 8)
    last = await sealing.head(conn)
    assert last
    assert last.number > 2
    gone = (await numbers(conn))[-3]
    await forge(conn, "DELETE FROM audit_events WHERE number >= :one", one=gone)
    found = await verify(conn)
    assert (found.fault, found.event) == (Fault.MISSING, gone), "the seals still know of them"
    await forge(conn, "DELETE FROM audit_seals WHERE through >= :one", one=gone)
    assert (await verify(conn)).fault is None
    assert (await verify(conn, anchor=(last.number, last.hash.hex()))).fault is Fault.GAP


@pytest.mark.db_commit
async def test_an_act_that_is_not_finished_is_waited_for_and_holds_nobody_up(fresh_database, monkeypatch):
    sealer = Sealer()
    started, go_on = asyncio.Event(), asyncio.Event()

    async def slow():
        async with fresh_database.transaction() as conn:
            await record(conn, event(1))
            started.set()
            await go_on.wait()

    under_way = asyncio.create_task(slow())
    await started.wait()
    with monkeypatch.context() as hurried:
        hurried.setattr("app.audit.jobs._LOOKS", 2)
        assert await sealed(fresh_database, 2, sealer=sealer) == 0
    async with asyncio.timeout(2), fresh_database.transaction() as conn:
        await record(conn, event(9))
    go_on.set()
    await under_way
    async with fresh_database.reading() as conn:
        there = await numbers(conn)
        before = await sealing.head(conn)
        assert before is None
    assert await sealer.seal(fresh_database, at=NOON) == len(there) - 1  # the mark is older than the last act
    assert await sealer.seal(fresh_database, at=NOON) == 1
    assert await sealer.seal(fresh_database, at=NOON) == 0
    assert await check_chain(fresh_database) == len(there)


async def test_the_last_seal_is_read_without_those_before_it(conn, database):
    for _ in range(3):
        assert await sealed(database, 1) > 0
    assert [row.number for row in (await conn.execute(sealing._HEAD)).all()] == [3]


async def test_what_was_never_written_leaves_a_hole_that_is_no_fault(conn, database):
    async with database.rehearsal() as inner:
        await record(inner, event(1))
    assert await sealed(database, 2) > 0
    await sealed(database, 1)
    assert (await verify(conn)).fault is None


async def test_what_was_sealed_long_ago_goes_after_a_record_of_it_and_the_chain_still_holds(conn, database):
    await sealed(database, 4)
    first = await numbers(conn)
    later = NOON + SHORTEST
    await sealed(database, 2, at=NOON + timedelta(days=10))
    assert await remove_old(database, keep=SHORTEST, at=later - timedelta(seconds=1), by=SYSTEM) == 0
    assert await remove_old(database, keep=None, at=later + SHORTEST, by=SYSTEM) == 0
    assert await remove_old(database, keep=SHORTEST, at=later, by=SYSTEM) == len(first)
    left = await numbers(conn)
    assert not set(first) & set(left)
    assert len(left) == 3  # the two, and the record of the removal
    record_of = text("SELECT after FROM audit_events WHERE action = :action")
    said = (await conn.execute(record_of, {"action": REMOVED})).scalar_one()
    assert (said["through"], said["count"]) == (first[-1], len(first))
    assert await Sealer().seal(database, at=later) == 1
    verdict = await verify(conn)
    assert (verdict.fault, verdict.removed_through, verdict.events) == (None, first[-1], 3)
    assert await remove_old(database, keep=SHORTEST, at=later, by=SYSTEM) == 0


async def test_the_database_lets_nothing_go_before_its_time_whoever_asks(conn, database):
    await sealed(database, 3)
    with pytest.raises(ValueError, match="six months"):
        await decide_removal(conn, keep=SHORTEST - timedelta(days=1), at=NOON, by=SYSTEM)
    too_early = event_row(REMOVED, by=SYSTEM, at=NOON + timedelta(days=183), object_type="audit", object_id="trail")
    last = await sealing.head(conn)
    assert last is not None
    await record(conn, too_early | {"after": {"seal": last.number, "through": last.through}})
    with pytest.raises(DBAPIError, match="append-only"):
        async with conn.begin_nested():
            await conn.execute(text("DELETE FROM audit_events WHERE number = :n"), {"n": last.entries[0].number})


@pytest.mark.db_commit
def test_the_command_says_whether_the_trail_is_whole(fresh_url, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TIDU_DATABASE_URL", fresh_url)
    monkeypatch.setenv("TIDU_DATA", str(tmp_path))
    assert main(["audit", "head"]) == 1
    assert main(["run-job", "seal-audit"]) == 0
    capsys.readouterr()
    assert main(["audit", "head"]) == 0
    anchor = capsys.readouterr().out.strip()
    assert main(["audit", "verify", "--anchor", anchor]) == 0
    assert "审计记录完好" in capsys.readouterr().out
    assert main(["audit", "verify", "--json", "--anchor", anchor[:-1] + ("0" if anchor[-1] != "0" else "1")]) == 1
    assert '"whole":false' in capsys.readouterr().out
    assert main(["audit", "verify", "--anchor", "x"]) == 2


@pytest.mark.parametrize("role", ["web", "worker"])
async def test_a_process_with_a_role_of_its_own_may_add_to_the_trail_and_not_change_it(conn, database, role):
    await sealed(database, 2)
    for name in ("tidu_test_web", "tidu_test_worker"):
        await conn.execute(text(f"CREATE ROLE {name}"))
    for statement in await grants(conn, web="tidu_test_web", worker="tidu_test_worker"):
        await conn.execute(text(statement))
    await conn.execute(text(f"SET LOCAL ROLE tidu_test_{role}"))
    await look_for(conn, (await factories.person(conn, "officer")).viewer)
    await record(conn, event(5))
    await factories.firm(conn)
    change, remove = "UPDATE audit_events SET ip = ''", "DELETE FROM audit_events"
    empty, forge_seal = "TRUNCATE audit_events", "DELETE FROM audit_seals"
    told = {change: "permission denied", empty: "permission denied", forge_seal: "permission denied"}
    told |= {remove: "append-only" if role == "worker" else "permission denied", "DROP TABLE firms": "must be owner"}
    for statement, refusal in told.items():
        with pytest.raises(DBAPIError, match=refusal):
            async with conn.begin_nested():
                await conn.execute(text(statement))
    if role == "worker":
        assert await Sealer().seal(database, at=NOON) > 0
