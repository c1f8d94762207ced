"""一企一策: made from the cheapest path, with dates and a responsible officer; changed, ticked off, closed."""

import re
from datetime import date
from typing import Any

import pytest
from sqlalchemy import insert, select

from app.assessments.models import FirmPlan, FirmPlanStep
from app.audit.models import AuditEvent
from app.db import new_id
from app.firms.models import Region
from tests import factories
from tests.factories import COUNTY, OTHER_TOWN

FILING = "2027-06-01"


@pytest.fixture
async def uscc(conn):
    return await factories.reporting_firm(conn)


@pytest.fixture
async def form(conn):
    """What an officer sends: two steps."""
    officer = await factories.person(conn, "officer")
    return {
        "policy": "hnte",
        "filing_on": FILING,
        "officer_id": str(officer.id),
        "note": "董事长已同意",
        "action.0": "增加 2026 年研发费用 30 万元",
        "condition.0": "近三年研发费用占比",
        "due_on.0": "2026-12-31",
        "action.1": "补齐研发辅助账",
        "due_on.1": "2027年3月1日",
        "action.2": "",
        "due_on.2": "",
    }


async def plans(conn: Any) -> list[Any]:
    return list(await conn.execute(select(FirmPlan.__table__).order_by(FirmPlan.id)))


async def steps(conn: Any) -> list[Any]:
    return list(await conn.execute(select(FirmPlanStep.__table__).order_by(FirmPlanStep.due_on)))


async def trail(conn: Any) -> list[str]:
    query = select(AuditEvent.action).where(AuditEvent.action.like("firm:plan:%")).order_by(AuditEvent.id)
    return list((await conn.execute(query)).scalars())


async def made(client: Any, conn: Any, uscc: str, form: dict[str, str]) -> str:
    answer = await client.post(f"/firms/{uscc}/plans/new", data=form)
    assert answer.status_code == 303, answer.text
    assert answer.headers["location"] == f"/firms/{uscc}/plans"
    return f"/firms/{uscc}/plans/{(await plans(conn))[-1].id}"


async def test_the_gap_page_leads_to_a_form_that_begins_with_the_cheapest_path(client_as, uscc, rendered):
    client = await client_as("officer")
    gap = (await client.get(f"/firms/{uscc}/gap?policy=hnte")).text
    href = re.search(r'href="(/firms/\w+/plans/new[^"]+)"', gap)[1].replace("&amp;", "&")
    assert href.endswith(f"policy=hnte&as_of={FILING}")
    assert (await client.get(href)).status_code == 200
    context = rendered[-1][1]
    rows = [row for row in context["rows"] if row.action]
    assert any("2026 年研发费用" in row.action and row.due_on == "2026-12-31" for row in rows)
    assert all(date.fromisoformat(row.due_on) <= date(2027, 6, 1) for row in rows)
    assert any(not row.action for row in context["rows"])
    assert context["values"]["filing_on"] == FILING


async def test_a_title_with_an_open_plan_leads_to_it_and_not_to_another(client_as, conn, uscc, form):
    client = await client_as("officer")
    plan = await made(client, conn, uscc, form)
    gap = (await client.get(f"/firms/{uscc}/gap?policy=hnte")).text
    assert f'href="/firms/{uscc}/plans#plan-{plan.rsplit("/", 1)[1]}"' in gap
    assert "plans/new" not in gap
    again = await client.get(f"/firms/{uscc}/plans/new?policy=hnte")
    assert (again.status_code, again.headers["location"]) == (303, f"{plan}/edit")
    assert (await client.get(f"/firms/{uscc}/plans/new?policy=gazelle")).status_code == 200
    await client.post(f"{plan}/close", data={"state": "done", "reason": "已提交"})
    assert "plans/new?policy=hnte" in (await client.get(f"/firms/{uscc}/gap?policy=hnte")).text


async def test_a_number_of_this_year_is_a_step_of_the_plan_to_be_had_anew(client_as, conn, rendered):
    uscc = await factories.firm_on(conn, "eaglet")
    await factories.certificate(conn, uscc, issued_on=date(2023, 12, 5))
    client = await client_as("officer")
    gap = (await client.get(f"/firms/{uscc}/gap?policy=hnte_certificate")).text
    assert "到 2026-12-05 为止，2027-06-01 已失效" in gap
    await client.get(f"/firms/{uscc}/plans/new?policy=hnte_certificate&as_of={FILING}")
    assert any(row.action.startswith("重新取得高企证书") for row in rendered[-1][1]["rows"])


async def test_a_path_is_kept_as_a_plan_with_dates_an_officer_and_what_it_rested_on(conn, client_as, uscc, form):
    client = await client_as("officer")
    await made(client, conn, uscc, form)
    (plan,) = await plans(conn)
    assert (plan.policy, plan.filing_on, plan.note) == ("hnte", date(2027, 6, 1), "董事长已同意")
    assert plan.basis["document"].startswith("国科发火〔2016〕32号")
    assert plan.basis["assumed"] > 0
    assert [(s.action, s.due_on) for s in await steps(conn)] == [
        ("增加 2026 年研发费用 30 万元", date(2026, 12, 31)),
        ("补齐研发辅助账", date(2027, 3, 1)),
    ]
    page = (await client.get(f"/firms/{uscc}/plans")).text
    for said in ("0／2 步完成", "董事长已同意", "补齐研发辅助账", "国科发火〔2016〕32号", "近三年研发费用占比"):
        assert said in page
    firm = (await client.get(f"/firms/{uscc}")).text
    assert "立一企一策" in firm
    assert await trail(conn) == ["firm:plan:made"]


async def test_the_same_form_twice_makes_one_plan_and_a_second_open_one_is_refused(conn, client_as, uscc, form):
    client = await client_as("officer")
    keyed = form | {"idempotency_key": "k-1"}
    assert {(await client.post(f"/firms/{uscc}/plans/new", data=keyed)).status_code for _ in "12"} == {303}
    assert len(await plans(conn)) == 1
    again = await client.post(f"/firms/{uscc}/plans/new", data=form | {"action.1": "另一步"})
    assert again.status_code == 409
    assert "已有一份进行中" in again.text
    assert "另一步" in again.text
    assert len(await plans(conn)) == 1


WRONG = [
    ({"filing_on": ""}, "filing_on"),
    ({"filing_on": "2026-11-22"}, "filing_on"),
    ({"filing_on": "明年"}, "filing_on"),
    ({"officer_id": ""}, "officer_id"),
    ({"officer_id": str(new_id())}, "officer_id"),
    ({"due_on.0": ""}, "due_on.0"),
    ({"due_on.0": "2027-06-02"}, "due_on.0"),
    ({"action.1": "", "due_on.1": "2027-01-01"}, "action.1"),
    ({"action.0": "长" * 301}, "action.0"),
    ({"action.0": "", "due_on.0": "", "action.1": "", "due_on.1": ""}, "action.0"),
]


@pytest.mark.parametrize(("change", "field"), WRONG)
async def test_what_is_wrong_comes_back_by_field_and_nothing_typed_is_lost(
    conn, client_as, uscc, form, rendered, change, field
):
    answer = await (await client_as("officer")).post(f"/firms/{uscc}/plans/new", data=form | change)
    assert answer.status_code == 422
    assert field in rendered[-1][1]["faults"]
    assert f'href="#{field}"' in answer.text
    assert "董事长已同意" in answer.text
    assert await plans(conn) == []


async def test_an_officer_who_cannot_open_the_firm_is_not_made_responsible(conn, client_as, uscc, form, rendered):
    far = await factories.person(conn, "town-far", scope=OTHER_TOWN)
    answer = await (await client_as("officer")).post(
        f"/firms/{uscc}/plans/new", data=form | {"officer_id": str(far.id)}
    )
    assert answer.status_code == 422
    assert str(far.id) not in dict(rendered[-1][1]["officers"])


async def test_a_step_is_done_and_undone_and_a_second_click_changes_nothing(conn, client_as, uscc, form):
    client = await client_as("officer")
    address = await made(client, conn, uscc, form)
    step = (await steps(conn))[0].id
    for done in ("true", "true", "false"):
        assert (await client.post(f"{address}/steps/{step}", data={"done": done})).status_code == 303
    assert [s.done_at for s in await steps(conn)] == [None, None]
    assert await trail(conn) == ["firm:plan:made", "firm:plan:step_done", "firm:plan:step_undone"]
    await client.post(f"{address}/steps/{step}", data={"done": "true"})
    page = (await client.get(f"/firms/{uscc}/plans")).text
    assert "1／2 步完成" in page
    assert (await factories.person(conn, "officer")).name in page
    assert (await client.post(f"{address}/steps/{new_id()}", data={"done": "true"})).status_code == 404


async def test_a_plan_is_changed_row_by_row_and_what_is_done_stays(conn, client_as, uscc, form, rendered):
    client = await client_as("officer")
    address = await made(client, conn, uscc, form)
    first, second = await steps(conn)
    await client.post(f"{address}/steps/{first.id}", data={"done": "true"})
    await client.get(f"{address}/edit")
    values, rows = rendered[-1][1]["values"], rendered[-1][1]["rows"]
    assert [row.step for row in rows if row.action] == [str(second.id)]
    change = form | {"version": values["version"], "note": "", "step.0": str(second.id), "action.0": "补齐三年辅助账"}
    change |= {"action.1": "新增一项发明专利", "due_on.1": "2027-05-01"}
    assert (await client.post(f"{address}/edit", data=change)).status_code == 303
    now = {s.id: (s.action, s.done_at is not None) for s in await steps(conn)}
    assert now[first.id] == ("增加 2026 年研发费用 30 万元", True)
    assert now[second.id] == ("补齐三年辅助账", False)
    assert sorted(now.values())[-1] != now[first.id]
    assert len(now) == 3
    emptied = {**values, "version": "3", "step.0": str(second.id), "action.0": "", "due_on.0": ""}
    assert (await client.post(f"{address}/edit", data=emptied)).status_code == 303
    assert [s.id for s in await steps(conn)] == [first.id]


async def test_of_two_who_change_a_plan_the_second_is_shown_what_the_first_did(conn, client_as, uscc, form):
    client, other = await client_as("officer"), await client_as("officer-2")
    address = await made(client, conn, uscc, form)
    first, second = await steps(conn)
    rows = {"step.0": str(first.id), "step.1": str(second.id), "version": "1"}
    await other.post(f"{address}/steps/{first.id}", data={"done": "true"})
    late = await client.post(f"{address}/edit", data=form | rows | {"action.1": "我改过的第二步"})
    assert late.status_code == 412
    assert "现在的内容" in late.text
    assert "我改过的第二步" in late.text
    assert [s.action for s in await steps(conn)] == [form["action.0"], form["action.1"]]
    html = late.text
    again = dict(re.findall(r'name="([\w.]+)"(?: type="\w+"(?: inputmode="\w+")?)? value="([^"]*)"', html))
    assert again["version"] == "2"
    fields = {k: v for k, v in again.items() if "." in k}
    assert str(first.id) not in fields.values()
    kept = {name: form[name] for name in ("filing_on", "officer_id", "note")}
    assert (await client.post(f"{address}/edit", data=kept | fields | {"version": "2"})).status_code == 303
    assert {s.action for s in await steps(conn)} == {form["action.0"], "我改过的第二步"}


async def test_a_plan_is_closed_with_a_reason_and_another_may_follow(conn, client_as, uscc, form):
    client = await client_as("officer")
    address = await made(client, conn, uscc, form)
    assert (await client.post(f"{address}/close", data={"state": "done", "reason": " "})).status_code == 422
    assert (await client.post(f"{address}/close", data={"state": "open", "reason": "x"})).status_code == 422
    closed = await client.post(f"{address}/close", data={"state": "dropped", "reason": "企业迁出"})
    assert closed.status_code == 303
    step = (await steps(conn))[0].id
    assert (await client.post(f"{address}/steps/{step}", data={"done": "true"})).status_code == 409
    assert (await client.post(f"{address}/edit", data=form | {"version": "2"})).status_code == 409
    await made(client, conn, uscc, form)
    page = (await client.get(f"/firms/{uscc}/plans")).text
    assert "企业迁出" in page
    assert "企业迁出" in (await client.get(f"/firms/{uscc}")).text
    assert await trail(conn) == ["firm:plan:made", "firm:plan:closed", "firm:plan:made"]


async def test_who_only_reads_finds_no_button_and_the_firm_no_page(conn, client_as, uscc, form):
    await made(await client_as("officer"), conn, uscc, form)
    for role in ("manager", "auditor"):
        page = (await (await client_as(role)).get(f"/firms/{uscc}/plans")).text
        assert "补齐研发辅助账" in page
        assert "标为完成" not in page
        assert "/plans/new" not in (await (await client_as(role)).get(f"/firms/{uscc}/gap?policy=hnte")).text
    own = await factories.person(conn, "firm-own", firm_id=await factories.id_of(conn, uscc))
    client = await client_as(own)
    assert (await client.get(f"/firms/{uscc}/plans")).status_code == 403
    assert "/plans" not in (await client.get(f"/firms/{uscc}/gap")).text


async def test_a_plan_is_reached_only_through_its_own_firm_and_in_scope(conn, client_as, uscc, form):
    address = await made(await client_as("officer"), conn, uscc, form)
    plan = address.rsplit("/", 1)[1]
    step = (await steps(conn))[0].id
    near = await factories.firm(conn)
    client = await client_as("officer")
    ending = {"state": "done", "reason": "x"}
    for path, data in (("edit", form), ("close", ending), (f"steps/{step}", {"done": "true"})):
        assert (await client.post(f"/firms/{near}/plans/{plan}/{path}", data=data)).status_code == 404
    await conn.execute(insert(Region).values(code="440784", name="鹤山市", kind="county", source=""))
    far = await client_as("officer-far", scope="440784")
    assert (await far.get(f"/firms/{uscc}/plans")).status_code == 404
    assert (await far.post(f"{address}/close", data=ending)).status_code == 404
    town = await client_as("town", scope=COUNTY + "117")
    assert (await town.get(f"{address}/edit")).status_code == 200


async def test_without_a_title_the_form_is_for_the_next_step_of_the_ladder(conn, client_as, rendered):
    uscc = await factories.firm_on(conn, "gazelle")
    await (await client_as("officer")).get(f"/firms/{uscc}/plans/new")
    assert rendered[-1][1]["values"]["policy"] == "hnte"


@pytest.mark.parametrize("policy", ["nowhere", "super_deduction"])
async def test_a_plan_for_no_title_is_not_there(client_as, uscc, form, policy):
    client = await client_as("officer")
    assert (await client.get(f"/firms/{uscc}/plans/new", params={"policy": policy})).status_code == 404
    assert (await client.post(f"/firms/{uscc}/plans/new", data=form | {"policy": policy})).status_code == 404


async def test_more_plans_and_steps_cost_the_page_no_more_statements(conn, client_as, uscc, form, statements):
    client = await client_as("officer")

    async def cost() -> int:
        statements.clear()
        assert (await client.get(f"/firms/{uscc}/plans")).status_code == 200
        return len(statements)

    await made(client, conn, uscc, form)
    await cost()
    few = await cost()
    for policy in ("gazelle", "leader", "tech_sme"):
        await made(client, conn, uscc, form | {"policy": policy})
    assert await cost() == few


async def test_a_path_that_does_not_reach_says_so_where_it_is_saved_and_in_the_plan(client_as, uscc, rendered):
    client = await client_as("officer")
    gap = (await client.get(f"/firms/{uscc}/gap?policy=leader")).text
    path = rendered[-1][1]["path"]
    assert path.steps
    title = path.blocked[0][0]
    said = gap[gap.index("只做这些还不够") : gap.index("先把这些存为一企一策")]
    assert f"<li>{title}" in said
    form = (await client.get(f"/firms/{uscc}/plans/new?policy=leader&as_of={FILING}")).text
    assert "做到之后仍未达标" in form
    assert title in form


async def test_programs_propose_make_change_carry_out_and_end_a_plan(conn, api_as, uscc):
    api, here = await api_as("officer"), f"/api/v1/firms/{uscc}/plans"
    asked = await api.get(f"{here}/proposal", params={"policy": "hnte", "as_of": FILING})
    proposed = asked.json()
    assert (asked.status_code, proposed["filing_on"], await plans(conn)) == (200, FILING, [])
    first = {k: proposed["steps"][0][k] for k in ("action", "condition", "due_on")}
    body = {"policy": "hnte", "filing_on": FILING, "steps": [first, {"action": "开户", "due_on": "2026-12-31"}]}
    late = await api.post(here, json=body | {"steps": [{"action": "开户", "due_on": "2028-01-01"}]})
    assert (late.status_code, list(late.json()["errors"])) == (422, ["steps.0.due_on"])
    key = {"idempotency-key": "plan"}
    plan, again = [(await api.post(here, json=body, headers=key)).json() for _ in "12"]
    assert (plan, len(await plans(conn))) == (again, 1)
    assert (await api.post(here, json=body)).status_code == 409
    one = f"{here}/{plan['id']}"
    assert (await api.patch(one, json={"note": "已商定"})).status_code == 428
    tag = (await api.get(one)).headers["etag"]
    changed = (await api.patch(one, json={"note": "已商定"}, headers={"if-match": tag})).json()
    assert (changed["note"], len(changed["steps"]), changed["version"]) == ("已商定", 2, plan["version"] + 1)
    assert (await api.patch(one, json={"note": "迟了"}, headers={"if-match": tag})).status_code == 412
    done = (await api.post(f"{one}/steps/{plan['steps'][0]['id']}", json={"done": True})).json()
    assert [bool(s["done_at"]) for s in done["steps"]] == [True, False]
    assert (await api.post(f"{one}/close", json={"state": "open", "reason": "x"})).status_code == 422
    ended = (await api.post(f"{one}/close", json={"state": "done", "reason": "已取得证书"})).json()
    assert (ended["state"], ended["closed_reason"]) == ("done", "已取得证书")
    assert [p["id"] for p in (await api.get(here)).json()["items"]] == [plan["id"]]
    assert (await (await api_as("manager")).post(here, json=body)).status_code == 403
    far = await api_as("town-2", scope=OTHER_TOWN)
    assert {(await far.get(at)).status_code for at in (here, one, here.replace(uscc, "91440783M159083022"))} == {404}
