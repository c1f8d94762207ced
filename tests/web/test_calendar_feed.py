import re
from datetime import date, timedelta

from sqlalchemy import func, select, update

from app.access.models import CalendarFeed, User
from app.audit.models import AuditEvent
from app.filings.service import Revision, revise
from app.filings.terms import Dates, WindowChange
from tests import factories
from tests.calendars import read
from tests.factories import NOTICE
from tests.harness import NOON

FIRM = date(2027, 6, 25)


async def post(client, path, **fields):
    page = await client.get("/account/calendar")
    csrf = re.search(r'name="csrf_token" value="([^"]+)"', page.text)[1]
    return await client.post(path, data={"csrf_token": csrf, **fields})


async def address_of(client):
    answer = await post(client, "/account/calendar")
    assert answer.status_code == 200
    return re.search(r'id="secret">([^<]+)<', answer.text)[1]


async def events(anonymous, address):
    answer = await anonymous.get(address)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    return {e.value("UID"): e for e in read(answer.content).parts}


async def test_a_subscribed_calendar_follows_a_window_through_confirmation_extension_and_withdrawal(
    conn, client_as, anonymous
):
    address = await address_of(await client_as("officer"))
    assert address.startswith("http://127.0.0.1:8000/api/v1/windows.ics?token=")
    found = await factories.window_id(conn, "hnte", 2027, 1)
    uid = f"{found}-firm-due@tidu"
    assert uid not in await events(anonymous, address), "往年参考 is in nobody's calendar"
    await factories.window(conn, "hnte", 2027, 1, firm_due=FIRM)
    event = (await events(anonymous, address))[uid]
    assert (event.value("DTSTART"), event.value("SEQUENCE")) == ("20270625", "1")
    officer = (await factories.person(conn, "officer")).actor
    later = Revision(WindowChange.EXTENDED, 2, Dates(firm_due=FIRM + timedelta(days=10)), NOTICE)
    await revise(conn, found, later, by=officer, at=NOON)
    event = (await events(anonymous, address))[uid]
    assert (event.value("DTSTART"), event.value("SEQUENCE")) == ("20270705", "2")
    await revise(conn, found, Revision(WindowChange.WITHDRAWN, 3, reason="有误"), by=officer, at=NOON)
    assert uid not in await events(anonymous, address)


async def test_the_feed_costs_two_statements_however_many_windows_it_has(client_as, anonymous, statements):
    address = await address_of(await client_as("officer"))
    statements.clear()
    assert len(await events(anonymous, address)) > 30
    assert len([s for s in statements if s.lstrip().startswith("SELECT")]) == 2


async def test_the_address_is_shown_once_and_only_its_hash_is_kept(conn, client_as):
    client = await client_as("officer")
    token = (await address_of(client)).split("token=")[1]
    again = await client.get("/account/calendar")
    assert token not in again.text
    assert "起在用" in again.text
    kept = (await conn.execute(select(CalendarFeed))).one()
    assert token.encode() not in bytes(kept.token_hash)
    trail = select(AuditEvent.action, AuditEvent.after).where(AuditEvent.object_type == "user")
    actions = [row for row in await conn.execute(trail) if row.action.startswith("user:feed")]
    assert [r.action for r in actions] == ["user:feed:created"]
    assert token not in str(actions)


async def test_a_new_address_or_a_revoked_one_ends_the_one_before(conn, client_as, anonymous):
    client = await client_as("officer")
    first = await address_of(client)
    second = await address_of(client)
    assert (await anonymous.get(first)).status_code == 404
    assert (await anonymous.get(second)).status_code == 200
    assert (await post(client, "/account/calendar/revoke")).status_code == 303
    answer = await anonymous.get(second)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    await post(client, "/account/calendar/revoke")
    ended = select(func.count()).where(CalendarFeed.revoked_at.is_(None))
    assert (await conn.execute(ended)).scalar_one() == 0


async def test_a_disabled_account_and_a_changed_password_end_the_subscription(conn, client_as, anonymous):
    client = await client_as("officer")
    address = await address_of(client)
    await conn.execute(update(User).where(User.login == "officer").values(active=False))
    assert (await anonymous.get(address)).status_code == 404
    await conn.execute(update(User).where(User.login == "officer").values(active=True))
    assert (await anonymous.get(address)).status_code == 200
    page = await client.get("/account/password")
    csrf = re.search(r'name="csrf_token" value="([^"]+)"', page.text)[1]
    new = {"current": factories.PASSWORD, "new": "Lingjie-2027-liu", "again": "Lingjie-2027-liu", "csrf_token": csrf}
    assert (await client.post("/account/password", data=new)).status_code == 303
    assert (await anonymous.get(address)).status_code == 404


async def test_the_token_of_a_calendar_opens_nothing_else_and_a_tokens_owner_sees_their_own_windows(
    conn, client_as, client_from, anonymous
):
    uscc = await factories.firm(conn)
    clerk = await factories.person(conn, "firm", firm_id=await factories.id_of(conn, uscc))
    address = await address_of(await client_as(clerk))
    token = address.split("token=")[1]
    program = client_from(headers={"authorization": f"Bearer {token}"})
    for path in ("/api/v1/windows", f"/api/v1/firms/{uscc}"):
        assert (await program.get(path)).status_code == 401
    assert await events(anonymous, address)
    stray = await address_of(await client_as("firm-2"))
    assert await events(anonymous, stray) == {}
    for wrong in ("", "?token=", "?token=" + "x" * 43, "?token=" + "x" * 101, "?token=%00"):
        assert (await anonymous.get("/api/v1/windows.ics" + wrong)).status_code in (400, 404, 422)
