"""高企年报, 在孵企业情况: who owes them sees them, what was told once is there already, the ledger stays as it is."""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import func, select, text

from app.outbox.models import OutboxMessage
from app.reports.models import SubmissionRound, YearlyReport
from tests import factories, houses
from tests.sealing import lies_open
from tests.web.test_reports import HERE, clerk, fill, submit, typed

HNTE, TENANT = "/portal/report/2025-hnte_annual", "/portal/report/2025-incubator_tenant"
GRADUATED = {"tenant.graduated": ("yes", ""), "tenant.entered": ("2024-01-01", "")}


@pytest.fixture
async def uscc(conn):
    """A firm with a certificate and a room."""
    more = {"registered_on": date(2015, 3, 1), "registered_capital": Decimal(5_000_000), "high_tech_field": "801"}
    found = await factories.firm(conn, "开平市金丝雀有限公司", industry_code="C3360", **more)
    await factories.certificate(conn, found, number="GR202444001234")
    house = await houses.carrier(conn, "示例孵化器")
    await houses.tenancy(conn, house, await houses.space(conn, house), found, date(2024, 1, 1), date(2026, 12, 31))
    insert = "INSERT INTO ip_rights (id, firm_id, kind, number, name, obtained_by, granted_on, in_force, recorded_at)"
    row = "gen_random_uuid(), :firm, :kind, :n, '阀芯', 'self_developed', CAST(:on AS date), true, now()"
    for n, (kind, on) in enumerate((("utility_model", "2025-03-01"), ("invention_patent", "2024-12-31"))):
        await conn.execute(
            text(f"{insert} VALUES ({row})"),
            {"firm": await factories.id_of(conn, found), "kind": kind, "n": f"ZL{n}", "on": date.fromisoformat(on)},
        )
    return found


@pytest.fixture
async def boss(conn, client_as, uscc):
    client = await client_as(await clerk(conn, uscc))
    await client.post(f"{HERE}/begin")
    await fill(client)
    return client


def value(page, code):
    return page.split(f'name="{code}"')[1].split('value="')[1].split('"')[0]


async def test_a_holder_finds_its_statement_with_what_it_told_once_and_signs_it_by_itself(boss, conn, client_as, uscc):
    home = (await boss.get("/portal")).text
    assert home.count("高新技术企业证书 GR202444001234") == home.count("入驻示例孵化器") == 1
    assert (await boss.post("/portal/report/2023-hnte_annual/begin")).status_code == 404
    assert (await boss.post(f"{HNTE}/begin")).headers["location"] == HNTE
    assert value((await boss.get(f"{HNTE}/income")).text, "sales_revenue") == "4000"
    page = (await boss.get(f"{HNTE}/rd")).text
    assert (value(page, "hnte.rd"), value(page, "hnte.rd_home")) == ("250", "250")
    rights = (await boss.get(f"{HNTE}/rights")).text
    assert (value(rights, "hnte.ip.utility_model"), value(rights, "hnte.ip.invention_patent")) == ("1", "0")
    assert "待核对" in rights  # what no source was found for says so
    assert "还缺" not in (await boss.get(HNTE)).text  # nothing is left to type
    await boss.post(f"{HNTE}/people", data=typed({"headcount": ("119", ""), "rd_staff": ("15", "")}))
    refused = await boss.post(f"{HNTE}/submit", data={"declared": "1"})
    assert "本年度别处填的是 120 人" in refused.text
    done = await boss.post(f"{HNTE}/submit", data={"declared": "1", "x.headcount.told": "年末数"})
    assert done.headers["location"] == f"{HNTE}/receipt"
    assert f"2025-{uscc}-G01" in (await boss.get(f"{HNTE}/receipt")).text
    assert (await submit(boss)).status_code == 303  # the yearly one beside it, under its own number
    numbers = (await conn.execute(select(SubmissionRound.number).order_by(SubmissionRound.number))).scalars().all()
    assert numbers == [f"2025-{uscc}-01", f"2025-{uscc}-G01"]
    officer = await client_as("officer")
    queue = (await officer.get("/reviews")).text
    assert "2025 年度高新技术企业年报" in queue
    filing = queue.split("2025 年度高新技术企业年报")[0].rsplit("/reviews/", 1)[1][:36]
    assert "年末数" in (await officer.get(f"/reviews/{filing}")).text
    assert (await officer.post(f"/reviews/{filing}/accept")).status_code == 303
    assert (await conn.execute(select(func.count()).select_from(YearlyReport))).scalar_one() == 0
    told = (await conn.execute(select(OutboxMessage.payload).where(OutboxMessage.kind == "report_accepted"))).scalars()
    assert [p["report"] for p in told] == ["2025-hnte_annual"]
    assert "照誊抄单" in (await boss.get(HNTE)).text
    sheet = (await boss.get(f"{HNTE}/copy")).text
    assert 'data-copy="GR202444001234"' in sheet
    assert 'data-copy="119"' in sheet


async def test_a_tenant_tells_it_in_thousands_and_the_yearly_form_knows_it_afterwards(boss, conn, client_as):
    await boss.post(f"{TENANT}/begin")
    page = (await boss.get(f"{TENANT}/economy")).text
    assert (value(page, "total_income"), value(page, "tenant.area"), value(page, "tenant.rd")) == (
        "40000",
        "100",
        "2500",
    )
    assert '<option value="thousand_yuan" selected>' in page
    basics = (await boss.get(f"{TENANT}/basics")).text
    assert (value(basics, "tenant.founded"), value(basics, "tenant.entered")) == ("2015-03-01", "2024-01-01")
    assert (await boss.get(f"{TENANT}/ip")).status_code == 404
    saved = await boss.post(f"{TENANT}/basics", data=typed(GRADUATED, act="auto"))
    assert "毕业企业要填毕业时间" in saved.text
    reached = typed({"tenant.phone": ("13987654321", ""), "tenant.head": ("黄工", "")})
    assert [(await boss.post(f"{TENANT}/contacts", data=reached)).status_code for _ in "ab"] == [303, 303]
    assert value((await boss.get(f"{TENANT}/contacts")).text, "tenant.phone") == "13987654321"
    assert await lies_open(conn, "13987654321") == []
    beside = await boss.get("/portal/report/2024-incubator_tenant")
    assert beside.status_code == 404
    await boss.post("/portal/report/2024-incubator_tenant/begin")
    late, year = "/portal/report/2024-incubator_tenant/economy", "/portal/report/2024"
    await boss.post(late, data=typed({"total_income": ("38000.5", "thousand_yuan")}))
    await boss.post(f"{year}/begin")
    operations = (await boss.get(f"{year}/operations")).text
    assert value(operations, "total_income") == "3800.05"
    await boss.post(f"{year}/operations", data=typed({"net_profit": ("-7", "wan_yuan"), "total_income": ("1", "yuan")}))
    page = (await boss.get(late)).text
    assert "空着的有 3 项在别处填过" in page  # the room and the capital, which were emptied, and the profit
    assert "本年度别处填的是 0.001 千元" in page
    assert (await boss.post(f"{late}/bring")).headers["location"] == late
    page = (await boss.get(late)).text
    assert (value(page, "net_profit"), value(page, "total_income")) == ("-70", "38000.5")
    assert "空着的有" not in page


async def test_who_holds_nothing_and_rents_nothing_is_asked_for_neither_and_learns_nothing(conn, client_as, api_as):
    uscc = await factories.firm(conn, "开平市普通有限公司")
    person = await clerk(conn, uscc, "firm-plain")
    client, api = await client_as(person), await api_as(person)
    home = (await client.get("/portal")).text
    assert "高新技术企业年报" not in home
    assert "在孵企业情况" not in home
    here = f"/api/v1/firms/{uscc}/figures/2025"
    for form in ("hnte_annual", "incubator_tenant", "nowhere"):
        assert (await client.post(f"/portal/report/2025-{form}/begin")).status_code == 404
        assert (await client.get(f"/portal/report/2025-{form}")).status_code == 404
        assert (await api.put(f"{here}?form={form}", json={"figures": {}})).status_code == 404
    assert (await client.get("/portal/report/2025-../begin")).status_code in (404, 422)


async def test_a_program_reaches_each_form_by_its_name(boss, conn, api_as, uscc):
    api, here = await api_as(await clerk(conn, uscc, "firm")), f"/api/v1/firms/{uscc}/figures/2025"
    key = {"idempotency-key": "one-key"}
    made = await api.put(f"{here}?form=hnte_annual", json={"figures": {"headcount": 120}}, headers=key)
    assert (made.status_code, made.json()["form"]) == (201, "hnte_annual")
    # What is not written is empty: the whole is replaced.
    assert made.json()["figures"] == {"headcount": "120"}
    other = await api.put(f"{here}?form=incubator_tenant", json={"figures": {"headcount": 120}}, headers=key)
    assert other.status_code == 422, "another form under the same key is another request"
    assert (await api.get(here)).json()["form"] == "annual"
    assert (await api.get(f"{here}?form=hnte_annual")).json()["figures"]["headcount"] == "120"
