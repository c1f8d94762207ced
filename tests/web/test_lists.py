"""Contacts, certificates and moves brought in by list: previewed, written, idempotent, taken back whole."""

import io
from datetime import date
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import select, text, update

from app.exchange import certificate_list
from app.exchange.jobs import run_waiting_imports
from app.firms.models import Firm
from app.firms.terms import ContactDetails
from app.pipeline.models import Move, MoveRequest
from tests import factories
from tests.factories import OTHER_TOWN
from tests.harness import NOON, opened
from tests.rosters import CODE, NAME, roster
from tests.sealing import lies_open
from tests.web.test_merging import GROWS, dump, merged

# The history keeps both what came and that it was taken back; requests, imports and refusals are kept, too.
KEPT = GROWS | {"access_denials", "import_batches", "import_rows", "stored_files", "moves", "move_requests"}


@pytest.fixture
def work(app, database, clock):
    async def run() -> int:
        return await run_waiting_imports(database, app.state.files, at=clock.now())

    return run


@pytest.fixture
async def officer(client_as):
    return await client_as("officer")


async def state(conn: Any) -> dict[str, list[str]]:
    return {name: rows for name, rows in (await dump(conn)).items() if name not in KEPT}


async def brought(client: Any, work: Any, kind: str, *rows: dict[str, Any], confirm: bool = True) -> Any:
    """Returns the batch's address and, of its preview, row → (outcome, what was said)."""
    sent = await client.post("/imports", data={"kind": kind}, files={"file": (f"{kind}.xlsx", roster(*rows))})
    assert sent.status_code == 303, sent.text[:300]
    here = sent.headers["location"]
    await work()
    if confirm:
        assert (await client.post(f"{here}/confirm")).status_code == 303
        await work()
    return here


async def outcomes(conn: Any, here: str) -> dict[int, tuple[str, str]]:
    query = text("SELECT row_no, outcome, messages FROM import_rows WHERE batch_id = :id ORDER BY row_no")
    found = await conn.execute(query, {"id": here.rpartition("/")[2]})
    return {r.row_no: (r.outcome, "".join(_said(m["sentence"]) for m in r.messages)) for r in found}


def _said(sentence: str) -> str:
    return str(opened(sentence)) if sentence.startswith("sealed:") else sentence


async def test_contacts_are_added_and_completed_by_firm_and_name_and_nobody_else_is_touched(
    conn, officer, client_as, work
):
    contacts = [ContactDetails("何婉", "13800001234", "财务"), ContactDetails("周会计", "0750-2210000")]
    ours = await factories.firm(conn, "开平市联系人测试有限公司", contacts=contacts)
    other = await factories.firm(conn, "他镇联系人有限公司", region=OTHER_TOWN)
    town = await client_as("town")
    before = await state(conn)
    rows = [
        {
            CODE: ours,
            NAME: "开平市联系人测试有限公司",
            "姓名": "周会计",
            "邮箱": "zhou@example.com",
            "主要联系人": "是",
        },
        {CODE: ours, NAME: "别的名字有限公司", "姓名": "陈新", "联系电话": "13900000000", "职务": "总经理"},
        {CODE: ours, "姓名": "何婉", "联系电话": "138****1234"},
        {CODE: other, "姓名": "李四"},
        {CODE: "91440783MA00000000", "姓名": "王五"},
        {CODE: ours, NAME: "又一个名字有限公司", "姓名": "赵六", "联系电话": "打座机", "邮箱": "不是邮箱"},
    ]
    assert (await town.post("/imports", data={"kind": "contacts"})).status_code == 403
    here = await brought(officer, work, "contacts", *rows)
    said = await outcomes(conn, here)
    assert [said[n][0] for n in range(2, 8)] == ["updated", "created", "unchanged", "created", "rejected", "rejected"]
    assert "库里这个代码的企业是" in said[3][1]
    assert "隐去了几位" in said[4][1]
    assert "看不懂这个邮箱" in said[7][1]
    assert "库里这个代码的企业是“开平市联系人测试有限公司”" in said[7][1], "no other name stands unanswered"
    assert "看不懂这个电话" in said[7][1], "all that is wrong with a row is told at once"
    assert (await officer.get(here)).text.count("没有名称") == 1, "only the code that nobody has"
    people = text(
        "SELECT c.name, c.phone, c.title, c.email FROM contacts c JOIN firms f ON f.id = c.firm_id WHERE f.uscc = :c "
        "ORDER BY c.is_primary DESC, c.id"
    )
    rows_kept = await conn.execute(people, {"c": ours})
    found = [(name, opened(phone), title, opened(email)) for name, phone, title, email in rows_kept]
    assert found == [
        ("周会计", "0750-2210000", "", "zhou@example.com"),
        ("何婉", "13800001234", "财务", ""),
        ("陈新", "13900000000", "总经理", ""),
    ]
    # Not in the preview, the kept rows, what an undo restores, the trail or a kept answer.
    assert await lies_open(conn, "13800001234", "2210000", "zhou@example.com", "13900000000", "打座机") == []
    again = await brought(officer, work, "contacts", *rows, confirm=False)
    assert {o for o, _ in (await outcomes(conn, again)).values()} == {"unchanged", "rejected"}
    sheet = load_workbook(io.BytesIO((await officer.get(f"{here}/annotated.xlsx")).content)).active
    assert "看不懂这个邮箱" in str(sheet.cell(7, sheet.max_column).value)
    assert (await officer.post(f"{here}/undo")).status_code == 303
    await work()
    assert await state(conn) == before


async def test_certificates_keep_who_registered_them_first_and_another_firms_number_is_left(
    conn, officer, work, statements
):
    ours = await factories.firm(conn, "开平市证书测试有限公司")
    other = await factories.firm(conn, "他家证书有限公司")
    await factories.certificate(conn, ours, number="GR202144000001", issued_on=date(2021, 12, 1))
    await factories.certificate(conn, other, number="GR202244000002", issued_on=date(2022, 12, 1))
    before = await state(conn)
    rows = [
        {CODE: ours, "证书类型": "高企", "证书编号": "GR202444000009", "发证日期": "2024-11-28", "原登记人": "李四",
         "原登记日期": "2024-12-02"},
        {CODE: ours, "证书类型": "高新技术企业", "证书编号": "gr202144000001", "发证日期": "2021-12-20"},
        {CODE: ours, "证书类型": "高企", "证书编号": "GR202244000002", "发证日期": "2022-12-01"},
        {CODE: ours, "证书类型": "专精特新", "证书编号": "粤专2024-1", "发证日期": "2024-01-05"},
        {CODE: ours, "证书类型": "innovative_sme", "证书编号": "CX24", "发证日期": "2024-1-5", "有效期至": "2027-1-4"},
        {CODE: ours, "证书类型": "高企", "证书编号": "GR202444000010", "发证日期": "2026-11-24"},
        {CODE: other, "证书类型": "高企", "证书编号": "GR202444000009", "发证日期": "2024-11-28"},
    ]  # fmt: skip
    here = await brought(officer, work, "certificates", *rows)
    locked = [s for s in statements if s.endswith("FOR UPDATE") and "FROM certificates" in s]
    assert locked
    assert all("certificates.firm_id = ANY" in s for s in locked), "whoever has the other firm waits for no list"
    said = await outcomes(conn, here)
    assert [said[n][0] for n in range(2, 8)] == ["created", "updated", "rejected", "rejected", "created", "rejected"]
    assert said[8] == ("rejected", "第 2 行把这个证书编号写在另一家企业名下，请核对。")
    assert "不能登记在这家企业名下" in said[4][1]
    assert "没有填有效期至" in said[5][1]
    held = text("SELECT expires_on, source FROM certificates WHERE number = :n")
    ends, source = (await conn.execute(held, {"n": "GR202444000009"})).one()
    assert (ends, source) == (date(2027, 11, 28), "证书导入：certificates.xlsx；原登记：李四 2024-12-02")
    assert (await conn.execute(held, {"n": "GR202144000001"})).one().expires_on == date(2024, 12, 20)
    assert ours in (await officer.get("/firms?q=GR202444000009")).text
    again = await brought(officer, work, "certificates", *rows, confirm=False)
    assert {o for o, _ in (await outcomes(conn, again)).values()} == {"unchanged", "rejected"}
    assert (await officer.post(f"{here}/undo")).status_code == 303
    await work()
    assert await state(conn) == before


async def test_a_certificate_registered_by_hand_while_its_list_is_written_stops_the_list_and_not_the_person(
    conn, officer, work, monkeypatch
):
    ours = await factories.firm(conn, "开平市证书测试有限公司")
    other = await factories.firm(conn, "他家证书有限公司")
    row = {CODE: ours, "证书类型": "高企", "证书编号": "GR202444000009", "发证日期": "2024-11-28"}
    here = await brought(officer, work, "certificates", row, confirm=False)
    looked_up = certificate_list._held

    async def and_then_somebody_was_faster(conn: Any, *given: Any) -> Any:
        found = await looked_up(conn, *given)
        await factories.certificate(conn, other, number="GR202444000009", issued_on=date(2024, 11, 28))
        return found

    monkeypatch.setattr(certificate_list, "_held", and_then_somebody_was_faster)
    assert (await officer.post(f"{here}/confirm")).status_code == 303
    await work()
    page = (await officer.get(here)).text
    assert "有一份证书刚被别人登记" in page
    assert "确认之后才写入" in page, "it can be confirmed again"


def moved(code: str, tier: str, on: str, **more: str) -> dict[str, str]:
    return {CODE: code, "梯队": tier, "生效日期": on, **more}


async def test_moves_of_years_ago_stand_behind_the_record_and_are_taken_back_to_the_last_row(
    conn, officer, work, rendered
):
    standing = await factories.firm_on(conn, "eaglet", name="开平市在册有限公司")
    fresh = await factories.firm(conn, "开平市补录有限公司")
    tall = await factories.firm(conn, "开平市越级有限公司")
    await conn.execute(update(Firm).values(registered_on=date(2018, 1, 1)))
    before = await state(conn)
    rows = [
        moved(
            standing, "科技型小微企业", "2020-03-01", 原办理人="李四", 原记录日期="2020-03-05", 理由="江科〔2020〕3号"
        ),
        moved(standing, "雏鹰", f"{NOON.date()}"),
        moved(fresh, "雏鹰", "2019-01-01"),
        moved(fresh, "退出", "2020-01-01"),
        moved(fresh, "科技型小微", "2021-01-01"),
        moved(tall, "科技型小微", "2020-01-01"),
        moved(tall, "瞪羚企业", "2022-01-01"),
        moved(standing, "瞪羚企业", f"{NOON.date()}"),
    ]
    # The last row goes against the record: nothing of its firm is taken.
    refused = await brought(officer, work, "moves", *rows, confirm=False)
    said = await outcomes(conn, refused)
    assert said[9][0] == said[2][0] == "rejected"
    assert "看板" in said[9][1]
    assert "第 9 行有错" in said[2][1]
    here = await brought(officer, work, "moves", *rows[:-1])
    said = await outcomes(conn, here)
    assert [said[n][0] for n in range(2, 9)] == ["created", "unchanged", *["created"] * 5]
    firm = select(Firm.tier, Firm.tier_since, Firm.id)
    stands = (await conn.execute(firm.where(Firm.uscc == fresh))).one()
    assert (stands.tier, stands.tier_since) == ("tech_micro", date(2021, 1, 1))
    assert (await conn.execute(firm.where(Firm.uscc == tall))).one().tier is None
    waits = (
        await conn.execute(
            select(MoveRequest.to_tier, MoveRequest.state, MoveRequest.effective_on).where(
                MoveRequest.state == "pending"
            )
        )
    ).one()
    assert tuple(waits) == ("gazelle", "pending", date(2022, 1, 1))
    first = (await conn.execute(select(Move).where(Move.first_recorder == "李四"))).mappings().one()
    assert (first["recorded_at"].date(), first["effective_on"]) == (NOON.date(), date(2020, 3, 1))
    assert first["first_recorded_on"] == date(2020, 3, 5)
    page = (await officer.get(f"/firms/{standing}")).text
    assert "江科〔2020〕3号；梯队移动导入：moves.xlsx（原记录：李四 2020-03-05）" in page
    assert "2020-03 进入" in page
    assert (await officer.get(f"/moves/{first['id']}/receipt")).status_code == 200
    again = await brought(officer, work, "moves", *rows[:4], confirm=False)
    assert {o for o, _ in (await outcomes(conn, again)).values()} == {"unchanged"}
    assert (await officer.post(f"{here}/undo")).status_code == 303
    await work()
    assert await state(conn) == before


async def test_a_firm_whose_past_was_set_right_since_is_left_and_named(conn, officer, work):
    fresh = await factories.firm(conn, "开平市后动有限公司")
    calm = await factories.firm(conn, "开平市未动有限公司")
    rows = [moved(code, "科技型小微", "2021-01-01") for code in (fresh, calm)]
    here = await brought(officer, work, "moves", *rows)
    await factories.move(conn, fresh, "eaglet", expected="tech_micro", at=NOON.replace(hour=NOON.hour + 1))
    await officer.post(f"{here}/undo")
    await work()
    page = (await officer.get(here)).text
    assert "已撤销 1 行" in page
    assert "第 2 行 开平市后动有限公司" in page


async def test_a_program_brings_a_list_reads_what_it_would_do_confirms_it_and_takes_it_back(conn, api_as, work):
    ours = await factories.firm(conn, "开平市接口导入有限公司")
    api, sheet = (
        await api_as("officer"),
        roster({CODE: ours, "姓名": "陈新"}, {CODE: ours, "姓名": "赵六", "邮箱": "x"}),
    )
    for _ in "12":  # the same key is one upload
        made = await api.post(
            "/api/v1/imports",
            data={"kind": "contacts"},
            files={"file": ("人.xlsx", sheet)},
            headers={"idempotency-key": "i-1"},
        )
        assert made.status_code == 201
    at = f"/api/v1/imports/{made.json()['id']}"
    await work()
    seen = (await api.get(at)).json()
    assert (seen["state"], seen["kind"], seen["created"], seen["rejected"]) == ("preview", "contacts", 1, 1)
    assert len((await api.get("/api/v1/imports")).json()["items"]) == 1
    first = (await api.get(f"{at}/rows?limit=1")).json()
    assert (first["items"][0]["outcome"], first["next"]) == ("created", "2")
    wrong = (await api.get(f"{at}/rows?outcome=rejected")).json()["items"]
    assert [(r["row"], r["messages"][0]["field"]) for r in wrong] == [(3, "email")]
    back = load_workbook(io.BytesIO((await api.get(f"{at}/annotated.xlsx")).content)).active
    assert "看不懂这个邮箱" in str([cell.value for cell in back[3]])
    empty = await api.get("/api/v1/imports/template.xlsx", params={"kind": "contacts"})
    assert load_workbook(io.BytesIO(empty.content))["填写说明"]["A2"].value == "模板版本：联系人-1"
    assert (await api.get("/api/v1/imports/template.xlsx", params={"kind": "users"})).status_code == 422
    assert (await api.post(f"{at}/confirm")).json()["state"] == "queued"
    await work()
    assert (await api.post(f"{at}/undo")).json()["state"] == "undo_queued"
    await work()
    assert (await api.get(at)).json()["sentence"] == "已撤销 1 行。"
    refused = await api.post("/api/v1/imports", data={"kind": "users"}, files={"file": ("人.xlsx", sheet)})
    assert refused.json()["errors"].keys() == {"kind"}


async def test_each_template_says_what_it_is_and_is_not_taken_for_another(conn, officer, work):
    for kind, label in (("firms", "企业名册"), ("contacts", "联系人"), ("certificates", "证书"), ("moves", "梯队移动")):
        answer = await officer.get(f"/imports/template.xlsx?kind={kind}")
        book = load_workbook(io.BytesIO(answer.content))
        assert book["填写说明"]["A2"].value == f"模板版本：{label}-1"
        assert book.worksheets[0].data_validations.dataValidation
    sent = await officer.post("/imports", data={"kind": "moves"}, files={"file": ("x.xlsx", answer.content)})
    await work()
    assert "有表头，没有内容" in (await officer.get(sent.headers["location"])).text
    sent = await officer.post("/imports", data={"kind": "contacts"}, files={"file": ("x.xlsx", answer.content)})
    await work()
    assert "这是“梯队移动”的模板，上传时选的是“联系人”" in (await officer.get(sent.headers["location"])).text
    assert (await officer.get("/imports/template.xlsx?kind=users")).status_code == 404


async def test_a_certificate_that_a_merge_has_taken_to_another_firm_stays_there_when_its_list_is_taken_back(
    conn, officer, work
):
    kept = await factories.firm(conn, "开平市长留机械有限公司")
    gone = await factories.firm(conn, "开平市将并机械有限公司")
    row = {CODE: gone, "证书类型": "高企", "证书编号": "GR202444000019", "发证日期": "2024-11-28"}
    here = await brought(officer, work, "certificates", row)
    assert (await merged(officer, kept, gone)).status_code == 303
    assert (await officer.post(f"{here}/undo")).status_code == 303
    await work()
    holder = text("SELECT f.uscc FROM certificates c JOIN firms f ON f.id = c.firm_id WHERE c.number = :n")
    assert list((await conn.execute(holder, {"n": "GR202444000019"})).scalars()) == [kept]
    assert "第 2 行" in (await officer.get(here)).text, "which is said"


@pytest.mark.parametrize("kind", ["firms", "contacts", "certificates"])
async def test_nothing_is_brought_into_a_record_that_was_merged_so_that_the_merge_can_be_undone(
    conn, officer, work, kind
):
    kept, gone = await factories.firm(conn), await factories.firm(conn, "开平市已并机械有限公司")
    assert (await merged(officer, kept, gone)).status_code == 303
    said = {
        "firms": {NAME: "开平市已并机械有限公司", "备注": "名册"},
        "contacts": {"姓名": "李四"},
        "certificates": {"证书类型": "高企", "证书编号": "GR202444000019", "发证日期": "2024-11-28"},
    }
    here = await brought(officer, work, kind, {CODE: gone, **said[kind]}, confirm=False)
    outcome, sentence = (await outcomes(conn, here))[2]
    assert (outcome, "已并入别的企业" in sentence) == ("rejected", True)
