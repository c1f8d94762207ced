"""Files in a bucket: what is acknowledged is there, whoever clears at the same time; what is away is a sentence."""

import asyncio
import hashlib
import socket
import threading

import pytest

from app.commands.check import Findings, check_bucket
from app.config import Settings
from app.errors import Unavailable
from app.files import objects
from app.files.objects import ObjectStore
from app.files.opening import open_store
from tests import bucket as buckets

DATA = b"%PDF-1.4\nthe accounts of 2025\n%%EOF\n"
SHA = hashlib.sha256(DATA).hexdigest()
KEY = f"tidu/{SHA[:2]}/{SHA}"
ADDRESS = f"s3://{buckets.NAME}/tidu"


@pytest.fixture(scope="module")
def served():
    with buckets.serving() as found:
        yield found


@pytest.fixture
def bucket(served, monkeypatch):
    served.objects.clear()
    served.refusal, served.now = None, 1_800_000_000.0
    served.asked.clear()
    for name, value in served.environment().items():
        monkeypatch.setenv(name, value)
    return served


@pytest.fixture
def files(bucket):
    return ObjectStore(ADDRESS)


async def test_the_address_says_where_files_are_kept(bucket):
    assert isinstance(open_store(Settings(file_store=ADDRESS)), ObjectStore)
    for other in ("ftp://bucket", "s3://", "s3:///tidu", "s3://bucket/../x y", "https://bucket"):
        with pytest.raises(ValueError, match="neither a directory nor a bucket"):
            Settings(file_store=other)


async def test_what_was_put_is_read_back_and_lies_on_a_disk_for_as_long_as_it_is_wanted(files, bucket):
    assert await files.put(DATA) == SHA
    assert set(bucket.objects) == {KEY}
    assert await files.read(SHA) == DATA
    async with files.on_disk(SHA) as path:
        assert path.read_bytes() == DATA
    assert not path.parent.exists()


async def test_one_that_is_not_there_is_none_and_one_that_went_bad_is_never_handed_out(files, bucket):
    assert await files.read(SHA) is None
    with pytest.raises(Unavailable, match="读不出来"):
        async with files.on_disk(SHA):
            pass
    await files.put(DATA)
    bucket.objects[KEY] = (DATA.replace(b"2025", b"2024"), bucket.now)
    with pytest.raises(Unavailable, match="与上传时不同"):
        await files.read(SHA)
    await files.put(DATA)
    assert await files.read(SHA) == DATA


@pytest.mark.parametrize("refusal", [(403, "AccessDenied"), (404, "NoSuchBucket"), (507, "InsufficientStorage")])
async def test_a_bucket_that_refuses_is_a_sentence_and_nothing_is_kept(files, bucket, refusal):
    bucket.refusal = refusal
    with pytest.raises(Unavailable, match="文件没有保存"):
        await files.put(DATA)
    assert bucket.objects == {}


async def test_one_that_is_away_is_a_sentence_too(bucket, monkeypatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{taken.getsockname()[1]}")
        away = ObjectStore(ADDRESS)
        with pytest.raises(Unavailable, match="文件没有保存"):
            await away.put(DATA)
        with pytest.raises(Unavailable, match="读不出来"):
            await away.read(SHA)


async def test_while_a_silent_bucket_keeps_all_threads_the_next_one_is_told_soon(files, monkeypatch):
    held = threading.Event()
    monkeypatch.setattr(objects, "_SOON", 0.05)
    monkeypatch.setattr(objects.obstore, "get", lambda *_: held.wait())
    waiting = [asyncio.create_task(files.read(SHA)) for _ in range(objects._AT_ONCE)]
    try:
        await asyncio.sleep(0)
        with pytest.raises(Unavailable, match="没有保存"):
            await asyncio.wait_for(files.put(DATA), 5)
    finally:
        held.set()
        await asyncio.gather(*waiting, return_exceptions=True)
    assert await files.put(DATA) == SHA


async def test_a_few_wait_for_a_silent_bucket_and_whoever_comes_then_is_told_at_once(files, monkeypatch):
    held = threading.Event()
    monkeypatch.setattr(objects.obstore, "get", lambda *_: held.wait())
    line = objects._IN_LINE._value
    waiting = [asyncio.create_task(files.read(SHA)) for _ in range(objects._AT_ONCE + line)]
    try:
        await asyncio.sleep(0.01)
        with pytest.raises(Unavailable, match="没有保存"):
            await asyncio.wait_for(files.put(DATA), objects._SOON / 2)
    finally:
        held.set()
        await asyncio.gather(*waiting, return_exceptions=True)
    assert objects._AT_ONCE + line < Settings().pool_size


@pytest.mark.parametrize(
    ("endpoint", "meant", "open_"),
    [
        ("http://obs.example.cn", "", True),
        ("HTTP://10.0.0.7:9000", "", True),
        ("http://10.0.0.7:9000", "true", False),
        ("https://obs.example.cn", "", False),
        ("http://127.0.0.1:9000", "", False),
        ("http://[::1]:9000", "", False),
        ("", "", False),
    ],
)
async def test_files_cross_no_network_in_clear_unless_somebody_says_so(bucket, monkeypatch, endpoint, meant, open_):
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("AWS_ALLOW_HTTP", meant)
    assert objects.lies_open() is open_
    if open_:
        with pytest.raises(Unavailable, match="文件没有保存"):
            await ObjectStore(ADDRESS).put(DATA)
        findings = Findings()
        await check_bucket(findings, ADDRESS)
        assert "AWS_ALLOW_HTTP" in findings.faults[0]


async def test_only_what_is_old_as_it_goes_is_dropped_and_no_word_stays_behind(files, bucket):
    await files.put(DATA)
    assert not await files.drop(SHA, older_than=bucket.now)
    assert await files.drop(SHA, older_than=bucket.now + 1)
    assert not await files.drop(SHA)
    assert bucket.objects == {}


async def test_a_file_sent_between_a_cleaner_s_look_and_its_deed_is_there_afterwards(files, bucket, monkeypatch):
    """The worst moment: the old file has been looked at, and goes when the new one has just been put."""
    await files.put(DATA)
    bucket.now += 100
    cleaner, sent = ObjectStore(ADDRESS), []
    delete, pause = objects.obstore.delete, threading.Event()
    monkeypatch.setattr(objects, "_PAUSE", 0.01)

    def meanwhile(store, key):
        if key == KEY.removeprefix("tidu/"):
            sent.append(asyncio.run_coroutine_threadsafe(files.put(DATA), loop))
            while ("PUT", KEY) not in bucket.asked[before:]:
                pause.wait(0.01)
        delete(store, key)

    loop, before = asyncio.get_running_loop(), len(bucket.asked)
    monkeypatch.setattr(objects.obstore, "delete", meanwhile)
    assert await cleaner.drop(SHA, older_than=bucket.now - 50)
    assert await asyncio.wrap_future(sent[0]) == SHA
    assert await files.read(SHA) == DATA
    assert set(bucket.objects) == {KEY}


async def test_a_killed_cleaner_holds_nobody_up_for_long_and_its_word_is_cleared_away(files, bucket, monkeypatch):
    monkeypatch.setattr(objects, "_PAUSE", 0)
    monkeypatch.setattr(objects, "_TRIES", 3)
    word = f"tidu/clearing/{SHA}/of-one-that-was-killed"
    bucket.objects[word] = (b"", bucket.now)
    with pytest.raises(Unavailable, match="文件没有保存"):
        await files.put(DATA)
    bucket.now += 601
    assert await files.put(DATA) == SHA
    assert await files.held(older_than=bucket.now + 1) == [SHA]
    assert await files.held(older_than=bucket.now) == []
    assert await files.tidy(older_than=bucket.now) == 1
    assert set(bucket.objects) == {KEY}


async def test_the_check_says_what_is_wrong_with_a_bucket_and_leaves_it_as_it_was(bucket, monkeypatch):
    async def said(address=ADDRESS):
        findings = Findings()
        await check_bucket(findings, address)
        return findings

    assert (await said()).good == [f"文件存储：{ADDRESS}"]
    assert bucket.objects == {}
    assert "没有这个存储桶" in (await said("s3://another-one")).faults[0]
    with monkeypatch.context() as stranger:
        stranger.setenv("AWS_ACCESS_KEY_ID", "somebody else")
        assert "AWS_ACCESS_KEY_ID" in (await said()).faults[0]
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{taken.getsockname()[1]}")
        [fault] = (await said()).faults
    assert fault.startswith(f"文件存储 {ADDRESS} 不能用：连不上")
    assert buckets.SECRET not in fault
