"""A room that was closed by mistake goes on, and no day that is over is told otherwise than it was."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from app.audit.models import AuditEvent
from app.carriers import spaces
from app.carriers.joining import join
from app.carriers.occupancy import fills
from app.carriers.queries import space_of
from app.carriers.terms import SpaceEntry
from app.errors import Conflict, Refused
from tests import houses
from tests.harness import NOON

TODAY = NOON.date()
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


async def answers(conn, house, now):
    """Of every day that is over, as it is told now and as it was known on its evening."""
    days = [TODAY - 40 * DAY + n * DAY for n in range((now - TODAY).days + 40)]
    return [
        (await fills(conn, [house.id], on=day, today=now, known_on=known)).get(house.id)
        for day in days
        for known in (None, day)
    ]


@pytest.mark.parametrize(
    ("closed_on", "reopened_on"),
    [(TODAY, TODAY), (TODAY + 9 * DAY, TODAY), (TODAY + 9 * DAY, TODAY + 9 * DAY), (TODAY - 9 * DAY, TODAY)],
)
async def test_a_room_closed_by_mistake_is_opened_again_and_every_day_that_is_over_is_as_full_as_it_was(
    conn, house, by, closed_on, reopened_on
):
    room, other = await houses.space(conn, house, at=NOON - 60 * DAY), await houses.space(conn, house, "302")
    await houses.tenancy(conn, house, other, "甲队")
    later = NOON + (reopened_on - TODAY) + HOUR
    told = await answers(conn, house, reopened_on)
    await spaces.close_space(conn, house, room, on=closed_on, by=by, at=NOON)
    await spaces.reopen_space(conn, house, room, by=by, at=later)
    assert await answers(conn, house, reopened_on) == told
    held = await space_of(conn, house.id, room)
    assert held
    assert (held.closed_on, held.closed_at, held.version) == (None, None, 3)
    trail = select(AuditEvent.before, AuditEvent.after).where(AuditEvent.action == "carrier:space:reopened")
    assert (await conn.execute(trail)).one() == ({"on": f"{closed_on}"}, {"place": "A 座 3层 301"})
    await houses.tenancy(conn, house, room, "乙队", date(2026, 12, 5), None)
    with pytest.raises(Conflict, match="没有停用"):
        await spaces.reopen_space(conn, house, room, by=by, at=later)


@pytest.mark.parametrize("closed_on", [TODAY - 9 * DAY, TODAY, TODAY + 9 * DAY])
async def test_once_a_day_without_it_is_over_it_stays_closed_and_is_told_what_to_do_instead(conn, house, by, closed_on):
    room = await houses.space(conn, house, at=NOON - 60 * DAY)
    await spaces.close_space(conn, house, room, on=closed_on, by=by, at=NOON)
    too_late = NOON + (max(closed_on, TODAY) - TODAY) + DAY
    with pytest.raises(Refused, match="请新增一间同名的房间，启用日期写今天"):
        await spaces.reopen_space(conn, house, room, by=by, at=too_late)
    entry = SpaceEntry("A 座", "3", "301", (await space_of(conn, house.id, room)).area, True, opened_on=too_late.date())
    assert await spaces.add_space(conn, house, entry, by=by, at=too_late)


async def test_a_closed_room_is_not_changed_and_not_opened_beside_the_one_that_has_come_in_its_place(conn, house, by):
    room = await houses.space(conn, house)
    held = await space_of(conn, house.id, room)
    await spaces.close_space(conn, house, room, on=TODAY, by=by, at=NOON)
    renamed = SpaceEntry("A 座", "3", "399", held.area, True)
    with pytest.raises(Conflict, match=f"已登记自 {TODAY} 起停用"):
        await spaces.amend_space(conn, house, room, renamed, version=2, by=by, at=NOON)
    meanwhile = SpaceEntry("A座", "3层", "301室", held.area, True)
    again = await spaces.add_space(conn, house, meanwhile, by=by, at=NOON)
    with pytest.raises(Conflict, match="另有一间“A座 3层 301室”在用"):
        await spaces.reopen_space(conn, house, room, by=by, at=NOON)
    await spaces.close_space(conn, house, again, on=TODAY + 9 * DAY, by=by, at=NOON)
    with pytest.raises(Conflict, match="另有一间"):
        await spaces.reopen_space(conn, house, room, by=by, at=NOON)


async def test_what_was_closed_by_joining_it_with_its_other_row_stays_closed(conn, house, by):
    first, second = await houses.space(conn, house), await houses.space(conn, house, "大厅")
    kept = await join(conn, house, first, second, version=1, same=True, by=by, at=NOON)
    gone = second if kept.id == first else first
    with pytest.raises(Refused, match="合并不能撤销"):
        await spaces.reopen_space(conn, house, gone, by=by, at=NOON + HOUR)


async def test_a_closed_room_is_found_on_the_carriers_page_and_opened_by_page_and_program_and_by_no_rival(
    conn, house, clock, client_as, api_as
):
    operator, program = [await as_(await houses.operator(conn, house)) for as_ in (client_as, api_as)]
    rival = await api_as(await houses.operator(conn, await houses.carrier(conn, "别处孵化器"), "carrier-2"))
    room = await houses.space(conn, house)
    page, api = f"/carriers/{house.id}/spaces/{room}", f"/api/v1/carriers/{house.id}/spaces/{room}"
    assert "停用的房间" not in (await operator.get("/carrier")).text
    for opens in (lambda: operator.post(f"{page}/reopen"), lambda: program.post(f"{api}/reopen")):
        assert (await operator.post(f"{page}/close", data={"on": ""})).status_code == 303
        assert "停用的房间 1 间" in (await operator.get("/carrier")).text
        shown = (await operator.get(page)).text
        assert ("自 2026-11-23 起停用" in shown, "恢复启用" in shown, 'name="area"' in shown) == (True, True, False)
        assert (await rival.post(f"{api}/reopen")).status_code == 404
        assert (await opens()).status_code in (200, 303)
        assert 'name="area"' in (await operator.get(page)).text
    assert (await program.post(f"{api}/reopen")).status_code == 409
    await operator.post(f"{page}/close", data={"on": ""})
    changed = await operator.post(page, data={"room": "399", "area": "100", "exclusive": "1", "version": "6"})
    assert (changed.status_code, "资料不能再改" in changed.text) == (409, True)
    clock.at = NOON + DAY
    operator = await client_as("carrier")
    shown = (await operator.get(page)).text
    assert ("启用日期写今天" in shown, "/reopen" in shown) == (True, False)
    assert (await operator.post(f"{page}/reopen")).status_code == 409
