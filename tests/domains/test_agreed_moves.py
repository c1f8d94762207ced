"""What two agreed on: one of them alone does not take it back by way of corrections."""

from datetime import timedelta

from app.firms.queries import firm_id_by_uscc
from app.pipeline.queries import placements_of
from app.pipeline.recording import MoveOrder
from app.pipeline.service import approve, move_firm, reject
from tests import factories
from tests.harness import NOON

TODAY = NOON.date()


async def test_what_two_agreed_on_stays_theirs_whatever_one_of_them_does_in_between(conn):
    officer, colleague = await factories.person(conn, "officer"), await factories.person(conn, "officer-2")
    ladder, calendar = await factories.main_ladder(conn)
    house = {"ladder": ladder, "calendar": calendar, "policies": factories.POLICIES, "at": NOON}
    first, agreed, other, later = (TODAY - timedelta(days=days) for days in (90, 9, 8, 1))
    uscc = await factories.firm_on(conn, "tech_micro", on=first)

    async def move(to, expected, on, *, correction=False):
        order = MoveOrder(to=to, effective_on=on, reason="条件具备", expected=expected, correction=correction)
        return await move_firm(conn, uscc, order, **house, by=officer.actor)

    await approve(conn, (await move("gazelle", "tech_micro", agreed)).id, **house, by=colleague.actor)
    assert not (await move("gazelle", "gazelle", other, correction=True)).waits
    assert not (await move("eaglet", "gazelle", later)).waits
    assert not (await move("gazelle", "eaglet", other, correction=True)).waits
    for to, on in (("tech_micro", first), (None, TODAY)):
        back = await move(to, "gazelle", on, correction=True)
        assert back.waits
        placements = await placements_of(conn, await firm_id_by_uscc(conn, uscc))
        assert placements[-1] == ("gazelle", other, None)
        await reject(conn, back.id, reason="不是这样", by=colleague.actor, at=NOON)
