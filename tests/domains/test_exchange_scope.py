"""An import ends at its officer's division, and nothing beyond it leaks or changes."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from app.access.models import User
from app.db import Conn, Database
from app.errors import Forbidden, NotFound
from app.exchange import service
from app.exchange.jobs import run_waiting_imports
from app.exchange.queries import list_batches
from app.exchange.terms import BatchState, RowOutcome
from app.files.store import FileStore
from app.firms.queries import firm_by_uscc
from tests import factories
from tests.factories import OTHER_TOWN, TOWN, Person
from tests.harness import NOON
from tests.rosters import CODE, NAME, batch, checked, imported, roster, rows


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


async def test_a_firm_without_a_town_belongs_to_the_officer_s_own_division(
    conn: Conn, database: Database, files: FileStore
) -> None:
    local = await factories.person(conn, "officer-local", scope=TOWN)
    uscc = factories.code()
    await imported(database, files, roster(line(uscc)), by=local.actor)
    assert (await detail(conn, uscc, local)).region_code == TOWN


async def test_a_code_of_a_firm_out_of_sight_is_refused_without_a_word_about_it(
    conn: Conn, database: Database, files: FileStore, officer: Person
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
    conn: Conn, database: Database, files: FileStore
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
    conn: Conn, database: Database, files: FileStore, officer: Person
) -> None:
    local = await factories.person(conn, "officer-local", scope=TOWN)
    theirs = await checked(database, files, roster(line(factories.code())), by=officer.actor)
    own = await checked(database, files, roster(line(factories.code())), by=local.actor)
    assert [b.id for b in await list_batches(conn, viewer=local.viewer)] == [own.id]
    assert {b.id for b in await list_batches(conn, viewer=officer.viewer)} == {own.id, theirs.id}
    with pytest.raises(NotFound):
        await service.discard(conn, theirs.id, by=local.actor, at=NOON)


async def test_only_the_uploader_confirms(conn: Conn, database: Database, files: FileStore, officer: Person) -> None:
    done = await checked(database, files, roster(line(factories.code())), by=officer.actor)
    other = await factories.person(conn, "officer-other")
    with pytest.raises(Forbidden):
        await service.confirm(conn, done.id, by=other.actor, at=NOON)


async def test_an_account_that_was_closed_meanwhile_imports_nothing(
    conn: Conn, database: Database, files: FileStore, officer: Person
) -> None:
    done = await checked(database, files, roster(line(factories.code())), by=officer.actor)
    await service.confirm(conn, done.id, by=officer.actor, at=NOON)
    await conn.execute(update(User).where(User.id == officer.id).values(active=False))
    await run_waiting_imports(database, files, at=NOON)
    after = await batch(database, done.id)
    assert after.state is BatchState.PREVIEW
    assert "停用" in (after.sentence or "")


async def test_a_certificate_held_out_of_sight_is_refused_in_the_words_of_one_in_sight(
    conn: Conn, database: Database, files: FileStore, officer: Person
) -> None:
    local = await factories.person(conn, "officer-local", scope=TOWN)
    near = await factories.certificate(conn, await factories.firm(conn, region=TOWN))
    far = await factories.certificate(conn, await factories.firm(conn, region=OTHER_TOWN))
    lines = [line(factories.code(), 高企证书编号=number, 高企发证日期="2024-11-28") for number in (near, far)]
    done = await checked(database, files, roster(*lines), by=local.actor)
    told = [[m["sentence"] for m in row.messages] for row in await rows(database, done.id)]
    assert told[0] == told[1]
    assert "企业名下" in told[0][0]
    assert "另一家" not in told[0][0]
