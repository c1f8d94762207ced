"""What two people have to grant, one person's roster asks for: it waits, and goes when the roster goes."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from app.db import Conn, Database
from app.errors import Forbidden
from app.exchange.jobs import command_actor
from app.exchange.terms import RowOutcome
from app.exchange.undoing import undo_batch
from app.files.store import FileStore
from app.firms.queries import firm_by_uscc
from app.pipeline.models import MoveRequest
from app.pipeline.queries import history
from app.pipeline.service import approve
from tests import factories
from tests.factories import Person
from tests.harness import NOON
from tests.rosters import CODE, NAME, batch, checked, imported, roster, rows

TODAY = NOON.date()
LATER = NOON + timedelta(hours=1)


@pytest.fixture
def files(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "files")


@pytest.fixture
async def officer(conn: Conn) -> Person:
    return await factories.person(conn, "officer")


def line(uscc: str, **more: Any) -> dict[str, Any]:
    return {NAME: "开平市某某有限公司", CODE: uscc, **more}


def house(ladder, calendar):
    return {"ladder": ladder, "calendar": calendar, "policies": factories.POLICIES}


async def tier_of(conn: Conn, uscc: str, who: Person) -> tuple[str | None, date | None]:
    firm = await firm_by_uscc(conn, uscc, viewer=who.viewer)
    assert firm is not None
    return firm.tier, firm.tier_since


async def requests_of(conn: Conn, uscc: str) -> list[Any]:
    """State, tier and who asked, the oldest first."""
    query = (
        select(MoveRequest.id, MoveRequest.state, MoveRequest.to_tier, MoveRequest.requester_name, MoveRequest.reason)
        .where(MoveRequest.firm_id == await factories.id_of(conn, uscc))
        .order_by(MoveRequest.requested_at, MoveRequest.id)
    )
    return list(await conn.execute(query))


async def test_a_new_firm_that_a_sheet_calls_a_leader_waits_for_a_second_officer(
    conn: Conn, database: Database, files: FileStore, officer: Person
) -> None:
    uscc = factories.code()
    done = await imported(database, files, roster(line(uscc, 当前梯队="科技领军")), by=officer.actor, name="台账.xlsx")
    assert (done.created, done.warned, done.rejected) == (1, 1, 0)
    (row,) = await rows(database, done.id)
    assert "须第二人复核" in row.messages[0]["sentence"]
    assert await tier_of(conn, uscc, officer) == (None, None)
    (asked,) = await requests_of(conn, uscc)
    assert asked[1:] == ("pending", "leader", officer.name, "名册导入：台账.xlsx")
    judged = (await conn.execute(select(MoveRequest.assessment).where(MoveRequest.id == asked.id))).scalar_one()
    missing = {path for criterion in judged["criteria"] for path in criterion["missing"]}
    assert missing
    assert not missing & {"region_code", "status"}, "what the sheet itself says is known"

    ladder, calendar = await factories.main_ladder(conn)
    with pytest.raises(Forbidden, match="自己提交"):
        await approve(conn, asked.id, **house(ladder, calendar), by=officer.actor, at=LATER)
    assert await tier_of(conn, uscc, officer) == (None, None)
    second = await factories.person(conn, "officer-2")
    await approve(conn, asked.id, **house(ladder, calendar), by=second.actor, at=LATER)
    assert await tier_of(conn, uscc, officer) == ("leader", TODAY)
    (move,) = await history(conn, await factories.id_of(conn, uscc))
    assert (move.kind.value, move.from_tier, move.to_tier) == ("entry", None, "leader")
    assert {move.actor_name, move.approver_name} == {officer.name, second.name}


async def test_a_firm_off_the_ladder_that_a_sheet_puts_above_its_first_step_waits_too(
    conn: Conn, database: Database, files: FileStore, officer: Person
) -> None:
    uscc = await factories.firm(conn, "开平市某某有限公司")
    done = await imported(database, files, roster(line(uscc, 当前梯队="瞪羚")), by=officer.actor)
    (row,) = await rows(database, done.id)
    assert row.outcome is RowOutcome.UPDATED
    assert [c["after"] for c in row.changes] == ["瞪羚企业（待第二人复核）"]
    assert await tier_of(conn, uscc, officer) == (None, None)
    assert [r[1:3] for r in await requests_of(conn, uscc)] == [("pending", "gazelle")]


async def test_the_first_step_of_the_ladder_waits_for_nobody(
    conn: Conn, database: Database, files: FileStore, officer: Person
) -> None:
    uscc = await factories.firm(conn, "开平市某某有限公司")
    await imported(database, files, roster(line(uscc, 当前梯队="科技型小微")), by=officer.actor)
    assert await tier_of(conn, uscc, officer) == ("tech_micro", TODAY)
    assert await requests_of(conn, uscc) == []


async def test_the_same_sheet_again_asks_for_nothing_more(
    conn: Conn, database: Database, files: FileStore, officer: Person
) -> None:
    known = await factories.firm(conn, "开平市某某有限公司")
    data = roster(line(factories.code(), 当前梯队="科技领军"), line(known, 当前梯队="瞪羚"))
    await imported(database, files, data, by=officer.actor)
    again = await checked(database, files, data, by=officer.actor)
    assert (again.created, again.updated, again.unchanged) == (0, 0, 2)
    assert [r.changes for r in await rows(database, again.id)] == [[], []]
    assert all("待复核" in r.messages[0]["sentence"] for r in await rows(database, again.id))
    assert len(await requests_of(conn, known)) == 1


async def test_a_sheet_taken_back_takes_back_what_it_asked_for(
    conn: Conn, database: Database, files: FileStore, officer: Person
) -> None:
    new, known = factories.code(), await factories.firm(conn, "开平市某某有限公司")
    data = roster(line(new, 当前梯队="科技领军"), line(known, 当前梯队="瞪羚"))
    done = await imported(database, files, data, by=officer.actor)
    ladder, _ = await factories.main_ladder(conn)
    undone = await undo_batch(conn, done.id, ladder=ladder, by=officer.actor, at=LATER)
    assert (undone.restored, undone.left) == (2, [])
    assert await firm_by_uscc(conn, new, viewer=officer.viewer) is None
    assert [r[1] for r in await requests_of(conn, known)] == ["rejected"]
    assert await tier_of(conn, known, officer) == (None, None)
    again = await checked(database, files, data, by=officer.actor)
    assert (again.created, again.updated) == (1, 1)


async def test_what_a_second_person_has_granted_is_not_taken_back_with_the_sheet(
    conn: Conn, database: Database, files: FileStore, officer: Person
) -> None:
    uscc = factories.code()
    done = await imported(database, files, roster(line(uscc, 当前梯队="科技领军")), by=officer.actor)
    (asked,) = await requests_of(conn, uscc)
    ladder, calendar = await factories.main_ladder(conn)
    second = await factories.person(conn, "officer-2")
    await approve(conn, asked.id, **house(ladder, calendar), by=second.actor, at=LATER)
    undone = await undo_batch(conn, done.id, ladder=ladder, by=officer.actor, at=LATER + timedelta(hours=1))
    assert (undone.restored, [str(row) for row in undone.left]) == (0, ["第 2 行 开平市某某有限公司"])
    assert await tier_of(conn, uscc, officer) == ("leader", TODAY)
    assert uscc is not None
    assert (await batch(database, done.id)).state.value == "applied", "of which nothing was taken back"


async def test_a_sheet_from_the_command_line_asks_in_the_system_s_name(
    conn: Conn, database: Database, files: FileStore, officer: Person
) -> None:
    uscc = factories.code()
    done = await imported(
        database, files, roster(line(uscc, 当前梯队="科技领军")), by=command_actor(officer.viewer.scope)
    )
    assert done.created == 1
    (asked,) = await requests_of(conn, uscc)
    ladder, calendar = await factories.main_ladder(conn)
    await approve(conn, asked.id, **house(ladder, calendar), by=officer.actor, at=LATER)
    assert await tier_of(conn, uscc, officer) == ("leader", TODAY)
