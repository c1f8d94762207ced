"""填报账号: by invitation and by asking; one firm's accounts are nobody else's business."""

from functools import partial

import pytest
from sqlalchemy import func, select

from app.access.models import User
from app.audit.models import AuditEvent
from app.clerks.models import ClerkInvitation, ClerkRequest
from app.outbox.links import link_address
from app.outbox.models import OutboxMessage
from tests import factories
from tests.harness import opened
from tests.sealing import lies_open

ASKED = {"name": "周会计", "email": "zhou@example.com"}
OWN = "Xin-kouling-88"
OPENING = {"login": "zhou.kuaiji", "name": "周会计", "password": OWN, "again": OWN}
APPLICATION = {"name": "郑主任", "email": "zheng@example.com", "phone": "0750-2210000", "words": "办公室主任"}


@pytest.fixture
async def uscc(conn):
    return await factories.firm(conn, "开平市金丝雀有限公司")


async def clerk(conn, uscc, login, *, signatory=False):
    person = await factories.person(conn, login, firm_id=await factories.id_of(conn, uscc))
    if signatory:
        from sqlalchemy import update

        await conn.execute(update(User).where(User.id == person.id).values(signatory=True))
    return person


async def invited(officer, uscc, rendered, **more):
    """The path of the link that the answer shows."""
    answer = await officer.post(f"/firms/{uscc}/clerks/invite", data=ASKED | more)
    assert answer.status_code == 200
    return rendered[-1][1]["address"].removeprefix("http://127.0.0.1:8000")


async def signatories(conn, uscc):
    query = select(User.login).where(User.firm_id == await factories.id_of(conn, uscc), User.signatory)
    return list((await conn.execute(query)).scalars())


async def test_an_invitation_opens_one_account_of_that_firm_which_signs_when_it_is_the_first(
    client_as, client_from, conn, uscc, rendered
):
    link = await invited(await client_as("officer"), uscc, rendered)
    stranger = client_from("10.0.0.5")
    assert "开平市金丝雀有限公司" in (await stranger.get(link)).text
    opened = await stranger.post(link, data=OPENING)
    assert (opened.status_code, opened.headers["location"]) == (303, "/sign-in")
    assert await signatories(conn, uscc) == ["zhou.kuaiji"]
    entered = await stranger.post("/sign-in", data={"login": "zhou.kuaiji", "password": OWN})
    assert entered.headers["location"] == "/"
    stranger.cookies.update(entered.cookies)
    assert (await stranger.get("/")).headers["location"] == "/portal"
    assert "金丝雀" in (await stranger.get("/portal")).text


async def test_a_link_works_once_until_its_time_and_not_when_it_was_taken_back(
    client_as, client_from, clock, conn, uscc, rendered
):
    officer, stranger = await client_as("officer"), client_from("10.0.0.5")
    used = await invited(officer, uscc, rendered)
    await stranger.post(used, data=OPENING)
    revoked = await invited(officer, uscc, rendered, email="lin@example.com")
    newest = select(ClerkInvitation.id).order_by(ClerkInvitation.id.desc()).limit(1)
    invitation = (await conn.execute(newest)).scalar_one()
    await officer.post(f"/firms/{uscc}/clerks/invitations/{invitation}/revoke")
    old = await invited(officer, uscc, rendered, email="he@example.com")
    clock.advance(days=7)
    never = "/join/" + "A" * 43
    answers = [await stranger.get(link) for link in (used, revoked, old, never)]
    assert {a.status_code for a in answers} == {404}
    said = {a.text.split("<main")[1].split("编号")[0] for a in answers}
    assert len(said) == 1
    assert (await stranger.post(old, data=OPENING | {"login": "he.jingli"})).status_code == 404


async def test_no_table_and_no_page_but_the_one_answer_holds_the_link(client_as, conn, uscc, rendered, built_app):
    officer = await client_as("officer")
    link = await invited(officer, uscc, rendered)
    token = link.rsplit("/", 1)[1]
    invitation = (await conn.execute(select(ClerkInvitation.__table__))).mappings().one()
    letter = (await conn.execute(select(OutboxMessage.__table__))).mappings().one()
    trail = (await conn.execute(select(func.string_agg(func.cast(AuditEvent.after, User.name.type), " ")))).scalar_one()
    assert token not in str(dict(invitation)) + str(dict(letter)) + trail
    assert token not in (await officer.get(f"/firms/{uscc}/clerks")).text
    assert link_address(built_app.state.settings, "join", invitation["id"]).endswith(link)


@pytest.mark.parametrize("other", ["town", "manager", "admin"])
async def test_only_officers_invite(client_as, conn, uscc, other):
    client = await client_as(other)
    assert (await client.post(f"/firms/{uscc}/clerks/invite", data=ASKED)).status_code == 403
    assert (await conn.execute(select(func.count()).select_from(ClerkInvitation))).scalar_one() == 0


@pytest.mark.parametrize("email", ["", "zhou", "a@b", "a@b.c, d@e.f", "a@b.cn\nBcc: x@y.z", "周@例子.cn"])
async def test_an_address_is_one_address(client_as, conn, uscc, email):
    officer = await client_as("officer")
    answer = await officer.post(f"/firms/{uscc}/clerks/invite", data=ASKED | {"email": email})
    assert answer.status_code == 422
    assert "请填写一个邮箱地址" in answer.text


async def test_what_was_typed_into_the_opening_stays_and_the_link_still_works(client_as, client_from, uscc, rendered):
    link = await invited(await client_as("officer"), uscc, rendered)
    stranger = client_from("10.0.0.5")
    weak = await stranger.post(link, data=OPENING | {"password": "short", "again": "short"})
    assert weak.status_code == 422
    assert 'value="zhou.kuaiji"' in weak.text
    assert (await stranger.post(link, data=OPENING | {"again": OWN + "x"})).status_code == 422
    assert (await stranger.post(link, data=OPENING)).status_code == 303


async def test_a_page_of_another_site_cannot_open_an_account(client_as, client_from, uscc, rendered):
    link = await invited(await client_as("officer"), uscc, rendered)
    forger = client_from("10.0.0.5", headers={"sec-fetch-site": "cross-site"})
    assert (await forger.post(link, data=OPENING)).status_code == 403


async def test_the_signatory_invites_hands_over_and_dismisses_and_others_only_look(client_as, conn, uscc):
    head, other = await clerk(conn, uscc, "firm", signatory=True), await clerk(conn, uscc, "firm-lin")
    boss, junior = await client_as(head), await client_as(other)
    assert (await junior.post("/portal/people/invite", data=ASKED)).status_code == 409
    assert (await junior.post(f"/portal/people/{head.id}/dismiss")).status_code == 409
    assert (await junior.post(f"/portal/people/{other.id}/appoint")).status_code == 409
    assert (await boss.post("/portal/people/invite", data=ASKED)).status_code == 303
    assert (await boss.post("/portal/leave")).status_code == 409
    assert (await boss.post(f"/portal/people/{other.id}/appoint")).status_code == 303
    assert await signatories(conn, uscc) == ["firm-lin"]
    assert (await boss.post("/portal/people/invite", data=ASKED)).status_code == 409
    assert (await junior.post(f"/portal/people/{head.id}/dismiss")).status_code == 303
    assert (await boss.get("/portal")).headers["location"].startswith("/sign-in")


async def test_who_leaves_is_out_at_once_and_the_colleagues_hear_of_it(client_as, conn, uscc):
    head, other = await clerk(conn, uscc, "firm", signatory=True), await clerk(conn, uscc, "firm-lin")
    gone = await client_as(other)
    assert (await gone.post("/portal/leave")).headers["location"] == "/sign-in"
    assert (await gone.get("/portal")).headers["location"].startswith("/sign-in")
    told = (await conn.execute(select(OutboxMessage.user_id).where(OutboxMessage.kind == "clerk_left"))).scalars()
    assert list(told) == [head.id]


async def test_another_firms_people_are_out_of_reach_whatever_id_is_guessed(client_as, conn, uscc, rendered):
    theirs = await clerk(conn, uscc, "firm-theirs", signatory=True)
    await invited(await client_as("officer"), uscc, rendered, email="lin@example.com")
    invitation = (await conn.execute(select(ClerkInvitation.id))).scalar_one()
    mine = await factories.firm(conn, "开平市好奇有限公司")
    client = await client_as(await clerk(conn, mine, "firm-mine", signatory=True))
    for attempt in (
        f"/portal/people/{theirs.id}/dismiss",
        f"/portal/people/{theirs.id}/appoint",
        f"/portal/people/invitations/{invitation}/revoke",
    ):
        assert (attempt, (await client.post(attempt)).status_code) == (attempt, 404)
    assert "lin@example.com" not in (await client.get("/portal/people")).text
    assert await signatories(conn, uscc) == ["firm-theirs"]


async def asked(client, uscc, **more):
    return await client.post("/register", data=APPLICATION | {"uscc": uscc} | more)


async def test_asking_answers_the_same_whether_the_registry_has_the_code_or_not_and_asks_it_nothing(
    client_from, conn, uscc, statements
):
    stranger = client_from("10.0.0.5")
    shapes = []
    for code in (uscc, factories.code()):
        statements.clear()
        answer = await asked(stranger, code)
        shapes.append((answer.status_code, answer.headers["location"], len(statements)))
        assert not any("firms" in statement for statement in statements)
    assert shapes[0] == shapes[1] == (303, "/register/done", shapes[0][2])


async def test_a_flood_of_requests_from_one_address_ends(client_from, clock, conn, uscc):
    stranger = client_from("10.0.0.5")
    answers = [(await asked(stranger, uscc, email=f"a{n}@example.com")).status_code for n in range(6)]
    assert answers == [303] * 5 + [429]
    assert (await asked(client_from("10.0.0.6"), uscc)).status_code == 303
    clock.advance(minutes=61)
    assert (await asked(stranger, uscc, email="b@example.com")).status_code == 303


async def test_the_same_request_again_is_one_request(client_from, conn, uscc):
    for _ in range(2):
        assert (await asked(client_from("10.0.0.5"), uscc)).status_code == 303
    assert (await conn.execute(select(func.count()).select_from(ClerkRequest))).scalar_one() == 1


async def test_an_officers_yes_is_an_invitation_and_is_given_once(client_as, client_from, conn, uscc):
    await asked(client_from("10.0.0.5"), uscc)
    officer = await client_as("officer")
    assert "郑主任" in (await officer.get("/clerks")).text
    request = (await conn.execute(select(ClerkRequest.id))).scalar_one()
    done = await officer.post(f"/clerks/{request}/approve")
    assert done.headers["location"] == f"/firms/{uscc}/clerks", "no mail leaves here: the link is handed over there"
    assert "还没有设发信服务器" in (await officer.get(done.headers["location"])).text
    assert (await officer.post(f"/clerks/{request}/approve")).status_code == 409
    invitation = (await conn.execute(select(ClerkInvitation.email, ClerkInvitation.signatory))).one()
    assert (opened(invitation.email), invitation.signatory) == ("zheng@example.com", True)
    assert await lies_open(conn, "zheng@example.com", "2210000") == []
    assert "郑主任" not in (await officer.get("/clerks")).text


async def test_a_code_nobody_knows_cannot_be_approved_and_a_refusal_says_why_in_the_record(
    client_as, client_from, conn
):
    await asked(client_from("10.0.0.5"), factories.code())
    request = (await conn.execute(select(ClerkRequest.id))).scalar_one()
    officer = await client_as("officer")
    assert "先在企业库新增" in (await officer.post(f"/clerks/{request}/approve")).text
    assert (await officer.post(f"/clerks/{request}/refuse", data={"reason": ""})).status_code == 422
    assert (await officer.post(f"/clerks/{request}/refuse", data={"reason": "电话核实不是本人"})).status_code == 303
    action = AuditEvent.action == "clerk:request:refused"
    assert (await conn.execute(select(AuditEvent.after).where(action))).scalar_one()["reason"] == "电话核实不是本人"


async def test_a_request_for_a_firm_of_another_county_is_not_this_bureaus(client_as, client_from, conn):
    from sqlalchemy import insert

    from app.firms.models import Region

    await conn.execute(insert(Region).values(code="440784", name="鹤山市", kind="county", source=""))
    await asked(client_from("10.0.0.5"), await factories.firm(conn, "鹤山市金丝雀有限公司", region="440784"))
    officer = await client_as("officer")
    assert "郑主任" not in (await officer.get("/clerks")).text
    request = (await conn.execute(select(ClerkRequest.id))).scalar_one()
    assert (await officer.post(f"/clerks/{request}/approve")).status_code == 404


async def test_a_disabled_signatory_signs_no_more_and_the_place_is_free(client_as, conn, uscc):
    head = await clerk(conn, uscc, "firm", signatory=True)
    admin = await client_as("admin")
    await admin.post(f"/admin/users/{head.id}/disable")
    await admin.post(f"/admin/users/{head.id}/enable")
    assert await signatories(conn, uscc) == []


def test_a_links_token_hangs_on_the_house_its_use_and_its_id(tmp_path):
    from uuid import UUID

    from app.outbox.links import link_token
    from tests.harness import settings_for

    one, other = settings_for("", data=tmp_path), settings_for("", data=tmp_path, secret_key="quite another secret")
    made = partial(link_token, one, "join")
    assert made(UUID(int=1)) == made(UUID(int=1))
    different = {made(UUID(int=1)), made(UUID(int=2)), link_token(one, "password", UUID(int=1))}
    assert len(different | {link_token(other, "join", UUID(int=1))}) == 4
