"""What an operator asks of firms, whichever way it asks; and what is looked up for who is to answer."""

from datetime import date

import pytest
from sqlalchemy import select

from app.carriers.models import CarrierTeam, TenancyProposal
from tests import factories, houses


@pytest.fixture
async def held(conn):
    found = await houses.carrier(conn)
    await houses.operator(conn, found)
    return found


async def test_a_firm_that_the_operator_knows_is_called_by_its_name_whichever_way_it_is_asked(
    conn, client_as, api_as, held
):
    name = "开平市来过的机械有限公司"
    came, stranger = await factories.firm(conn, name), await factories.firm(conn)
    page, program = await client_as("carrier"), await api_as("carrier")
    rooms = [await houses.space(conn, held, room) for room in ("301", "302", "303", "304")]
    await houses.tenancy(conn, held, rooms[0], came)
    await houses.tenancy(conn, held, rooms[0], "出壳团队", date(2027, 1, 1), None)
    here, api = f"/carriers/{held.id}", f"/api/v1/carriers/{held.id}"
    form = {"space": str(rooms[1]), "uscc": came, "since": "2026-12-01", "idempotency_key": "k"}
    assert (await page.post(f"{here}/tenancies/new", data=form)).status_code == 303
    for uscc in (came, stranger):
        lease = {"space": str(rooms[2]), "from": "2026-12-01", "uscc": uscc}
        assert (await program.post(f"{api}/tenancies", json=lease)).status_code == 202
    text = f"楼栋,楼层,房间,面积,统一社会信用代码,租期起\nA 座,3,304,100,{came},2026-12-01"
    assert "新增 1" in (await houses.bring_list(page, f"{here}/rooms", "房间.csv", text, act="import")).text
    team = (await conn.execute(select(CarrierTeam.id))).scalar_one()
    assert (await program.post(f"{api}/teams/{team}/link", json={"uscc": came, "on": "2026-11-20"})).status_code == 202
    asked = await conn.execute(select(TenancyProposal.uscc, TenancyProposal.terms["called"].astext))
    assert sorted(map(tuple, asked), key=str) == sorted([(came, name)] * 4 + [(stranger, None)], key=str)


async def test_the_queue_looks_at_all_firms_that_teams_have_become_at_once(conn, client_as, api_as, held, statements):
    program, officer = await api_as("carrier"), await client_as("officer")

    async def link(n):
        await houses.tenancy(conn, held, await houses.space(conn, held, f"4{n:02}"), f"团队{n}", until=None)
        team = select(CarrierTeam.id).where(CarrierTeam.name == f"团队{n}")
        uscc = await factories.firm(conn, registered_on=date(2014, 1, 9))
        path = f"/api/v1/carriers/{held.id}/teams/{(await conn.execute(team)).scalar_one()}/link"
        assert (await program.post(path, json={"uscc": uscc, "on": "2026-11-20"})).status_code == 202

    async def looked():
        statements.clear()
        page = (await officer.get("/carriers/proposals")).text
        return page.count("在孵企业的条件（300号 第八条）"), len(statements)

    await link(0)
    await looked()
    assert (one := await looked())[0] == 1
    for n in range(1, 6):
        await link(n)
    assert await looked() == (6, one[1])


async def test_a_lease_that_has_not_begun_is_not_told_to_its_firm_as_one_that_ends_soon(conn, client_as, held):
    uscc = await factories.firm(conn)
    firm = await client_as(await factories.person(conn, "firm", firm_id=await factories.id_of(conn, uscc)))
    await houses.tenancy(conn, held, await houses.space(conn, held), uscc, date(2026, 12, 20), date(2027, 1, 31))
    home = (await firm.get("/portal")).text
    assert ("还没有开始" in home, "租期将到" in home) == (True, False)
    await houses.tenancy(conn, held, await houses.space(conn, held, "302"), uscc, date(2026, 1, 1), date(2027, 1, 31))
    assert "租期将到" in (await firm.get("/portal")).text
