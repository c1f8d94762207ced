"""An account, or a token, with a last day: told before, and opening nothing afterwards."""

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select, text, update

from app.access.expiry import see_to_expiry, set_last_day
from app.access.models import ApiToken, User, UserSession
from app.access.rules import last_day, lasts_until
from app.access.terms import SYSTEM, Power
from app.access.tokens import issue_token
from app.clock import BUSINESS_ZONE
from app.commands.check_powers import powers_lacking
from app.errors import Invalid, NotFound
from app.outbox.models import OutboxMessage
from tests import factories
from tests.harness import NOON

LAST = date(2026, 12, 31)
END = datetime(2027, 1, 1, tzinfo=BUSINESS_ZONE)
FORM = {"login": "jiediao", "name": "借调", "role": "officer", "scope": "440783"}


async def told(conn, kind):
    query = select(OutboxMessage.payload, OutboxMessage.user_id).where(OutboxMessage.kind == kind)
    return [(payload["subject"], who) for payload, who in await conn.execute(query)]


def test_a_last_day_counts_to_its_end():
    assert lasts_until(LAST) == END
    assert last_day(END) == LAST


@pytest.mark.parametrize(("seconds", "status"), [(-1, 200), (0, 401)])
async def test_with_its_last_day_every_way_in_closes(conn, client_as, client_from, clock, seconds, status):
    person = await factories.person(conn, "officer")
    clock.at = END - timedelta(days=1)
    desk = await client_as("officer")
    token = await issue_token(conn, "officer", days=90, at=clock.now())
    program = client_from(headers={"authorization": f"Bearer {token}"})
    await set_last_day(conn, person.id, LAST, by=SYSTEM, at=clock.now())
    clock.at = END + timedelta(seconds=seconds)
    await conn.execute(update(UserSession).values(seen_at=END, expires_at=END + timedelta(hours=1)))
    assert (await program.get("/api/v1/firms")).status_code == status
    assert ((await desk.get("/inbox")).status_code == 200) is (status == 200)
    stranger = client_from()
    said = await stranger.post("/sign-in", data={"login": "officer", "password": factories.PASSWORD})
    assert ("用到 2026-12-31 为止，已经到期" in said.text) is (status == 401)
    wrong = await stranger.post("/sign-in", data={"login": "officer", "password": "x"})
    assert "到期" not in wrong.text, "only who knows the password is told"


async def test_no_token_outlives_the_account_and_none_is_made_afterwards(conn):
    person = await factories.person(conn, "officer")
    await set_last_day(conn, person.id, LAST, by=SYSTEM, at=NOON)
    await issue_token(conn, "officer", days=300, at=NOON)
    assert (await conn.execute(select(ApiToken.expires_at))).scalar_one() == END
    with pytest.raises(NotFound):
        await issue_token(conn, "officer", days=1, at=END)


async def test_it_is_told_twice_before_and_then_the_account_is_disabled_and_that_is_in_the_trail(conn):
    person, admin = await factories.person(conn, "officer"), await factories.person(conn, "admin")
    await set_last_day(conn, person.id, LAST, by=SYSTEM, at=NOON)
    for before, times in ((15, 0), (14, 1), (13, 1), (3, 2), (2, 2)):
        for _ in range(2):
            assert await see_to_expiry(conn, at=END - timedelta(days=before)) == 0
        people = [who for _, who in await told(conn, "account_expiring")]
        assert (people.count(person.id), people.count(admin.id)) == (times, times), before
    late = await factories.person(conn, "officer-late")
    await set_last_day(conn, late.id, LAST, by=SYSTEM, at=END - timedelta(days=2))
    await see_to_expiry(conn, at=END - timedelta(days=2))
    heard = [said for said, who in await told(conn, "account_expiring") if who == admin.id]
    assert len(heard) == 3, "one who was given the same day later is told of as well"
    assert f"1 个账号用到 {LAST} 为止：{late.name}（officer-late）" in heard[-1]
    await conn.execute(update(User).where(User.id == late.id).values(valid_until=None))
    assert await see_to_expiry(conn, at=END - timedelta(seconds=1)) == 0
    assert await see_to_expiry(conn, at=END) == 1
    assert await see_to_expiry(conn, at=END) == 0
    assert (await conn.execute(select(User.active).where(User.id == person.id))).scalar_one() is False
    trail = "SELECT actor_name, after FROM audit_events WHERE action = 'user:record:expired'"
    assert (await conn.execute(text(trail))).one() == ("系统", {"valid_until": "2026-12-31"})


@pytest.mark.parametrize(("before", "days", "times"), [(8, 90, 0), (7, 90, 1), (1, 7, 0)])
async def test_of_a_token_that_ends_its_owner_hears_a_week_before(conn, before, days, times):
    person = await factories.person(conn, "officer")
    await issue_token(conn, "officer", days=days, label="统计", at=NOON)
    await see_to_expiry(conn, at=NOON + timedelta(days=days - before))
    assert [who for said, who in await told(conn, "token_expiring") if "统计" in said] == [person.id] * times


async def test_it_is_set_and_taken_away_on_a_page_and_never_ones_own(conn, client_as, rendered):
    admin = await client_as("admin")
    assert (await admin.post("/admin/users/new", data=FORM | {"valid_until": "2026-01-01"})).status_code == 422
    assert (await admin.post("/admin/users/new", data=FORM | {"valid_until": "明天"})).status_code == 422
    assert (await admin.post("/admin/users/new", data=FORM | {"valid_until": "2026-12-05"})).status_code == 303
    listed = (await admin.get("/admin/users?standing=expiring")).text
    assert ("jiediao" in listed, "用到 2026-12-05" in listed) == (True, True)
    made = (await conn.execute(select(User.id).where(User.login == "jiediao"))).scalar_one()
    page = f"/admin/users/{made}/expiry"
    assert 'value="2026-12-05"' in (await admin.get(page)).text
    assert 'name="expected" value="2026-12-05"' in (await admin.get(page)).text
    assert (await admin.post(page, data={"valid_until": "2026-11-01"})).status_code == 422
    late = await admin.post(page, data={"valid_until": "", "expected": "2026-12-31"})
    assert (late.status_code, "刚被别人改过" in late.text) == (412, True)
    assert (await admin.post(page, data={"valid_until": "", "expected": "2026-12-05"})).status_code == 303
    assert (await conn.execute(select(User.valid_until).where(User.id == made))).scalar_one() is None
    own = (await factories.person(conn, "admin")).id
    assert (await admin.post(f"/admin/users/{own}/expiry", data={"valid_until": "2027-01-01"})).status_code == 422
    await conn.execute(update(User).where(User.id == made).values(valid_until=NOON, active=False))
    assert "已到期" in (await admin.post(f"/admin/users/{made}/enable")).text
    trail = "SELECT before, after FROM audit_events WHERE action = 'user:expiry:set'"
    assert (await conn.execute(text(trail))).one() == ({"valid_until": "2026-12-05"}, {"valid_until": ""})


async def test_the_operators_set_no_day_that_is_over(conn):
    person = await factories.person(conn, "officer")
    with pytest.raises(Invalid):
        await set_last_day(conn, person.id, NOON.date() - timedelta(days=1), by=SYSTEM, at=NOON)
    assert await set_last_day(conn, person.id, NOON.date(), by=SYSTEM, at=NOON)


async def test_a_keeper_who_is_appointed_later_hears_of_those_already_told_and_the_first_not_again(conn):
    person, first = await factories.person(conn, "officer"), await factories.person(conn, "admin")
    await set_last_day(conn, person.id, LAST, by=SYSTEM, at=NOON)
    await see_to_expiry(conn, at=END - timedelta(days=10))
    second, other = await factories.person(conn, "admin-2"), await factories.person(conn, "officer-2")
    await set_last_day(conn, other.id, LAST, by=SYSTEM, at=END - timedelta(days=9))
    for _ in range(2):
        await see_to_expiry(conn, at=END - timedelta(days=9))
    heard = await told(conn, "account_expiring")
    news = {who: [said.split("；")[0] for said, to in heard if to == who] for who in (first.id, second.id)}
    one, two = f"{person.name}（officer）", f"{other.name}（officer-2）"
    assert news[first.id] == [f"1 个账号用到 {LAST} 为止：{name}" for name in (one, two)]
    assert news[second.id] == [f"2 个账号用到 {LAST} 为止：{one}、{two}"]


@pytest.mark.parametrize(
    ("power", "said"),
    [(None, "没有在用的管理员账号"), (Power.SECURITY, "没有在用的系统管理员，没有人能建账号")],
)
async def test_the_check_says_that_nobody_administers(conn, power, said):
    await factories.person(conn, "auditor")
    admin = await factories.person(conn, "admin")
    await conn.execute(update(User).where(User.id == admin.id).values(active=bool(power), power=power or Power.SOLE))
    [only] = await powers_lacking(conn, NOON.date())
    assert said in only


async def test_the_check_is_not_silent_where_neither_an_administrator_nor_an_auditor_is_left(conn):
    await factories.person(conn, "officer")
    assert len(await powers_lacking(conn, NOON.date())) == 2


async def test_the_check_names_a_power_that_nobody_holds_or_soon_will_not(conn):
    today = LAST - timedelta(days=13)
    assert await powers_lacking(conn, today) == []
    admin, auditor = await factories.person(conn, "admin"), await factories.person(conn, "auditor")
    [said] = await powers_lacking(conn, today)
    assert "系统管理员和安全管理员没有分设" in said
    await conn.execute(update(User).where(User.id == admin.id).values(power=Power.SYSTEM))
    [said] = await powers_lacking(conn, today)
    assert "没有在用的安全管理员" in said
    second = await factories.person(conn, "admin-2")
    await conn.execute(update(User).where(User.id == second.id).values(power=Power.SECURITY))
    assert await powers_lacking(conn, today) == []
    await conn.execute(update(User).where(User.id == auditor.id).values(valid_until=END))
    assert await powers_lacking(conn, today - timedelta(days=1)) == []
    [said] = await powers_lacking(conn, today)
    assert f"最后一个审计员账号用到 {LAST} 为止" in said
    await factories.person(conn, "auditor-2")
    assert await powers_lacking(conn, today) == []
    await conn.execute(update(User).where(User.role == "auditor").values(active=False))
    [said] = await powers_lacking(conn, today)
    assert "没有在用的审计员账号" in said
