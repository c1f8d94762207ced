"""A roster and the ladder: who enters, from when, and who is left where they are."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from app.db import Conn, Database
from app.exchange.undoing import undo_batch
from app.files.store import FileStore
from app.firms.queries import firm_by_uscc
from app.pipeline.queries import history, pending_moves, placements_of
from app.pipeline.service import approve
from tests import factories
from tests.factories import Person
from tests.harness import NOON
from tests.rosters import CODE, DATA, NAME, imported, roster, rows

TODAY = NOON.date()
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


async def granted(conn: Conn, uscc: str) -> None:
    """A second officer says yes to what the roster asked for: a firm that was here before moves by the one rule."""
    second = await factories.person(conn, "officer-second")
    (asked,) = await pending_moves(conn, viewer=second.viewer, firm_id=await factories.id_of(conn, uscc))
    ladder, calendar = await factories.main_ladder(conn)
    policies = factories.POLICIES
    await approve(conn, asked.id, ladder=ladder, policies=policies, calendar=calendar, by=second.actor, at=NOON)


async def test_a_firm_enters_its_tier_with_a_move_that_says_why(
    conn: Conn, database: Database, files: FileStore, officer: Person
) -> None:
    uscc = factories.code()
    await imported(database, files, roster(line(uscc, 当前梯队="雏鹰")), by=officer.actor, name="台账.xlsx")
    firm = await detail(conn, uscc, officer)
    (move,) = await history(conn, firm.id)
    assert (firm.tier, firm.tier_since) == ("eaglet", TODAY)
    assert (move.kind.value, move.to_tier, move.reason, move.actor_name) == (
        "entry",
        "eaglet",
        "名册导入：台账.xlsx",
        officer.name,
    )
    assert await placements_of(conn, firm.id) == [("eaglet", TODAY, None)]


async def test_a_holder_of_a_certificate_enters_from_the_day_it_was_issued(
    conn: Conn, database: Database, files: FileStore, officer: Person
) -> None:
    uscc = factories.code()
    await imported(database, files, roster(line(uscc, 当前梯队="高企", **HELD)), by=officer.actor)
    firm = await detail(conn, uscc, officer)
    assert (firm.tier, firm.tier_since) == ("hnte", date(2024, 11, 28))
    assert firm.stale_on is not None
    assert firm.stale_on > TODAY


@pytest.mark.parametrize(
    ("certificate", "said"),
    [
        ({}, "没有登记过高企证书"),
        ({**HELD, "高企发证日期": "2020-01-01"}, "失效"),
        ({**HELD, "高企发证日期": "2026-12-01"}, "晚于"),
    ],
)
async def test_without_a_certificate_in_force_the_firm_arrives_and_is_not_placed(
    conn: Conn,
    database: Database,
    files: FileStore,
    officer: Person,
    certificate: Mapping[str, str],
    said: str,
) -> None:
    uscc = factories.code()
    done = await imported(database, files, roster(line(uscc, 当前梯队="高企", **certificate)), by=officer.actor)
    assert (done.created, done.warned, done.rejected) == (1, 1, 0)
    (row,) = await rows(database, done.id)
    sentence = row.messages[0]["sentence"]
    assert sentence.startswith("企业会导入，但不会进入“")  # read in the preview, before anything was imported
    assert said in sentence
    assert (await detail(conn, uscc, officer)).tier is None


async def test_a_certificate_already_on_file_opens_the_gate(
    conn: Conn, database: Database, files: FileStore, officer: Person
) -> None:
    uscc = await factories.firm(conn, "开平市某某有限公司")
    await factories.certificate(conn, uscc, issued_on=date(2025, 6, 1))
    done = await imported(database, files, roster(line(uscc, 当前梯队="高企")), by=officer.actor)
    assert done.updated == 1
    await granted(conn, uscc)
    assert (await detail(conn, uscc, officer)).tier_since == date(2025, 6, 1)


async def test_a_firm_on_another_tier_is_not_moved_and_the_row_says_where_moves_are_made(
    conn: Conn, database: Database, files: FileStore, officer: Person
) -> None:
    uscc = await factories.firm_on(conn, "tech_micro", name="开平市某某有限公司")
    done = await imported(database, files, roster(line(uscc, 当前梯队="瞪羚")), by=officer.actor)
    assert (done.unchanged, done.warned) == (1, 1)
    (row,) = await rows(database, done.id)
    assert "看板" in row.messages[0]["sentence"]
    assert (await detail(conn, uscc, officer)).tier == "tech_micro"


async def test_a_firm_that_waits_for_a_second_person_is_left_to_them(
    conn: Conn, database: Database, files: FileStore, officer: Person
) -> None:
    from app.pipeline.recording import MoveOrder
    from app.pipeline.service import move_firm

    uscc = await factories.firm(conn, "开平市某某有限公司")
    ladder, calendar = await factories.main_ladder(conn)
    order = MoveOrder(to="gazelle", effective_on=TODAY, reason="条件具备", expected=None)
    assert (
        await move_firm(
            conn, uscc, order, ladder=ladder, policies=factories.POLICIES, calendar=calendar, by=officer.actor, at=NOON
        )
    ).waits
    done = await imported(database, files, roster(line(uscc, 当前梯队="雏鹰")), by=officer.actor)
    (row,) = await rows(database, done.id)
    assert "待复核" in row.messages[0]["sentence"]
    assert (await detail(conn, uscc, officer)).tier is None


async def test_a_firm_that_once_left_comes_back_without_an_overlap(
    conn: Conn, database: Database, files: FileStore, officer: Person
) -> None:
    uscc = await factories.firm_on(conn, "hnte", on=date(2025, 1, 10), name="开平市某某有限公司")
    await factories.move(conn, uscc, None, on=date(2026, 3, 1), expected="hnte")
    await imported(database, files, roster(line(uscc, 当前梯队="高企")), by=officer.actor)
    await granted(conn, uscc)
    firm = await detail(conn, uscc, officer)
    assert [p[1:] for p in await placements_of(conn, firm.id)] == [
        (date(2025, 1, 10), date(2026, 3, 1)),
        (date(2026, 3, 1), None),
    ]


async def test_the_counters_agree_with_the_firms(
    conn: Conn, database: Database, files: FileStore, officer: Person
) -> None:
    data = (DATA / "roster-sample.xlsx").read_bytes()
    done = await imported(database, files, data, by=officer.actor)
    counted = text(
        "SELECT tier, region_code, sum(n) FROM tier_count_deltas GROUP BY 1, 2 HAVING sum(n) <> 0 ORDER BY 1, 2"
    )
    actual = text("SELECT coalesce(tier, ''), region_code, count(*) FROM firms GROUP BY 1, 2 ORDER BY 1, 2")
    assert (await conn.execute(counted)).all() == (await conn.execute(actual)).all()
    ladder, _ = await factories.main_ladder(conn)
    await undo_batch(conn, done.id, ladder=ladder, by=officer.actor, at=NOON)
    assert (await conn.execute(counted)).all() == []
