"""十五五: an administrator fills an empty plan, chooses how a growth is read, and sets targets town by town."""

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from app.audit.models import AuditEvent
from app.plans.models import PlanIndicatorRow, PlanRow, PlanTargetRow
from tests.factories import TOWN

INDICATOR = {
    "code": "hnte",
    "title": "高新技术企业数量",
    "unit": "家",
    "kind": "stock",
    "scale": "100",
    "baseline": "226",
    "reading": "cumulative",
    "counting": "hnte",
    "weight": "2",
    "definition": "年末有效",
    "owner": "",
    "basis": "",
}


async def version(conn: Any, plan: str = "plan-15") -> str:
    return str((await conn.execute(select(PlanRow.version).where(PlanRow.code == plan))).scalar_one())


@pytest.fixture
async def admin(client_as):
    return await client_as("admin")


async def test_an_empty_plan_is_filled_with_an_indicator_and_targets_by_town(conn, admin, client_as, rendered):
    assert "还没有指标" in (await (await client_as("manager")).get("/plans/plan-15")).text
    new = "/plans/plan-15/indicators/new"
    answer = await admin.post(new, data=INDICATOR | {"version": await version(conn)})
    assert (answer.status_code, answer.headers["location"]) == (303, "/plans/plan-15/targets/hnte")
    targets = {
        "t.440783.target": "260",
        "t.440783.sprint": "270",
        "t.440783.challenge": "280",
        f"t.{TOWN}.target": "30",
        "t.park:翠山湖.target": "完成上级下达目标",
        "version": await version(conn),
    }
    assert (await admin.post("/plans/plan-15/targets/hnte?year=2030", data=targets)).status_code == 303
    rows = select(PlanTargetRow.scope, PlanTargetRow.level, PlanTargetRow.value, PlanTargetRow.words).where(
        PlanTargetRow.plan == "plan-15"
    )
    assert sorted(map(tuple, await conn.execute(rows))) == [
        ("440783", "challenge", Decimal(280), ""),
        ("440783", "sprint", Decimal(270), ""),
        ("440783", "target", Decimal(260), ""),
        (TOWN, "target", Decimal(30), ""),
        ("park:翠山湖", "target", None, "完成上级下达目标"),
    ]
    assert 'value="完成上级下达目标"' in (await admin.get("/plans/plan-15/targets/hnte?year=2030")).text
    page = (await (await client_as("manager")).get("/plans/plan-15?year=2026")).text
    assert "高新技术企业数量" in page
    trail = select(AuditEvent.action).where(AuditEvent.action.like("plan:text:%")).order_by(AuditEvent.id)
    assert list((await conn.execute(trail)).scalars()) == ["plan:text:indicator_added", "plan:text:targets_set"]


async def test_the_reading_of_row_one_is_the_bureaus_to_choose(conn, admin, client_as):
    here = "/plans/plan-14/indicators/rd_growth"
    assert 'value="7.78"' in (await admin.get(here)).text
    form = {"title": "全社会研发经费投入增长率", "unit": "%", "kind": "growth", "scale": "100", "baseline": "7.78"}
    form |= {"reading": "average", "counting": "", "weight": "0", "version": await version(conn, "plan-14")}
    assert (await admin.post(here, data=form)).status_code == 303
    row = (await conn.execute(select(PlanIndicatorRow.__table__).where(PlanIndicatorRow.code == "rd_growth"))).one()
    assert (row.reading, row.baseline, row.money) == ("average", Decimal(778000000), True)
    assert "读法：年均增长" in (await (await client_as("manager")).get("/plans/plan-14")).text


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"code": "高企"}, "code"),
        ({"title": ""}, "title"),
        ({"unit": "长" * 11}, "unit"),
        ({"kind": "梦"}, "kind"),
        ({"scale": "0"}, "scale"),
        ({"baseline": "两百"}, "baseline"),
        ({"baseline": "-1"}, "baseline"),
        ({"counting": "kept"}, "counting"),
        ({"weight": "1001"}, "weight"),
    ],
    ids=str,
)
async def test_a_fault_stands_beside_its_field(conn, admin, rendered, changes, field):
    new = INDICATOR | changes | {"version": await version(conn)}
    assert (await admin.post("/plans/plan-15/indicators/new", data=new)).status_code == 422
    assert list(rendered[-1][1]["faults"]) == [field]
    rows = await conn.execute(select(PlanIndicatorRow.code).where(PlanIndicatorRow.plan == "plan-15"))
    assert rows.all() == []


async def test_what_is_asked_for_rises_from_target_to_challenge(conn, admin, rendered):
    here = "/plans/plan-14/targets/hnte?year=2025"
    wrong = {"t.440783.target": "225", "t.440783.sprint": "224", "version": await version(conn, "plan-14")}
    assert (await admin.post(here, data=wrong)).status_code == 422
    assert rendered[-1][1]["typed"]["t.440783.sprint"] == "224"
    for said in ("1e9x", "-1"):
        bad = {"t.440783.target": said, "version": wrong["version"]}
        assert (await admin.post(here, data=bad)).status_code == 422


async def test_two_who_edit_one_plan_are_told_and_what_was_entered_is_kept_from_a_change_of_kind(
    conn, admin, client_as
):
    seen = await version(conn, "plan-14")
    plan = {"title": "新名称", "document": "", "state": "running", "ledger_since": "2024-01-01", "version": seen}
    assert (await admin.post("/plans/plan-14/edit", data=plan)).status_code == 303
    late = await admin.post("/plans/plan-14/edit", data=plan | {"title": "又一个名称"})
    assert (late.status_code, 'value="又一个名称"' in late.text) == (412, True)
    entry = {"value": "226", "state": "provisional", "as_of": "2025-12-31", "origin": "authority", "source": "名单"}
    officer = await client_as("officer")
    assert (await officer.post("/plans/plan-14/enter/hnte?year=2025", data=entry)).status_code == 303
    changed = INDICATOR | {"kind": "flow", "version": await version(conn, "plan-14")}
    assert (await admin.post("/plans/plan-14/indicators/hnte", data=changed)).status_code == 409
    drop = {"version": await version(conn, "plan-14")}
    assert (await admin.post("/plans/plan-14/indicators/hnte/drop", data=drop)).status_code == 409
    assert (await admin.post("/plans/plan-14/indicators/carriers/drop", data=drop)).status_code == 303


@pytest.mark.parametrize("who", ["officer", "manager", "town"])
async def test_only_an_administrator_writes_the_plan(client_as, who):
    assert (await (await client_as(who)).get("/plans/plan-14/edit")).status_code == 403
