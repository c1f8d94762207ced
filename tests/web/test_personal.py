"""How persons are reached, behind every door: in full for whom the table says, else masked and not to be found."""

import json

import pytest
from sqlalchemy import text

from app.access.personal import READABLE
from app.access.terms import SYSTEM, Role
from app.audit.service import event_row, record
from app.collecting.statistics import _HEAD
from app.firms.erasing import erase
from app.firms.holding import holdings
from app.firms.terms import ContactDetails
from app.personal.terms import Kind
from app.reports.hiding import GONE, hidden, signed
from app.reports.queries import pages_of, rounds_of
from app.sealed import seal
from tests import factories, houses
from tests.harness import NOON
from tests.sealing import lies_open

NAME, PHONE, EMAIL = "金丝雀", "13987654321", "jinsique@example.com"
MASKED = {Kind.NAME: "金**", Kind.PHONE: "139****4321", Kind.EMAIL: "j***@example.com"}
FULL = {Kind.NAME: NAME, Kind.PHONE: PHONE, Kind.EMAIL: EMAIL}
PEOPLE = [ContactDetails(NAME, PHONE, "财务", EMAIL)]


async def a_firm(conn):
    return await factories.firm(conn, "开平市受访有限公司", contacts=PEOPLE)


def told(answer):
    return {kind for kind, word in FULL.items() if word in answer.text}


@pytest.mark.parametrize("role", [r for r in Role if r is not Role.CARRIER])
async def test_a_door_tells_a_role_no_more_of_persons_than_the_one_table_says(conn, client_as, api_as, role):
    uscc = await a_firm(conn)
    held = await houses.carrier(conn, contact_name=NAME, contact_phone=PHONE)
    said = {"name": "x", "email": EMAIL, "phone": PHONE, "contact_name": NAME}
    officer = await factories.person(conn, "officer")
    firm_id = await factories.id_of(conn, uscc)
    await record(conn, event_row("firm:clerk:invited", by=officer.actor, at=NOON, object_type="user",
                                 object_id=officer.id, after=said))  # fmt: skip
    who = await factories.person(conn, role.value, firm_id=firm_id if role is Role.FIRM else None)
    page, api = await client_as(who), await api_as(who)
    doors = [
        await page.get(f"/firms/{uscc}"),
        await api.get(f"/api/v1/firms/{uscc}"),
        await page.get(f"/firms/{uscc}/work"),
        await page.get(f"/firms/{uscc}/visits/new"),
        await page.get("/firms/export.csv"),
        await page.get(f"/carriers/{held.id}"),
        await api.get(f"/api/v1/carriers/{held.id}"),
        await page.get("/audit"),
        await page.post("/audit/export.csv"),
        await api.get("/api/v1/audit"),
        await page.get("/today"),
        await page.get("/firms"),
        await page.get("/search?q=受访"),
    ]
    for answer in doors:
        assert told(answer) <= READABLE[role], answer.request.url
    assert await lies_open(conn, PHONE, EMAIL) == []
    detail = doors[1].text
    assert all((FULL if kind in READABLE[role] else MASKED)[kind] in detail for kind in FULL)


@pytest.mark.parametrize("role", ["officer", "manager", "admin"])
async def test_what_one_may_not_read_one_does_not_find_by_trying(conn, api_as, role):
    uscc = await a_firm(conn)
    api = await api_as(role)

    async def found(q):
        return [f["uscc"] for f in (await api.get("/api/v1/firms", params={"q": q})).json()["items"]]

    assert await found("受访") == [uscc]
    assert await found(uscc[2:8]) == [uscc]
    readable = READABLE[Role(role)]
    for number in (PHONE, "139 8765 4321", "+86 13987654321", "4321"):
        assert await found(number) == ([uscc] if Kind.PHONE in readable else [])
    # A number is kept under lock: it is found whole or by its last four figures, and by no other part.
    for part in ("139", "1398", "654321", "432", "3987654321"):
        assert await found(part) == []
    assert await found(NAME) == ([uscc] if Kind.NAME in readable else [])
    assert await found("丝雀") == ([uscc] if Kind.NAME in readable else [])


async def test_a_number_is_read_in_full_for_a_reason_which_stays_in_the_trail_with_who_read_it(conn, client_as, api_as):
    uscc = await a_firm(conn)
    manager = await client_as("manager")
    assert "查看完整号码" in (await manager.get(f"/firms/{uscc}")).text
    without = await manager.post(f"/firms/{uscc}/contacts", data={"reason": " "})
    assert without.status_code == 422
    assert told(without) == {Kind.NAME}
    seen = await manager.post(f"/firms/{uscc}/contacts", data={"reason": "核实投诉"})
    assert told(seen) == set(FULL)
    assert "局领导manager manager 2026" in seen.text  # who and when, over the page
    assert seen.headers["cache-control"] == "no-store"
    api = await api_as("auditor")
    assert (await api.post(f"/api/v1/firms/{uscc}/contacts/reveal", json={"reason": ""})).status_code == 422
    answer = await api.post(f"/api/v1/firms/{uscc}/contacts/reveal", json={"reason": "抽查"})
    assert answer.json()["contacts"] == [{"name": NAME, "phone": PHONE, "title": "财务", "email": EMAIL}]
    events = (await api.get("/api/v1/audit", params={"action": "firm:contacts:revealed"})).json()["items"]
    assert [(e["actor"], e["after"]["reason"]) for e in events] == [
        ("审计员auditor", "抽查"),
        ("局领导manager", "核实投诉"),
    ]
    assert PHONE not in str(events)
    for role in ("admin", "officer", "firm"):
        assert (await (await client_as(role)).post(f"/firms/{uscc}/contacts", data={"reason": "x"})).status_code == 403
    elsewhere = await client_as("manager-elsewhere", scope=factories.OTHER_TOWN)
    assert (await elsewhere.post(f"/firms/{uscc}/contacts", data={"reason": "x"})).status_code == 404


async def test_what_is_held_of_persons_what_for_and_how_long_is_there_for_anybody(anonymous, client_as):
    assert 'href="/firms"' in (await (await client_as("officer")).get("/personal")).text, (
        "whoever is in keeps the frame"
    )
    answer = await anonymous.get("/personal")
    assert answer.status_code == 200
    assert all(
        word in answer.text for word in ("企业联系人", "不少于 184 天", "个人信息保护法第十三条", "删除不再需要的")
    )


async def test_documents_made_before_are_marked_by_the_migration(conn):
    import importlib

    uscc = await a_firm(conn)
    lines = text("SELECT search_text FROM firms WHERE uscc = :uscc")
    marked = (await conn.execute(lines, {"uscc": uscc})).scalar_one()
    await conn.execute(text("UPDATE firms SET search_text = translate(search_text, '☎☺', '')"))
    assert (await conn.execute(lines, {"uscc": uscc})).scalar_one() != marked
    await conn.execute(text(importlib.import_module("migrations.versions.20261222_people_marked")._MARK))
    assert (await conn.execute(lines, {"uscc": uscc})).scalar_one() == marked


_FIGURES = "jsonb_build_object('tenant.phone', CAST(:phone AS text), 'total_income', '5')"
COLLECTED = (
    "INSERT INTO collection_rounds (id, carrier_id, period, due_on, opened_at, opener_name, closed_at, frozen) "
    "VALUES (:firm, :carrier, '2026', '2027-01-31', :at, 'x', :at, CAST(:frozen AS jsonb))",
    "INSERT INTO collection_answers (id, round_id, firm_id, state, figures, answered_at) "
    f"VALUES (:firm, :firm, :firm, 'answered', {_FIGURES}, :at)",
    "INSERT INTO collection_versions (answer_id, version, figures, at, author_name) "
    f"VALUES (:firm, 1, {_FIGURES}, :at, 'x')",
    "INSERT INTO submissions (id, firm_id, year, form, form_version, created_at) "
    "SELECT :firm, :firm, 2026, form, version, :at FROM form_versions LIMIT 1",
    "INSERT INTO submission_sections (submission_id, section, answers) VALUES (:firm, 'contacts', "
    "CAST(:page AS jsonb))",
    "INSERT INTO submission_rounds (submission_id, round, number, answers, reached, figures, explanations, "
    "submitted_at, submitter_name) VALUES (:firm, 1, 'x', CAST(:answers AS jsonb), CAST(:beside AS jsonb), '{}', "
    "'{}', :at, 'x')",
    "INSERT INTO entry_applications (id, carrier_id, firm_id, since, seats, contact, asker_name, asked_at, closes_on) "
    "VALUES (:firm, :carrier, :firm, '2026-12-01', 2, :contact, 'x', :at, '2026-12-31')",
    "INSERT INTO verified_likenesses (id, firm_id, kind, key, weight, outcome, words, at, name) "
    "VALUES (:firm, :firm, 'phone', :mark, 2, 'explained', 'x', :at, 'x')",
)


async def test_what_is_held_under_a_number_is_told_to_whom_it_belongs_and_goes_when_asked(conn):
    uscc = await a_firm(conn)
    other = await factories.firm(conn, "开平市另家有限公司", contacts=[ContactDetails("李", "13900000000")])
    await houses.carrier(conn, contact_name=NAME, contact_phone=PHONE)
    held = (await conn.execute(text("SELECT id FROM carriers"))).scalar_one()
    await factories.person(conn, "officer-2", email=EMAIL)
    given = {"carrier": held, "firm": await factories.id_of(conn, uscc), "at": NOON, "phone": PHONE}
    line = dict.fromkeys(_HEAD, "")
    number = seal(conn.vault, "collection_rounds.phone", f"{given['firm']}/0", PHONE)
    lines = [line | {"26 电话": number, "1 企业名称": "甲"}, line | {"18 成立时注册资本（千元）": PHONE}]
    frozen = {"head": _HEAD, "rows": [list(one.values()) for one in lines], "title": "年报"}
    given |= {"mark": conn.vault.mark("phone", PHONE), "frozen": json.dumps(frozen)}
    given["phone"] = seal(conn.vault, "collection_answers.phone", given["firm"], PHONE)
    given["contact"] = seal(conn.vault, "entry_applications.contact", given["firm"], f"黄工 139-8765-4321，{EMAIL}")
    said = {"tenant.phone": [PHONE, ""], "tenant.head": ["黄工", ""]}
    signed_answers, beside = signed(conn.vault, given["firm"], 1, {"contacts": said})
    given |= {"answers": json.dumps(signed_answers), "beside": json.dumps(beside)}
    given["page"] = json.dumps(hidden(conn.vault, given["firm"], said))
    for statement in COLLECTED:
        await conn.execute(text(statement), given)
    found = await holdings(conn, PHONE, by=SYSTEM, at=NOON)
    tables = ["contacts", "carriers", "entry_applications", "submission_sections", "submission_rounds"]
    tables += ["collection_answers", "collection_versions", "collection_rounds", "verified_likenesses"]
    assert [(f.where.table, f.count) for f in found] == [(table, 1) for table in tables]
    assert found[0].told()["用途"] == "企业联系人"
    (receipt,) = found[4].places
    assert dict(receipt.says).items() >= {"回执": "x", "电话": PHONE}.items()
    await erase(conn, PHONE, reason="本人来电要求", by=SYSTEM, at=NOON)
    await erase(conn, EMAIL, reason="本人来电要求", by=SYSTEM, at=NOON)
    assert await holdings(conn, PHONE, by=SYSTEM, at=NOON) == []
    assert await holdings(conn, EMAIL, by=SYSTEM, at=NOON) == []
    versions = "SELECT c.version, a.version, a.figures ->> 'total_income' FROM carriers c, collection_answers a"
    assert (await conn.execute(text(versions))).one() == (2, 2, "5"), "an old form does not write the person back"
    (handed_in,) = await rounds_of(conn, given["firm"])
    assert handed_in.answers == {"contacts": said | {"tenant.phone": [GONE, ""]}}
    assert handed_in.vouched == signed_answers
    assert handed_in.reached == {}, "no salt either: no number can be tried against what was signed"
    page = (await pages_of(conn, given["firm"]))["contacts"]
    assert (page.answers, page.version) == (said | {"tenant.phone": ["", ""]}, 1)
    kept = (await conn.execute(text("SELECT frozen FROM collection_rounds"))).scalar_one()
    lines[0]["26 电话"] = ""
    assert kept == frozen | {"head": list(_HEAD), "rows": [list(one.values()) for one in lines]}, "and nothing else"
    left = (await conn.execute(text("SELECT search_text, version FROM firms WHERE uscc = :u"), {"u": uscc})).one()
    assert PHONE not in left.search_text
    assert left.version == 2
    untouched = (await conn.execute(text("SELECT version FROM firms WHERE uscc = :u"), {"u": other})).scalar_one()
    assert untouched == 1
    said = "SELECT string_agg(audit_events::text, '') FROM audit_events WHERE action LIKE 'person:%'"
    trail = (await conn.execute(text(said))).scalar_one()
    assert "本人来电要求" in trail
    assert PHONE not in trail
    assert EMAIL not in trail


async def test_pages_that_tell_in_full_how_persons_are_reached_carry_who_looks_and_when(conn, client_as, anonymous):
    reached = await a_firm(conn)
    uscc = await factories.firm(conn, "开平市受访有限公司")
    clerk = await factories.person(conn, "firm", firm_id=await factories.id_of(conn, uscc))
    await houses.operator(conn, held := await houses.carrier(conn))
    firm, operator, officer = await client_as(clerk), await client_as("carrier"), await client_as("officer")
    need = {"since": "2026-12-01", "seats": "2", "business": "温控阀", "contact": f"黄工 {PHONE}"}
    await firm.post(f"/portal/entries/to/{held.id}", data=need | {"idempotency_key": "a"})
    entry = (await conn.execute(text("SELECT id FROM entry_applications"))).scalar_one()
    asked = {"uscc": uscc, "name": "黄工", "email": EMAIL, "phone": PHONE, "words": ""}
    assert (await anonymous.post("/register", data=asked)).status_code == 303
    for browser, login, place in (
        (firm, "firm", "/portal/people"),
        (operator, "carrier", f"/entries/{entry}"),
        (officer, "officer", "/clerks"),
        (officer, "officer", f"/firms/{uscc}/clerks"),
        (officer, "officer", f"/firms/{reached}/work"),
        (officer, "officer", f"/firms/{reached}/visits/new"),
    ):
        page = (await browser.get(place)).text
        assert f"{login} 2026-11-23</text>" in page, place
