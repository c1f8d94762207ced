"""Near-miss lists: firms that miss few conditions, each by little, or lack only data; the same on list, board, API."""

import csv
import io
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import insert

from app.assessments.models import FirmAssessment
from app.assessments.refreshing import refresh
from tests import factories
from tests.factories import POLICIES
from tests.harness import NOON

TODAY = NOON.date()


async def answer(
    conn: Any, uscc: str, policy: str, *, missed: int = 0, lacking: int = 0, shortfall: str | None = None, **more: Any
) -> None:
    outcome = "not_met" if missed else "unknown" if lacking else "met"
    row = {
        "firm_id": await factories.id_of(conn, uscc),
        "policy": policy,
        "version": "1",
        "outcome": outcome,
        "missed": missed,
        "lacking": lacking,
        "shortfall": Decimal(shortfall) if shortfall else None,
        "open_codes": [],
        "as_of": TODAY,
        "assessed_at": NOON,
    }
    await conn.execute(insert(FirmAssessment).values({**row, **more}))


@pytest.fixture
async def county(conn):
    """Five 雏鹰 firms, from met to far."""
    names = {}
    for name, figures in {
        "达标": {},
        "差一": {"missed": 1, "shortfall": "0.05"},
        "差二": {"missed": 2, "lacking": 1, "shortfall": "0.300001"},
        "差四": {"missed": 4},
        "缺数": {"lacking": 3},
    }.items():
        names[name] = await factories.firm_on(conn, "eaglet", name=f"开平市{name}机械有限公司")
        await answer(conn, names[name], "hnte", **figures)
        await answer(conn, names[name], "gazelle", **figures)
    names["不适用"] = await factories.firm_on(conn, "eaglet", name="开平市另类机械有限公司")
    return names


FILTERS = [
    ({"policy": "hnte"}, {"达标", "差一", "差二", "差四", "缺数"}),
    ({"policy": "hnte", "near": "met"}, {"达标"}),
    ({"policy": "hnte", "near": "1"}, {"差一"}),
    ({"policy": "hnte", "near": "3"}, {"差一", "差二"}),
    ({"policy": "hnte", "near": "3", "within": "5"}, {"差一"}),
    ({"policy": "hnte", "near": "3", "within": "30"}, {"差一"}),
    ({"policy": "hnte", "near": "3", "within": "31"}, {"差一", "差二"}),
    ({"policy": "hnte", "near": "data"}, {"缺数"}),
    ({"policy": "hnte", "near": "manual"}, set()),
    ({"policy": "nowhere"}, set()),
]


async def test_the_sheet_of_a_near_miss_list_says_how_near_each_firm_is(county, client_as):
    client = await client_as("officer")
    sheet = (await client.get("/firms/export.csv", params={"policy": "hnte", "near": "3"})).text.lstrip("\ufeff")
    rows = {row["企业名称"]: row for row in csv.DictReader(io.StringIO(sheet))}
    told = {name: (row["差距"], row["差几项"], row["缺几项数据"]) for name, row in rows.items()}
    assert told["开平市差一机械有限公司"] == ("未达标", "1", "0")
    assert told["开平市差二机械有限公司"] == ("未达标", "2", "1")
    plain = (await client.get("/firms/export.csv")).text
    assert "差几项" not in plain


@pytest.mark.parametrize(("asked", "expected"), FILTERS)
async def test_list_board_export_and_api_name_the_same_firms(county, client_as, api_as, rendered, asked, expected):
    wanted = {county[name] for name in expected}
    client = await client_as("officer")
    assert (await client.get("/firms", params=asked)).status_code == 200
    assert {row.uscc for row in rendered[-1][1]["rows"]} == wanted
    assert (await client.get("/board", params=asked)).status_code == 200
    columns = rendered[-1][1]["columns"]
    assert {card.uscc for column in columns for card in column.cards} == wanted
    assert sum(column.count for column in columns) == len(wanted)
    sheet = (await client.get("/firms/export.csv", params=asked)).text
    assert {code for code in county.values() if code in sheet} == wanted
    listed = await (await api_as("officer")).get("/api/v1/firms", params=asked)
    assert {firm["uscc"] for firm in listed.json()["items"]} == wanted


async def test_nobody_is_near_to_what_is_behind_them_nor_to_what_cannot_be_had(conn, client_as, rendered):
    """`lapsing`: within this year, so it is to be had anew; `held`: beyond it."""
    names = {}
    for name, tier in {"below": "eaglet", "on": "gazelle", "above": "hnte", "far": "eaglet", "none": None}.items():
        names[name] = await (factories.firm_on(conn, tier) if tier else factories.firm(conn))
        for policy in ("gazelle", "gazelle_seed"):
            far = "99999" if name == "far" else "0.05"
            await answer(conn, names[name], policy, missed=1, shortfall=far)
    for name, issued in {"held": date(2024, 1, 2), "lapsing": date(2023, 12, 5)}.items():
        names[name] = await factories.firm_on(conn, "eaglet")
        await factories.certificate(conn, names[name], issued_on=issued)
        await answer(conn, names[name], "hnte", missed=1, shortfall="0.05")
    officer = await client_as("officer")

    async def found(**asked: str) -> set[str]:
        await officer.get("/firms", params=asked)
        return {row.uscc for row in rendered[-1][1]["rows"]}

    for policy in ("gazelle", "gazelle_seed"):
        assert await found(policy=policy, near="1") == {names["below"], names["none"]}
        assert len(await found(policy=policy)) == 5
    assert await found(policy="hnte", near="1") == {names["lapsing"]}


async def test_the_list_says_how_far_each_firm_is_and_where_it_is_told_in_full(county, client_as, rendered):
    page = await (await client_as("officer")).get("/firms", params={"policy": "hnte", "near": "3"})
    gaps = {row.uscc: row.gap.words for row in rendered[-1][1]["rows"]}
    assert gaps == {county["差一"]: "差 1 项", county["差二"]: "差 2 项 · 缺 1 项数据"}
    assert f"/firms/{county['差一']}/gap?policy=hnte" in page.text


async def test_the_api_carries_the_answer_beside_the_firm(county, api_as):
    listed = await (await api_as("officer")).get("/api/v1/firms", params={"policy": "hnte", "near": "1"})
    assert listed.json()["items"][0]["assessment"] == {
        "policy": "hnte",
        "outcome": "not_met",
        "missed": 1,
        "lacking": 0,
        "shortfall": "0.050000",
    }
    plain = await (await api_as("officer")).get("/api/v1/firms")
    assert {firm["assessment"] for firm in plain.json()["items"]} == {None}


@pytest.mark.parametrize(
    "asked",
    [
        {"near": "1"},
        {"policy": "hnte", "near": "soon"},
        {"policy": "hnte", "near": "²"},
        {"policy": "hnte", "near": "1", "within": "0"},
        {"policy": "hnte", "near": "1", "within": "1e2"},
        {"policy": "hnte", "near": "data", "within": "10"},
        {"policy": "hnte", "within": "10"},
    ],
)
async def test_a_program_that_asks_for_half_a_nearness_is_told(county, api_as, asked):
    refused = await (await api_as("officer")).get("/api/v1/firms", params=asked)
    assert refused.status_code == 422
    assert refused.json()["errors"]


async def test_a_form_without_a_title_narrows_nothing_and_a_nonsense_finds_nobody(county, client_as, rendered):
    client = await client_as("officer")
    await client.get("/firms", params={"near": "1", "within": "10"})
    assert len(rendered[-1][1]["rows"]) == len(county)
    assert rendered[-1][1]["chips"] == []
    for path in ("/firms", "/board"):
        page = BeautifulSoup((await client.get(path, params={"near": "1", "within": "10"})).text, "html5lib")
        assert "没有选称号，所以没有按差距筛选" in page.select_one("details.near[open] .note").text
        assert page.select_one("#f-near option[selected]")["value"] == "1"
        assert page.select_one("#f-within option[selected]")["value"] == "10"
    page = await client.get("/firms", params={"policy": "hnte", "near": "data", "within": "10"})
    assert "这一次没有按它筛选" in page.text
    page = await client.get("/firms", params={"policy": "hnte", "near": "1", "within": "10"})
    assert "没有按" not in page.text
    await client.get("/firms", params={"policy": "hnte", "near": "soon"})
    assert rendered[-1][1]["rows"] == []


async def test_a_chip_takes_what_leans_on_it_along(county, client_as, rendered):
    client = await client_as("officer")
    await client.get("/firms", params={"policy": "hnte", "near": "2", "within": "7"})
    chips = {chip.label.split("：")[0]: chip.remove_href for chip in rendered[-1][1]["chips"]}
    assert chips["称号"] == "/firms?status=active"
    assert chips["差距"] == "/firms?policy=hnte"
    assert "每项差 7% 以内" in {chip.label for chip in rendered[-1][1]["chips"]}
    assert ("7", "7% 以内") in rendered[-1][1]["options"]["within"]


async def test_pages_of_a_near_miss_list_follow_each_other_without_a_gap(conn, api_as):
    codes = set()
    for n in range(5):
        codes.add(uscc := await factories.firm(conn))
        await answer(conn, uscc, "hnte", missed=1 + n % 2, shortfall="0.1")
    api = await api_as("officer")
    seen, cursor = [], ""
    while cursor is not None:
        asked = {"policy": "hnte", "near": "2", "limit": 2, "cursor": cursor, "sort": "name"}
        found = (await api.get("/api/v1/firms", params=asked)).json()
        seen += [firm["uscc"] for firm in found["items"]]
        cursor = found["next"]
    assert len(seen) == 5
    assert set(seen) == codes


async def test_who_may_not_read_assessments_cannot_filter_by_them_nor_sees_them(county, client_as, api_as, rendered):
    admin = await client_as("admin")
    for path in ("/firms", "/board"):
        assert (await admin.get(path, params={"policy": "hnte", "near": "1"})).status_code == 403
    page = await admin.get("/board")
    assert "/gap" not in page.text
    assert "按差距筛选" not in page.text
    board = (await (await api_as("admin")).get("/api/v1/board")).json()
    assert {card["next"] for column in board["columns"] for card in column["cards"]} == {None}


async def test_a_firm_finds_only_itself_by_nearness(conn, county, api_as):
    own = await factories.person(conn, "firm-own", firm_id=await factories.id_of(conn, county["差一"]))
    found = await (await api_as(own)).get("/api/v1/firms", params={"policy": "hnte"})
    assert [firm["uscc"] for firm in found.json()["items"]] == [county["差一"]]


async def test_a_card_says_how_far_the_next_step_is_and_a_column_how_many_are_near(county, client_as, api_as, rendered):
    await (await client_as("officer")).get("/board")
    column = next(c for c in rendered[-1][1]["columns"] if c.tier.code == "eaglet")
    gaps = {card.uscc: card.gap and card.gap[0] for card in column.cards}
    assert gaps == {
        county["达标"]: "条件已达标",
        county["差一"]: "差 1 项",
        county["差二"]: "差 2 项",
        county["差四"]: "差 4 项",
        county["缺数"]: "缺 3 项数据",
        county["不适用"]: None,
    }
    assert column.near == 2
    await (await client_as("officer")).get(column.near_href)
    assert {row.uscc for row in rendered[-1][1]["rows"]} == {county["差一"], county["差二"]}
    board = (await (await api_as("officer")).get("/api/v1/board")).json()
    cards = next(c for c in board["columns"] if c["tier"] == "eaglet")["cards"]
    assert {c["uscc"]: c["next"] and c["next"]["missed"] for c in cards}[county["差二"]] == 2


async def test_more_firms_cost_a_board_and_a_near_miss_list_no_more_statements(conn, client_as, statements):
    client = await client_as("officer")

    async def asked(path: str) -> int:
        # Another filter each time, so that no kept figure helps.
        statements.clear()
        assert (await client.get(path)).status_code == 200
        return len(statements)

    await answer(conn, await factories.firm_on(conn, "eaglet"), "gazelle", missed=1)
    await asked("/board")
    few = [await asked("/board?region=440783"), await asked("/firms?policy=gazelle&near=1")]
    for _ in range(6):
        await answer(conn, await factories.firm_on(conn, "eaglet"), "gazelle", missed=1)
    assert [await asked("/board?region=44078"), await asked("/firms?policy=gazelle&near=1")] == few


async def test_a_firms_page_tells_the_distance_to_each_step_that_is_still_to_come(county, client_as, rendered):
    await (await client_as("officer")).get(f"/firms/{county['差二']}")
    notes = {step.tier.code: step.note for step in rendered[-1][1]["steps"]}
    assert notes["gazelle"] == "差 2 项 · 缺 1 项数据"
    assert notes["hnte"] == "差 2 项 · 缺 1 项数据 · 须第二人复核"
    await (await client_as("admin")).get(f"/firms/{county['差二']}")
    assert "差 2 项" not in "".join(step.note for step in rendered[-1][1]["steps"])


async def test_answers_that_the_house_has_judged_itself_are_found(conn, client_as, rendered):
    uscc = await factories.firm(conn, registered_on=date(2026, 5, 1))
    await refresh(conn, [await factories.id_of(conn, uscc)], policies=POLICIES, as_of=TODAY, at=NOON)
    await (await client_as("officer")).get("/firms", params={"policy": "hnte", "near": "1"})
    assert [row.uscc for row in rendered[-1][1]["rows"]] == [uscc]
    assert rendered[-1][1]["rows"][0].gap.missed == 1


async def test_a_column_counts_who_came_against_the_conditions_for_the_bureau_alone(conn, client_as, rendered):
    uscc = await factories.firm_on(conn, "eaglet")
    await factories.move(conn, uscc, "hnte", expected="eaglet", override="研判后同意")
    for who, count in (("officer", 1), ("admin", 0)):
        await (await client_as(who)).get("/board")
        assert {c.tier.code: c.overridden for c in rendered[-1][1]["columns"]}["hnte"] == count


async def test_that_count_leads_to_its_firms_and_nobody_else_learns_them_by_filtering(conn, client_as, rendered):
    uscc = await factories.firm_on(conn, "eaglet")
    await factories.move(conn, uscc, "hnte", expected="eaglet", override="研判后同意")
    await factories.firm_on(conn, "hnte")
    officer = await client_as("officer")
    board = BeautifulSoup((await officer.get("/board")).text, "html.parser")
    [href] = [a["href"] for a in board.select(".col-head small a") if "越过条件" in a.text]
    page = BeautifulSoup((await officer.get(href)).text, "html.parser")
    assert [row.uscc for row in rendered[-1][1]["rows"]] == [uscc]
    assert page.select_one("form.filters input[name=overridden]")["value"] == "1"
    assert "越过条件进入这一级" in {chip.label for chip in rendered[-1][1]["chips"]}
    for path in ("/firms?overridden=1", "/board?overridden=on", "/api/v1/firms?overridden=true"):
        assert (await (await client_as("admin")).get(path)).status_code == 403
