"""An operator proposes by a code; the firm, or an officer in its stead, answers; typing codes tells nothing."""

import re
from datetime import date, timedelta
from urllib.parse import unquote

import pytest
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import Range

from app.access.terms import PERMISSIONS, Permission, Role
from app.audit.models import AuditEvent
from app.carriers import proposing
from app.carriers.models import TenancyProposal, TenancyRow
from app.carriers.proposal_terms import ANSWER_DAYS, OPEN_DAYS, PROPOSED_A_DAY
from app.incubation import jobs
from app.incubation.jobs import reconcile
from app.outbox.models import OutboxMessage
from app.text.uscc import make_code
from app.web.carrier import proposals
from tests import factories, houses
from tests.harness import NOON

UNKNOWN = make_code("91440783", "MA5ABCDE")
LEASE = {"since": "2026-12-01", "until": "2028-11-30", "incubates": "1", "agreement_no": "FH-9"}


@pytest.fixture
async def held(conn):
    found = await houses.carrier(conn, "示例孵化器")
    await houses.operator(conn, found)
    return found


async def clerk_of(conn, uscc, login="firm"):
    return await factories.person(conn, login, firm_id=await factories.id_of(conn, uscc))


async def propose(client, held, space, uscc, **more):
    form = {**LEASE, "space": str(space), "uscc": uscc, "idempotency_key": uscc, **more}
    return await client.post(f"/carriers/{held.id}/tenancies/new", data=form)


async def only(conn):
    return (await conn.execute(select(TenancyProposal.id))).scalar_one()


async def latest(conn):
    newest = select(TenancyProposal.id).order_by(TenancyProposal.created_at.desc(), TenancyProposal.id.desc())
    return (await conn.execute(newest.limit(1))).scalar_one()


async def test_a_firm_finds_the_proposal_on_its_home_and_is_a_tenant_once_it_says_yes(conn, client_as, held):
    uscc, space = await factories.firm(conn, name="开平市受邀机械有限公司"), await houses.space(conn, held)
    firm = await client_as(await clerk_of(conn, uscc))
    operator = await client_as("carrier")
    answer = await propose(operator, held, space, uscc)
    assert (answer.status_code, answer.headers["location"]) == (303, "/carrier#h-proposals")
    assert not (await conn.execute(select(TenancyRow.id))).all()
    desk = (await operator.get("/carrier")).text
    assert "等待确认" in desk
    assert "1 份提议等确认" in desk, "the room is not merely empty"
    assert "受邀机械" not in desk
    home = (await firm.get("/portal")).text
    assert "您确认即入驻" in home
    assert "示例孵化器" in home
    assert "FH-9" in home
    (told,) = (await conn.execute(select(OutboxMessage.payload))).scalars()
    assert told["page"] == "/portal"
    assert "2026-11-30" in told["subject"]
    # It is the firm's to answer for so many days; an officer with the paper in hand admits it as ever.
    officer = await client_as("officer")
    proposal = await only(conn)
    assert "等企业答复" in (await officer.get("/carriers/proposals")).text
    assert "1 份提议等确认" in (await officer.get(f"/carriers/{held.id}")).text
    assert (await officer.post(f"/proposals/{proposal}/confirm")).status_code == 409
    assert (await firm.post(f"/proposals/{proposal}/confirm")).status_code == 303
    assert (await firm.post(f"/proposals/{proposal}/confirm")).status_code == 409, "answered once"
    home = (await firm.get("/portal")).text
    assert "入驻载体" in home
    assert "还没有开始" in home, "a lease of next month is not one that runs"
    assert 'href="/portal/entries#h-stays"' in home, "where it says that it is not there"
    assert 'id="h-stays"' in (await firm.get("/portal/entries")).text
    assert "提出入驻" in desk
    assert "入驻要您确认" not in home
    assert "受邀机械" in (await operator.get("/carrier?on=2026-12-01")).text
    rooms = (await operator.get(f"/carriers/{held.id}/tenancies/new")).text
    assert "受邀机械有限公司 2026-12-01 起租至 2028-11-30" in rooms
    actions = set((await conn.execute(select(AuditEvent.action).where(AuditEvent.object_type == "carrier"))).scalars())
    assert {"carrier:proposal:made", "carrier:proposal:confirmed", "carrier:tenancy:admitted"} <= actions


async def test_an_operator_hears_the_same_of_a_firm_that_refused_and_of_a_code_that_nobody_has(
    conn, api_as, client_as, clock, held
):
    space, other = await houses.space(conn, held), await houses.space(conn, held, "302")
    known, refusing = await factories.firm(conn), await factories.firm(conn)
    firm = await client_as(await clerk_of(conn, refusing))
    operator = await api_as("carrier")
    here = f"/api/v1/carriers/{held.id}"
    lease = {"space": str(space), "from": "2026-12-01"}
    answers = [await operator.post(f"{here}/tenancies", json=lease | {"uscc": c}) for c in (known, refusing, UNKNOWN)]
    await firm.post(f"/proposals/{answers[1].json()['id']}/refuse", data={"reason": "没有签过"})
    again = [await operator.post(f"{here}/tenancies", json=lease | {"uscc": c}) for c in (known, refusing, UNKNOWN)]

    def plain(item):
        return {k: v for k, v in item.items() if k not in ("id", "uscc")}

    async def heard():
        return [plain(p) for p in (await operator.get(f"{here}/proposals")).json()["items"]]

    assert [a.status_code for a in answers] == [202, 202, 202]
    assert [a.status_code for a in again] == [409, 409, 409]
    assert len({a.json()["detail"] for a in again}) == 1
    first = await heard()
    assert first == [plain(answers[0].json())] * 3
    assert first[0]["state"] == "waiting"
    clock.at = NOON + timedelta(days=OPEN_DAYS + 1)
    operator = await api_as("carrier")
    assert {p["state"] for p in await heard()} == {"lapsed"}
    after = [await operator.post(f"{here}/tenancies", json=lease | {"uscc": c}) for c in (known, refusing, UNKNOWN)]
    assert [a.status_code for a in after] == [202, 202, 202]
    # The room is the operator's own, and of that it hears.
    await houses.tenancy(conn, held, other, "先到团队", until=None)
    taken = await operator.post(f"{here}/tenancies", json={**lease, "space": str(other), "uscc": UNKNOWN})
    assert taken.status_code == 409
    assert "先到团队" in taken.json()["detail"]
    # Another firm cannot answer, nor see it.
    stranger = await api_as(await clerk_of(conn, await factories.firm(conn), "firm-2"))
    assert (await stranger.post(f"/api/v1/proposals/{after[1].json()['id']}/confirm")).status_code == 404
    assert (await stranger.get("/api/v1/proposals")).json()["items"] == []


async def test_an_officer_answers_for_a_firm_without_an_account_and_for_one_that_does_not_answer(
    conn, api_as, client_as, clock, held
):
    away, name = factories.OTHER_TOWN, "开平市没账号机械有限公司"
    silent, speechless = await factories.firm(conn), await factories.firm(conn, name=name, region=away)
    await clerk_of(conn, silent)
    in_town = await factories.person(conn, "officer-3", scope=factories.TOWN)
    operator, officer = await client_as("carrier"), await factories.person(conn, "officer")
    elsewhere = await factories.person(conn, "officer-2", scope="440784")
    for n, uscc in enumerate((silent, speechless, UNKNOWN)):
        await propose(operator, held, await houses.space(conn, held, f"30{n}"), uscc)
    page = (await (await client_as(officer)).get("/carriers/proposals")).text
    assert page.count("企业库里没有") == 1
    told = (await conn.execute(select(OutboxMessage.user_id, OutboxMessage.payload))).all()
    assert [person for person, _ in told].count(officer.id) == 2
    for who, called in ((officer, {name, UNKNOWN}), (in_town, {speechless, UNKNOWN})):
        read = [said["subject"] for person, said in told if person == who.id]
        assert {c for c in called if any(f"提议 {c} 入驻" in r for r in read)} == called, (
            "a name only where one sees the firm"
        )
    assert elsewhere.id not in [person for person, _ in told]
    rows = (await conn.execute(select(TenancyProposal.uscc, TenancyProposal.id))).all()
    ids = {uscc: proposal for uscc, proposal in rows}
    api = await api_as(officer)
    answer = await api.post(f"/api/v1/proposals/{ids[speechless]}/confirm")
    assert (answer.status_code, answer.json()["state"]) == (200, "confirmed")
    assert (await api.post(f"/api/v1/proposals/{ids[UNKNOWN]}/confirm")).status_code == 409
    assert (await api.post(f"/api/v1/proposals/{ids[silent]}/confirm")).status_code == 409
    clock.at = NOON + timedelta(days=ANSWER_DAYS + 1)
    api = await api_as(officer)
    assert (await api.post(f"/api/v1/proposals/{ids[silent]}/confirm")).status_code == 200
    far = await api_as(elsewhere)
    assert (await far.post(f"/api/v1/proposals/{ids[UNKNOWN]}/refuse", json={"reason": ""})).status_code == 404
    withdrawn = await operator.post(f"/proposals/{ids[UNKNOWN]}/withdraw")
    assert withdrawn.status_code == 303


async def test_a_firm_that_says_yes_too_late_is_not_told_who_has_the_room(conn, client_as, held):
    uscc, space = await factories.firm(conn), await houses.space(conn, held)
    firm = await client_as(await clerk_of(conn, uscc))
    await propose(await client_as("carrier"), held, space, uscc)
    await houses.tenancy(conn, held, space, "捷足团队", until=None)
    answer = await firm.post(f"/proposals/{await only(conn)}/confirm")
    assert answer.status_code == 409
    assert "捷足团队" not in answer.text


async def test_a_room_that_another_gets_ends_the_proposals_for_its_days_and_all_who_wait_hear_it(
    conn, client_as, api_as, held
):
    space = await houses.space(conn, held)
    asked, refusing, entering = [await factories.firm(conn, name=f"开平市{n}号机械有限公司") for n in "甲乙丙"]
    first, second = (
        await client_as(await clerk_of(conn, asked)),
        await client_as(await clerk_of(conn, refusing, "firm-2")),
    )
    operator, officer = await client_as("carrier"), await client_as("officer")
    await propose(operator, held, space, refusing)
    assert (
        await second.post(f"/proposals/{await latest(conn)}/refuse", data={"reason": "没有谈过"})
    ).status_code == 303
    await propose(operator, held, space, entering)
    await propose(operator, held, space, asked, since="2028-11-30")
    dead = await latest(conn)
    free = await factories.firm(conn)
    await propose(operator, held, space, free, since="2028-12-01", until="")
    for client, n in ((officer, 3), (operator, 4)):
        rooms = (await client.get(f"/carriers/{held.id}/tenancies/new")).text
        assert f"{n} 份提议等确认，租给别人即失效" in rooms
    let = LEASE | {"space": str(space), "uscc": entering, "ground": "协议原件已核对"}
    assert (await officer.post(f"/carriers/{held.id}/tenancies/new", data=let)).status_code == 303
    assert "您确认即入驻" not in (await first.get("/portal")).text
    late = await first.post(f"/proposals/{dead}/confirm")
    assert (late.status_code, "房间已另外租出，这份提议已失效" in late.text) == (409, True)
    desk = (await operator.get("/carrier")).text
    assert (desk.count("房间已另外租出"), desk.count("已确认")) == (2, 1), "of whom refused it hears nothing else"
    found = (await (await api_as("carrier")).get(f"/api/v1/carriers/{held.id}/proposals")).json()["items"]
    states = {p["uscc"]: p["state"] for p in found}
    assert states == {asked: "lapsed", refusing: "lapsed", entering: "confirmed", free: "waiting"}
    assert "入驻提议（A 座 3层 301）已失效" in (await first.get("/inbox")).text
    assert "已失效" not in (await second.get("/inbox")).text, "who said no is asked no more"
    assert "随之失效" in (await operator.get("/inbox")).text
    assert "开平市甲号机械有限公司" not in (await officer.get("/carriers/proposals")).text


async def test_a_room_proposed_to_two_says_so_at_once_and_until_when_and_names_only_who_has_been_inside(
    conn, client_as, held, monkeypatch
):
    space, hall = await houses.space(conn, held), await houses.space(conn, held, "工位区", exclusive=False, capacity=9)
    inside = await factories.firm(conn, name="开平市已在机械有限公司")
    await houses.tenancy(conn, held, await houses.space(conn, held, "909"), inside)
    stranger, late = await factories.firm(conn, name="开平市未知机械有限公司"), await factories.firm(conn)
    operator = await client_as("carrier")
    quiet = await propose(operator, held, space, stranger)
    assert "注意" not in unquote(quiet.headers["set-cookie"])
    told = unquote((await propose(operator, held, space, inside, since="2028-11-30")).headers["set-cookie"])
    assert "A 座 3层 301 在重叠的日期已向" in told
    assert f"{stranger}（2026-12-01 至 2028-11-30）提议，2026-12-23 前确认的先得" in told
    for n, (where, since) in enumerate(((space, "2028-12-01"), (hall, "2026-12-01"))):
        answer = await propose(operator, held, where, late, since=since, until="", idempotency_key=f"k{n}")
        assert "注意" not in unquote(answer.headers["set-cookie"]), "the day after, and a hall of seats"
        await operator.post(f"/proposals/{await latest(conn)}/withdraw")
    desk = (await operator.get("/carrier")).text
    assert desk.count("先确认的先得") == 2
    assert "开平市已在机械有限公司" in desk
    assert "开平市未知机械有限公司" not in desk
    officer = await client_as("officer")
    assert (await officer.get("/carriers/proposals")).text.count("另有 1 份提议在等") == 2
    # More than a page of them: none is out of reach.
    monkeypatch.setattr(proposals, "PAGE", 1)
    first = (await officer.get("/carriers/proposals")).text
    (following,) = re.findall(r'href="(/carriers/proposals\?cursor=[^"]+)"', first)
    second = (await officer.get(following)).text
    assert 'rel="next"' not in second
    assert all(("开平市未知机械有限公司" in page) is not ("开平市已在机械有限公司" in page) for page in (first, second))


async def test_a_team_becomes_a_firm_when_the_firm_says_that_it_is_it(conn, api_as, client_as, held):
    hall = await houses.space(conn, held)
    await houses.tenancy(conn, held, hall, "甲队", until=None)
    uscc = await factories.firm(conn)
    old = await factories.firm(conn, "开平市老字号有限公司", registered_on=date(2014, 1, 9))
    team = (await conn.execute(select(TenancyRow.team_id))).scalar_one()
    operator, firm = await api_as("carrier"), await api_as(await clerk_of(conn, uscc))
    link = f"/api/v1/carriers/{held.id}/teams/{team}/link"
    wrong = (await operator.post(link, json={"uscc": old, "on": "2026-11-20"})).json()["id"]
    queue = (await (await client_as("officer")).get("/carriers/proposals")).text
    assert ("企业库里它成立于 2014-01-09" in queue, "2014-01-09 成立" in queue) == (True, True)
    assert ("在孵企业的条件（300号 第八条）" in queue, f"/proposals/{wrong}/confirm" in queue) == (True, False)
    clerk = await api_as(await clerk_of(conn, old, "firm-old"))
    answer = await clerk.post(f"/api/v1/proposals/{wrong}/confirm")
    assert (answer.status_code, "登记的成立日期不同" in answer.json()["detail"]) == (409, True)
    asked = await operator.post(link, json={"uscc": uscc, "on": "2026-11-20"})
    assert (asked.status_code, asked.json()["team"]) == (202, "甲队")
    (item,) = (await firm.get("/api/v1/proposals")).json()["items"]
    assert (await firm.post(f"/api/v1/proposals/{item['id']}/confirm")).json()["state"] == "confirmed"
    assert (await operator.get(f"/api/v1/carriers/{held.id}/tenancies")).json()["items"][0]["uscc"] == uscc


async def test_so_many_codes_a_day_and_no_more(conn, held):
    operator = await houses.operator(conn, held)
    space = await houses.space(conn, held)
    lease = houses.lease(space, UNKNOWN)
    await proposing.propose(conn, held, lease, by=operator.actor, at=NOON - timedelta(days=1))
    for n in range(PROPOSED_A_DAY):
        uscc = make_code("91440783", f"MA5AB{n:03}")
        await proposing.propose(conn, held, houses.lease(space, uscc), by=operator.actor, at=NOON)
    with pytest.raises(proposing.TooMany):
        await proposing.propose(conn, held, houses.lease(space, factories.code()), by=operator.actor, at=NOON)


async def test_a_code_whose_check_fails_is_refused_at_once_alike_whether_there_is_such_a_firm_or_not(
    conn, api_as, client_as, held
):
    nobodys = f"{UNKNOWN[:-1]}{'1' if UNKNOWN[-1] != '1' else '2'}"
    really = await factories.firm(conn, uscc="91440783MA5ABCDF0X")
    space, operator, program = await houses.space(conn, held), await client_as("carrier"), await api_as("carrier")
    for n, code in enumerate((nobodys, really)):
        form = await propose(operator, held, space, code)
        assert (form.status_code, "校验码不对" in form.text, "请主管部门登记这家企业" in form.text) == (422, True, True)
        lease = {"space": str(space), "from": "2026-12-01", "uscc": code}
        told = await program.post(f"/api/v1/carriers/{held.id}/tenancies", json=lease)
        assert (told.status_code, "校验码不对" in told.text) == (422, True)
        head = "楼栋,楼层,房间,面积（㎡）,统一社会信用代码,租期起"
        text = f"{head}\nA 座,3,40{n},80,{code},2026-12-01"
        listed = await houses.bring_list(operator, f"/carriers/{held.id}/rooms", "房间.csv", text)
        assert ("错误 1" in listed.text, "校验码不对" in listed.text) == (True, True)
    assert not (await conn.execute(select(TenancyProposal.id))).all()
    # The bureau has seen the paper and lets it in; of whoever is inside the operator knows the code.
    await houses.tenancy(conn, held, space, really)
    assert (await propose(operator, held, await houses.space(conn, held, "305"), really)).status_code == 303


def test_who_lets_rooms_does_not_answer_for_a_firm():
    assert {role for role, held in PERMISSIONS.items() if Permission.CARRIER_AGREE in held} == {Role.FIRM, Role.OFFICER}


async def test_a_firm_that_does_not_suit_is_not_incubated_by_saying_yes_and_an_officer_writes_down_the_ground(
    conn, api_as, client_as, clock, held
):
    grown = await factories.firm(conn, name="开平市老牌机械有限公司", registered_on=date(2015, 3, 1))
    clerk = await clerk_of(conn, grown)
    operator, firm, program = await client_as("carrier"), await client_as(clerk), await api_as(clerk)
    await propose(operator, held, await houses.space(conn, held), grown)
    proposal = await only(conn)
    page = await firm.post(f"/proposals/{proposal}/confirm", data={"ground": "我们自己写的依据"})
    assert (page.status_code, "贵企业不符合在孵企业的条件" in page.text) == (409, True), "its own word is no ground"
    told = await program.post(f"/api/v1/proposals/{proposal}/confirm", json={"ground": "我们自己写的依据"})
    assert (told.status_code, len(told.json()["reasons"]) > 0) == (409, True)
    assert "等待确认" in (await operator.get("/carrier")).text
    clock.at = NOON + timedelta(days=ANSWER_DAYS + 1)
    officer = await client_as("officer")
    asked = await officer.post(f"/proposals/{proposal}/confirm")
    assert (asked.status_code, "写明依据再确认" in asked.text) == (409, True)
    assert not (await conn.execute(select(TenancyRow.id))).all()
    made = await officer.post(f"/proposals/{proposal}/confirm", data={"ground": "集团内部新项目，专家评审通过"})
    assert made.status_code == 303
    shown = (await officer.get(made.headers["location"].split("?")[0])).text
    assert "集团内部新项目，专家评审通过" in shown
    assert "未达标" in shown
    room = await houses.space(conn, held, "303")
    again = await propose(await client_as("carrier"), held, room, grown, idempotency_key="303")
    assert again.status_code == 303
    firm = await client_as(clerk)
    assert (await firm.post(f"/proposals/{await latest(conn)}/confirm")).status_code == 303, "another room, no entry"
    plain = await factories.firm(conn, registered_on=date(2015, 3, 1))
    await propose(await client_as("carrier"), held, await houses.space(conn, held, "302"), plain, incubates="0")
    other = await client_as(await clerk_of(conn, plain, "firm-2"))
    assert (await other.post(f"/proposals/{await latest(conn)}/confirm")).status_code == 303, "a plain tenant"


async def test_what_was_proposed_for_days_that_had_been_let_before_ends_at_night_and_the_day_after_them_stays(
    conn, client_as, database, held
):
    space, operator = await houses.space(conn, held), await client_as("carrier")
    beside, after = await factories.firm(conn), await factories.firm(conn)
    await propose(operator, held, space, beside, since="2026-12-31", until="2027-06-30")
    await propose(operator, held, space, after, since="2027-01-01", until="2027-06-30")
    lease = await houses.tenancy(conn, held, space, "先来的团队", until=date(2026, 12, 30))
    until = Range(date(2026, 1, 1), date(2027, 1, 1))
    await conn.execute(update(TenancyRow).where(TenancyRow.id == lease).values(during=until))
    told = select(TenancyProposal.uscc, TenancyProposal.state).order_by(TenancyProposal.since)
    assert (await conn.execute(told)).all() == [(beside, "waiting"), (after, "waiting")]
    assert (await reconcile(database, at=NOON))["planned"] == 1
    assert (await conn.execute(told)).all() == [(beside, "lapsed"), (after, "waiting")]
    assert "随之失效" in (await operator.get("/inbox")).text
    assert (await reconcile(database, at=NOON + timedelta(days=1)))["planned"] == 0


async def test_a_room_whose_proposals_cannot_be_ended_keeps_no_other_room_and_no_carrier_from_the_nights_look(
    conn, client_as, database, held, monkeypatch
):
    rooms, operator = [await houses.space(conn, held, number) for number in ("301", "302")], await client_as("carrier")
    for space in rooms:
        uscc = await factories.firm(conn)
        await propose(operator, held, space, uscc, since="2026-12-31", until="2027-06-30", idempotency_key=f"{space}")
        await houses.tenancy(conn, held, space, f"先来的团队 {space}", until=date(2026, 12, 30))
    await conn.execute(update(TenancyRow).values(during=Range(date(2026, 1, 1), date(2027, 1, 1))))
    ended = jobs.overtake_left

    async def not_this_one(conn, carrier_id, space_id, **more):
        if space_id == min(rooms):
            raise ValueError("broken")
        await ended(conn, carrier_id, space_id, **more)

    monkeypatch.setattr(jobs, "overtake_left", not_this_one)
    done = await reconcile(database, at=NOON)
    assert (done["planned"], done["failed"]) == (1, 1)
    states = select(TenancyProposal.state).order_by(TenancyProposal.space_id)
    assert list((await conn.execute(states)).scalars()) == ["waiting", "lapsed"]


async def test_an_operator_names_whoever_came_to_it_and_of_others_learns_nothing(conn, client_as, held):
    came, stranger = [await factories.firm(conn, f"开平市{n}机械有限公司") for n in ("来过的", "没来过的")]
    space, operator = await houses.space(conn, held), await client_as("carrier")
    await houses.tenancy(conn, held, await houses.space(conn, held, "302"), came)
    for name in ("开平市没来过的机械有限公司", "开平市不存在的机械有限公司"):
        refused = await propose(operator, held, space, name)
        assert (refused.status_code, stranger in refused.text) == (422, False)
        assert f"来过或申请过入驻的企业里没有叫“{name}”的" in refused.text, "the same whether there is one"
    assert (await propose(operator, held, space, "来过的机械")).status_code == 303
    asked = (await conn.execute(select(TenancyProposal.uscc, TenancyProposal.terms["called"].astext))).one()
    assert tuple(asked) == (came, "开平市来过的机械有限公司")
