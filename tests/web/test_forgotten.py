"""忘记口令: a link by mail, once; and nobody learns from it which accounts there are."""

import pytest
from sqlalchemy import func, select

from app.access.models import PasswordLink, UserSession
from app.audit.models import AuditEvent
from app.outbox.links import link_address
from app.outbox.models import OutboxMessage
from tests import factories

NEW = "Xin-kouling-88"
BOTH = {"new": NEW, "again": NEW}


@pytest.fixture
async def person(conn):
    return await factories.person(conn, "officer", email="he@example.com")


async def asked(client, login="officer"):
    return await client.post("/forgotten", data={"login": login})


async def newest_link(conn, app):
    query = select(PasswordLink.id).order_by(PasswordLink.created_at.desc(), PasswordLink.id.desc()).limit(1)
    link_id = (await conn.execute(query)).scalar_one()
    return link_address(app.state.settings, "password", link_id).removeprefix("http://127.0.0.1:8000")


async def letters(conn):
    query = select(OutboxMessage.user_id).where(OutboxMessage.kind == "password_link")
    return list((await conn.execute(query)).scalars())


async def test_a_forgotten_password_is_chosen_anew_and_whoever_was_signed_in_is_out(
    client_as, client_from, conn, person, built_app
):
    inside, stranger = await client_as(person), client_from("10.0.0.5")
    assert (await asked(stranger, " OFFICER ")).headers["location"] == "/forgotten/done"
    assert await letters(conn) == [person.id]
    link = await newest_link(conn, built_app)
    assert "设新口令" in (await stranger.get(link)).text
    assert (await stranger.post(link, data=BOTH)).headers["location"] == "/sign-in"
    assert (await inside.get("/firms")).headers["location"].startswith("/sign-in")
    open_sessions = select(func.count()).where(UserSession.user_id == person.id, UserSession.revoked_at.is_(None))
    assert (await conn.execute(open_sessions)).scalar_one() == 0
    assert (await stranger.post("/sign-in", data={"login": "officer", "password": NEW})).headers["location"] == "/"
    acts = set((await conn.execute(select(AuditEvent.action))).scalars())
    assert {"user:password:asked", "user:password:recovered"} <= acts


async def test_a_link_works_once_for_half_an_hour_and_no_longer_than_the_old_password(
    client_as, client_from, conn, clock, person, built_app
):
    stranger, admin = client_from("10.0.0.5"), await client_as("admin")
    await asked(stranger)
    elder = await newest_link(conn, built_app)
    clock.advance(minutes=1)
    await asked(stranger)
    used = await newest_link(conn, built_app)
    await stranger.post(used, data=BOTH)
    clock.advance(minutes=1)
    await asked(stranger)
    superseded = await newest_link(conn, built_app)
    await admin.post(f"/admin/users/{person.id}/reset")
    clock.advance(minutes=61)
    await asked(stranger)
    late = await newest_link(conn, built_app)
    clock.advance(minutes=29)
    assert (await stranger.get(late)).status_code == 200
    clock.advance(minutes=1)
    dead = (elder, used, superseded, late, "/new-password/" + "A" * 43)
    assert {(await stranger.get(link)).status_code for link in dead} == {404}
    assert {(await stranger.post(link, data=BOTH)).status_code for link in dead} == {404}


@pytest.mark.parametrize("login", ["nobody", "officer-off", "officer-mailless"])
async def test_the_answer_and_the_work_are_the_same_for_an_account_that_gets_no_letter(
    client_from, conn, person, statements, login
):
    if login != "nobody":
        await factories.person(conn, login, active=login != "officer-off", email="off@example.com" * (login[-1] == "f"))
    shapes = []
    for which in ("officer", login):
        statements.clear()
        answer = await asked(client_from("10.0.0.5"), which)
        shapes.append(
            (
                answer.status_code,
                answer.headers["location"],
                [s.split("(")[0] for s in statements if "SAVEPOINT" not in s],
            )
        )
    assert shapes[0] == shapes[1]
    assert await letters(conn) == [person.id]


async def test_a_flood_ends_by_address_and_one_account_gets_three_letters_an_hour(client_from, conn, clock, person):
    one = client_from("10.0.0.5")
    answers = [(await asked(one, f"a{n}")).status_code for n in range(6)]
    assert answers == [303] * 5 + [429]
    for n in range(4):
        assert (await asked(client_from(f"10.0.1.{n}"))).status_code == 303
    assert await letters(conn) == [person.id] * 3
    clock.advance(minutes=60)
    assert (await asked(one)).status_code == 303
    assert await letters(conn) == [person.id] * 4


async def test_a_weak_password_or_a_slip_of_the_hand_leaves_the_link_open(client_from, conn, person, built_app):
    stranger = client_from("10.0.0.5")
    await asked(stranger)
    link = await newest_link(conn, built_app)
    for wrong in ({"new": "short", "again": "short"}, {"new": NEW, "again": NEW + "x"}):
        assert (await stranger.post(link, data=wrong)).status_code == 422
    assert (await stranger.post(link, data=BOTH)).status_code == 303


async def test_no_table_and_no_letter_that_waits_holds_the_link(client_from, conn, person, built_app):
    await asked(client_from("10.0.0.5"))
    token = (await newest_link(conn, built_app)).rsplit("/", 1)[1]
    for table in (PasswordLink, OutboxMessage, AuditEvent):
        assert token not in str((await conn.execute(select(table.__table__))).all())


async def test_a_page_of_another_site_can_neither_ask_nor_choose(client_from, conn, person, built_app):
    await asked(client_from("10.0.0.5"))
    forger = client_from("10.0.0.6", headers={"sec-fetch-site": "cross-site"})
    assert (await asked(forger)).status_code == 403
    assert (await forger.post(await newest_link(conn, built_app), data=BOTH)).status_code == 403


async def test_when_a_leader_chooses_anew_the_others_who_decide_hear_of_it(client_from, conn, built_app):
    await factories.person(conn, "manager", email="ju@example.com")
    other = await factories.person(conn, "manager-2")
    await asked(client_from("10.0.0.5"), "manager")
    await client_from("10.0.0.5").post(await newest_link(conn, built_app), data=BOTH)
    told = select(OutboxMessage.user_id).where(OutboxMessage.kind == "account_handled")
    assert other.id in set((await conn.execute(told)).scalars())
