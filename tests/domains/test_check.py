"""Every fault of an installation gets one sentence, and a sound one gets none."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from alembic import command
from alembic.config import Config
from pydantic import SecretStr
from sqlalchemy import text

from app.cli import main
from app.commands.check import Findings, check_database, check_files, check_mail, check_secrets, check_texts
from app.commands.context import CommandError, production_settings, secret_key
from app.commands.migrate import migrate
from app.config import SHORTEST_KEY, Settings
from app.db import Database, make_engine
from app.schema import schema_head, schema_version
from tests.cluster import Cluster
from tests.conftest import in_thread
from tests.harness import settings_for

TODAY = date(2026, 6, 1)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


async def database_findings(url: str, today: date = TODAY) -> Findings:
    findings = Findings()
    await check_database(findings, url, today=today)
    # The suite's own server runs without syncing, which is a fault, and not the one that is looked for here.
    findings.faults = [fault for fault in findings.faults if "断电会丢" not in fault]
    return findings


async def changed(url: str, statement: str) -> None:
    database = Database(url, pool_size=1)
    async with database.transaction() as conn:
        await conn.execute(text(statement))
    await database.dispose()


@pytest.mark.db_commit
async def test_a_sound_database_has_no_fault(fresh_url: str) -> None:
    findings = await database_findings(fresh_url)
    assert findings.faults == []
    assert any("中文检索可用" in good for good in findings.good)


async def test_whoever_lets_the_site_own_its_tables_is_told_what_that_gives_up(
    cluster: Cluster, worker_url: str
) -> None:
    for url, told in ((worker_url, True), (cluster.url_as("web", worker_url), False)):
        findings = Findings()
        await check_database(findings, url, today=TODAY, ours=False)
        assert any("行级安全" in notice for notice in findings.notices) is told


@pytest.mark.db_commit
async def test_a_database_without_seeds_is_sent_to_seed(empty_url: str) -> None:
    database = Database(empty_url, pool_size=1)
    await migrate(database)
    await database.dispose()
    findings = await database_findings(empty_url)
    assert any("tidu seed" in fault for fault in findings.faults)


@pytest.mark.db_commit
async def test_a_database_without_our_tables_is_sent_to_migrate(empty_url: str) -> None:
    findings = await database_findings(empty_url)
    assert len(findings.faults) == 1
    assert "tidu migrate" in findings.faults[0]


@pytest.mark.db_commit
async def test_a_migration_that_is_killed_half_way_leaves_the_old_schema_and_the_next_one_goes_through(
    empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade, killed = command.upgrade, [True]

    def half(config: Config, whole: str) -> None:
        kill = killed.pop()
        upgrade(config, "0001_house" if kill else whole)
        if kill:
            config.attributes["connection"].exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")

    monkeypatch.setattr(command, "upgrade", half)
    database = Database(empty_url, pool_size=1)
    with pytest.raises(Exception, match=r"terminat|closed"):
        await migrate(database)
    async with database.reading() as conn:
        tables = text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        assert (await conn.execute(tables)).all() == []
    killed.append(False)
    await migrate(database)
    async with database.reading() as conn:
        assert await schema_version(conn) == schema_head()
    await database.dispose()


@pytest.mark.db_commit
async def test_a_schema_of_another_release_is_sent_to_migrate(fresh_url: str) -> None:
    await changed(fresh_url, "UPDATE alembic_version SET version_num = '0000_older'")
    findings = await database_findings(fresh_url)
    assert len(findings.faults) == 1
    assert "0000_older" in findings.faults[0]
    assert "tidu migrate" in findings.faults[0]


@pytest.fixture
def made_with(cluster: Cluster) -> Iterator[Any]:
    """Makes an empty database with options of its own, as an administrator might have."""
    names: list[str] = []

    def make(options: str) -> str:
        name = cluster.fresh_name()
        names.append(name)

        async def create() -> None:
            engine = make_engine(cluster.url("postgres"), pool_size=1, isolation_level="AUTOCOMMIT")
            async with engine.connect() as conn:
                await conn.execute(text(f"CREATE DATABASE {name} TEMPLATE template0 {options}"))
            await engine.dispose()

        in_thread(create)
        return cluster.url(name)

    yield make
    for name in names:
        in_thread(lambda name=name: cluster.drop(name))


@pytest.mark.db_commit
@pytest.mark.parametrize("with_trigrams", [True, False])
async def test_a_locale_in_which_searches_silently_find_nothing_is_a_fault(made_with: Any, with_trigrams: bool) -> None:
    url = made_with("LOCALE_PROVIDER libc LC_COLLATE 'C' LC_CTYPE 'C'")
    if with_trigrams:
        await changed(url, "CREATE EXTENSION pg_trgm")
    findings = await database_findings(url)
    (fault,) = [fault for fault in findings.faults if "区域设置" in fault]
    assert "createdb -T template0 -E UTF8 -l C.UTF-8" in fault


@pytest.mark.db_commit
async def test_an_encoding_that_cannot_hold_every_character_is_a_fault(made_with: Any) -> None:
    url = made_with("ENCODING 'LATIN1' LOCALE_PROVIDER libc LC_COLLATE 'C' LC_CTYPE 'C'")
    findings = await database_findings(url)
    assert any("编码是 LATIN1" in fault for fault in findings.faults)


@pytest.mark.db_commit
async def test_a_session_that_does_not_wait_for_the_disk_is_a_fault(fresh_url: str) -> None:
    name = fresh_url.partition("?")[0].rpartition("/")[2]
    await changed(fresh_url, f"ALTER DATABASE {name} SET synchronous_commit = off")
    findings = Findings()
    await check_database(findings, fresh_url, today=TODAY)
    assert any("synchronous_commit" in fault and "断电会丢" in fault for fault in findings.faults)


@pytest.mark.db_commit
async def test_a_year_without_a_calendar_is_a_fault_and_the_next_one_from_december_on(fresh_url: str) -> None:
    assert any("没有 2040 年" in fault for fault in (await database_findings(fresh_url, date(2040, 1, 1))).faults)
    november, december = [await database_findings(fresh_url, date(2026, month, 1)) for month in (11, 12)]
    assert november.faults == []
    assert any("2027" in notice for notice in november.notices)
    assert any("没有 2027 年" in fault for fault in december.faults)


async def test_a_database_out_of_reach_is_named_without_its_password() -> None:
    findings = await database_findings(f"postgresql://tidu:geheim@127.0.0.1:{free_port()}/county")
    assert len(findings.faults) == 1
    assert "连不上数据库 127.0.0.1/county" in findings.faults[0]
    assert "geheim" not in findings.faults[0]


@pytest.mark.parametrize("url", ["mysql://somewhere/else", "no address at all"])
async def test_an_address_that_is_none_is_a_fault(url: str) -> None:
    findings = await database_findings(url)
    assert findings.faults == ["TIDU_DATABASE_URL 不是有效的地址，应形如 postgresql://用户:口令@主机:5432/库名。"]


def secrets_of(settings: Settings) -> Findings:
    findings = Findings()
    check_secrets(findings, settings)
    return findings


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"secret_key": SecretStr("short")}, "TIDU_SECRET_KEY 太短"),
        ({"secret_key": SecretStr(""), "base_url": "https://tidu.example.cn"}, "没有设置 TIDU_SECRET_KEY"),
        ({"base_url": "tidu.example.cn"}, "不是网址"),
    ],
)
def test_a_weak_or_missing_key_and_an_odd_address_are_faults(tmp_path: Path, more: dict[str, Any], said: str) -> None:
    (fault,) = secrets_of(settings_for("", data=tmp_path, **more)).faults
    assert said in fault


def test_a_key_file_that_others_can_read_is_a_fault(tmp_path: Path) -> None:
    settings = settings_for("", data=tmp_path, secret_key=SecretStr(""))
    kept = tmp_path / "secret_key"
    kept.write_text("x" * 48)
    kept.chmod(0o644)
    assert f"chmod 600 {kept}" in secrets_of(settings).faults[0]
    kept.chmod(0o600)
    assert secrets_of(settings).faults == []


def test_plain_http_beyond_this_machine_is_noticed(tmp_path: Path) -> None:
    findings = secrets_of(settings_for("", data=tmp_path, base_url="http://tidu.example.cn"))
    assert (findings.faults, "不是 https" in findings.notices[0]) == ([], True)


def test_a_file_store_is_written_to_and_left_as_it_was(tmp_path: Path) -> None:
    findings = Findings()
    check_files(findings, tmp_path / "not" / "yet")
    assert findings.faults == []
    assert list(tmp_path.iterdir()) == []


def test_a_file_store_that_takes_nothing_is_a_fault() -> None:
    findings = Findings()
    check_files(findings, Path("/proc/tidu"))
    assert len(findings.faults) == 1
    assert "/proc/tidu" in findings.faults[0]


@contextmanager
def mail_server() -> Iterator[int]:
    """Takes the user tidu with the password right, and nobody else."""

    def authenticate(_server: Any, _session: Any, _envelope: Any, _how: str, data: Any) -> AuthResult:
        return AuthResult(success=(data.login, data.password) == (b"tidu", b"right"), handled=False)

    port = free_port()
    controller = Controller(
        object(), hostname="127.0.0.1", port=port, authenticator=authenticate, auth_require_tls=False
    )
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


async def mail_findings(url: str, data: Path) -> Findings:
    findings = Findings()
    await asyncio.wait_for(check_mail(findings, settings_for("", data=data, smtp_url=url)), 15)
    return findings


async def test_mail_is_tried_with_its_password(tmp_path: Path) -> None:
    with mail_server() as port:
        assert (await mail_findings(f"smtp://tidu:right@127.0.0.1:{port}", tmp_path)).faults == []
        (fault,) = (await mail_findings(f"smtp://tidu:geheim@127.0.0.1:{port}", tmp_path)).faults
    assert "不接受 TIDU_SMTP_URL 里的用户名和口令" in fault
    assert "geheim" not in fault


async def test_mail_that_cannot_be_reached_is_a_fault_and_none_at_all_is_a_notice(tmp_path: Path) -> None:
    (fault,) = (await mail_findings(f"smtp://127.0.0.1:{free_port()}", tmp_path)).faults
    assert "连不上邮件服务器" in fault
    (fault,) = (await mail_findings("mail.example.cn", tmp_path)).faults
    assert "不是有效的地址" in fault
    none = await mail_findings("", tmp_path)
    assert (none.faults, "只发站内消息" in none.notices[0]) == ([], True)


@pytest.mark.db_commit
def test_the_command_ends_with_one_for_any_fault_and_says_it_on_stderr(
    fresh_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TIDU_DATABASE_URL", fresh_url)
    monkeypatch.setenv("TIDU_SMTP_URL", f"smtp://127.0.0.1:{free_port()}")
    assert in_thread(lambda: asyncio.to_thread(main, ["check", "--data", str(tmp_path)])) == 1
    said = capsys.readouterr()
    assert "✓ 数据库：PostgreSQL" in said.out
    assert "✗ 连不上邮件服务器" in said.err


def test_a_setting_that_cannot_be_read_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TIDU_POOL_SIZE", "many")
    assert in_thread(lambda: asyncio.to_thread(main, ["check"])) == 1
    assert "TIDU_POOL_SIZE" in capsys.readouterr().err


def test_a_data_directory_that_does_not_exist_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.delenv("TIDU_DATABASE_URL", raising=False)
    assert in_thread(lambda: asyncio.to_thread(main, ["check", "--data", str(tmp_path / "none")])) == 1
    assert "先运行 tidu up" in capsys.readouterr().err


def test_the_site_does_not_start_with_a_guessable_key(monkeypatch):
    monkeypatch.setenv("TIDU_DATABASE_URL", "postgresql://127.0.0.1/none")
    monkeypatch.setenv("TIDU_SECRET_KEY", "k" * (SHORTEST_KEY - 1))
    with pytest.raises(CommandError, match="密钥太短"):
        production_settings()
    monkeypatch.setenv("TIDU_SECRET_KEY", "k" * SHORTEST_KEY)
    assert production_settings().secret_key.get_secret_value() == "k" * SHORTEST_KEY


def test_an_installation_s_key_is_made_once_and_long_enough(tmp_path):
    made = secret_key(tmp_path / "new")
    assert len(made) >= SHORTEST_KEY
    assert secret_key(tmp_path / "new") == made
    assert (tmp_path / "new/secret_key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("url", "secret", "faults"),
    [
        ("", "", []),
        ("https://sms.example.invalid/send", "x", []),
        ("http://10.0.0.8:8025/", "x", []),
        ("sms.example.invalid", "x", ["不是有效的地址"]),
        ("https://sms.example.invalid/send", "", ["TIDU_SMS_SECRET"]),
    ],
)
def test_a_gateway_for_text_messages_has_an_address_and_a_secret(
    tmp_path: Path, url: str, secret: str, faults: list[str]
) -> None:
    findings = Findings()
    check_texts(findings, settings_for("", data=tmp_path, sms_url=url, sms_secret=SecretStr(secret)))
    assert len(findings.faults) == len(faults)
    assert all(said in fault for said, fault in zip(faults, findings.faults, strict=True))
