"""The five-year plan over the API: what the ledger counts, what people enter, who sees what."""

import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from app.audit.models import AuditEvent
from app.audit.service import event_row, record
from app.carriers.models import CarrierRecord
from app.db import new_id
from app.firms.models import Firm
from app.plans.models import PlanActualRow, PlanIndicatorRow, PlanRow, PlanTargetRow
from app.plans.progress import progress
from app.platforms.models import PlatformRow
from app.recognitions.models import Certificate
from tests import factories, houses
from tests.factories import OTHER_TOWN, TOWN
from tests.harness import NOON

HREF = "/api/v1/plans/plan-14/indicators"
ENTRY = {
    "indicator": "hnte",
    "year": 2025,
    "value": "226",
    "as_of": "2025-12-31",
    "origin": "authority",
    "source": "省科技厅名单",
}


async def api(conn: Any, client_from: Any, who: str) -> Any:
    token = await factories.token_of(conn, await factories.person(conn, who))
    return client_from(headers={"authorization": f"Bearer {token}"})


@pytest.fixture
async def officer(conn, client_from):
    return await api(conn, client_from, "officer")


async def of(client: Any, code: str, **query: Any) -> dict[str, Any]:
    answer = await client.get(HREF, params=query)
    assert answer.status_code == 200, answer.text
    return next(i for i in answer.json()["items"] if i["code"] == code)


async def platform(conn: Any, uscc: str | None = None, **more: Any) -> None:
    row = {
        "id": new_id(),
        "kind": "engineering_centre",
        "level": "provincial",
        "name": f"中心{new_id()}",
        "recognised_on": date(2022, 1, 1),
        "firm_id": await factories.id_of(conn, uscc) if uscc else None,
        "recorded_at": NOON,
        "author_name": "王",
    }
    await conn.execute(insert(PlatformRow).values(row | more))


async def test_the_plan_comes_with_seven_indicators_and_the_counts_that_stand_beside_them(officer):
    plans = (await officer.get("/api/v1/plans")).json()["items"]
    assert [p["code"] for p in plans] == ["plan-15", "plan-14"]
    assert (plans[1]["nature"], plans[1]["baseline_year"], plans[0]["state"]) == ("预期性", 2020, "draft")
    items = (await officer.get(HREF, params={"year": 2025})).json()["items"]
    main = [(i["code"], i["baseline"], i["target"], i["state"]) for i in items if not i["supporting"]]
    assert main == [
        ("rd_growth", "778000000", "12", "missing"),
        ("hnte", "164", "225", "missing"),
        ("tech_sme", "111", "170", "missing"),
        ("rd_coverage", "60.21", "65", "missing"),
        ("platforms", "55", "62", "missing"),
        ("carriers", "6", "7", "missing"),
        ("invention_patents", "5.42", None, "not_issued"),
    ]
    beside = {i["code"]: i["baseline"] for i in items if i["supporting"]}
    assert (beside["tech_micro_count"], beside["engineering_centres_provincial"]) == ("395", "49")
    assert all(i["keeping"] == (i["code"] == "rd_coverage") for i in items)


async def test_certificates_are_counted_by_firm_on_the_last_day_of_the_year(conn, officer):
    first, second = [await factories.firm(conn) for _ in "ab"]
    await factories.certificate(conn, first, issued_on=date(2021, 12, 31))
    await factories.certificate(conn, first, issued_on=date(2024, 11, 28))
    await factories.certificate(conn, second, issued_on=date(2022, 12, 31))
    lapsed = select(Firm.id).where(Firm.uscc == second).scalar_subquery()
    await conn.execute(update(Certificate).where(Certificate.firm_id == lapsed).values(expires_on=date(2025, 12, 31)))
    hnte = await of(officer, "hnte", year=2025)
    assert [(p["year"], p["actual"]) for p in hnte["path"]] == [
        (2021, "1"),
        (2022, "2"),
        (2023, "2"),
        (2024, "2"),
        (2025, "2"),
    ]
    assert (hnte["status"], hnte["origin"], hnte["version"]) == ("provisional", "ledger", 0)
    await conn.execute(update(Certificate).where(Certificate.firm_id == lapsed).values(expires_on=date(2025, 12, 30)))
    assert (await of(officer, "hnte", year=2025))["counted"] == "1"
    await conn.execute(
        update(Certificate)
        .where(Certificate.firm_id == lapsed)
        .values(expires_on=date(2026, 6, 1), revoked_on=date(2025, 12, 31))
    )
    assert (await of(officer, "hnte", year=2025))["counted"] == "1"


async def test_an_evaluation_counts_in_its_own_year_only_and_nothing_is_known_before_the_first(conn, officer):
    uscc = await factories.firm(conn)
    row = {"firm_id": await factories.id_of(conn, uscc), "kind": "tech_sme", "recorded_at": NOON}
    for number, issued in (("A", date(2024, 5, 1)), ("B", date(2024, 9, 1)), ("C", date(2025, 1, 1))):
        dates = {"issued_on": issued, "expires_on": issued.replace(year=issued.year + 1)}
        await conn.execute(insert(Certificate).values(id=new_id(), number=number, **row, **dates))
    sme = await of(officer, "tech_sme", year=2025)
    assert [p["actual"] for p in sme["path"]] == [None, None, None, "1", "1"]


async def test_a_rate_keeps_its_numerator_and_denominator(conn, officer):
    industrial = {"above_designated_size": True, "industry_code": "C3360"}
    firms = [await factories.firm(conn, **industrial) for _ in range(3)]
    await factories.firm(conn, above_designated_size=True, industry_code="I6510")
    await factories.firm(conn, above_designated_size=True)
    await factories.firm(conn, above_designated_size=False, industry_code="C3360")
    await platform(conn, firms[0])
    await platform(conn, firms[0], kind="own_institution", level="enterprise")
    await platform(conn, firms[1], kind="doctoral_station")
    rate = await of(officer, "rd_coverage", year=2025)
    assert (rate["numerator"], rate["denominator"], rate["actual"]) == ("1", "3", "33.333333")
    assert (rate["state"], rate["due"]) == ("behind", "65")


async def test_platforms_count_from_their_day_to_their_last_and_by_kind_and_level(conn, officer):
    uscc = await factories.firm(conn)
    await platform(conn, uscc, recognised_on=date(2025, 12, 31))
    await platform(conn, uscc, recognised_on=date(2026, 1, 1))
    await platform(conn, uscc, valid_to=date(2025, 12, 31))
    await platform(conn, uscc, valid_to=date(2025, 12, 30))
    await platform(conn, uscc, ended_on=date(2025, 12, 31))
    await platform(conn, uscc, level="municipal")
    await platform(conn, uscc, kind="doctoral_station")
    await platform(conn, None, host_name="开平市示例研究院", region_code=TOWN, kind="key_laboratory")
    assert (await of(officer, "platforms", year=2025))["actual"] == "3"
    assert (await of(officer, "platforms", year=2025, region=TOWN))["counted"] == "3"
    assert (await of(officer, "platforms", year=2025, region=OTHER_TOWN))["counted"] == "0"


async def test_carriers_count_from_the_day_they_open_to_the_day_they_close_and_open_their_list(
    conn, officer, client_as
):
    opens = {"a": date(2025, 12, 31), "b": date(2026, 1, 1), "c": date(2024, 5, 1), "d": date(2024, 5, 1)}
    held = {n: await houses.carrier(conn, f"载体 {n}", opened_on=day, park="翠山湖") for n, day in opens.items()}
    await houses.carrier(conn, "星创天地", kind="agri_maker")  # whose first day nobody wrote down: since it is here
    await houses.carrier(conn, "加速器", kind="accelerator", opened_on=date(2020, 1, 1))
    for name, day in (("c", date(2025, 12, 31)), ("d", date(2026, 1, 1))):
        shut = update(CarrierRecord).where(CarrierRecord.id == held[name].id)
        await conn.execute(shut.values(state="closed", closed_on=day))
    counted = await of(officer, "carriers", year=2025)
    assert [(p["year"], p["actual"]) for p in counted["path"]] == [
        *((year, None) for year in (2021, 2022, 2023)),
        (2024, "2"),
        (2025, "2"),
    ]
    assert (await of(officer, "carriers", year=2025, region=OTHER_TOWN))["counted"] == "0"
    manager = await client_as("manager")
    for year, names in ((2025, "ad"), (2024, "cd")):
        page = (await manager.get(f"/plans/plan-14/behind/carriers?year={year}")).text
        assert sorted(re.findall("载体 ([a-d])<", page)) == [*names]
        then = (await manager.get(f"/carriers?on={year}-12-31")).text
        assert sorted(re.findall("载体 ([a-d])<", then)) == [*names], "the carriers' list says the same of that day"
        assert f"{len(names) + 1} 个" in then, "and counts the accelerator, which the plan does not"
    assert sorted(re.findall("载体 ([a-d])<", (await manager.get("/carriers?state=closed")).text)) == [*"cd"]
    assert "2 家" in (await manager.get("/plans/plan-14/behind/carriers?year=2025&park=翠山湖")).text


async def test_what_a_person_enters_goes_before_the_count_and_the_count_stands_beside_it(conn, officer, client_from):
    await factories.certificate(conn, await factories.firm(conn))
    answer = await officer.put(f"{HREF}/actuals", json=ENTRY)
    assert (answer.status_code, answer.headers["etag"]) == (200, '"1"')
    hnte = await of(officer, "hnte", year=2025)
    assert (hnte["actual"], hnte["counted"], hnte["state"], hnte["status"]) == ("226", "1", "met", "provisional")
    assert (hnte["source"], hnte["as_of"], hnte["version"]) == ("省科技厅名单", "2025-12-31", 1)
    told = select(AuditEvent.action, AuditEvent.after).where(AuditEvent.action.like("plan:%"))
    ((action, after),) = await conn.execute(told)
    assert (action, after["value"], after["source"]) == ("plan:actual:entered", "226", "省科技厅名单")


async def test_a_second_person_makes_it_final_and_a_correction_waits_beside_it(conn, officer, client_from):
    manager = await api(conn, client_from, "manager")
    proposed = (await officer.put(f"{HREF}/actuals", json=ENTRY | {"state": "final"})).json()
    assert proposed["state"] == "proposed"
    confirm = f"/api/v1/plans/plan-14/actuals/{proposed['id']}/confirm"
    assert (await officer.post(confirm)).status_code == 403
    assert (await manager.post(confirm)).json()["state"] == "final"
    assert (await manager.post(confirm)).status_code == 409
    back = await officer.put(f"{HREF}/actuals", json=ENTRY | {"value": "220"}, headers={"if-match": '"1"'})
    assert back.status_code == 409
    mended = ENTRY | {"value": "224", "state": "final"}
    later = (await manager.put(f"{HREF}/actuals", json=mended, headers={"if-match": '"1"'})).json()
    assert (later["version"], later["state"]) == (2, "proposed")
    hnte = await of(officer, "hnte", year=2025)
    assert (hnte["actual"], hnte["status"], hnte["version"]) == ("226", "final", 2)
    own = await manager.post(f"/api/v1/plans/plan-14/actuals/{later['id']}/confirm")
    assert (own.status_code, "第二人" in own.json()["detail"]) == (409, True)
    other = await api(conn, client_from, "manager-2")
    assert (await other.post(f"/api/v1/plans/plan-14/actuals/{later['id']}/confirm")).status_code == 200
    assert (await of(officer, "hnte", year=2025))["actual"] == "224"


async def test_two_who_enter_at_once_are_told_of_each_other_and_the_same_key_is_one_entry(conn, officer, client_from):
    keyed = {"idempotency-key": "k-1"}
    for _ in "ab":
        assert (await officer.put(f"{HREF}/actuals", json=ENTRY, headers=keyed)).json()["version"] == 1
    other = await api(conn, client_from, "officer-2")
    assert (await other.put(f"{HREF}/actuals", json=ENTRY)).status_code == 428
    assert (await other.put(f"{HREF}/actuals", json=ENTRY, headers={"if-match": '"1"'})).json()["version"] == 2
    late = await officer.put(f"{HREF}/actuals", json=ENTRY, headers={"if-match": '"1"'})
    assert late.status_code == 412
    assert "officer-2" in late.json()["detail"]
    assert len((await conn.execute(select(PlanActualRow.id))).all()) == 2


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"value": "两百"}, "value"),
        ({"value": None}, "value"),
        ({"value": "226.5"}, "value"),
        ({"value": "NaN"}, "value"),
        ({"value": "1e400"}, "value"),
        ({"year": 2020}, "year"),
        ({"as_of": ""}, "as_of"),
        ({"as_of": "2025-13-01"}, "as_of"),
        ({"origin": "听说"}, "origin"),
        ({"state": "大概"}, "state"),
        ({"source": " "}, "source"),
        ({"source": "长" * 201}, "source"),
        ({"source": "a\x00b"}, "source"),
        ({"indicator": "happiness"}, "indicator"),
        ({"region": "四四零"}, "region"),
    ],
)
async def test_a_fault_is_named_by_its_field_and_leaves_nothing(conn, officer, changes, field):
    answer = await officer.put(f"{HREF}/actuals", json=ENTRY | changes)
    assert answer.status_code == 422
    assert field in answer.json()["errors"]
    assert (await conn.execute(select(PlanActualRow.id))).all() == []


async def test_money_comes_in_yuan_and_growth_is_worked_out_as_the_bureau_reads_it(conn, officer):
    spent = ENTRY | {"indicator": "rd_growth", "value": "871360000.00", "origin": "statistics"}
    assert (await officer.put(f"{HREF}/actuals", json=spent)).status_code == 200
    row = await of(officer, "rd_growth", year=2025)
    assert (row["actual"], row["value"], row["state"], row["reading"]) == ("12", "871360000", "met", "cumulative")
    chosen = update(PlanIndicatorRow).where(PlanIndicatorRow.code == "rd_growth").values(reading="average")
    await conn.execute(chosen)
    row = await of(officer, "rd_growth", year=2025)
    assert (row["actual"], row["state"]) == ("2.292456", "behind")


async def test_a_town_sees_its_own_part_and_no_other(conn, client_from):
    await factories.certificate(conn, await factories.firm(conn))
    await factories.certificate(conn, await factories.firm(conn, region=OTHER_TOWN))
    town, manager = [await api(conn, client_from, who) for who in ("town", "manager")]
    assert (await of(town, "hnte", year=2025))["counted"] == "1"
    assert (await of(manager, "hnte", year=2025))["counted"] == "2"
    assert (await of(manager, "hnte", year=2025, region=OTHER_TOWN))["counted"] == "1"
    for region in ("440783", OTHER_TOWN):
        assert (await town.get(HREF, params={"region": region})).status_code == 404
    elsewhere = await factories.token_of(conn, await factories.person(conn, "officer-far", scope="440784"))
    far = client_from(headers={"authorization": f"Bearer {elsewhere}"})
    assert (await far.get(HREF)).status_code == 404
    assert (await far.get("/api/v1/plans")).json()["items"] == []
    assert (await town.put(f"{HREF}/actuals", json=ENTRY)).status_code == 403


async def test_a_town_has_targets_of_its_own_and_a_park_is_a_part_too(conn, officer):
    target = {"plan": "plan-14", "indicator": "hnte", "year": 2025, "value": Decimal(2)}
    await conn.execute(insert(PlanTargetRow), [{**target, "scope": s} for s in (TOWN, "park:翠山湖")])
    for park in ("翠山湖", "翠山湖", None):
        await factories.certificate(conn, await factories.firm(conn, park=park))
    assert [(await of(officer, "hnte", year=2025, **q))["state"] for q in ({"region": TOWN}, {"park": "翠山湖"})] == [
        "met",
        "met",
    ]
    assert (await of(officer, "hnte", year=2025, region=OTHER_TOWN))["state"] == "not_issued"


async def test_years_before_the_ledger_was_whole_are_not_counted(conn, officer):
    await factories.certificate(conn, await factories.firm(conn), issued_on=date(2021, 12, 1))
    await conn.execute(update(PlanRow).where(PlanRow.code == "plan-14").values(ledger_since=date(2023, 1, 1)))
    hnte = await of(officer, "hnte", year=2025)
    assert [p["actual"] for p in hnte["path"]] == [None, None, "1", "0", "0"]


@pytest.mark.parametrize("query", [{"year": 2020}, {"year": 2026}, {"year": 9999}, {"region": "abc"}])
async def test_a_year_or_a_division_that_cannot_be_is_422(officer, query):
    assert (await officer.get(HREF, params=query)).status_code == 422


async def test_a_plan_that_is_not_there_is_404(officer):
    assert (await officer.get("/api/v1/plans/plan-99/indicators")).status_code == 404


async def test_the_whole_plan_is_read_with_as_many_statements_whatever_the_county_holds(conn, statements):
    manager = await factories.person(conn, "manager")

    async def asked() -> int:
        statements.clear()
        await progress(conn, "plan-14", viewer=manager.viewer, today=NOON.date(), year=2025)
        return len(statements)

    for _ in range(2):
        await factories.certificate(conn, await factories.firm_on(conn, "tech_micro"))
    few = await asked()
    for _ in range(6):
        await factories.certificate(conn, await factories.firm_on(conn, "tech_micro"))
    assert await asked() == few
    assert few <= 30


async def test_nobody_makes_final_what_is_not_theirs_to_see_nor_through_an_account_they_have_just_opened(
    conn, officer, client_from
):
    asked = [
        ENTRY | {"region": region, "state": "final", "value": value}
        for region, value in ((factories.COUNTY, "226"), (OTHER_TOWN, "3"), (TOWN, "4"))
    ]
    made = [(await officer.put(f"{HREF}/actuals", json=one)).json()["id"] for one in asked]
    head = await factories.person(conn, "manager-3", scope=TOWN)
    town = client_from(headers={"authorization": f"Bearer {await factories.token_of(conn, head)}"})
    answers = [(await town.post(f"/api/v1/plans/plan-14/actuals/{one}/confirm")).status_code for one in made]
    assert answers == [404, 404, 200]
    in_park = await town.put(f"{HREF}/actuals", json=ENTRY | {"region": TOWN, "park": "翠山湖"})
    assert in_park.status_code == 404  # it may lie in other towns, too
    for opener, status in (("officer", 403), ("admin", 200)):
        opened = event_row(
            "user:record:created",
            by=(await factories.person(conn, opener)).actor,
            at=NOON,
            object_type="user",
            object_id=(who := await factories.person(conn, f"manager-{opener}")).viewer.id,
        )
        await record(conn, opened)
        client = client_from(headers={"authorization": f"Bearer {await factories.token_of(conn, who)}"})
        answer = await client.post(f"/api/v1/plans/plan-14/actuals/{made[0]}/confirm")
        assert answer.status_code == status, answer.text
