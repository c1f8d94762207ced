"""Files that nothing refers to go; one that is on its way never does, whoever clears at the same time or was killed."""

import asyncio
import os
from datetime import timedelta

import pytest
from sqlalchemy import insert

from app.attachments.jobs import ORPHAN_AFTER, clear_orphans
from app.db import new_id
from app.files.models import StoredFile
from app.files.store import FileStore
from app.web.taking import take
from tests.harness import NOON
from tests.rules.test_sniffing import PDF

OLD = (NOON - ORPHAN_AFTER - timedelta(minutes=1)).timestamp()


class Upload:
    filename = "辅助账.pdf"

    async def read(self, _):
        return PDF


@pytest.fixture
def files(tmp_path):
    return FileStore(tmp_path / "files")


async def aged(files, data):
    sha256 = await files.put(data)
    os.utime(files.path(sha256), (OLD, OLD))
    return sha256


async def known(conn, sha256, **more):
    """A row that an import or an attachment would stand for, young enough to be left alone."""
    row = {"id": new_id(), "sha256": sha256, "size": 1, "name": "x", "created_at": NOON, **more}
    await conn.execute(insert(StoredFile).values(row))


async def test_a_file_that_is_sent_while_the_cleaner_runs_is_there_afterwards(conn, database, files, app, monkeypatch):
    """Its content lies there, old, of an upload that was never finished: the worst moment is just before it goes."""
    await known(conn, await files.put(b"of somebody"))
    lost, same = await aged(files, b"lost"), await aged(files, PDF)
    drop = files.drop

    async def sent_meanwhile(sha256, **more):
        if sha256 == same:
            taken = await take(Upload(), files, app.state.settings)
            await known(conn, taken.sha256)
        return await drop(sha256, **more)

    monkeypatch.setattr(files, "drop", sent_meanwhile)
    assert (await clear_orphans(database, files, at=NOON))["planned"] == 1
    assert await files.read(lost) is None
    assert await files.read(same) == PDF


async def test_two_cleaners_at_once_clear_each_file_once_and_the_uploads_between_them_stay(conn, files, tmp_path):
    class Reading:  # both read only; the rows are the same for both
        def __init__(self):
            self.lock = asyncio.Lock()

        def transaction(self):
            return self

        reading = transaction

        async def __aenter__(self):
            await self.lock.acquire()
            return conn

        async def __aexit__(self, *_):
            self.lock.release()

    await known(conn, await files.put(b"of somebody"))
    for n in range(60):
        await aged(files, b"%d" % n)
    other = FileStore(tmp_path / "files")
    database = Reading()

    async def uploads():
        return [await files.put(b"%d" % n) for n in range(0, 60, 3)]

    _, _, sent = await asyncio.gather(
        clear_orphans(database, files, at=NOON), clear_orphans(database, other, at=NOON), uploads()
    )
    assert [await files.read(sha256) for sha256 in sent] == [b"%d" % n for n in range(0, 60, 3)]
    assert len(await files.held(older_than=2e10)) == 21


async def test_what_a_killed_process_left_is_put_back_or_cleared_away(conn, database, files):
    kept = await files.put(b"put aside by a cleaner that was killed")
    await known(conn, kept)
    files.path(kept).rename(files.path(kept).with_suffix(".gone"))
    twice = await files.put(b"put aside, and sent again")
    await known(conn, twice)
    os.link(files.path(twice), files.path(twice).with_suffix(".gone"))
    half, growing = (files.path(kept).parent / name for name in ("tmpold", "tmpnew"))
    half.write_bytes(b"hal")
    os.utime(half, (OLD, OLD))
    growing.write_bytes(b"gro")
    os.utime(growing, (NOON.timestamp(), NOON.timestamp()))
    assert (await clear_orphans(database, files, at=NOON))["planned"] == 3
    assert (await files.read(kept), await files.read(twice)) == (
        b"put aside by a cleaner that was killed",
        b"put aside, and sent again",
    )
    assert not half.exists()
    assert growing.exists()


async def test_a_database_that_knows_none_of_the_files_is_taken_for_the_wrong_one(database, files):
    sha256 = await aged(files, b"evidence of five years")
    assert (await clear_orphans(database, files, at=NOON))["failed"] == 1
    assert await files.read(sha256) is not None
