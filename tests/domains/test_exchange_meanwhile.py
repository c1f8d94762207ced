"""Between preview and import: what changed meanwhile is reported and left alone."""

from pathlib import Path
from typing import Any

import pytest

from app.db import Conn, Database
from app.exchange import service
from app.exchange.jobs import run_waiting_imports
from app.exchange.terms import BatchState
from app.files.store import FileStore
from app.firms.queries import firm_by_uscc
from app.firms.service import FirmEntry, edit
from tests import factories
from tests.factories import Person
from tests.harness import NOON
from tests.rosters import CODE, DATA, NAME, batch, checked, confirmed, roster, rows


@pytest.fixture
def files(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "files")


@pytest.fixture
async def officer(conn: Conn) -> Person:
    return await factories.person(conn, "officer")


async def detail(conn: Conn, uscc: str, who: Person) -> Any:
    firm = await firm_by_uscc(conn, uscc, viewer=who.viewer)
    assert firm is not None
    return firm


def line(uscc: str, **more: Any) -> dict[str, Any]:
    return {NAME: "开平市某某有限公司", CODE: uscc, **more}


async def test_a_firm_edited_meanwhile_is_reported_and_the_rest_is_done(
    conn: Conn, database: Database, files: FileStore, officer: Person
) -> None:
    edited = await factories.firm(conn, "开平市某某有限公司")
    quiet = await factories.firm(conn, "开平市某某有限公司")
    data = roster(line(edited, 备注="名册"), line(quiet, 备注="名册"), line(factories.code()))
    done = await checked(database, files, data, by=officer.actor)
    firm = await detail(conn, edited, officer)
    await edit(conn, firm, FirmEntry({"remark": "专员"}), version=firm.version, by=officer.actor, at=NOON)
    after = await confirmed(database, files, done, by=officer.actor)
    assert (after.state, after.created, after.updated, after.rejected) == (BatchState.APPLIED, 1, 1, 1)
    (row,) = await rows(database, done.id, "rejected")
    assert "预览之后有人改过" in row.messages[-1]["sentence"]
    assert (await detail(conn, edited, officer)).remark == "专员"
    assert (await detail(conn, quiet, officer)).remark == "名册"


async def test_a_code_registered_meanwhile_is_reported(
    conn: Conn, database: Database, files: FileStore, officer: Person
) -> None:
    uscc = factories.code()
    done = await checked(database, files, roster(line(uscc)), by=officer.actor)
    await factories.firm(conn, "别人先登记的", uscc=uscc)
    after = await confirmed(database, files, done, by=officer.actor)
    assert (after.created, after.rejected) == (0, 1)
    assert (await detail(conn, uscc, officer)).name == "别人先登记的"


async def test_a_firm_moved_meanwhile_stays_where_it_was_moved(
    conn: Conn, database: Database, files: FileStore, officer: Person
) -> None:
    uscc = await factories.firm(conn, "开平市某某有限公司")
    done = await checked(database, files, roster(line(uscc, 当前梯队="雏鹰")), by=officer.actor)
    await factories.move(conn, uscc, "tech_micro")
    await confirmed(database, files, done, by=officer.actor)
    assert (await detail(conn, uscc, officer)).tier == "tech_micro"


async def test_two_imports_of_the_same_file_write_it_once(
    conn: Conn, database: Database, files: FileStore, officer: Person
) -> None:
    data = (DATA / "roster-sample.xlsx").read_bytes()
    first = await checked(database, files, data, by=officer.actor)
    second = await checked(database, files, data, by=officer.actor)
    assert first.created == second.created == 392
    for done in (first, second):
        await service.confirm(conn, done.id, by=officer.actor, at=NOON)
    assert await run_waiting_imports(database, files, at=NOON) == 2
    assert (await batch(database, first.id)).created == 392
    late = await batch(database, second.id)
    assert (late.state, late.created, late.unchanged, late.rejected) == (BatchState.APPLIED, 0, 392, 8)


async def test_a_slow_worker_that_gives_up_leaves_alone_what_another_has_finished(
    conn: Conn, database: Database, files: FileStore, officer: Person
) -> None:
    done = await checked(database, files, roster(line(factories.code())), by=officer.actor)
    await service.refuse(conn, done.id, "读不了")
    seen = await batch(database, done.id)
    assert (seen.state, seen.sentence) == (BatchState.PREVIEW, None)
    await confirmed(database, files, done, by=officer.actor)
    await service.step_back(conn, done.id, BatchState.APPLYING, "写入时出错")
    seen = await batch(database, done.id)
    assert (seen.state, seen.sentence) == (BatchState.APPLIED, None)
