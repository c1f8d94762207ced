"""An acknowledged file is on the disk under its name, a refused one leaves nothing, one that went bad is not shown."""

import errno
import os
from pathlib import Path

import pytest

from app.errors import Unavailable
from app.files.store import FileStore

DATA = b"%PDF-1.4\nthe accounts of 2025\n%%EOF\n"


@pytest.fixture
def files(tmp_path):
    return FileStore(tmp_path / "files")


@pytest.fixture
def synced(monkeypatch):
    """What was synced, in order; of a folder with the names that it held then."""
    found = []
    real = os.fsync

    def fsync(descriptor):
        path = Path(f"/dev/fd/{descriptor}").resolve()
        found.append((path, sorted(p.name for p in path.iterdir()) if path.is_dir() else path.read_bytes()))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    return found


def left(files):
    return [path for path in files.root.rglob("*") if path.is_file()]


async def test_a_file_is_synced_before_it_has_its_name_and_every_new_name_after(files, synced):
    sha = await files.put(DATA)
    folder = files.path(sha).parent
    *new, (part, content), named = synced
    assert new == [(files.root, [sha[:2]]), (files.root.parent, ["files"])]
    assert (part.parent, content, part.name == sha) == (folder, DATA, False)
    assert named == (folder, [sha])


async def test_one_that_was_there_is_acknowledged_with_its_name_on_the_disk_too(files, synced):
    sha = await files.put(DATA)
    synced.clear()
    assert await files.put(DATA) == sha
    assert synced == [(files.path(sha).parent, [sha])]


@pytest.mark.parametrize("fault", [errno.ENOSPC, errno.EIO, errno.EDQUOT])
async def test_on_a_full_or_broken_disk_a_sentence_comes_back_and_nothing_stays(files, monkeypatch, fault):
    real = os.fsync

    def full(descriptor):
        if Path(f"/dev/fd/{descriptor}").resolve().is_file():
            raise OSError(fault, os.strerror(fault))
        real(descriptor)

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", full)
        with pytest.raises(Unavailable, match="文件没有保存"):
            await files.put(DATA)
    assert left(files) == []
    assert await files.read(await files.put(DATA)) == DATA  # and it heals by itself


async def test_a_file_that_has_gone_bad_is_an_error_and_sent_again_it_is_whole(files):
    sha = await files.put(DATA)
    files.path(sha).write_bytes(DATA.replace(b"2025", b"2024"))
    with pytest.raises(Unavailable, match="与上传时不同"):
        await files.read(sha)
    assert await files.put(DATA) == sha
    assert await files.read(sha) == DATA


async def test_one_that_is_not_there_is_none(files):
    assert await files.read("0" * 64) is None
