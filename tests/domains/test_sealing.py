"""Contacts at rest: sealed in every table, moved over by the migration, turned to another key."""

import importlib
import uuid
from argparse import Namespace

import pytest
from sqlalchemy import text

from app.access.terms import SYSTEM, Actor, Origin
from app.clerks.requests import approve, ask
from app.clerks.terms import Application
from app.commands import migrate as migrating
from app.commands import resealing
from app.commands.context import CommandError
from app.db import Database
from app.errors import Conflict, Refused
from app.firms.erasures import ask_to_erase, waits_for
from app.firms.queries import firm_by_uscc, list_firms
from app.firms.service import edit
from app.firms.terms import ContactDetails, FirmEntry, FirmFilter
from app.models import Base
from app.outbox.claiming import claim
from app.outbox.writing import letter, post
from app.sealed import UNREADABLE
from app.text import key
from app.vault import Vault
from tests import factories
from tests.harness import NOON, keys_of_tests
from tests.migrating import within
from tests.sealing import lies_open

PHONE, EMAIL = "13987654321", "jinsique@example.com"
TWO = f"{PHONE}、0750-2212345"
OLD, NEW = Vault(["o" * 40]), Vault(["n" * 40, "o" * 40])
OFFICER = factories.Viewer(factories.new_id(), "o", "o", factories.Role.OFFICER, "440783")


async def numbers(conn, uscc):
    firm = await firm_by_uscc(conn, uscc, viewer=OFFICER)
    return [(c.phone, c.email) for c in firm.contacts]


async def hits(conn, q):
    page = await list_firms(conn, FirmFilter(q=q, status="all"), viewer=OFFICER, today=NOON.date())
    return [row.uscc for row in page.items]


async def a_firm(conn, *people):
    return await factories.firm(conn, contacts=people or [ContactDetails("金雀", PHONE, "财务", EMAIL)])


async def test_one_that_was_moved_to_another_row_is_shown_as_such_and_writes_nobody_elses_number(conn):
    uscc = await a_firm(conn)
    other = await a_firm(conn, ContactDetails("李", "13900000000"))
    mine, theirs = await factories.id_of(conn, uscc), await factories.id_of(conn, other)
    swap = "UPDATE contacts SET phone = (SELECT phone FROM contacts WHERE firm_id = :theirs) WHERE firm_id = :mine"
    await conn.execute(text(swap), {"mine": mine, "theirs": theirs})
    assert await numbers(conn, uscc) == [(UNREADABLE, EMAIL)]
    firm = await firm_by_uscc(conn, uscc, viewer=OFFICER)
    entry = FirmEntry({}, contacts=[*firm.contacts, ContactDetails("新", "13911111111")])
    with pytest.raises(Conflict, match="打不开"):
        async with conn.begin_nested():
            await edit(conn, firm, entry, version=firm.version, by=SYSTEM, at=NOON)
    mended = FirmEntry({}, contacts=[ContactDetails("金", PHONE)])
    await edit(conn, firm, mended, version=firm.version, by=SYSTEM, at=NOON)
    assert await numbers(conn, uscc) == [(PHONE, "")]


async def test_a_letter_to_an_address_of_its_own_leaves_for_it_and_lies_sealed(conn):
    row = letter("password_link", "k", to=EMAIL, to_name="金", subject="x", body="x", use="password",
                 link_id=uuid.uuid4(), at=NOON)  # fmt: skip
    await post(conn, row)
    assert await lies_open(conn, EMAIL) == []
    assert [m.address for m in await claim(conn, at=NOON, most=9, office_hours=True)] == [EMAIL]


async def test_while_another_key_takes_over_who_asks_for_an_account_again_is_one_who_asks(conn, monkeypatch):
    said = Application("91440783MA00000000", "金", EMAIL, PHONE)
    assert await ask(conn, said, origin=Origin(), at=NOON)
    monkeypatch.setattr(conn.engine, "keys", lambda: Vault(["n" * 40, *keys_of_tests()._secrets]))
    assert await ask(conn, said, origin=Origin(), at=NOON)
    assert (await conn.execute(text("SELECT count(*) FROM clerk_requests"))).scalar_one() == 1
    waits = (await conn.execute(text("SELECT id FROM clerk_requests"))).scalar_one()
    monkeypatch.setattr(conn.engine, "keys", lambda: NEW)
    with pytest.raises(Refused, match="打不开"):  # no letter is written to what stands for an address
        await approve(conn, waits, seal=str, by=Actor(OFFICER, Origin()), at=NOON)


async def test_the_database_takes_no_number_that_is_not_sealed(conn):
    uscc = await a_firm(conn)
    plain = "UPDATE contacts SET phone = '13911111111' WHERE firm_id = :id"
    with pytest.raises(Exception, match="phone_sealed"):
        await conn.execute(text(plain), {"id": await factories.id_of(conn, uscc)})


async def test_of_the_demos_people_no_number_lies_open_in_any_table(county):
    number = "(^|[^0-9A-Za-z_-])(100[0-9]{8}|13800000000|demo[0-9]+@example)([^0-9A-Za-z_-]|$)"
    found = []
    for table in Base.metadata.sorted_tables:
        query = f'SELECT EXISTS (SELECT FROM "{table.name}" t WHERE to_jsonb(t)::text ~ :number)'
        if (await county.execute(text(query), {"number": number})).scalar_one():
            found.append(table.name)
    assert found == []
    assert (await county.execute(text("SELECT count(*) FROM contacts WHERE email <> ''"))).scalar_one() > 0


@pytest.mark.db_commit
async def test_what_lay_open_is_sealed_by_the_migration_with_a_key_and_not_without(fresh_url):
    database = Database(fresh_url, pool_size=2, keys=keys_of_tests)
    made = importlib.import_module("migrations.versions.20270104_contacts_sealed")
    async with database.transaction() as conn:
        uscc = await a_firm(conn)
        firm_id = await factories.id_of(conn, uscc)
        await conn.run_sync(lambda c: within(c, made, None, empty_downgrade))
        for statement in OPEN:
            await conn.execute(text(statement), {"id": firm_id, "at": NOON})
        held = {"firms", "contacts", "outbox_messages", "firm_merges", "verified_likenesses"}
        assert set(await lies_open(conn, PHONE, EMAIL)) == held
        with pytest.raises(CommandError, match="TIDU_SECRET_KEY"):
            await conn.run_sync(lambda c: within(c, made, None, made.upgrade))
        await conn.run_sync(lambda c: within(c, made, keys_of_tests, made.upgrade))
        assert await lies_open(conn, PHONE, EMAIL) == []
        assert await numbers(conn, uscc) == [(TWO, EMAIL)]
        for asked in (PHONE, "4321", "07502212345", "2345", "金雀"):
            assert await hits(conn, asked) == [uscc], "by each of them, though the old document had them in one"
        document = "SELECT search_text, search_grams FROM firms"
        before = (await conn.execute(text(document))).one()
        await resealing.refresh_search(conn, [firm_id])
        assert (await conn.execute(text(document))).one() == before, "as it is written from now on"
        assert [m.address for m in await claim(conn, at=NOON, most=9, office_hours=True)] == [EMAIL]
        with pytest.raises(RuntimeError, match="备份"):
            await conn.run_sync(lambda c: within(c, made, None, made.downgrade))
    await database.dispose()


async def test_a_key_that_would_only_be_made_for_the_migration_is_none_and_is_not_made(
    monkeypatch, worker_url, tmp_path
):
    given = []

    async def seen(database, *, keys):
        given.append(keys or database.engine.keys)

    monkeypatch.setattr(migrating, "migrate", seen)
    monkeypatch.setenv("TIDU_DATABASE_URL", worker_url)
    for name in ("TIDU_SECRET_KEY", "TIDU_ENCRYPTION_KEYS"):
        monkeypatch.delenv(name, raising=False)
    await migrating.run(Namespace(data=tmp_path))
    with pytest.raises(CommandError, match="TIDU_SECRET_KEY"):
        given[-1]()
    assert not (tmp_path / "secret_key").exists()
    monkeypatch.setenv("TIDU_SECRET_KEY", "n" * 40)
    await migrating.run(Namespace(data=tmp_path))
    assert given[-1]().name == NEW.name


OPEN = (
    f"UPDATE contacts SET phone = '{TWO}', email = '{EMAIL}' WHERE firm_id = :id",
    f"UPDATE firms SET search_text = search_text || E'\\n☎{key(TWO)}' WHERE id = :id",
    "INSERT INTO outbox_messages (id, dedup_key, kind, channel, payload, next_attempt_at, created_at) "
    f"VALUES (:id, 'k', 'reminder', 'email', '{{\"to\": \"{EMAIL}\"}}', :at, :at)",
    "INSERT INTO verified_likenesses (id, firm_id, kind, key, weight, outcome, words, at, name) "
    f"VALUES (:id, :id, 'phone', '{PHONE}', 2, 'explained', 'x', :at, 'x')",
    "INSERT INTO firm_merges (id, kept_id, gone_id, state, record, merged_at, merger_name) "
    "SELECT :id, :id, :id, 'undone', jsonb_build_object('before', jsonb_build_object('kept', "
    "jsonb_build_object('contacts', (SELECT jsonb_agg(c)::text FROM contacts c WHERE c.firm_id = :id)))), :at, 'x'",
)


def empty_downgrade():
    """As `downgrade` leaves the schema; what is in it, the test writes as it was."""
    from alembic import op

    made = importlib.import_module("migrations.versions.20270104_contacts_sealed")
    op.drop_index("ix_contacts_phone_mark", table_name="contacts")
    for table, name, _ in made._CHECKS:
        op.drop_constraint(f"ck_{table}_{name}", table)


@pytest.mark.db_commit
async def test_another_key_takes_over_while_the_site_runs_and_after_a_break_the_rest_follows(fresh_url, monkeypatch):
    old = Database(fresh_url, pool_size=2, keys=lambda: OLD)
    both = Database(fresh_url, pool_size=2, keys=lambda: NEW)
    new = Database(fresh_url, pool_size=2, keys=lambda: Vault(["n" * 40]))
    strange = Database(fresh_url, pool_size=2, keys=lambda: Vault(["x" * 40]))
    async with old.transaction() as conn:
        codes = [await a_firm(conn, ContactDetails("金", f"1398765432{n}", "", EMAIL)) for n in range(5)]
        await post(conn, letter("password_link", "k", to=EMAIL, subject="x", body="x", use="password",
                                link_id=uuid.uuid4(), at=NOON))  # fmt: skip
        await ask_to_erase(conn, EMAIL, reason="x", by=Actor(OFFICER), at=NOON)
    monkeypatch.setattr(resealing, "STRETCH", 2)
    people, turns = resealing._people, []

    async def killed(*given):
        turns.append(1)
        if len(turns) == 2:
            raise KeyboardInterrupt
        await people(*given)

    monkeypatch.setattr(resealing, "_people", killed)
    with pytest.raises(KeyboardInterrupt):
        await resealing.reseal(both)
    async with both.transaction() as conn:
        for n, uscc in enumerate(codes):
            assert await numbers(conn, uscc) == [(f"1398765432{n}", EMAIL)]
            assert await hits(conn, f"1398765432{n}") == [uscc], "by either key's mark"
        states = await conn.execute(
            text("SELECT count(*) FROM contacts WHERE phone LIKE :n"), {"n": f"sealed:{NEW.name}%"}
        )
        assert states.scalar_one() == 2
        await conn.execute(text("UPDATE firms SET remark = 'written meanwhile'"))
    done = await resealing.reseal(both)
    assert (done.changed, done.unreadable) == (8, 0)  # six of three firms, a letter's address, what is to be erased
    assert (await resealing.reseal(both)).changed == 0
    async with new.transaction() as conn:
        assert [await numbers(conn, uscc) for uscc in codes] == [[(f"1398765432{n}", EMAIL)] for n in range(5)]
        assert [await hits(conn, f"1398765432{n}") for n in range(5)] == [[uscc] for uscc in codes]
        assert [m.address for m in await claim(conn, at=NOON, most=9, office_hours=True)] == [EMAIL]
        assert await waits_for(conn, EMAIL)
    done = await resealing.reseal(strange)
    assert (done.changed, done.unreadable) == (0, 12), "left as they were, and told"
    assert done.closed == {"contacts": 10, "outbox_messages": 1, "erasure_requests": 1}
    for database in (old, both, new, strange):
        await database.dispose()
