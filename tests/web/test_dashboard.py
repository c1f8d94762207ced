"""总览 and 证书到期: every number opens a list with as many rows as it says."""

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from app.db import new_id
from app.firms.models import Firm
from app.recognitions.models import Certificate
from app.reports.models import YearlyReport
from tests import factories, houses
from tests.factories import OTHER_TOWN, TOWN
from tests.harness import NOON


@pytest.fixture
async def county(conn):
    """Firms on every tier of two towns, some moved up, some with reports, tasks and certificates that end."""
    for region in (TOWN, OTHER_TOWN):
        await factories.firm_on(conn, "tech_micro", region=region, on=date(2026, 3, 1))
        risen = await factories.firm_on(conn, "tech_micro", region=region, on=date(2026, 1, 1))
        await factories.move(conn, risen, "eaglet", on=date(2026, 4, 11), expected="tech_micro")
        holder = await factories.firm_on(conn, "hnte", region=region, park="翠山湖", industry_code="C3360")
        await factories.visit(conn, holder, at=NOON - timedelta(days=20))
        figures = {"sales_revenue": "40000000", "rd.personnel": "1600000", "rd.direct_input": "400000"}
        row = {"id": new_id(), "firm_id": await factories.id_of(conn, holder), "year": 2025, "version": 1}
        await conn.execute(insert(YearlyReport).values(**row, state="accepted", figures=figures, created_at=NOON))
    for n, (house, park) in enumerate((("甲孵化器", "翠山湖"), ("乙孵化器", None))):
        held = await houses.carrier(conn, house, park=park)
        await houses.tenancy(conn, held, await houses.space(conn, held), risen if n else holder, date(2022, 11, 23 + n))
    plain = await houses.carrier(conn, "园区", kind="industrial_park")  # which knows no limit
    await houses.tenancy(conn, plain, await houses.space(conn, plain), await factories.firm(conn), date(2020, 1, 1))
    ends = [date(2026, 11, 23), date(2026, 12, 30), date(2026, 12, 31), date(2029, 1, 1)]
    for until in ends:
        number = await factories.certificate(conn, await factories.firm(conn))
        held = update(Certificate).where(Certificate.number == number)
        await conn.execute(held.values(issued_on=until - timedelta(days=1000), expires_on=until))
    ready, near = [await factories.firm(conn) for _ in "ab"]
    await factories.answer(conn, ready, "met")
    await factories.answer(conn, near, "not_met", missed=1)
    await factories.answer(conn, await factories.firm(conn), "not_met", missed=2)
    await factories.answer(conn, holder, "met")


def numbers(page: str) -> dict[str, int]:
    """Every link that is a number, and the number that it says."""
    plain = r'<a class="n-link" href="([^"]+)">([\d,]+)</a>'
    big = r'<a href="([^"]+)"><span>[^<]+</span> <b>([\d,]+)</b></a>'
    found = re.findall(plain, page) + re.findall(big, page)
    return {to.replace("&amp;", "&"): int(n.replace(",", "")) for to, n in found}


async def check(client: Any, rendered: list[Any], links: dict[str, int]) -> None:
    for to, n in links.items():
        assert (await client.get(to)).status_code == 200, to
        context = rendered[-1][1]
        rows, total = (
            (len(context["found"].firms), context["found"].total)
            if "found" in context
            else (len(context["rows"]), int(context["count_text"].split()[0].replace(",", "")))
        )
        assert (to, rows, total) == (to, n, n)


async def test_every_number_of_the_dashboard_opens_a_list_with_as_many_rows(county, client_as, rendered):
    manager, town = await client_as("manager"), await client_as("town")
    for client, address in (
        (manager, "/dashboard"),
        (town, "/dashboard"),
        (manager, f"/dashboard?region={OTHER_TOWN}"),
        (manager, "/dashboard?park=翠山湖"),
        (manager, "/dashboard/wall"),
    ):
        links = numbers((await client.get(address)).text)
        assert len(links) > 8
        assert any(to.startswith("/carriers") for to in links)
        await check(client, rendered, links)


async def test_every_number_of_the_cliff_opens_a_list_with_as_many_rows(county, client_as, rendered):
    manager = await client_as("manager")
    page = (await manager.get("/plans/plan-14/cliff")).text
    context = rendered[-1][1]
    cliff = context["cliff"]
    assert (cliff.holders, cliff.ahead.lapsing, cliff.ahead.staying) == (6, 2, 4)
    assert (cliff.ready, cliff.near) == (1, 1)
    assert dict(cliff.by_month)["2026-12"] == 2
    assert "样本太少" in page
    links = numbers(page)
    assert len(links) >= 7
    await check(manager, rendered, links)


async def test_the_three_numbers_of_one_name_are_bridged_by_lists_that_hold_what_lies_between(
    conn, county, client_as, rendered
):
    manager = await client_as("manager")
    holders = select(Certificate.firm_id).order_by(Certificate.expires_on)
    on_the_step = select(Firm.id).where(Firm.tier == "hnte").order_by(Firm.id).limit(1).scalar_subquery()
    lapsed = update(Certificate).where(Certificate.firm_id == on_the_step)
    await conn.execute(lapsed.values(issued_on=date(2023, 11, 22), expires_on=date(2026, 11, 22)))
    gone_on = (await conn.execute(holders.where(Certificate.expires_on == date(2029, 1, 1)))).scalars().first()
    await conn.execute(update(Firm).where(Firm.id == gone_on).values(tier="leader", tier_since=date(2026, 1, 5)))
    assert "/plans?leaf=cliff" in (await manager.get("/dashboard")).text
    there = (await manager.get("/plans?leaf=cliff")).headers["location"]
    page = (await manager.get(there)).text
    bridge = rendered[-1][1]["bridge"]
    assert (bridge.both, bridge.above, bridge.elsewhere, bridge.without) == (1, 1, 3, 1)
    assert (bridge.holders, bridge.standing) == (rendered[-1][1]["cliff"].holders, 2)
    assert "规划指标 2025 年" in page
    links = {to: n for to, n in numbers(page).items() if re.search("of=(above|elsewhere|without)|tier=hnte", to)}
    assert sorted(links.values()) == [1, 1, 2, 3]
    await check(manager, rendered, links)
    assert there.partition("#")[0] in (await manager.get("/plans/plan-14")).text


async def test_a_town_counts_only_its_own_firms_and_not_even_by_asking(county, client_as, rendered):
    town = await client_as("town")
    assert (await town.get("/dashboard")).status_code == 200
    own = rendered[-1][1]["total"]
    assert (await town.get(f"/dashboard?region={OTHER_TOWN}")).status_code == 200
    assert rendered[-1][1]["total"] == 0
    assert own > 0
    assert (await town.get(f"/plans/plan-14/cliff?region={OTHER_TOWN}")).status_code == 404


async def test_climbing_counts_who_stood_who_rose_and_the_days_between(county, client_as, rendered):
    manager = await client_as("manager")
    await manager.get("/dashboard")
    climbs = {r["tier"].code: r["climb"] for r in rendered[-1][1]["rows"]}
    micro = climbs["tech_micro"]
    assert (micro.stood, micro.moved, micro.median_days) == (4, 2, 100)
    assert climbs["eaglet"].moved == 0
    ((sector, name, _),) = rendered[-1][1]["sectors"]
    assert (sector.code, sector.firms, sector.quartiles[1]) == ("C33", 2, Decimal("0.05"))
    assert name


async def test_renewals_of_the_last_years_make_the_range(conn, county, client_as, rendered):
    for n in range(12):
        uscc = await factories.firm(conn)
        numbers = [await factories.certificate(conn, uscc) for _ in range(2 if n else 1)]
        old = update(Certificate).where(Certificate.number == numbers[0])
        await conn.execute(old.values(issued_on=date(2022, 6, 1), expires_on=date(2025, 6, 1)))
    await (await client_as("manager")).get("/plans/plan-14/cliff")
    ahead = rendered[-1][1]["cliff"].ahead
    assert (ahead.renewed, ahead.sample) == (11, 12)
    assert ahead.rests_on_sample


async def test_the_dashboard_asks_as_often_whatever_the_county_holds(conn, county, client_as, statements):
    manager = await client_as("manager")
    statements.clear()
    await manager.get("/dashboard")
    assert len(statements) < 30
    for address in ("/dashboard/list?of=nothing", "/plans/plan-14/cliff/list?of=2026-1x"):
        assert (await manager.get(address)).status_code == 404
