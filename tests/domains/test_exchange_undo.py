"""An import taken back leaves the registry as it was, but for what somebody has worked on since."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from app.db import Conn, Database
from app.exchange.terms import BatchState, RowEnd
from app.exchange.undoing import Undone, undo_batch
from app.files.store import FileStore
from app.firms.queries import firm_by_uscc, list_firms
from app.firms.service import FirmEntry, add_note, edit
from app.firms.terms import ContactDetails, FirmFilter
from app.recognitions.queries import held_by
from app.recognitions.registering import revoke
from tests import factories
from tests.factories import Person
from tests.harness import NOON, Statements
from tests.rosters import CODE, DATA, NAME, batch, imported, roster, rows

LATER = NOON + timedelta(hours=1)
# Everything but the version, which only goes forward, so that a page opened in between cannot overwrite a later edit.
_DUMPS = {
    "firms": "SELECT to_jsonb(t) - 'version' FROM firms t ORDER BY id",
    "contacts": "SELECT to_jsonb(t) FROM contacts t ORDER BY id",
    "former_names": "SELECT to_jsonb(t) FROM former_names t ORDER BY firm_id, name",
    "firm_tags": "SELECT to_jsonb(t) FROM firm_tags t ORDER BY firm_id, tag",
    "certificates": "SELECT to_jsonb(t) FROM certificates t ORDER BY id",
    "placements": "SELECT to_jsonb(t) FROM placements t ORDER BY id",
    "counts": "SELECT tier, region_code, sum(n) FROM tier_count_deltas GROUP BY 1, 2 HAVING sum(n) <> 0 ORDER BY 1, 2",
}


@pytest.fixture
def files(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "files")


@pytest.fixture
async def officer(conn: Conn) -> Person:
    return await factories.person(conn, "officer")


async def dump(conn: Conn) -> dict[str, list[Any]]:
    return {name: [tuple(r) for r in await conn.execute(text(sql))] for name, sql in _DUMPS.items()}


async def undo(conn: Conn, batch_id: Any, who: Person) -> Undone:
    ladder, _ = await factories.main_ladder(conn)
    return await undo_batch(conn, batch_id, ladder=ladder, by=who.actor, at=LATER)


def line(uscc: str, **more: Any) -> dict[str, Any]:
    return {NAME: "开平市改名有限公司", CODE: uscc, **more}


async def test_undo_restores_every_affected_row_identically(
    conn: Conn, database: Database, files: FileStore, officer: Person
) -> None:
    people = [ContactDetails("张三", "1", "经理"), ContactDetails("李四", "2")]
    rich = await factories.firm(
        conn,
        contacts=people,
        tags=["重点"],
        former_names=["老名字"],
        registered_capital=Decimal("1234567890123456.78"),
        remark="旧",
    )
    held = await factories.firm(conn)
    number = await factories.certificate(conn, held, issued_on=date(2024, 1, 5))
    placed = await factories.firm_on(conn, "tech_micro")
    plain = await factories.firm(conn)
    same = await factories.firm(conn, "开平市不变有限公司")
    before = await dump(conn)
    data = roster(
        {NAME: "开平市不变有限公司", CODE: same},
        line(rich, 备注="新\n两行", 联系人="王五", 联系电话="3", 所属镇街="赤坎镇", **{"注册资本（万元）": "9"}),
        line(held, 高企证书编号=number, 高企发证日期="2025-01-05", 当前梯队="高企"),
        line(placed, 成立日期="2015-03-01", 当前梯队="瞪羚"),
        line(plain, 当前梯队="雏鹰", 高企证书编号="GR209900000001", 高企发证日期="2024-05-05"),
        line(factories.code(), 当前梯队="雏鹰", 联系人="新人"),
    )
    done = await imported(database, files, data, by=officer.actor)
    assert (done.created, done.updated, done.unchanged) == (1, 4, 1)
    assert await dump(conn) != before
    undone = await undo(conn, done.id, officer)
    assert (undone.restored, undone.left) == (5, [])
    after = await dump(conn)
    for name, held_rows in before.items():
        assert after[name] == held_rows


async def test_undo_of_the_sample_leaves_an_empty_registry_and_its_history(
    conn: Conn, database: Database, files: FileStore, officer: Person
) -> None:
    before = await dump(conn)
    done = await imported(database, files, (DATA / "roster-sample.xlsx").read_bytes(), by=officer.actor)
    moves = (await conn.execute(text("SELECT count(*) FROM moves"))).scalar_one()
    await undo(conn, done.id, officer)
    assert await dump(conn) == before
    assert (await conn.execute(text("SELECT count(*) FROM moves"))).scalar_one() == 2 * moves
    again = await imported(database, files, (DATA / "roster-sample.xlsx").read_bytes(), by=officer.actor)
    assert again.created == done.created


async def test_a_version_never_goes_back(conn: Conn, database: Database, files: FileStore, officer: Person) -> None:
    uscc = await factories.firm(conn)
    done = await imported(database, files, roster(line(uscc)), by=officer.actor)
    seen = (await conn.execute(text("SELECT version FROM firms"))).scalar_one()
    await undo(conn, done.id, officer)
    assert (await conn.execute(text("SELECT version FROM firms"))).scalar_one() > seen


async def test_firms_that_somebody_worked_on_since_are_named_and_left(
    conn: Conn, database: Database, files: FileStore, officer: Person
) -> None:
    codes = {n: factories.code() for n in ("noted", "edited", "moved", "certified", "bound", "planned", "quiet")}
    old = await factories.firm(conn)
    titles = [{NAME: f"开平市{n}有限公司", CODE: c, "当前梯队": "科技型小微"} for n, c in codes.items()]
    done = await imported(database, files, roster(*titles, line(old)), by=officer.actor)

    async def firm(uscc: str) -> Any:
        return await firm_by_uscc(conn, uscc, viewer=officer.viewer)

    await add_note(conn, await firm(codes["noted"]), "走访过", by=officer.actor, at=LATER)
    edited = await firm(codes["edited"])
    await edit(conn, edited, FirmEntry({"remark": "改"}), version=edited.version, by=officer.actor, at=LATER)
    await factories.move(conn, codes["moved"], "eaglet", expected="tech_micro", at=LATER)
    await factories.certificate(conn, codes["certified"])
    await factories.person(conn, "firm", firm_id=await factories.id_of(conn, codes["bound"]))
    await factories.plan(conn, codes["planned"], at=LATER)
    renamed = await firm(old)
    await edit(conn, renamed, FirmEntry({"remark": "改"}), version=renamed.version, by=officer.actor, at=LATER)

    undone = await undo(conn, done.id, officer)
    assert undone.restored == 1
    assert [row.name.split("开平市")[1] for row in undone.left] == [
        "noted有限公司",
        "edited有限公司",
        "moved有限公司",
        "certified有限公司",
        "bound有限公司",
        "planned有限公司",
        "改名有限公司",
    ]
    assert await firm(codes["quiet"]) is None
    assert (await firm(old)).name == "开平市改名有限公司"
    told = (await batch(database, done.id)).sentence or ""
    assert "第 2 行 开平市noted有限公司" in told


async def test_what_was_changed_and_changed_back_is_no_change(
    conn: Conn, database: Database, files: FileStore, officer: Person
) -> None:
    new, old, kept = factories.code(), await factories.firm(conn, tags=["重点"]), factories.code()
    before = await dump(conn)
    lines = ({NAME: "开平市新来有限公司", CODE: new}, line(old), {NAME: "开平市带标签有限公司", CODE: kept})
    done = await imported(database, files, roster(*lines), by=officer.actor)

    async def tagged(uscc: str, *tags: str) -> None:
        firm = await firm_by_uscc(conn, uscc, viewer=officer.viewer)
        assert firm is not None
        entry = FirmEntry({}, tags=list(tags))
        await edit(conn, firm, entry, version=firm.version, by=officer.actor, at=LATER)

    for uscc, tags in ((new, ["走访"]), (new, []), (old, ["重点", "走访"]), (old, ["重点"]), (kept, ["走访"])):
        await tagged(uscc, *tags)
    undone = await undo(conn, done.id, officer)
    assert (undone.restored, [str(row) for row in undone.left]) == (2, ["第 4 行 开平市带标签有限公司"])
    assert await firm_by_uscc(conn, new, viewer=officer.viewer) is None
    after = await dump(conn)
    assert [row for row in after["firms"] if row[0]["uscc"] == old] == before["firms"]
    taken_back = await batch(database, done.id)
    ends = {r.row_no: taken_back.end_of(r) for r in await rows(database, done.id)}
    assert ends == {2: RowEnd.BACK, 3: RowEnd.BACK, 4: RowEnd.LEFT}
    assert taken_back.left is taken_back.left, "gathered once a batch: a page of two hundred rows asks for each"
    assert [r.row_no for r in await rows(database, done.id, RowEnd.LEFT)] == [4]
    assert [r.row_no for r in await rows(database, done.id, RowEnd.BACK)] == [2, 3]


async def test_a_certificate_that_a_later_sheet_brought_is_still_found_after_the_earlier_one_is_taken_back(
    conn: Conn, database: Database, files: FileStore, officer: Person
) -> None:
    uscc = await factories.firm(conn, "开平市改名有限公司")
    first = await imported(database, files, roster(line(uscc, 备注="新")), by=officer.actor)
    later = roster(line(uscc, 备注="新", 高企证书编号="GR202444001918", 高企发证日期="2024-11-28"))
    assert (await imported(database, files, later, by=officer.actor, at=LATER)).updated == 1
    assert (await undo(conn, first.id, officer)).restored == 1

    async def found(q: str) -> list[str]:
        wanted = FirmFilter(q=q)
        page = await list_firms(conn, wanted, viewer=officer.viewer, today=NOON.date(), sort="relevance")
        return [firm.uscc for firm in page.items]

    assert await found("GR202444001918") == [uscc]
    firm = await firm_by_uscc(conn, uscc, viewer=officer.viewer)
    assert firm is not None
    assert firm.remark != "新"


async def test_certificates_are_taken_back_in_as_many_statements_for_many_firms_as_for_one(
    conn: Conn, database: Database, files: FileStore, officer: Person, statements: Statements
) -> None:
    def certified(uscc: str, day: str) -> dict[str, Any]:
        return {NAME: f"开平市{uscc}公司", CODE: uscc, "高企证书编号": f"GR{uscc[-8:]}", "高企发证日期": day}

    asked = []
    for many in (2, 12):
        codes = [factories.code() for _ in range(many)]
        old = await imported(
            database, files, roster(*(certified(c, "2024-01-05") for c in codes[: many // 2])), by=officer.actor
        )
        data = roster(*(certified(c, "2025-01-05") for c in codes))
        done = await imported(database, files, data, by=officer.actor, at=LATER)
        assert (old.created, done.created, done.updated) == (many // 2, many // 2, many // 2)
        statements.clear()
        await undo(conn, done.id, officer)
        asked.append(len(statements))
        dates = text("SELECT number, issued_on, expires_on FROM certificates WHERE number = any(:n) ORDER BY number")
        held = list(await conn.execute(dates, {"n": [f"GR{c[-8:]}" for c in codes]}))
        kept = sorted(f"GR{c[-8:]}" for c in codes[: many // 2])
        assert [tuple(row) for row in held] == [(n, date(2024, 1, 5), date(2027, 1, 5)) for n in kept]
    assert asked[0] == asked[1]


async def test_a_certificate_that_was_revoked_since_is_not_taken_away(
    conn: Conn, database: Database, files: FileStore, officer: Person
) -> None:
    uscc, number = await factories.firm(conn), "GR209900000007"
    data = roster(line(uscc, 高企证书编号=number, 高企发证日期="2024-05-05"))
    done = await imported(database, files, data, by=officer.actor)
    (held,) = await held_by(conn, await factories.id_of(conn, uscc), today=LATER.date())
    await revoke(conn, uscc, held.id, on=date(2025, 1, 5), reason="公告", by=officer.actor, at=LATER)
    undone = await undo(conn, done.id, officer)
    assert (undone.restored, len(undone.left)) == (0, 1)
    stands = await batch(database, done.id)
    assert stands.state is BatchState.APPLIED, "of which nothing was taken back, is not called so"
    assert stands.sentence.startswith("一行也没有撤销")
    (kept,) = await held_by(conn, await factories.id_of(conn, uscc), today=LATER.date())
    assert (kept.number, kept.revoked_on) == (number, date(2025, 1, 5))
