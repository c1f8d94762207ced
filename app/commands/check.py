"""`tidu check`: what is wrong with this installation, a sentence for each fault that says what to do about it."""

import argparse
import re
import shutil
import sys
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import aiosmtplib
from sqlalchemy import select, text

from app.clock import SystemClock, business_day
from app.commands.check_powers import powers_lacking
from app.commands.context import CommandError, add_data_option, database_url, settings_for
from app.config import SHORTEST_KEY, Settings
from app.db import Conn, Database
from app.errors import because
from app.firms.terms import MAIN_LADDER
from app.pipeline.queries import load_ladders
from app.schema import schema_head, schema_version
from app.workdays.models import CalendarYear

OLDEST_SERVER = 150000
EXTENSIONS = ("btree_gist", "pg_trgm")
_SMTP_SECONDS = 5
_ROOM = 1 << 30
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_DURABLE = ("fsync", "full_page_writes", "synchronous_commit")


class Findings:
    def __init__(self) -> None:
        self.good: list[str] = []
        self.notices: list[str] = []
        self.faults: list[str] = []


def add_parser(subparsers: Any) -> None:
    parser: argparse.ArgumentParser = subparsers.add_parser("check", help="检查配置与环境，逐条说明问题和办法")
    add_data_option(parser)
    parser.set_defaults(run=run)


async def run(args: argparse.Namespace) -> int:
    settings = settings_for(args)
    findings = Findings()
    try:
        with database_url(settings) as url:
            await check_database(findings, url, today=business_day(SystemClock().now()), ours=not settings.database_url)
    except CommandError as error:
        findings.faults.append(str(error))
    check_secrets(findings, settings)
    if settings.in_bucket:
        await check_bucket(findings, settings.file_store)
    else:
        check_files(findings, settings.file_root)
    check_texts(findings, settings)
    await check_mail(findings, settings)
    return _told(findings)


def _told(findings: Findings) -> int:
    for mark, sentences in (("✓", findings.good), ("!", findings.notices)):
        for sentence in sentences:
            print(f"{mark} {sentence}")
    for sentence in findings.faults:
        print(f"✗ {sentence}", file=sys.stderr)
    return 1 if findings.faults else 0


async def check_database(findings: Findings, url: str, *, today: date, ours: bool = True) -> None:
    """`ours`: the one that `tidu up` runs, of which commands are the owner and the site is not."""
    try:
        database = Database(url, pool_size=1)
    except Exception:  # whatever is wrong with it, the address is what the person must look at
        findings.faults.append("TIDU_DATABASE_URL 不是有效的地址，应形如 postgresql://用户:口令@主机:5432/库名。")
        return
    try:
        async with AsyncExitStack() as stack:
            try:
                conn = await stack.enter_async_context(database.reading())
            except Exception as error:
                findings.faults.append(_out_of_reach(url, error))
                return
            if not await _check_server(findings, conn):
                return  # nothing further can be asked in Chinese
            await _check_locale(findings, conn)
            await _check_extensions(findings, conn)
            if await _check_schema(findings, conn):
                if not ours:
                    await _check_role(findings, conn)
                await _check_seeds(findings, conn)
                await _check_calendar(findings, conn, today)
                findings.notices += await powers_lacking(conn, today)
    finally:
        await database.dispose()


def _out_of_reach(url: str, error: BaseException) -> str:
    place = urlsplit(url)
    where = f"{place.hostname or '本机'}{place.path}"
    return f"连不上数据库 {where}：{_first_line(error)}。请检查地址、口令和服务是否启动。"


async def _check_server(findings: Findings, conn: Conn) -> bool:
    names = ("server_version", "server_version_num", "server_encoding", *_DURABLE)
    rows = await conn.execute(
        text("SELECT name, setting FROM pg_settings WHERE name = ANY(:names)"), {"names": list(names)}
    )
    shown: dict[str, str] = {name: setting for name, setting in rows}
    version, encoding = shown["server_version"], shown["server_encoding"]
    if int(shown["server_version_num"]) < OLDEST_SERVER:
        findings.faults.append(f"数据库是 PostgreSQL {version}，需要 15 或更高版本，请升级。")
    if encoding != "UTF8":
        findings.faults.append(
            f"数据库的编码是 {encoding}，存不下全部汉字。请用 createdb -T template0 -E UTF8 -l C.UTF-8 另建库再迁移。"
        )
    off = [name for name in _DURABLE if shown[name] == "off"]
    if off:
        findings.faults.append(f"数据库的 {'、'.join(off)} 关着，断电会丢已保存的数据，请打开。")
    findings.good.append(f"数据库：PostgreSQL {version}，{encoding}")
    return encoding == "UTF8"


async def _check_locale(findings: Findings, conn: Conn) -> None:
    """Under a C locale no Chinese character is a letter: searches find nothing and nobody is told."""
    ctype = (
        await conn.execute(text("SELECT datctype FROM pg_database WHERE datname = current_database()"))
    ).scalar_one()
    letters = (await conn.execute(text("SELECT '开平' ~ '^[[:alpha:]]+$' AND lower('Ä') = 'ä'"))).scalar_one()
    if await _installed(conn, "pg_trgm"):
        trigrams = (await conn.execute(text("SELECT cardinality(show_trgm('开平')) > 0"))).scalar_one()
    else:
        trigrams = ctype not in {"C", "POSIX"}
    if letters and trigrams:
        findings.good.append(f"区域设置 {ctype}：中文检索可用")
        return
    findings.faults.append(
        f"数据库的区域设置是 {ctype}，中文检索会什么也找不到而且不报错。"
        "请用 createdb -T template0 -E UTF8 -l C.UTF-8 另建一个库，用 pg_dump 与 psql 搬过去，再改 TIDU_DATABASE_URL。"
    )


async def _installed(conn: Conn, extension: str) -> bool:
    found = await conn.execute(text("SELECT 1 FROM pg_extension WHERE extname = :name"), {"name": extension})
    return found.first() is not None


async def _check_extensions(findings: Findings, conn: Conn) -> None:
    rows = await conn.execute(
        text("SELECT name FROM pg_available_extensions WHERE name = ANY(:names)"), {"names": list(EXTENSIONS)}
    )
    available = set(rows.scalars())
    missing = [name for name in EXTENSIONS if name not in available and not await _installed(conn, name)]
    if missing:
        findings.faults.append(
            f"数据库服务器没有扩展 {'、'.join(missing)}，请在服务器上安装 postgresql-contrib（云数据库在控制台启用）。"
        )
    else:
        findings.good.append(f"扩展：{'、'.join(EXTENSIONS)}")


async def _check_schema(findings: Findings, conn: Conn) -> bool:
    version, head = await schema_version(conn), schema_head()
    if version == head:
        findings.good.append(f"数据库结构：{head}")
        return True
    findings.faults.append(
        f"数据库结构不是本版程序的（库里是 {version or '空的'}，应是 {head}），请运行 tidu migrate。"
    )
    return False


async def _check_role(findings: Findings, conn: Conn) -> None:
    owns = "SELECT pg_has_role(tableowner, 'USAGE') FROM pg_tables WHERE (schemaname, tablename) = ('public', 'firms')"
    if (await conn.execute(text(owns))).scalar_one():
        findings.notices.append(
            "TIDU_DATABASE_URL 用的是表的所有者，行级安全管不到它；网站请用 tidu grants 授权的角色。"
        )


async def _check_seeds(findings: Findings, conn: Conn) -> None:
    if MAIN_LADDER in await load_ladders(conn):
        return
    findings.faults.append("库里没有基础数据（区划、梯队、日历等），页面打不开；请运行 tidu seed。")


async def _check_calendar(findings: Findings, conn: Conn, today: date) -> None:
    years = set((await conn.execute(select(CalendarYear.year))).scalars())
    how = "在“工作日历”里上传国务院办公厅当年的放假安排"
    if today.year not in years:
        findings.faults.append(f"没有 {today.year} 年的工作日历，工作日只能按周一至周五估算；请{how}。")
    following = today.year + 1
    if following in years:
        findings.good.append(f"工作日历：{today.year}、{following} 年")
    elif today.month == 12:
        findings.faults.append(f"没有 {following} 年的工作日历，跨年的期限会算错；请{how}。")
    else:
        # The notice comes out in the last months of the year; before that nobody can have it.
        findings.notices.append(f"还没有 {following} 年的工作日历；放假安排一般在十一月公布，公布后请{how}。")


def check_secrets(findings: Findings, settings: Settings) -> None:
    place = urlsplit(settings.base_url)
    if place.scheme not in {"http", "https"} or not place.hostname:
        findings.faults.append(f"TIDU_BASE_URL（{settings.base_url}）不是网址，应形如 https://tidu.example.gov.cn。")
    elif place.scheme == "http" and place.hostname not in _LOOPBACK:
        findings.notices.append("TIDU_BASE_URL 不是 https：口令会明文经过网络，请在前面加上带证书的反向代理。")
    key, kept = settings.secret_key.get_secret_value(), settings.data / "secret_key"
    if key and len(key) < SHORTEST_KEY:
        findings.faults.append(f"TIDU_SECRET_KEY 太短，至少要 {SHORTEST_KEY} 个随机字符。")
    elif key:
        findings.good.append("密钥：由 TIDU_SECRET_KEY 给出")
    elif settings.secure_cookies:
        findings.faults.append(f"没有设置 TIDU_SECRET_KEY，正式运行必须设置至少 {SHORTEST_KEY} 个随机字符。")
    elif kept.exists() and kept.stat().st_mode & 0o077:
        findings.faults.append(f"密钥文件 {kept} 别的账户也能读，请运行 chmod 600 {kept}。")
    else:
        findings.good.append("密钥：保存在数据目录，仅本人可读" if kept.exists() else "密钥：第一次启动时生成")


async def check_bucket(findings: Findings, address: str) -> None:
    from app.files.objects import Faults, ObjectStore, refused  # noqa: PLC0415  # few need its library

    try:
        await ObjectStore(address).probe()
    except Faults as error:
        findings.faults.append(f"文件存储 {address} 不能用：{refused(error)}")
        return
    findings.good.append(f"文件存储：{address}")


def check_files(findings: Findings, root: Path) -> None:
    existing = next(folder for folder in (root, *root.absolute().parents) if folder.exists())
    try:
        with tempfile.TemporaryFile(dir=existing) as probe:
            probe.write(b"tidu")
            probe.flush()
    except OSError as error:
        findings.faults.append(f"文件目录 {root} 不能写（{because(error)}），请检查它的权限和磁盘空间。")
        return
    findings.good.append(f"文件目录：{root}")
    if (free := shutil.disk_usage(existing).free) < _ROOM:
        findings.notices.append(f"文件目录所在磁盘只剩 {free >> 20} MB，请尽快清理。")


def check_texts(findings: Findings, settings: Settings) -> None:
    """Nothing is sent: a gateway counts every message."""
    if not settings.sms_url:
        return
    url = urlsplit(settings.sms_url)
    if url.scheme not in {"http", "https"} or not url.hostname:
        findings.faults.append("TIDU_SMS_URL 不是有效的地址，应形如 https://主机/路径。")
    if not settings.sms_secret.get_secret_value():
        findings.faults.append("设了 TIDU_SMS_URL，还要设 TIDU_SMS_SECRET，网关凭它核对请求是不是本系统发的。")


async def check_mail(findings: Findings, settings: Settings) -> None:
    if not settings.smtp_url:
        findings.notices.append("没有设置 TIDU_SMTP_URL：只发站内消息，不发邮件。")
        return
    url = urlsplit(settings.smtp_url)
    if url.scheme not in {"smtp", "smtps"} or not url.hostname:
        findings.faults.append("TIDU_SMTP_URL 不是有效的地址，应形如 smtp://用户:口令@主机:25 或 smtps://…:465。")
        return
    port = url.port or (465 if url.scheme == "smtps" else 25)
    where = f"{url.hostname}:{port}"
    client = aiosmtplib.SMTP(
        hostname=url.hostname,
        port=port,
        username=unquote(url.username) if url.username else None,
        password=unquote(url.password) if url.password else None,
        use_tls=url.scheme == "smtps",
        timeout=_SMTP_SECONDS,
    )
    try:
        async with client:
            findings.good.append(f"邮件：{where}")
    except aiosmtplib.SMTPAuthenticationError:
        findings.faults.append(f"邮件服务器 {where} 不接受 TIDU_SMTP_URL 里的用户名和口令。")
    except (aiosmtplib.SMTPException, OSError) as error:
        findings.faults.append(f"连不上邮件服务器 {where}（{_first_line(error)}），请检查 TIDU_SMTP_URL。")


def _first_line(error: BaseException) -> str:
    lines: Sequence[str] = str(error).strip().splitlines()
    return re.sub(r"^(\([\w.]+\) )?(<class '.*?'>: )?", "", lines[0]) if lines else type(error).__name__
