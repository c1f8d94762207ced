"""A carrier beside the rules for carriers: counted from leases and figures, its operator says the rest of the year."""

from datetime import date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import insert, update

from app.carriers.letting import end
from app.carriers.stay_terms import Ending, EndReason
from app.carriers.terms import Areas
from app.clock import BUSINESS_ZONE
from app.db import new_id
from app.incubation.confided import cohort
from app.reports.models import YearlyReport
from tests import factories, houses
from tests.harness import NOON


@pytest.fixture
async def held(conn):
    areas = Areas(total=Decimal(2000), public=Decimal(1400))
    return await houses.carrier(conn, "示例孵化器", opened_on=date(2023, 11, 23), areas=areas)


async def inside(conn, held, n, **more):
    """A reporting tenant in a room of its own; all have the same name but for a number."""
    uscc = await factories.reporting_firm(conn, f"开平市在孵{n}机械有限公司", **more)
    await houses.tenancy(conn, held, await houses.space(conn, held, f"5{n:02}"), uscc)
    return uscc


def read(answer):
    body = answer.json()
    figures = {f["code"]: (f["value"], f["maybe"]) for f in body["figures"]}
    outcomes = {
        c["code"]: c["outcome"] for a in body["assessments"] for top in a["criteria"] for c in (top, *top["parts"])
    }
    return figures, outcomes


async def test_figures_are_counted_for_any_day_and_what_firms_confided_is_not_their_landlords(conn, api_as, held):
    operator = await api_as(await houses.operator(conn, held))
    officer = await api_as("officer")
    usccs = [await inside(conn, held, n) for n in range(4)]
    plain = await houses.space(conn, held, "900")
    await houses.tenancy(conn, held, plain, await factories.firm(conn), incubates=False)
    await houses.tenancy(conn, held, await houses.space(conn, held, "901"), "未注册团队")
    ids = [await factories.id_of(conn, uscc) for uscc in usccs]
    grown = {**factories._FIGURES, "sales_revenue": "90000000.00", "equity_raised": "1"}
    latest = update(YearlyReport).where(YearlyReport.firm_id == ids[0], YearlyReport.year == 2025)
    await conn.execute(latest.values(figures=grown))
    here = f"/api/v1/carriers/{held.id}/readiness"
    figures, outcomes = read(await officer.get(here))
    assert figures["operating_months"] == ("36", 0)
    assert (figures["tenants"], figures["teams_and_firms"]) == (("4", 0), ("6", 0))
    assert (figures["financed"], figures["growing"]) == (("1", 0), ("1", 0))
    assert figures["ip_holders"] == ("4", 0)
    assert figures["tenant_area"][0] == "1900.00", (
        "of four rooms and a team's, and what is shared; not of a plain tenant"
    )
    assert (outcomes["area_share"], outcomes["operating"], outcomes["staff"]) == ("met", "met", "unknown")
    assert outcomes["growth"] == "not_met", "a quarter of thirty per cent"
    theirs, _ = read(await operator.get(here))
    assert (theirs["financed"], theirs["growing"]) == ((None, 0), (None, 0))
    await inside(conn, held, 4)
    theirs, _ = read(await operator.get(here))
    assert theirs["financed"] == (None, 0), "nobody of them was there at the year's end"
    before, _ = read(await officer.get(f"{here}?on=2025-12-31"))
    assert (before["tenants"], before["graduates"]) == (("0", 0), ("0", 0))
    half, _ = read(await officer.get(f"{here}?county=true"))
    assert half == figures | {
        "tenants": ("5", 0),
        "settled": ("6", 0),
        "teams_and_firms": ("7", 0),
        "ip_holders": ("5", 0),
    } | {name: half[name] for name in ("tenant_area", "patent_applicants", "same_field")}
    other = await houses.carrier(conn, "另一家", kind="industrial_park")
    assert (await operator.get(f"/api/v1/carriers/{other.id}/readiness")).status_code == 404
    assert (await officer.get(f"/api/v1/carriers/{other.id}/readiness")).json()["assessments"] == []


async def test_no_two_of_an_operators_sums_differ_by_a_firm(conn, api_as, held):
    """Whatever day is asked about, and whatever is recorded meanwhile, of a year there is one sum."""
    operator, officer = await api_as(await houses.operator(conn, held)), await api_as("officer")
    early, leases, firms = datetime(2026, 6, 30, 23, tzinfo=BUSINESS_ZONE), [], []
    for n in range(6):
        uscc = await factories.reporting_firm(conn, f"开平市去年在孵{n}机械有限公司")
        room = await houses.space(conn, held, f"6{n:02}", at=early)
        leases.append(await houses.tenancy(conn, held, room, uscc, date(2025, 12, 31), at=early))
        firms.append(await factories.id_of(conn, uscc))
    grown = {**factories._FIGURES, "equity_raised": "1"}
    told = update(YearlyReport).where(YearlyReport.firm_id.in_(firms))
    await conn.execute(told.values(created_at=early))
    await conn.execute(told.where(YearlyReport.firm_id == firms[5]).values(figures=grown))
    here = f"/api/v1/carriers/{held.id}/readiness"

    async def sums(on="2026-11-23"):
        figures, _ = read(await operator.get(f"{here}?on={on}"))
        return figures["cohort"], figures["financed"], figures["growing"]

    said = await sums()
    assert said == (("6", 0), ("1", 0), ("0", 0))
    # The financed one leaves, is struck, and its neighbour hands in late: no day tells them apart.
    at = {"at": NOON, "by": (await factories.person(conn, "officer")).actor}
    await end(conn, leases[5], Ending(date(2026, 8, 1), EndReason.MOVED_OUT, late="补登记"), version=1, **at)
    await end(conn, leases[4], Ending(date(2026, 11, 23), EndReason.STRUCK, "登记有误", late="才发现"), version=1, **at)
    late = {"id": new_id(), "firm_id": firms[0], "year": 2025, "version": 2, "state": "accepted"}
    await conn.execute(insert(YearlyReport).values(**late, figures=grown, created_at=NOON))
    for on in ("2026-07-31", "2026-08-01", "2026-08-02", "2026-11-23", "2026-01-01"):
        assert await sums(on) == said, on
    whole, _ = read(await officer.get(here))
    assert (whole["tenants"], whole["financed"]) == (("4", 0), ("1", 0)), "who may see the figures counts the day's"
    assert "cohort" not in whole
    for day, expected in ((date(2026, 6, 30), None), (date(2026, 7, 1), 6)):
        found = await cohort(conn, held.id, 2025, everybody=False, today=day)
        assert (found if found is None else len(found)) == expected, day


async def test_the_year_is_said_by_the_operator_under_the_version_it_read(conn, client_as, api_as, held):
    who = await houses.operator(conn, held)
    operator, program = await client_as(who), await api_as(who)
    here = f"/carriers/{held.id}/readiness"
    page = await operator.get(here)
    assert page.status_code == 200
    assert "系统默认参考规则" not in page.text, "the first is 300号"
    wrong = {"staff": "5", "professional_staff": "6", "fund": "五百万", "version": "0"}
    answer = await operator.post(f"{here}/2025", data=wrong)
    assert answer.status_code == 422
    assert '<a href="#fund">孵化资金：看不懂这个金额' in answer.text
    assert "不能大于服务人员" in answer.text, "beside another fault too"
    assert "五百万" in answer.text, "what was typed is kept"
    answer = await operator.post(f"{here}/2025", data=wrong | {"fund": "500"})
    assert "不能大于服务人员" in answer.text
    said = wrong | {"professional_staff": "4", "fund": "500", "mentors": "3"}
    assert (await operator.post(f"{here}/2025", data=said)).status_code == 303
    assert (await operator.post(f"{here}/2025", data=said)).status_code == 412
    assert (await operator.post(f"{here}/2026", data=said)).status_code == 404, "it is not over"
    api = f"/api/v1/carriers/{held.id}/figures/2025"
    found = await program.get(api)
    assert (found.json()["figures"]["fund"], found.headers["etag"]) == ("5000000", '"1"')
    assert (await program.put(api, json={"staff": 5})).status_code == 428
    late = await program.put(api, json={"staff": 5}, headers={"If-Match": '"0"'})
    assert late.status_code == 412
    _, outcomes = read(await program.get(f"/api/v1/carriers/{held.id}/readiness"))
    assert (outcomes["fund"], outcomes["mentors"], outcomes["professional_share"]) == ("met", "met", "met")
    note = {"kind": "mentor", "on": "2026-01-05", "title": "示例导师", "idempotency_key": "m"}
    assert (await operator.post(f"/carriers/{held.id}/logs/mentor/new", data=note)).status_code == 303
    figures, _ = read(await program.get(f"/api/v1/carriers/{held.id}/readiness"))
    assert figures["mentors"] == ("1", 0), "what is kept line by line goes before what is said of the year"
    county = (await operator.get(f"{here}?policy=incubator_municipal&county=1")).text
    assert "系统默认参考规则·可配置·非官方认定条件" in county
    assert "1,600 平方米" in county
    town = await client_as("town")
    assert (await town.get(here)).status_code == 200
    assert (await town.post(f"{here}/2025", data=said)).status_code == 403
