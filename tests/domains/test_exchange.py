"""Rosters into the registry: previewed, confirmed, applied whole, never over somebody's head, and taken back."""

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text

from app.db import Conn, Database
from app.errors import Conflict
from app.exchange import leases, service
from app.exchange.jobs import run_waiting_imports
from app.exchange.queries import BatchRow
from app.exchange.terms import BatchState, RowOutcome
from app.exchange.undoing import undo_batch
from app.files.store import FileStore
from app.firms.models import Firm
from app.firms.queries import firm_by_uscc
from app.firms.terms import ContactDetails
from tests import factories
from tests.factories import Person
from tests.harness import NOON
from tests.rosters import CODE, DATA, NAME, batch, checked, confirmed, imported, roster, rows, uploaded

HELD = {"高企证书编号": "GR202444001918", "高企发证日期": "2024-11-28"}


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


async def test_every_row_of_the_real_list_arrives(database: Database, files: FileStore, officer: Person) -> None:
    done = await imported(
        database, files, (DATA / "firms-real.xlsx").read_bytes(), by=officer.actor, name="firms-real.xlsx"
    )
    assert done.state is BatchState.APPLIED
    assert done.counts == {"created": 106, "updated": 0, "unchanged": 0, "warned": 0, "rejected": 0}
    async with database.reading() as conn:
        found = (await conn.execute(select(Firm.region_code, func.count()).group_by(Firm.region_code))).all()
    assert found == [("440783", 106)]


BAD = json.loads((DATA / "roster-sample.bad-rows.json").read_text())
WARNED = {"20"}  # the one that is only warned about


@pytest.mark.parametrize(("name", "header_row"), [("roster-sample.xlsx", 2), ("roster-sample-gbk.csv", 1)])
async def test_exactly_the_bad_rows_of_the_sample_are_refused(
    database: Database, files: FileStore, officer: Person, name: str, header_row: int
) -> None:
    """The rows are numbered by the list's own 序号; the workbook has its header a line lower than its twin."""
    done = await checked(database, files, (DATA / name).read_bytes(), by=officer.actor, name=name)
    refused = {str(r.row_no - header_row) for r in await rows(database, done.id, "rejected")}
    assert refused == set(BAD) - WARNED
    assert (done.created, done.rejected, done.total) == (392, 8, 400)
    warned = {
        str(r.row_no - header_row)
        for r in await rows(database, done.id, "warned")
        if any(m["field"] == "uscc" for m in r.messages)
    }
    assert warned == WARNED


async def test_the_gb18030_twin_says_the_same_as_the_workbook(
    database: Database, files: FileStore, officer: Person
) -> None:
    told = []
    for name in ("roster-sample.xlsx", "roster-sample-gbk.csv"):
        done = await checked(database, files, (DATA / name).read_bytes(), by=officer.actor, name=name)
        told.append([(r.outcome, r.uscc, r.name, said(r), len(r.messages)) for r in await rows(database, done.id)])
    assert told[0] == told[1]


def said(row: BatchRow) -> list[Mapping[str, str]]:
    """What a row changes, but for the remark that names its file."""
    return [c for c in row.changes if c["field"] != "uscc_override"]


async def test_importing_the_sample_again_changes_nothing(
    database: Database, files: FileStore, officer: Person
) -> None:
    data = (DATA / "roster-sample.xlsx").read_bytes()
    first = await imported(database, files, data, by=officer.actor)
    again = await checked(database, files, data, by=officer.actor)
    assert (again.created, again.updated, again.unchanged) == (0, 0, first.created)


async def test_a_preview_writes_no_firm(conn: Conn, database: Database, files: FileStore, officer: Person) -> None:
    done = await checked(database, files, roster(line(factories.code())), by=officer.actor)
    assert done.state is BatchState.PREVIEW
    assert (await conn.execute(select(func.count()).select_from(Firm))).scalar_one() == 0


async def test_an_empty_cell_erases_nothing_and_a_full_one_is_shown_before_and_after(
    conn: Conn, database: Database, files: FileStore, officer: Person
) -> None:
    uscc = await factories.firm(conn, "开平市某某有限公司", park="翠山湖", remark="旧", registered_on=date(2015, 3, 1))
    data = roster(line(uscc, 备注="新", 所属园区=None, 成立日期=None))
    done = await checked(database, files, data, by=officer.actor)
    (row,) = await rows(database, done.id)
    assert row.outcome is RowOutcome.UPDATED
    assert row.changes == [{"field": "remark", "label": "备注", "before": "旧", "after": "新"}]
    await confirmed(database, files, done, by=officer.actor)
    firm = await detail(conn, uscc, officer)
    assert (firm.remark, firm.park, firm.registered_on) == ("新", "翠山湖", date(2015, 3, 1))


async def test_a_new_name_is_taken_and_the_old_one_stays_findable(
    conn: Conn, database: Database, files: FileStore, officer: Person
) -> None:
    uscc = await factories.firm(conn, "开平市旧名有限公司")
    await imported(database, files, roster({NAME: "开平市新名有限公司", CODE: uscc}), by=officer.actor)
    firm = await detail(conn, uscc, officer)
    assert (firm.name, firm.former_names) == ("开平市新名有限公司", ("开平市旧名有限公司",))


async def test_the_roster_s_person_joins_those_already_known(
    conn: Conn, database: Database, files: FileStore, officer: Person
) -> None:
    known = [ContactDetails("张三", "1", "经理", "z@example.invalid"), ContactDetails("李四", "2")]
    uscc = await factories.firm(conn, "开平市某某有限公司", contacts=known)
    await imported(database, files, roster(line(uscc, 联系人="李四", 联系电话="13900000000")), by=officer.actor)
    assert (await detail(conn, uscc, officer)).contacts == (known[0], ContactDetails("李四", "13900000000"))
    await imported(database, files, roster(line(uscc, 联系电话="13700000000")), by=officer.actor)
    firm = await detail(conn, uscc, officer)
    assert firm.contacts[0] == ContactDetails("张三", "13700000000", "经理", "z@example.invalid")
    await imported(database, files, roster(line(uscc, 联系人="王五")), by=officer.actor)
    assert [c.name for c in (await detail(conn, uscc, officer)).contacts] == ["王五", "李四"]


async def test_a_failing_check_character_is_warned_about_and_recorded_with_the_file_s_name(
    conn: Conn, database: Database, files: FileStore, officer: Person
) -> None:
    uscc = "91440783M989834700"
    done = await imported(database, files, roster(line(uscc)), by=officer.actor, name="台账.xlsx")
    assert (done.created, done.warned) == (1, 1)
    assert (await detail(conn, uscc, officer)).uscc_override == "名册导入：台账.xlsx"


async def test_steps_come_only_in_order(conn: Conn, database: Database, files: FileStore, officer: Person) -> None:
    ladder, _ = await factories.main_ladder(conn)
    done = await checked(database, files, roster(line(factories.code())), by=officer.actor)
    with pytest.raises(Conflict, match="待确认"):
        await undo_batch(conn, done.id, ladder=ladder, by=officer.actor, at=NOON)
    await confirmed(database, files, done, by=officer.actor)
    with pytest.raises(Conflict, match="已导入"):
        await service.confirm(conn, done.id, by=officer.actor, at=NOON)
    with pytest.raises(Conflict):
        await service.discard(conn, done.id, by=officer.actor, at=NOON)
    await undo_batch(conn, done.id, ladder=ladder, by=officer.actor, at=NOON)
    with pytest.raises(Conflict, match="已撤销"):
        await undo_batch(conn, done.id, ladder=ladder, by=officer.actor, at=NOON)


async def test_a_discarded_batch_keeps_no_rows(
    conn: Conn, database: Database, files: FileStore, officer: Person
) -> None:
    done = await checked(database, files, roster(line(factories.code())), by=officer.actor)
    await service.discard(conn, done.id, by=officer.actor, at=NOON)
    assert await rows(database, done.id) == []


@pytest.mark.parametrize(
    ("data", "name", "said"),
    [
        (b"PK\x03\x04" + bytes(200), "名册.xlsx", "损坏"),
        (b"\xe4\xbb\x8a\xe5\xa4\xa9,\xe5\xa4\xa9\xe6\xb0\x94\n", "名册.csv", "没有找到表头"),
        (f"{NAME},{CODE}\n".encode(), "名册.csv", "没有企业"),
    ],
)
async def test_a_file_that_cannot_be_read_gets_its_sentence(
    database: Database, files: FileStore, officer: Person, data: bytes, name: str, said: str
) -> None:
    done = await checked(database, files, data, by=officer.actor, name=name)
    assert done.state is BatchState.UNREADABLE
    assert said in (done.sentence or "")


async def test_what_no_database_takes_is_refused_with_a_sentence_and_shown_with_a_mark(
    database: Database, files: FileStore, officer: Person
) -> None:
    lines = [f"{name},{factories.code()}" for name in ("甲\x00公司", "长" * 10_000, "<b>乙</b>")]
    data = "\n".join([f"{NAME},{CODE}", *lines]).encode()
    done = await imported(database, files, data, by=officer.actor, name="名册.csv")
    assert (done.created, done.rejected) == (1, 2)
    names = [r.name for r in await rows(database, done.id)]
    assert names == ["", "", "<b>乙</b>"]


async def test_a_batch_whose_worker_died_is_taken_up_when_its_lease_has_run_out(
    database: Database, files: FileStore, officer: Person
) -> None:
    batch_id = await uploaded(database, files, roster(line(factories.code())), by=officer.actor)
    async with database.transaction() as conn:
        assert await leases.claim(conn, at=NOON) == batch_id
    async with database.transaction() as conn:
        assert await leases.claim(conn, at=NOON + leases.LEASE / 2) is None
    assert await run_waiting_imports(database, files, at=NOON + leases.LEASE * 2) == 1
    assert (await batch(database, batch_id)).state is BatchState.PREVIEW


async def test_everything_an_import_does_is_in_the_trail(
    conn: Conn, database: Database, files: FileStore, officer: Person
) -> None:
    uscc = factories.code()
    await imported(database, files, roster(line(uscc, 当前梯队="高企", **HELD)), by=officer.actor)
    found = await conn.execute(
        text("SELECT action, object_label FROM audit_events WHERE actor_id = :id"), {"id": officer.id}
    )
    told = dict(found.all())
    assert all(told.values()), "each says of whom or of what, also when that is gone"
    assert set(told) == {
        "import:batch:uploaded",
        "import:batch:confirmed",
        "import:batch:applied",
        "firm:record:created",
        "firm:certificate:recorded",
        "firm:tier:moved",
    }
