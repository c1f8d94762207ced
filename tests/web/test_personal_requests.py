"""Who asks what is held of them is answered: where and what, a copy, a correction, and that it go."""

import asyncio
import csv
import io
import re

import pytest
from sqlalchemy import insert, select, text, update

from app.access.models import SecondFactor, User
from app.access.personal import READABLE
from app.access.rules import PAIR_LIMIT
from app.access.terms import SYSTEM, Actor, Role
from app.audit.service import event_row, record
from app.errors import Invalid, Waiting
from app.firms.correcting import correct
from app.firms.erasing import erase
from app.firms.erasures import ask_to_erase
from app.firms.holding import holdings
from app.firms.locking import lock_by_id
from app.firms.models import Firm
from app.firms.queries import firm_by_uscc
from app.firms.terms import ContactDetails
from app.outbox.writing import letter, post
from app.personal.terms import Kind
from tests import factories, houses
from tests.harness import NOON

NAME, PHONE, EMAIL, NEW = "金丝雀", "13987654321", "jinsique@example.com", "13700001111"
LANDLINE = "0750-2212345"
PLACE = "/personal/requests"
YES = {"act": "agree", "password": factories.PASSWORD}
ASKED = {"value": "139 8765 4321", "reason": "本人 12 月 1 日来电，核对过身份证", "password": factories.PASSWORD}


async def a_person(conn):
    people = [ContactDetails(NAME, f"{LANDLINE}、{PHONE}", "财务", EMAIL)]
    uscc = await factories.firm(conn, "开平市受访有限公司", contacts=people)
    await houses.carrier(conn, contact_name=NAME, contact_phone=PHONE)
    return uscc


async def the_request(client):
    page = (await client.get("/personal/erasures")).text
    return re.search(r"/personal/erasures/[0-9a-f-]{36}", page)[0]


async def trail_of(conn):
    query = "SELECT action, after FROM audit_events WHERE action LIKE 'person:%' ORDER BY number"
    return [tuple(row) for row in await conn.execute(text(query))]


async def test_an_officer_sees_what_is_held_and_where_hands_a_copy_over_puts_it_right_and_lets_it_go(conn, client_as):
    uscc = await a_person(conn)
    await factories.firm(conn, "开平市另家有限公司", contacts=[ContactDetails("李", "13900000000")])
    await factories.visit(conn, uscc)  # the firm's second version
    await conn.execute(text("UPDATE firm_visits SET people = :who"), {"who": f"{NAME}（财务）"})
    officer = await client_as("officer")
    seen = (await officer.post(PLACE, data=ASKED | {"act": "find"})).text
    for word in (
        "见到的人",
        f"{NAME}（财务）",
        "3 处",
        "开平市受访有限公司",
        f"/firms/{uscc}",
        NAME,
        "财务",
        PHONE,
        EMAIL,
        "载体联系人",
    ):
        assert word in seen
    assert "另家" not in seen
    assert 'class="watermark"' in seen
    taken = await officer.post(PLACE, data=ASKED | {"act": "copy"})
    assert "attachment" in taken.headers["content-disposition"]
    rows = list(csv.reader(io.StringIO(taken.text.removeprefix("\ufeff"))))
    assert ["开平市受访有限公司", "邮箱", EMAIL] in [row[2:5] for row in rows]
    assert ["开平市受访有限公司", "见到的人", f"{NAME}（财务）"] in [row[2:5] for row in rows]
    assert "officer" in rows[-1][0]
    assert "已更正 2 处" in (await officer.post(PLACE, data=ASKED | {"act": "correct", "new": NEW})).text
    page = (await officer.get(f"/firms/{uscc}")).text
    assert f"{LANDLINE}、{NEW}" in page
    assert PHONE not in page
    versions = "SELECT f.version, c.version FROM firms f, carriers c WHERE f.uscc = :u"
    assert (await conn.execute(text(versions), {"u": uscc})).one() == (3, 2), "an old form writes nothing back"
    assert "开平市受访有限公司" in (await officer.get(f"/firms?q={NEW}")).text
    asked = (await officer.post(PLACE, data=ASKED | {"act": "erase", "value": NEW})).text
    officer_id = (await factories.person(conn, "officer")).id
    assert "已提出抹去 2 处" in asked
    assert 'name="act" value="erase"' not in asked, "once is enough"
    assert NAME in (await officer.get(f"/firms/{uscc}")).text
    manager = await client_as("manager")
    address = await the_request(manager)
    seen = (await manager.get(address)).text
    for word in ("137****1111", ASKED["reason"], "企业联系人", "载体联系人", "2 处"):
        assert word in seen
    assert NEW not in seen
    await conn.execute(update(Firm).where(Firm.uscc == uscc).values(officer_id=officer_id))
    gone = await manager.post(address, data=YES)
    done = (await manager.get(gone.headers["location"])).text
    assert "已抹去 2 处" in done
    assert "走访记录里“见到的人”是办理记录" in done
    page = (await officer.get(f"/firms/{uscc}")).text
    assert NEW not in page
    assert f"{NAME}（财务）" in page, "what was done stays, and was said to"
    people = "SELECT count(*) FROM contacts c JOIN firms f ON f.id = c.firm_id WHERE f.uscc = :u"
    assert (await conn.execute(text(people), {"u": uscc})).scalar_one() == 0, "and the contact is gone, name and all"
    inbox = (await officer.get("/inbox")).text
    assert "同意，137****1111的个人信息已抹去" in inbox
    assert "开平市受访有限公司有一位联系人按本人要求删去了" in inbox
    left = "SELECT state, sought, decider_name FROM erasure_requests"
    assert (await conn.execute(text(left))).one() == ("done", "", (await factories.person(conn, "manager")).viewer.name)
    trail = await trail_of(conn)
    acts = [action.rpartition(":")[2] for action, _ in trail]
    assert acts == ["found", "copied", "corrected", "found", "asked", "found", "erased"]
    assert all(after["reason"] == ASKED["reason"] for _, after in trail)
    assert trail[-1][1]["asked_by"] == (await factories.person(conn, "officer")).viewer.name
    assert not any(number in str(trail) for number in (PHONE, NEW, EMAIL))


async def test_one_person_alone_erases_nothing_and_a_second_may_say_no(conn, client_as):
    await a_person(conn)
    officer, other = await client_as("officer"), await client_as("officer-2")
    erase_it = ASKED | {"act": "erase"}
    await officer.post(PLACE, data=erase_it)
    again = await other.post(PLACE, data=erase_it)
    assert (again.status_code, "在等第二个人同意" in again.text) == (422, True)
    dodged = await officer.post(PLACE, data=ASKED | {"act": "correct", "new": NEW})
    assert dodged.status_code == 422
    address = await the_request(officer)
    assert f"开平市受访有限公司 · {NAME}" in (await other.get(address)).text, "whose it is, for who says yes"
    own = await officer.get(address)
    assert ("收回" in own.text, 'value="agree"' in own.text) == (True, False)
    assert (await officer.post(address, data=YES)).status_code == 403
    for fault in ({"password": "x"}, {"act": "refuse", "why": " "}):
        assert (await other.post(address, data=YES | fault)).status_code == 422
    assert (await other.post(address, data={"act": "refuse", "why": "不是本人"})).status_code == 303
    for password in (factories.PASSWORD, "x"):
        late = await other.post(address, data=YES | {"password": password})
        assert late.status_code == 409, "and does not tell whether the password was right"
    assert (await other.get(address)).status_code == 404
    assert "不是本人" in (await officer.get("/inbox")).text
    await officer.post(PLACE, data=erase_it)
    assert (await officer.post(await the_request(officer), data={"why": "写错了"})).status_code == 303
    acts = [action.rpartition(":")[2] for action, _ in await trail_of(conn)]
    assert [act for act in acts if act not in ("found",)] == ["asked", "refused", "asked", "withdrawn"]
    assert len(await holdings(conn, PHONE, by=SYSTEM, at=NOON)) == 2, "nothing went, and no request keeps it"


async def test_an_account_in_the_hand_of_who_asks_is_no_second_person(conn, client_as):
    await a_person(conn)
    officer, other = await client_as("officer"), await client_as("officer-2")
    await officer.post(PLACE, data=ASKED | {"act": "erase"})
    mine, theirs = await factories.person(conn, "officer"), await factories.person(conn, "officer-2")
    handled = event_row(
        "user:password:reset", by=Actor(mine.viewer), at=NOON, object_type="user", object_id=theirs.id, object_label=""
    )
    await record(conn, handled)
    refused = await other.post(await the_request(other), data=YES)
    assert (refused.status_code, "经过" in refused.text) == (403, True)


@pytest.mark.parametrize(("scope", "status"), [("440783", 200), ("440783117", 403)])
async def test_who_answers_for_a_town_only_neither_looks_nor_agrees(conn, client_as, scope, status):
    await factories.person(conn, "officer-3", scope=scope)
    officer = await client_as("officer-3")
    for place in (PLACE, "/personal/erasures"):
        assert (await officer.get(place)).status_code == status
    assert (await officer.post(PLACE, data=ASKED)).status_code == status


async def test_what_the_operators_erase_meanwhile_is_gone_from_the_request_too(conn, client_as):
    await a_person(conn)
    officer, manager = await client_as("officer"), await client_as("manager")
    await officer.post(PLACE, data=ASKED | {"act": "erase"})
    address = await the_request(manager)
    await erase(conn, PHONE, reason="x", by=SYSTEM, at=NOON)
    assert (await conn.execute(text("SELECT sought FROM erasure_requests"))).scalar_one() == ""
    assert (await manager.get(address)).status_code == 200
    assert address in (await manager.get("/")).text, (
        "what waits for a second person stands on the first page of the day"
    )
    assert address not in (await officer.get("/")).text, "and on nobody's who asked for it"
    assert (await manager.post(address, data=YES)).status_code == 303
    assert (await trail_of(conn))[-1] == (
        "person:erasure:gone",
        {"counts": {}, "reason": ASKED["reason"], "asked_by": "局专员officer"},
    )
    assert "的个人信息此前已经抹去" in (await officer.get("/inbox")).text, "who asked hears of it all the same"


@pytest.mark.db_commit
async def test_erasing_waits_for_who_edits_the_firm_and_two_that_ask_at_once_are_one_request(fresh_database):
    async with fresh_database.transaction() as conn:
        people = [await factories.person(conn, who) for who in ("officer", "officer-2")]
        uscc = await a_person(conn)

    async def gone():
        async with fresh_database.transaction() as conn:
            await erase(conn, PHONE, reason="x", by=SYSTEM, at=NOON)

    async def asked(person):
        async with fresh_database.transaction() as conn:
            await ask_to_erase(conn, PHONE, reason="x", by=person.actor, at=NOON)

    told = await asyncio.gather(*(asked(person) for person in people), return_exceptions=True)
    assert sorted(type(one) for one in told if one) == [Waiting]
    async with fresh_database.transaction() as conn:
        firm = await firm_by_uscc(conn, uscc, viewer=people[0].viewer)
        await lock_by_id(conn, [firm.id], viewer=people[0].viewer)
        coming = asyncio.create_task(gone())
        await asyncio.sleep(0.3)
        assert not coming.done()
        # Held by the other one, it would be a deadlock.
        await conn.execute(text("UPDATE contacts SET title = '会计' WHERE firm_id = :id"), {"id": firm.id})
    await coming
    async with fresh_database.reading() as conn:
        assert (await conn.execute(text("SELECT count(*) FROM contacts"))).scalar_one() == 0


async def test_nothing_is_answered_without_a_reason_the_password_and_the_code(conn, client_as):
    await a_person(conn)
    officer = await client_as("officer")
    faults = [{"reason": " "}, {"password": "x"}, {"value": "4321"}, {"value": f"{PHONE}、{NEW}"}, {"value": ""}]
    for fault in (*faults, {"act": "correct", "new": EMAIL}, {"act": "correct", "new": PHONE}):
        refused = await officer.post(PLACE, data=ASKED | {"act": "copy"} | fault)
        assert refused.status_code == 422, fault
        assert NAME not in refused.text
    person = await factories.person(conn, "officer")
    await conn.execute(insert(SecondFactor).values(user_id=person.id, secret=b"x", confirmed_at=NOON))
    unproven = await officer.post(PLACE, data=ASKED | {"act": "erase"})
    assert unproven.status_code == 422
    assert f'<h2 id="h-again">提出抹去 <small>{ASKED["value"]}' in unproven.text
    assert ASKED["reason"] in unproven.text
    assert 'id="h-find"' not in unproven.text, "one act and not another beside it"
    assert 'id="code-error"' in unproven.text
    assert await trail_of(conn) == []


async def test_a_browser_left_open_is_no_place_to_guess_in(conn, client_as):
    officer = await client_as("officer")
    for _ in range(PAIR_LIMIT):
        assert (await officer.post(PLACE, data=ASKED | {"password": "x"})).status_code == 422
    assert "后再试" in (await officer.post(PLACE, data=ASKED)).text


@pytest.mark.parametrize("role", ["town", "manager", "admin", "auditor", "firm"])
async def test_whoever_does_not_answer_for_it_is_refused(conn, client_as, role):
    other = await client_as(role)
    assert (await other.get(PLACE)).status_code == 403
    assert (await other.post(PLACE, data=ASKED)).status_code == 403
    assert READABLE[Role.OFFICER] >= set(Kind), "who answers reads it all anyway"


async def test_an_account_and_a_letter_that_was_sent_are_shown_and_not_put_right_by_another(conn, client_as):
    manager = await factories.person(conn, "manager", email=EMAIL)
    sent = letter("x", "x", to=EMAIL, subject="您好", body="", use="password", link_id=manager.id, at=NOON)
    await post(conn, sent)
    found = await holdings(conn, EMAIL, by=SYSTEM, at=NOON)
    assert {one.where.table for one in found} == {"users", "outbox_messages"}
    told = str([one.told() for one in found])
    assert "您好" not in told, "what a letter said is its reader's"
    assert EMAIL in told
    assert await correct(conn, EMAIL, "thief@example.com", reason="x", by=SYSTEM, at=NOON) == 0
    with pytest.raises(Invalid):
        await correct(conn, EMAIL, NEW, reason="x", by=SYSTEM, at=NOON)
    assert len(await holdings(conn, EMAIL, by=SYSTEM, at=NOON)) == 2


async def test_no_officer_takes_away_by_what_the_bureaus_people_are_warned_and_the_terminal_may(conn, client_as):
    admin = await factories.person(conn, "admin", email=EMAIL)
    officer = await client_as("officer")
    refused = await officer.post(PLACE, data=ASKED | {"act": "erase", "value": EMAIL})
    assert (refused.status_code, "由本人或管理员先改掉" in refused.text) == (422, True)
    row = select(User.email).where(User.id == admin.id)
    assert (await conn.execute(row)).scalar_one()
    await erase(conn, EMAIL, reason="x", by=SYSTEM, at=NOON)
    assert (await conn.execute(row)).scalar_one() is None


async def test_one_finds_the_way_from_any_page(client_as):
    officer, firm = await client_as("officer"), await client_as("firm")
    assert PLACE in (await officer.get("/search?q=个人信息")).text
    for page in (await officer.get("/inbox"), await firm.get("/inbox")):
        assert 'href="/personal"' in page.text
