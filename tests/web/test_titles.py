"""证书与知识产权: laid open by the firm, verified by the officer, and only then counted; class Ⅱ serves one filing."""

import re
import uuid
from datetime import date

import pytest
from sqlalchemy import func, select

from app.attachments.models import AttachmentRow
from app.audit.models import AuditEvent
from app.db import new_id
from app.files.models import StoredFile
from app.outbox.models import OutboxMessage
from app.policy.figures import IpKind
from app.recognitions.models import Certificate, IpRightRow, TitleClaim
from app.recognitions.rules import use_problem
from tests import factories
from tests.rules.test_sniffing import PDF
from tests.web.test_reports import HERE, clerk, kept

TODAY = date(2026, 11, 23)
RIGHT = {
    "kind": "utility_model",
    "name": "节水阀芯",
    "number": " zl2024 20123456.7 ",
    "granted_on": "2024年5月1日",
    "obtained_by": "self_developed",
    "in_force": "yes",
}


@pytest.fixture
async def uscc(conn):
    return await factories.firm(conn, "开平市金丝雀有限公司")


@pytest.fixture
async def boss(conn, client_as, uscc):
    return await client_as(await clerk(conn, uscc))


async def claimed(client, what="ip_right", *, key=None, **fields):
    data = {"idempotency_key": key or uuid.uuid4().hex, **(RIGHT if what == "ip_right" else {}), **fields}
    return await client.post(f"/portal/titles/new?kind={what}", data=data)


async def the(conn, column, *where):
    return (await conn.execute(select(column).where(*where))).scalar_one()


async def decided(conn, officer, verb, version=None, **form):
    waiting = select(TitleClaim.id, TitleClaim.version).where(TitleClaim.state == "waiting")
    claim_id, now = (await conn.execute(waiting)).one()
    return await officer.post(f"/claims/{claim_id}/{verb}", data={"version": str(version or now), **form})


async def sent(client, object_id, name, *, kind="ip_right"):
    data = PDF.replace(b"endobj", b"endobj\n%" + name.encode())
    form = {"kind": kind, "object_id": str(object_id)}
    answer = await client.post("/files", data=form, files={"file": (f"{name}.pdf", data)})
    assert answer.status_code == 303, answer.text


async def test_a_right_counts_once_it_is_verified_and_its_evidence_goes_with_it(boss, conn, client_as, uscc):
    key = uuid.uuid4().hex
    made = [await claimed(boss, key=key) for _ in range(2)]
    where = made[0].headers["location"]
    assert [m.headers["location"] for m in made] == [where] * 2
    assert await the(conn, func.count(IpRightRow.id)) == 0
    form = {"kind": "ip_right", "object_id": where.rpartition("/")[2]}
    await boss.post("/files", data=form, files={"file": ("证书.pdf", PDF)})
    officer = await client_as("officer")
    assert "ZL202420123456.7" in (await officer.get("/claims")).text
    assert "1 个文件" in (await officer.get("/claims")).text
    claim = (await officer.get(f"/claims/{form['object_id']}")).text
    assert "证书.pdf" in claim
    assert "自主研发" in claim
    assert (await decided(conn, officer, "accept")).headers["location"] == "/claims"
    right = (await conn.execute(select(IpRightRow.id, IpRightRow.number, IpRightRow.source))).one()
    assert (str(right.id), right.number, right.source) == (form["object_id"], "ZL202420123456.7", "企业登记，专员核实")
    assert "1 个" in (await officer.get(f"/firms/{uscc}/rights")).text
    # What the officer saw stays.
    await conn.execute(TitleClaim.__table__.update().values(decided_at=func.now()))
    taken_off = await boss.post(f"/files/{await the(conn, AttachmentRow.id)}/remove")
    assert taken_off.status_code == 409
    told = select(OutboxMessage.payload).where(OutboxMessage.kind == "claim_decided")
    assert "已核实" in (await conn.execute(told)).scalar_one()["subject"]
    # It stands in a form that is begun; what comes later is offered to it, once.
    await boss.post(f"{HERE}/begin")
    assert [row["ip.name"][0] for row in (await kept(conn, "ip")).answers["rows"]] == ["节水阀芯"]
    await claimed(boss, name="陶瓷阀芯", number="ZL202430000001.0")
    await decided(conn, officer, "accept")
    assert "还有 1 项有效的知识产权没有列在这里" in (await boss.get(f"{HERE}/ip")).text
    for _ in range(2):
        assert (await boss.post(f"{HERE}/ip/bring")).headers["location"] == f"{HERE}/ip"
    assert [row["ip.name"][0] for row in (await kept(conn, "ip")).answers["rows"]] == ["节水阀芯", "陶瓷阀芯"]
    assert "没有列在这里" not in (await boss.get(f"{HERE}/ip")).text


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"kind": "trademark"}, "种类"),
        ({"number": " "}, "授权号"),
        ({"granted_on": "2026-11-24"}, "授权日期"),
        ({"granted_on": "去年"}, "授权日期"),
        ({"in_force": ""}, "是否有效"),
        ({"used": "今年"}, "高企申报"),
        ({"kind": "invention_patent", "used": "2023"}, "高企申报"),
        ({"name": "阀\x00芯"}, "名称"),
    ],
)
async def test_what_cannot_be_is_said_beside_its_field_and_nothing_waits(boss, conn, wrong, field):
    answer = await claimed(boss, **wrong)
    assert answer.status_code == 422
    assert field in answer.text
    assert 'class="fault"' in answer.text
    assert await the(conn, func.count(TitleClaim.id)) == 0


async def test_a_certificate_is_verified_refused_with_a_reason_or_taken_back(boss, conn, client_as, uscc):
    fields = {"kind": "hnte", "number": "gr202444001234", "issued_on": "2024-11-28"}
    await claimed(boss, "certificate", **fields)
    assert (await claimed(boss, "certificate", **fields)).status_code == 409
    officer = await client_as("officer")
    assert (await decided(conn, officer, "refuse", reason=" ")).status_code == 422
    await decided(conn, officer, "refuse", reason="编号与公告不符")
    assert "编号与公告不符" in (await boss.get("/portal/titles")).text
    await claimed(boss, "certificate", **fields)
    waiting = await the(conn, TitleClaim.id, TitleClaim.state == "waiting")
    await boss.post(f"/portal/titles/{waiting}", data={**fields, "number": "GR202444001235", "version": "1"})
    # What the officer had before their eyes was another number.
    assert (await decided(conn, officer, "accept", version=1)).status_code == 412
    assert (await decided(conn, officer, "accept", version=2)).status_code == 303
    found = (await conn.execute(select(Certificate.id, Certificate.number, Certificate.expires_on))).one()
    assert tuple(found) == (waiting, "GR202444001235", date(2027, 11, 28))
    await claimed(boss)
    gone = await the(conn, TitleClaim.id, TitleClaim.state == "waiting")
    await boss.post(f"/portal/titles/{gone}/withdraw", data={"version": "1"})
    assert (await officer.post(f"/claims/{gone}/accept", data={"version": "1"})).status_code == 409
    verbs = select(AuditEvent.action).where(AuditEvent.action.like("firm:claim:%")).order_by(AuditEvent.id)
    made, done = "firm:claim:made", ["firm:claim:withdrawn", "firm:claim:accepted", "firm:claim:changed"]
    assert sorted((await conn.execute(verbs)).scalars()) == sorted([made] * 3 + done + ["firm:claim:refused"])


async def file_id(conn, name):
    query = select(AttachmentRow.id).join(StoredFile, StoredFile.id == AttachmentRow.file_id)
    return (await conn.execute(query.where(StoredFile.name == f"{name}.pdf"))).scalar_one()


async def test_the_evidence_that_is_verified_is_the_evidence_that_was_seen(boss, conn, client_as, clock):
    await claimed(boss)
    claim_id = await the(conn, TitleClaim.id)
    await sent(boss, claim_id, "真证书")
    officer = await client_as("officer")
    assert "真证书" in (await officer.get(f"/claims/{claim_id}")).text
    seen = await the(conn, TitleClaim.version)
    # While the officer reads, the file is swapped.
    assert (await boss.post(f"/files/{await file_id(conn, '真证书')}/remove")).status_code == 303
    await sent(boss, claim_id, "假证书")
    late = await decided(conn, officer, "accept", version=seen)
    assert (late.status_code, "在您打开之后改过" in late.text) == (412, True)
    assert await the(conn, func.count(IpRightRow.id)) == 0
    assert (await decided(conn, officer, "accept")).status_code == 303
    clock.advance(minutes=1)
    assert (await boss.post(f"/files/{await file_id(conn, '假证书')}/remove")).status_code == 409
    # What the ledger has is verified again once there is more to see of it; nothing in the ledger moves by that.
    await sent(boss, claim_id, "补件")
    again = (await conn.execute(select(TitleClaim).where(TitleClaim.state == "waiting"))).one()
    assert (again.target_id, again.body.keys()) == (claim_id, {"kind", "number"})
    assert "补充材料" in (await boss.get("/portal/titles")).text
    for path in (f"/claims/{again.id}", f"/files/on/ip_right/{claim_id}"):
        page = (await officer.get(path)).text
        assert page.count("还没有核实") == 1, path
        assert page.index("假证书") < page.index("补件.pdf") < page.index("还没有核实"), path
    assert "节水阀芯" in (await officer.get(f"/claims/{again.id}")).text
    await conn.execute(IpRightRow.__table__.update().values(used_in_hnte_year=2025))
    assert (await decided(conn, officer, "accept")).status_code == 303
    assert (await the(conn, IpRightRow.used_in_hnte_year), await the(conn, IpRightRow.name)) == (2025, "节水阀芯")
    clock.advance(minutes=1)
    assert (await boss.post(f"/files/{await file_id(conn, '补件')}/remove")).status_code == 409
    verbs = select(AuditEvent.action).where(AuditEvent.action.like("file:%")).order_by(AuditEvent.id)
    told = [action.rpartition(":")[2] for action in (await conn.execute(verbs)).scalars()]
    assert told == ["added", "removed", "added", "added"]


async def test_more_evidence_of_a_certificate_waits_and_what_nobody_has_verified_can_be_taken_off(
    boss, conn, client_as, uscc, clock
):
    officer = await client_as("officer")
    new = {"kind": "hnte", "number": "GR202444001234", "issued_on": "2024-11-28", "idempotency_key": "k"}
    await officer.post(f"/firms/{uscc}/certificates/new", data=new)
    held = await the(conn, Certificate.id)
    await sent(boss, held, "扫描件", kind="certificate")
    claim_id = await the(conn, TitleClaim.id)
    here = f"/portal/titles/{claim_id}"
    assert "只补充证明材料" in (await boss.get(here)).text
    changed = await boss.post(here, data={**new, "number": "GR202444009999", "version": "1"})
    assert (changed.status_code, "请联系责任专员" in changed.text) == (409, True)
    await sent(boss, held, "附页", kind="certificate")
    assert await the(conn, TitleClaim.version) == 2
    clock.advance(minutes=1)
    assert (await decided(conn, officer, "refuse", reason="看不清")).status_code == 303
    # The officer has judged with them in sight, so they stay.
    assert (await boss.post(f"/files/{await file_id(conn, '附页')}/remove")).status_code == 409
    clock.advance(minutes=1)
    await sent(boss, held, "清晰的", kind="certificate")
    waiting = await the(conn, TitleClaim.id, TitleClaim.state == "waiting")
    await boss.post(f"/portal/titles/{waiting}/withdraw", data={"version": "1"})
    assert (await boss.post(f"/files/{await file_id(conn, '清晰的')}/remove")).status_code == 303
    assert await the(conn, func.count(TitleClaim.id), TitleClaim.state == "waiting") == 0
    # Struck out of the ledger while it waited: there is nothing left to verify.
    await sent(boss, held, "又一份", kind="certificate")
    await officer.post(f"/firms/{uscc}/certificates/{held}/strike", data={"reason": "录错"})
    gone = await decided(conn, officer, "accept")
    assert (gone.status_code, "已经没有这一项" in gone.text) == (409, True)


async def test_another_firm_sees_nothing_of_it_and_nobody_else_verifies(boss, conn, client_as):
    where = (await claimed(boss)).headers["location"]
    claim_id = where.rpartition("/")[2]
    stranger = await client_as(await clerk(conn, await factories.firm(conn), "firm-other"))
    for path in (where, f"/portal/titles/{claim_id}"):
        assert (await stranger.get(path)).status_code == 404
    assert (await stranger.post(f"/portal/titles/{claim_id}/withdraw", data={"version": "1"})).status_code == 404
    away = await client_as("officer-2", scope="440784")
    assert (await away.get(f"/claims/{claim_id}")).status_code == 404
    assert (await boss.post(f"/claims/{claim_id}/accept", data={"version": "1"})).status_code == 403


async def test_a_right_of_class_two_serves_one_filing_and_a_slip_is_put_right(conn, client_as, uscc, boss):
    firm_id = await factories.id_of(conn, uscc)
    for kind, number in (("utility_model", "A1"), ("invention_patent", "B1")):
        row = {"id": new_id(), "firm_id": firm_id, "kind": kind, "number": number, "in_force": True}
        await conn.execute(IpRightRow.__table__.insert().values(**row, name="x", recorded_at=func.now()))
    officer, here = await client_as("officer"), f"/firms/{uscc}/rights"
    two = await the(conn, IpRightRow.id, IpRightRow.number == "A1")
    one = await the(conn, IpRightRow.id, IpRightRow.number == "B1")
    for ids, year in (([], "2026"), ([one], "2026"), ([two], "2027"), ([two], "去年")):
        answer = await officer.post(f"{here}/use", data={"ids": [str(i) for i in ids], "year": year})
        assert answer.status_code == 422
    assert (await officer.post(f"{here}/use", data={"ids": [str(two)], "year": "2025"})).status_code == 303
    assert await the(conn, IpRightRow.used_in_hnte_year, IpRightRow.id == two) == 2025
    assert "2025 年申报已用" in (await boss.get("/portal/titles")).text
    again = await officer.post(f"{here}/use", data={"ids": [str(two)], "year": "2026"})
    assert (again.status_code, "只能用一次" in again.text) == (409, True)
    await officer.post(f"{here}/{two}/free", data={"reason": "登记错了"})
    assert await the(conn, IpRightRow.used_in_hnte_year, IpRightRow.id == two) is None
    # The firm asks for a change of a right that is in the ledger, and sees both.
    change = await boss.get(f"/portal/titles/new?kind=ip_right&of={one}")
    assert re.search(r'value="B1"', change.text)
    lapsed = RIGHT | {"kind": "invention_patent", "number": "B1", "in_force": "no", "idempotency_key": "k1"}
    await boss.post("/portal/titles/new?kind=ip_right", data=lapsed | {"of": str(one)})
    claim_id = await the(conn, TitleClaim.id)
    assert "已失效" in (await officer.get(f"/claims/{claim_id}")).text
    await officer.post(f"/claims/{claim_id}/accept", data={"version": "1"})
    assert await the(conn, IpRightRow.in_force, IpRightRow.id == one) is False


@pytest.mark.parametrize(("year", "fits"), [(2015, False), (2016, True), (2026, True), (2027, False), (None, True)])
def test_a_use_is_of_a_year_since_the_rule_and_not_of_one_to_come(year, fits):
    assert (use_problem(IpKind.SOFTWARE_COPYRIGHT, granted_on=None, year=year, today=TODAY) is None) is fits


async def test_what_has_served_a_filing_meanwhile_is_not_free_again_by_a_claim_that_was_made_before(
    boss, conn, client_as
):
    officer = await client_as("officer")
    await claimed(boss)
    assert (await decided(conn, officer, "accept")).status_code == 303
    right_id = await the(conn, IpRightRow.id)
    assert (await claimed(boss, of=str(right_id), name="节水阀芯二")).status_code == 303
    await conn.execute(IpRightRow.__table__.update().values(used_in_hnte_year=2025))
    refused = await decided(conn, officer, "accept")
    assert (refused.status_code, "已用于 2025 年" in refused.text) == (409, True)
    assert await the(conn, IpRightRow.used_in_hnte_year) == 2025
    await conn.execute(IpRightRow.__table__.update().values(used_in_hnte_year=None))
    assert (await decided(conn, officer, "accept")).status_code == 303
    assert await the(conn, IpRightRow.name) == "节水阀芯二"
