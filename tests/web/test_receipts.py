"""A move's receipt: what was judged, who decided, what was overridden; as it was kept, whatever was kept then."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import insert, text

from app.db import new_id
from app.firms.models import Region
from app.pipeline.models import Move
from app.policy.stored import read_back
from app.policy.terms import Case
from tests import factories
from tests.factories import POLICIES
from tests.harness import NOON


async def old_move(conn: Any, uscc: str, assessment: Any, **more: Any) -> str:
    """As it was recorded before there were policies."""
    move = {
        "id": new_id(),
        "firm_id": await factories.id_of(conn, uscc),
        "ladder": "main",
        "from_tier": "tech_micro",
        "to_tier": "eaglet",
        "kind": "promotion",
        "effective_on": date(2020, 3, 1),
        "recorded_at": NOON,
        "actor_name": "王专员",
        "reason": "材料齐全",
        "assessment": assessment,
    }
    await conn.execute(insert(Move).values({**move, **more}))
    return f"/moves/{move['id']}/receipt"


async def test_a_receipt_shows_the_judgement_its_inputs_and_both_persons(conn, client_as):
    uscc = await factories.firm_on(conn, "gazelle")
    await factories.certificate(conn, uscc, number="GR202444001234")
    move = await factories.move(conn, uscc, "hnte", expected="gazelle", reason="证书已颁发")
    page = (await (await client_as("officer")).get(f"/moves/{move}/receipt")).text
    first, second = [await factories.person(conn, login) for login in ("officer", "officer-second")]
    for said in (uscc, "证书已颁发", first.name, second.name, "国科发火〔2016〕32号", "第九条", "达标", str(move)):
        assert said in page
    assert "越过条件" not in page
    assert "第 1 项证书" in page


async def test_an_override_says_so_on_the_receipt_and_is_counted_on_the_firms_page(conn, client_as):
    uscc = await factories.firm_on(conn, "gazelle")
    move = await factories.move(conn, uscc, "hnte", expected="gazelle", override="公示期满，证书在途")
    client = await client_as("officer")
    page = (await client.get(f"/moves/{move}/receipt")).text
    assert "公示期满，证书在途" in page
    assert "没有登记过高企证书" in page
    firm = (await client.get(f"/firms/{uscc}")).text
    assert f"/moves/{move}/receipt" in firm
    assert "越过条件移动 1 次" in firm


async def test_the_receipt_keeps_what_was_true_then(conn, client_as):
    uscc = await factories.firm_on(conn, "hnte")
    client = await client_as("officer")
    firm = (await client.get(f"/firms/{uscc}")).text
    address = "/moves/" + firm.split("/moves/")[1].split("/receipt")[0] + "/receipt"
    before = (await client.get(address)).text
    await conn.execute(text("UPDATE certificates SET expires_on = '2025-01-01'"))
    await conn.execute(text("UPDATE policy_versions SET state = 'retired'"))
    assert (await client.get(address)).text == before


def one(**condition: Any) -> dict[str, Any]:
    return {"policy": "x", "criteria": [{"title": "旧条件", **condition}]}


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        ({}, "没有保存评估"),
        ({"criteria": []}, "当时的评估"),
        ({"policy": "x", "outcome": "manual", "criteria": [{"code": "judgement", "note": "专员判断。"}]}, "专员判断"),
        (one(outcome="met", actual="很多", required=">= 3"), "很多"),
        (one(inputs={"years.2019.gone": "12", "a.b": "1"}), "years.2019.gone"),
        (one(inputs={"years.2019.headcount": "十二"}), "十二"),
        (one(gap={"figure": "rd", "amount": "5", "unit": "两"}), "旧条件"),
        (one(inputs=[1], parts=[{"title": "其中"}]), "其中"),
        ({"policy": "x", "criteria": "none", "score": {"low": 71, "items": [{"code": "growth"}]}}, "growth"),
        ({"policy": "x", "as_of": "somewhen", "criteria": [None, 3, {"title": "<b>旧</b>"}]}, "&lt;b&gt;旧&lt;/b&gt;"),
    ],
)
async def test_receipts_of_old_moves_open_with_whatever_was_kept(conn, client_as, kept, said):
    uscc = await factories.firm(conn)
    answer = await (await client_as("officer")).get(await old_move(conn, uscc, kept))
    assert answer.status_code == 200
    assert said in answer.text


async def test_an_exit_has_a_receipt_without_an_assessment(conn, client_as):
    uscc = await factories.firm_on(conn, "eaglet")
    move = await factories.move(conn, uscc, None, expected="eaglet", reason="停产")
    page = (await (await client_as("officer")).get(f"/moves/{move}/receipt")).text
    assert "退出梯队不评估条件" in page


@pytest.mark.parametrize(("role", "status"), [("town", 200), ("manager", 200), ("auditor", 200), ("admin", 403)])
async def test_the_bureaus_people_in_scope_read_receipts(conn, client_as, role, status):
    uscc = await factories.firm(conn)
    assert (await (await client_as(role)).get(await old_move(conn, uscc, {}))).status_code == status


async def test_a_receipt_out_of_scope_of_one_that_waits_or_of_none_is_not_there(conn, client_as):
    await conn.execute(insert(Region).values(code="440784", name="鹤山市", kind="county", source=""))
    other = await factories.firm(conn, "鹤山市金丝雀有限公司", region="440784")
    client = await client_as("officer")
    address = await old_move(conn, other, {})
    assert (await client.get(address)).status_code == 404
    assert (await client.get(f"/moves/{new_id()}/receipt")).status_code == 404
    own = await factories.firm(conn)
    firm = await factories.person(conn, "firm-own", firm_id=await factories.id_of(conn, own))
    assert (await (await client_as(firm)).get(await old_move(conn, own, {}))).status_code == 403


def test_what_an_assessment_says_of_itself_is_read_back_as_it_was():
    facts = {
        "registered_on": "2015-03-01",
        "years": {"2025": {"headcount": 120, "rd_staff": 5}},
        "high_tech_field": "801",
    }
    from app.policy.parsing import parse_facts

    told = POLICIES.assess("hnte", parse_facts(facts, horizon=NOON.date()), as_of=NOON.date(), case=Case.RECHECK)
    assert told.score
    back = read_back(told.to_json())
    assert back is not None
    assert back.to_json() == told.to_json()


async def test_a_receipt_costs_one_statement_of_its_own(conn, client_as, statements):
    uscc = await factories.firm_on(conn, "hnte")
    client = await client_as("officer")
    address = await old_move(conn, uscc, {})
    await client.get(address)
    statements.clear()
    await client.get(address)
    assert len([s for s in statements if "moves" in s]) == 1
