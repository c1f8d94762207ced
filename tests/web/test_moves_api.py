"""Moves over HTTP: the API's words, the dialog's answers, keys, and two officers at once."""

import asyncio
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import func, select, text

from app.db import Database
from app.pipeline.models import Move, Placement
from app.pipeline.queries import placements_of
from tests import factories
from tests.harness import NOON, keys_of_tests

TODAY = NOON.date().isoformat()
STEP = {"to": "eaglet", "expected": "tech_micro", "reason": "营收增长三成"}


@pytest.fixture
async def uscc(conn):
    return await factories.firm_on(conn, "tech_micro", on=NOON.date() - timedelta(days=100))


async def test_a_move_is_201_and_the_firm_and_its_history_say_so(api_as, uscc):
    api = await api_as("officer")
    made = await api.post(f"/api/v1/firms/{uscc}/moves", json=STEP)
    assert made.status_code == 201
    assert made.json() | {"id": ""} == {
        "id": "",
        "state": "recorded",
        "uscc": uscc,
        "from_tier": "tech_micro",
        "to_tier": "eaglet",
        "kind": "promotion",
        "effective_on": TODAY,
        "reasons": [],
    }
    firm = (await api.get(f"/api/v1/firms/{uscc}")).json()
    assert (firm["tier"], firm["tier_since"]) == ("eaglet", TODAY)
    history = (await api.get(f"/api/v1/firms/{uscc}/moves")).json()["items"]
    assert [m["to_tier"] for m in history] == ["eaglet", "tech_micro"]
    assert history[0]["id"] == made.json()["id"]


@pytest.mark.parametrize("dialog", [False, True])
async def test_a_gate_judges_by_what_another_process_has_published_a_moment_ago(api_as, client_as, conn, uscc, dialog):
    client, api = await client_as("officer"), await api_as("officer")
    await client.get(f"/firms/{uscc}")  # what is kept in memory is read
    only_gone = "jsonb_set(body, '{criteria,1,one_of}', '[\"moved_out\"]'), row_version = row_version + 1"
    await conn.execute(text(f"UPDATE policy_versions SET body = {only_gone} WHERE policy = 'eaglet'"))
    if dialog:
        answer = await client.post(f"/firms/{uscc}/move", data=STEP)
    else:
        answer = await api.post(f"/api/v1/firms/{uscc}/moves", json=STEP)
    assert answer.status_code == 409
    assert "登记状态" in answer.text


async def test_a_firms_moves_are_paged_and_each_is_told_once(api_as, conn):
    """Three of them at the same moment: the id decides where a page ends."""
    uscc = await factories.firm_on(conn, "tech_micro", on=NOON.date() - timedelta(days=9))
    for n, (here, to) in enumerate([("tech_micro", "eaglet"), ("eaglet", "tech_micro")] * 2):
        at = NOON + timedelta(hours=n // 3)
        await factories.move(conn, uscc, to, expected=here, at=at)
    api = await api_as("officer")
    path = f"/api/v1/firms/{uscc}/moves"
    whole = (await api.get(path)).json()
    assert (len(whole["items"]), whole["next"]) == (5, None)
    for size in (1, 2, 4, 5):
        pages, cursor = [], ""
        while cursor is not None:
            answer = (await api.get(path, params={"limit": size, "cursor": cursor})).json()
            pages.append([m["id"] for m in answer["items"]])
            cursor = answer["next"]
        assert [move for page in pages for move in page] == [m["id"] for m in whole["items"]]
        assert all(pages)
    assert (await api.get(path, params={"cursor": "nonsense"})).status_code == 422


async def test_who_skips_a_tier_reads_what_is_still_open_for_it_as_for_the_next_one(client_as, uscc):
    form = (await (await client_as("officer")).get(f"/firms/{uscc}/move")).text
    skipped = form.split('id="m-to-gazelle"')[1].split('id="m-to-')[0]
    assert "缺数据，须第二人复核" in skipped
    assert skipped.count("<li>") > 1, "each condition that cannot be judged is named"


async def test_a_move_that_needs_a_second_person_is_202_and_then_approved(api_as, uscc):
    first, second = await api_as("officer"), await api_as("officer-2")
    asked = await first.post(f"/api/v1/firms/{uscc}/moves", json=STEP | {"to": "gazelle"})
    assert (asked.status_code, asked.json()["state"]) == (202, "pending")
    assert asked.json()["reasons"] == ["越级移动须第二人复核"]
    assert (await first.get(f"/api/v1/firms/{uscc}")).json()["tier"] == "tech_micro"
    assert (await first.post(f"/api/v1/moves/{asked.json()['id']}/approve")).status_code == 403
    done = await second.post(f"/api/v1/moves/{asked.json()['id']}/approve")
    assert (done.status_code, done.json()["state"]) == (200, "approved")
    assert (await first.get(f"/api/v1/firms/{uscc}")).json()["tier"] == "gazelle"
    assert (await second.post(f"/api/v1/moves/{asked.json()['id']}/approve")).status_code == 409


async def test_a_second_person_holds_the_firm_before_the_request_as_whoever_takes_many_back_does(
    api_as, uscc, statements
):
    first, second = await api_as("officer"), await api_as("officer-2")
    for act, body in (("approve", None), ("reject", {"reason": "材料不全"})):
        to = {"approve": ("tech_micro", "gazelle"), "reject": ("gazelle", "tech_micro")}[act]
        asked = await first.post(
            f"/api/v1/firms/{uscc}/moves", json=STEP | {"expected": to[0], "to": to[1], "effective_on": TODAY}
        )
        assert asked.status_code == 202, asked.text
        statements.clear()
        assert (await second.post(f"/api/v1/moves/{asked.json()['id']}/{act}", json=body)).status_code == 200
        locks = [s.rpartition("FOR ")[2] for s in statements if "move_requests" in s and " FOR " in s]
        assert locks[0] == "NO KEY UPDATE OF firms, move_requests"


async def test_a_gate_that_refuses_is_409_with_its_reasons(api_as, conn):
    uscc = await factories.firm_on(conn, "gazelle")
    api = await api_as("officer")
    answer = await api.post(f"/api/v1/firms/{uscc}/moves", json=STEP | {"to": "hnte", "expected": "gazelle"})
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    assert "没有登记过高企证书" in answer.json()["reasons"][0]
    over = STEP | {"to": "hnte", "expected": "gazelle", "override": {"reason": "公示已过"}}
    assert (await api.post(f"/api/v1/firms/{uscc}/moves", json=over)).status_code == 202


async def test_the_wrong_current_tier_is_409_and_names_who_moved_it(api_as, uscc):
    one, other = await api_as("officer"), await api_as("officer-2")
    await other.post(f"/api/v1/firms/{uscc}/moves", json=STEP)
    answer = await one.post(f"/api/v1/firms/{uscc}/moves", json=STEP)
    assert answer.status_code == 409
    assert "局专员officer-2" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"to": "nowhere"}, "to"),
        ({"reason": "  "}, "reason"),
        ({"effective_on": "2026-11-24"}, "effective_on"),
        ({"effective_on": "2026-02-30"}, "effective_on"),
        ({"to": None, "expected": None}, "to"),
        ({"sly": True}, "sly"),
        ({"reason": "长" * 1001}, "reason"),
        ({"override": {"reason": " "}}, "override.reason"),
    ],
)
async def test_a_request_that_makes_no_sense_is_422_or_409_with_a_sentence(api_as, uscc, change, field):
    api = await api_as("officer")
    answer = await api.post(f"/api/v1/firms/{uscc}/moves", json=STEP | change)
    assert answer.status_code in (409, 422)
    if answer.status_code == 422:
        assert answer.json()["errors"][field]


async def test_the_same_key_is_one_move_and_one_answer(api_as, uscc, conn):
    api = await api_as("officer")
    first = await api.post(f"/api/v1/firms/{uscc}/moves", json=STEP, headers={"idempotency-key": "k1"})
    again = await api.post(f"/api/v1/firms/{uscc}/moves", json=STEP, headers={"idempotency-key": "k1"})
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert again.headers["idempotent-replay"] == "true"
    other = await api.post(
        f"/api/v1/firms/{uscc}/moves", json=STEP | {"reason": "别的"}, headers={"idempotency-key": "k1"}
    )
    assert other.status_code == 422
    assert (await conn.execute(select(func.count()).select_from(Move))).scalar_one() == 2


async def test_a_key_belongs_to_its_user_and_a_failed_request_leaves_none_behind(api_as, uscc):
    one, other = await api_as("officer"), await api_as("officer-2")
    refused = await one.post(
        f"/api/v1/firms/{uscc}/moves", json=STEP | {"reason": ""}, headers={"idempotency-key": "k"}
    )
    assert refused.status_code == 422
    assert (
        await one.post(f"/api/v1/firms/{uscc}/moves", json=STEP, headers={"idempotency-key": "k"})
    ).status_code == 201
    back = {"to": "tech_micro", "expected": "eaglet", "reason": "退回"}
    assert (
        await other.post(f"/api/v1/firms/{uscc}/moves", json=back, headers={"idempotency-key": "k"})
    ).status_code == 201


@pytest.mark.parametrize("act", ["approve", "reject"])
async def test_a_decision_sent_twice_with_one_key_is_one_decision_and_one_answer(api_as, uscc, act):
    asker, decider = await api_as("officer"), await api_as("officer-2")
    asked = await asker.post(f"/api/v1/firms/{uscc}/moves", json=STEP | {"to": "gazelle"})
    path, body = f"/api/v1/moves/{asked.json()['id']}/{act}", {"reason": "材料不全"} if act == "reject" else None
    first, again = [await decider.post(path, json=body, headers={"idempotency-key": "k"}) for _ in range(2)]
    assert (again.status_code, again.json()) == (first.status_code, first.json()) == (200, first.json())
    assert again.headers["idempotent-replay"] == "true"
    assert (await decider.post(path, json=body)).status_code == 409


async def form_of(client, uscc, rendered, **changes):
    await client.get(f"/firms/{uscc}/move")
    form = rendered[-1][1]["form"]
    values = {
        "to": form.to,
        "effective_on": form.effective_on,
        "reason": "条件具备",
        "expected": form.expected,
        "idempotency_key": form.idempotency_key,
    }
    return values | changes


async def test_the_dialog_offers_the_next_tier_and_moves_there(client_as, uscc, rendered):
    client = await client_as("officer")
    form = await form_of(client, uscc, rendered)
    assert (form["to"], form["expected"], form["effective_on"]) == ("eaglet", "tech_micro", TODAY)
    done = await client.post(f"/firms/{uscc}/move", data=form)
    assert (done.status_code, done.headers["location"]) == (303, f"/firms/{uscc}")
    page = await client.get(f"/firms/{uscc}")
    assert "已移到“雏鹰企业”" in page.text


async def test_a_refused_form_may_be_corrected_and_sent_again_with_its_key(client_as, uscc, rendered, conn):
    client = await client_as("officer")
    form = await form_of(client, uscc, rendered)
    assert (await client.post(f"/firms/{uscc}/move", data=form | {"reason": " "})).status_code == 422
    assert (await client.post(f"/firms/{uscc}/move", data=form)).status_code == 303
    # The key now stands for that move: another form with it is refused, and the first is still answered the same.
    other = await client.post(f"/firms/{uscc}/move", data=form | {"reason": "另一个理由"})
    assert other.status_code == 422
    assert (await client.post(f"/firms/{uscc}/move", data=form)).status_code == 303
    assert (await conn.execute(select(func.count()).select_from(Move))).scalar_one() == 2


async def test_a_double_click_is_one_move(client_as, uscc, rendered, conn):
    client = await client_as("officer")
    form = await form_of(client, uscc, rendered)
    answers = [await client.post(f"/firms/{uscc}/move", data=form) for _ in range(2)]
    assert [a.status_code for a in answers] == [303, 303]
    assert (await conn.execute(select(func.count()).select_from(Move))).scalar_one() == 2


async def test_for_htmx_the_answer_is_an_event_and_a_toast(client_as, uscc, rendered):
    client = await client_as("officer")
    form = await form_of(client, uscc, rendered)
    done = await client.post(f"/firms/{uscc}/move", data=form, headers={"hx-request": "true"})
    assert done.status_code == 204
    assert "firm-moved" in done.headers["hx-trigger"]


async def test_a_refused_dialog_stays_open_keeps_what_was_typed_and_offers_the_override(client_as, conn, rendered):
    uscc = await factories.firm_on(conn, "gazelle")
    client = await client_as("officer")
    form = await form_of(client, uscc, rendered, to="hnte", reason="技术先进")
    answer = await client.post(f"/firms/{uscc}/move", data=form, headers={"hx-request": "true"})
    assert answer.status_code == 409
    assert "没有登记过高企证书" in answer.text
    assert "技术先进" in answer.text
    assert 'name="override_reason"' in answer.text


async def test_a_dialog_opened_before_a_colleague_moved_says_who_and_shows_where_the_firm_is(client_as, uscc, rendered):
    slow, quick = await client_as("officer"), await client_as("officer-2")
    old = await form_of(slow, uscc, rendered)
    await quick.post(f"/firms/{uscc}/move", data=await form_of(quick, uscc, rendered))
    answer = await slow.post(f"/firms/{uscc}/move", data=old)
    assert answer.status_code == 409
    assert "局专员officer-2" in answer.text
    assert rendered[-1][1]["form"].expected == "eaglet"


async def test_a_move_that_waits_is_said_before_one_fills_in_another_and_nobody_is_called_faster(
    client_as, conn, rendered
):
    uscc = await factories.firm_on(conn, "eaglet")
    client = await client_as("officer")
    late = await form_of(client, uscc, rendered, to="hnte")
    lower, *_ = rendered[-1][1]["targets"]
    assert (lower.tier.code, lower.verdict) == ("tech_micro", "down")
    assert lower.sentences == ["这是下移：从“雏鹰企业”退到“科技型小微企业”，不看本级条件，须写明理由。"]
    asked = late | {"override_reason": "专家评审认可", "idempotency_key": "w1"}
    assert (await client.post(f"/firms/{uscc}/move", data=asked)).status_code == 303
    for way in ({}, {"hx-request": "true"}):  # as a page, and in the board's dialog
        opened = (await client.get(f"/firms/{uscc}/move", headers=way)).text
        assert f"您于 {TODAY} 12:00 提交了这项移动，正待复核" in opened
        assert 'name="effective_on"' not in opened
    answer = await client.post(f"/firms/{uscc}/move", data=late | {"idempotency_key": "w2"})
    assert answer.status_code == 409
    assert "您已提交一项移动，正待复核" in answer.text
    assert "与他人的操作冲突" not in answer.text


@pytest.mark.parametrize("correction", ["", "true"])
async def test_leaving_the_ladder_by_the_dialog(client_as, conn, uscc, rendered, correction):
    client = await client_as("officer")
    form = await form_of(client, uscc, rendered, to="exit", correction=correction or "false")
    assert (await client.post(f"/firms/{uscc}/move", data=form)).status_code == 303
    assert (await client.get(f"/api/v1/firms/{uscc}")).json()["tier"] is None
    entered = NOON.date() - timedelta(days=100)
    been = await placements_of(conn, await factories.id_of(conn, uscc))
    assert been == ([] if correction else [("tech_micro", entered, NOON.date())]), "a correction says that it never was"
    assert (f"{entered:%Y-%m} 曾进入" in (await client.get(f"/firms/{uscc}")).text) == bool(been)


async def test_a_mistaken_move_is_taken_back_by_the_dialog_to_the_day_the_stay_before_began(client_as, conn, rendered):
    first, wrong = (NOON.date() - timedelta(days=days) for days in (90, 2))
    uscc = await factories.firm_on(conn, "tech_micro", on=first)
    await factories.move(conn, uscc, "eaglet", on=wrong, expected="tech_micro")
    client = await client_as("officer")
    assert "恢复到“科技型小微企业”" in (await client.get(f"/firms/{uscc}/move")).text

    async def offered(which):
        await client.get(f"/firms/{uscc}/move?correct={which}")
        shown = rendered[-1][1]
        verdicts = {target.tier.code: target.verdict for target in shown["targets"]}
        form = shown["form"]
        return (form.to, form.effective_on, form.correction, verdicts[form.to]), form

    assert (await offered("current"))[0] == ("eaglet", wrong.isoformat(), True, "same")
    said, form = await offered("previous")
    assert said == ("tech_micro", first.isoformat(), True, "back")
    sent = {"to": form.to, "effective_on": form.effective_on, "correction": "true", "expected": form.expected}
    sent |= {"reason": "移错了", "idempotency_key": form.idempotency_key}
    assert (await client.post(f"/firms/{uscc}/move", data=sent)).status_code == 303
    page = (await client.get(f"/firms/{uscc}")).text
    assert f"已更正到“科技型小微企业”（{first} 起）" in page
    assert "90 天" in page


async def test_the_dialog_says_beforehand_that_setting_right_what_two_agreed_on_waits_for_a_second_person(
    client_as, conn
):
    uscc = await factories.firm_on(conn, "tech_micro", on=NOON.date() - timedelta(days=90))
    skipped = {"override": "省里已认定", "on": NOON.date() - timedelta(days=2)}
    await factories.move(conn, uscc, "gazelle", expected="tech_micro", **skipped)
    client, told = await client_as("officer"), "复核过的移动，更正也须第二人复核"
    assert told not in (await client.get(f"/firms/{uscc}/move?to=eaglet")).text
    back = (await client.get(f"/firms/{uscc}/move?correct=previous")).text
    assert back.count(told) >= 3  # 恢复, the tier between, leaving


@pytest.mark.db_commit
async def test_two_officers_at_once_fifty_times_exactly_one_wins_and_the_other_reads_by_whom(live_server):
    database = Database(live_server.database_url, pool_size=2, keys=keys_of_tests)
    async with database.transaction() as conn:
        people = [await factories.person(conn, f"officer-{n}") for n in "ab"]
        tokens = [await factories.token_of(conn, p) for p in people]
        uscc = await factories.firm_on(conn, "tech_micro", on=NOON.date() - timedelta(days=100))
    here, there = "tech_micro", "eaglet"
    async with httpx.AsyncClient(base_url=live_server.url, timeout=20) as http:
        for n in range(50):
            body = {"to": there, "expected": here, "reason": f"第 {n} 轮"}
            answers = await asyncio.gather(
                *(
                    http.post(f"/api/v1/firms/{uscc}/moves", json=body, headers={"authorization": f"Bearer {t}"})
                    for t in tokens
                )
            )
            assert sorted(a.status_code for a in answers) == [201, 409]
            winner = next(i for i, a in enumerate(answers) if a.status_code == 201)
            assert people[winner].name in answers[1 - winner].json()["detail"]
            live_server.clock.advance(seconds=1)
            here, there = there, here
    async with database.transaction() as conn:
        assert (await conn.execute(select(func.count()).select_from(Move))).scalar_one() == 51
        spans = (await conn.execute(select(func.count()).select_from(Placement))).scalar_one()
        overlapping = text(
            "SELECT count(*) FROM placements a JOIN placements b ON a.firm_id = b.firm_id AND a.ladder = b.ladder "
            "AND a.id < b.id AND a.period && b.period"
        )
        assert (await conn.execute(overlapping)).scalar_one() == 0
        assert spans >= 1
    await database.dispose()


@pytest.mark.db_commit
async def test_the_same_key_forty_times_at_once_is_one_firm_and_forty_answers_201(live_server):
    database = Database(live_server.database_url, pool_size=2, keys=keys_of_tests)
    async with database.transaction() as conn:
        token = await factories.token_of(conn, await factories.person(conn, "officer"))
    body = {"name": "开平市并发测试有限公司", "uscc": factories.code()}
    headers = {"authorization": f"Bearer {token}", "idempotency-key": "one-and-only"}
    limits = httpx.Limits(max_connections=40)
    async with httpx.AsyncClient(base_url=live_server.url, timeout=30, limits=limits) as http:
        answers = await asyncio.gather(*(http.post("/api/v1/firms", json=body, headers=headers) for _ in range(40)))
        assert [a.status_code for a in answers] == [201] * 40
        assert len({a.text for a in answers}) == 1
        other = await http.post("/api/v1/firms", json=body | {"park": "x"}, headers=headers)
        assert other.status_code == 422
    async with database.transaction() as conn:
        assert (await conn.execute(text("SELECT count(*) FROM firms"))).scalar_one() == 1
    await database.dispose()


async def test_a_move_on_an_old_card_says_who_was_faster_as_its_reason(api_as, uscc):
    first, second = await api_as("officer"), await api_as("officer-2")
    assert (await first.post(f"/api/v1/firms/{uscc}/moves", json=STEP)).status_code == 201
    late = await second.post(f"/api/v1/firms/{uscc}/moves", json=STEP)
    assert late.status_code == 409
    assert late.json()["reasons"] == [late.json()["detail"]]
