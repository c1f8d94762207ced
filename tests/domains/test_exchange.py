"""Rosters into the registry: previewed, confirmed, applied whole, never over somebody's head, and taken back."""

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text, update

from app.access.models import User
from app.db import Conn, Database
from app.errors import Conflict, Forbidden, NotFound
from app.exchange import service
from app.exchange.jobs import run_waiting_imports
from app.exchange.queries import BatchRow, list_batches
from app.exchange.terms import BatchState, RowOutcome
from app.exchange.undoing import undo_batch
from app.files.store import FileStore
from app.firms.models import Firm
from app.firms.queries import firm_by_uscc
from app.firms.service import FirmEntry, edit
from app.firms.terms import ContactDetails
from app.pipeline.queries import history, placements_of
from tests import factories
from tests.factories import OTHER_TOWN, TOWN, Person
from tests.harness import NOON
from tests.rosters import CODE, DATA, NAME, batch, checked, confirmed, imported, roster, rows, uploaded

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


class TestTheLadder:
    async def test_a_firm_enters_its_tier_with_a_move_that_says_why(
        self, conn: Conn, database: Database, files: FileStore, officer: Person
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
        self, conn: Conn, database: Database, files: FileStore, officer: Person
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
        self,
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
        assert said in row.messages[0]["sentence"]
        assert (await detail(conn, uscc, officer)).tier is None

    async def test_a_certificate_already_on_file_opens_the_gate(
        self, conn: Conn, database: Database, files: FileStore, officer: Person
    ) -> None:
        uscc = await factories.firm(conn, "开平市某某有限公司")
        await factories.certificate(conn, uscc, issued_on=date(2025, 6, 1))
        done = await imported(database, files, roster(line(uscc, 当前梯队="高企")), by=officer.actor)
        assert done.updated == 1
        assert (await detail(conn, uscc, officer)).tier_since == date(2025, 6, 1)

    async def test_a_firm_on_another_tier_is_not_moved_and_the_row_says_where_moves_are_made(
        self, conn: Conn, database: Database, files: FileStore, officer: Person
    ) -> None:
        uscc = await factories.firm_on(conn, "tech_micro", name="开平市某某有限公司")
        done = await imported(database, files, roster(line(uscc, 当前梯队="瞪羚")), by=officer.actor)
        assert (done.unchanged, done.warned) == (1, 1)
        (row,) = await rows(database, done.id)
        assert "看板" in row.messages[0]["sentence"]
        assert (await detail(conn, uscc, officer)).tier == "tech_micro"

    async def test_a_firm_that_waits_for_a_second_person_is_left_to_them(
        self, conn: Conn, database: Database, files: FileStore, officer: Person
    ) -> None:
        from app.pipeline.recording import MoveOrder
        from app.pipeline.service import move_firm

        uscc = await factories.firm(conn, "开平市某某有限公司")
        ladder, calendar = await factories.main_ladder(conn)
        order = MoveOrder(to="gazelle", effective_on=TODAY, reason="条件具备", expected=None)
        assert (await move_firm(conn, uscc, order, ladder=ladder, calendar=calendar, by=officer.actor, at=NOON)).waits
        done = await imported(database, files, roster(line(uscc, 当前梯队="雏鹰")), by=officer.actor)
        (row,) = await rows(database, done.id)
        assert "待复核" in row.messages[0]["sentence"]
        assert (await detail(conn, uscc, officer)).tier is None

    async def test_a_firm_that_once_left_comes_back_without_an_overlap(
        self, conn: Conn, database: Database, files: FileStore, officer: Person
    ) -> None:
        uscc = await factories.firm_on(conn, "hnte", on=date(2025, 1, 10), name="开平市某某有限公司")
        await factories.move(conn, uscc, None, on=date(2026, 3, 1), expected="hnte")
        await imported(database, files, roster(line(uscc, 当前梯队="高企")), by=officer.actor)
        firm = await detail(conn, uscc, officer)
        assert [p[1:] for p in await placements_of(conn, firm.id)] == [
            (date(2025, 1, 10), date(2026, 3, 1)),
            (date(2026, 3, 1), None),
        ]

    async def test_the_counters_agree_with_the_firms(
        self, conn: Conn, database: Database, files: FileStore, officer: Person
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


class TestScope:
    async def test_a_firm_without_a_town_belongs_to_the_officer_s_own_division(
        self, conn: Conn, database: Database, files: FileStore
    ) -> None:
        local = await factories.person(conn, "officer-local", scope=TOWN)
        uscc = factories.code()
        await imported(database, files, roster(line(uscc)), by=local.actor)
        assert (await detail(conn, uscc, local)).region_code == TOWN

    async def test_a_code_of_a_firm_out_of_sight_is_refused_without_a_word_about_it(
        self, conn: Conn, database: Database, files: FileStore, officer: Person
    ) -> None:
        uscc = await factories.firm(conn, "秘密有限公司", region=OTHER_TOWN, remark="机密")
        local = await factories.person(conn, "officer-local", scope=TOWN)
        done = await imported(database, files, roster(line(uscc, 备注="改掉")), by=local.actor)
        (row,) = await rows(database, done.id)
        told = json.dumps([row.changes, row.messages, dict(row.values)], ensure_ascii=False)
        assert (row.outcome, row.firm_id) == (RowOutcome.REJECTED, None)
        assert "秘密" not in told
        assert "机密" not in told
        assert (await detail(conn, uscc, officer)).remark == "机密"

    async def test_a_certificate_of_a_firm_out_of_sight_is_not_taken_from_it(
        self, conn: Conn, database: Database, files: FileStore
    ) -> None:
        other = await factories.firm(conn, "秘密有限公司", region=OTHER_TOWN)
        number = await factories.certificate(conn, other)
        local = await factories.person(conn, "officer-local", scope=TOWN)
        data = roster(line(factories.code(), 高企证书编号=number, 高企发证日期="2025-01-01"))
        done = await imported(database, files, data, by=local.actor)
        (row,) = await rows(database, done.id)
        assert (done.created, done.warned) == (1, 1)
        assert "秘密" not in row.messages[0]["sentence"]

    async def test_batches_are_seen_by_those_who_see_their_uploader_s_division(
        self, conn: Conn, database: Database, files: FileStore, officer: Person
    ) -> None:
        local = await factories.person(conn, "officer-local", scope=TOWN)
        theirs = await checked(database, files, roster(line(factories.code())), by=officer.actor)
        own = await checked(database, files, roster(line(factories.code())), by=local.actor)
        assert [b.id for b in await list_batches(conn, viewer=local.viewer)] == [own.id]
        assert {b.id for b in await list_batches(conn, viewer=officer.viewer)} == {own.id, theirs.id}
        with pytest.raises(NotFound):
            await service.discard(conn, theirs.id, by=local.actor, at=NOON)

    async def test_only_the_uploader_confirms(
        self, conn: Conn, database: Database, files: FileStore, officer: Person
    ) -> None:
        done = await checked(database, files, roster(line(factories.code())), by=officer.actor)
        other = await factories.person(conn, "officer-other")
        with pytest.raises(Forbidden):
            await service.confirm(conn, done.id, by=other.actor, at=NOON)

    async def test_an_account_that_was_closed_meanwhile_imports_nothing(
        self, conn: Conn, database: Database, files: FileStore, officer: Person
    ) -> None:
        done = await checked(database, files, roster(line(factories.code())), by=officer.actor)
        await service.confirm(conn, done.id, by=officer.actor, at=NOON)
        await conn.execute(update(User).where(User.id == officer.id).values(active=False))
        await run_waiting_imports(database, files, at=NOON)
        after = await batch(database, done.id)
        assert after.state is BatchState.PREVIEW
        assert "停用" in (after.sentence or "")


class TestBetweenPreviewAndImport:
    async def test_a_firm_edited_meanwhile_is_reported_and_the_rest_is_done(
        self, conn: Conn, database: Database, files: FileStore, officer: Person
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
        self, conn: Conn, database: Database, files: FileStore, officer: Person
    ) -> None:
        uscc = factories.code()
        done = await checked(database, files, roster(line(uscc)), by=officer.actor)
        await factories.firm(conn, "别人先登记的", uscc=uscc)
        after = await confirmed(database, files, done, by=officer.actor)
        assert (after.created, after.rejected) == (0, 1)
        assert (await detail(conn, uscc, officer)).name == "别人先登记的"

    async def test_a_firm_moved_meanwhile_stays_where_it_was_moved(
        self, conn: Conn, database: Database, files: FileStore, officer: Person
    ) -> None:
        uscc = await factories.firm(conn, "开平市某某有限公司")
        done = await checked(database, files, roster(line(uscc, 当前梯队="雏鹰")), by=officer.actor)
        await factories.move(conn, uscc, "tech_micro")
        await confirmed(database, files, done, by=officer.actor)
        assert (await detail(conn, uscc, officer)).tier == "tech_micro"

    async def test_two_imports_of_the_same_file_write_it_once(
        self, conn: Conn, database: Database, files: FileStore, officer: Person
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
        assert await service.claim(conn, at=NOON) == batch_id
    async with database.transaction() as conn:
        assert await service.claim(conn, at=NOON + service.LEASE / 2) is None
    assert await run_waiting_imports(database, files, at=NOON + service.LEASE * 2) == 1
    assert (await batch(database, batch_id)).state is BatchState.PREVIEW


async def test_everything_an_import_does_is_in_the_trail(
    conn: Conn, database: Database, files: FileStore, officer: Person
) -> None:
    uscc = factories.code()
    await imported(database, files, roster(line(uscc, 当前梯队="高企", **HELD)), by=officer.actor)
    found = await conn.execute(
        text("SELECT action, actor_name FROM audit_events WHERE actor_id = :id"), {"id": officer.id}
    )
    told = {action for action, _ in found}
    assert told == {
        "import:batch:uploaded",
        "import:batch:confirmed",
        "import:batch:applied",
        "firm:record:created",
        "firm:certificate:recorded",
        "firm:tier:moved",
    }
