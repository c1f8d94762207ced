"""A number of a carrier is one number wherever it stands, and says of which day it is."""

import csv
import io
import re
from datetime import date
from decimal import Decimal

from sqlalchemy import update

from app.carriers.models import TenancyRow
from app.carriers.terms import Areas
from tests import factories, houses


async def test_a_floor_is_as_full_as_the_whole_house_that_has_no_other(conn, client_as):
    held = await houses.carrier(conn)
    hall = await houses.space(conn, held, "大厅", area="180", exclusive=False, capacity=24)
    await houses.tenancy(conn, held, hall, "示例团队", seats=7)
    page = (await (await client_as("officer")).get(f"/carriers/{held.id}")).text
    assert re.findall(r"使用率</span> <b>([^<]+)<|已用 ([\d.]+%)", page) == [("29.2%", ""), ("", "29.2%")]
    assert "<b>52.5 / 180</b>" in page
    await houses.space(conn, held, "厂房", area="1234567.5")
    assert "<b>52.5 / 1,234,747.5</b>" in (await (await client_as("officer")).get(f"/carriers/{held.id}")).text


async def test_a_form_of_an_earlier_year_says_that_the_carriers_own_areas_are_those_of_now(conn, client_as):
    bare = await houses.carrier(conn, "没有登记面积的孵化器")
    held = await houses.carrier(conn, areas=Areas(total=Decimal(2000)))
    officer = await client_as("officer")
    notes = []
    for one in (bare, held):
        await houses.tenancy(conn, one, await houses.space(conn, one), await factories.firm(conn), date(2024, 1, 1))
        sent = await officer.post(
            f"/carriers/{one.id}/collections",
            data={"period": "2025", "due_on": "2026-12-05", "idempotency_key": f"{one.id}"},
        )
        assert sent.status_code == 303
        page = (await officer.get(f"{sent.headers['location']}/statistics")).text
        assert "面积、导师等是 2025-12-31 的" in page
        notes.append("载体的总面积和各类用房面积按登记的最新数" in page)
    assert notes == [False, True]


async def test_the_list_asks_for_as_much_as_each_carriers_own_page(conn, client_as):
    busy, idle = await houses.carrier(conn, "忙碌孵化器"), await houses.carrier(conn, "清闲孵化器")
    # Over, over in ninety days, a day later; a clock of which twelve months are left, and one of a day more.
    leases = (date(2026, 10, 31), date(2027, 2, 21), date(2027, 2, 22), None, None)
    rows = [
        await houses.tenancy(conn, busy, await houses.space(conn, busy, f"30{n}"), f"团队{n}", until=until)
        for n, until in enumerate(leases)
    ]
    for row, since in zip(rows[-2:], (date(2023, 11, 23), date(2023, 11, 24)), strict=True):
        clock = update(TenancyRow).where(TenancyRow.id == row)
        await conn.execute(
            clock.values(incubating_since=since, clock_since=since, limit_months=48, limit_basis="300号")
        )
    await houses.tenancy(conn, idle, await houses.space(conn, idle), "清闲团队", until=date(2027, 12, 31))
    officer = await client_as("officer")
    for due_on in ("2026-11-12", "2026-12-31"):
        owed = {"what": f"{due_on} 的报送", "due_on": due_on, "idempotency_key": due_on}
        assert (await officer.post(f"/carriers/{busy.id}/duties", data=owed)).status_code == 303
    listed = (await officer.get("/carriers")).text
    assert re.findall(r'href="/carriers/([^"#]+)#h-due">(要办的 \d 件)', listed) == [(f"{busy.id}", "要办的 4 件")]
    own = (await officer.get(f"/carriers/{busy.id}")).text
    assert re.search(r'id="h-due">要办的 <small>(\d 件)', own)[1] == "4 件"


async def test_an_empty_hall_has_no_seat_taken_on_any_day_in_list_file_and_api(conn, client_as, api_as):
    held = await houses.carrier(conn, opened_on=date(2022, 1, 1))
    hall = await houses.space(conn, held, "大厅", area="180", exclusive=False, capacity=24)
    await houses.space(conn, held, "空厅", area="90", exclusive=False, capacity=10)
    await houses.tenancy(conn, held, hall, "示例团队", date(2026, 7, 1), None, seats=7)
    officer, program = await client_as("officer"), await api_as("officer")
    for on, taken, percent in (("2026-06-01", "0", "0"), ("2026-11-23", "7", "19.4"), ("2028-01-01", "7", "19.4")):
        file = (await officer.post(f"/carriers/export.csv?on={on}")).content.decode("utf-8-sig")
        row = next(csv.DictReader(io.StringIO(file)))
        assert (row["工位"], row["已用工位"], row["使用率（%）"]) == ("34", taken, percent)
        told = (await program.get(f"/api/v1/carriers/{held.id}/occupancy?on={on}")).json()
        assert (told["seats"], told["seats_let"]) == (34, int(taken))
        assert f"{percent}%" in (await officer.get(f"/carriers?on={on}")).text
