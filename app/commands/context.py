"""What commands share: where the data is, which database, and one sentence when something is missing."""

import argparse
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from pydantic import SecretStr, ValidationError

from app.access.sight import hidden_tables
from app.config import SHORTEST_KEY, Settings
from app.db import Database, Keys
from app.embedded import EmbeddedError, start
from app.errors import because
from app.vault import vault_of


class CommandError(Exception):
    """One sentence for the person at the terminal."""

    def __init__(self, sentence: str, *, exit_code: int = 1) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code


def add_data_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, metavar="目录", help="数据目录，缺省为 TIDU_DATA 或 .tidu")


def settings_for(args: argparse.Namespace) -> Settings:
    data: Path | None = getattr(args, "data", None)
    try:
        return Settings() if data is None else Settings(data=data)
    except ValidationError as error:
        names = "、".join(f"TIDU_{str(fault['loc'][0]).upper()}" for fault in error.errors())
        raise CommandError(f"环境变量 {names} 的值不能用，请对照 README 改正。") from error


def production_settings() -> Settings:
    settings = settings_for(argparse.Namespace())
    if not settings.database_url:
        raise CommandError("没有设置 TIDU_DATABASE_URL；试用请运行 tidu up。")
    return with_key(settings)


@contextmanager
def database_url(settings: Settings) -> Iterator[str]:
    """The configured database, or the embedded one of the data directory: shared with a running `tidu up`."""
    if settings.database_url:
        yield settings.database_url
        return
    if not settings.data.exists():
        raise CommandError(
            f"数据目录 {settings.data} 不存在：先运行 tidu up，或设置 TIDU_DATABASE_URL、用 --data 指明目录。"
        )
    try:
        with start(settings.data) as server:
            yield server.url()
    except EmbeddedError as error:
        raise CommandError(str(error)) from error


@asynccontextmanager
async def opened(args: argparse.Namespace) -> AsyncIterator[tuple[Settings, Database]]:
    """Settings with the database address filled in, and the database itself.

    Refuses a role that is shown no firms, as the site's: it would find nothing, and say that there is nothing.
    """
    settings = settings_for(args)
    keys = keys_for(settings)
    with database_url(settings) as url:
        settings = settings.model_copy(update={"database_url": url})
        database = Database(url, pool_size=4, keys=keys)
        try:
            await _must_see_everything(database)
            yield settings, database
        finally:
            await database.dispose()


async def _must_see_everything(database: Database) -> None:
    async with database.reading() as conn:
        hidden = await hidden_tables(conn)
    if hidden:
        raise CommandError(
            f"这个数据库角色看不到 {len(hidden)} 张表里的企业（{hidden[0]} 等），什么也没有做："
            "请把 TIDU_DATABASE_URL 换成表的所有者，再运行这个命令。"
        )


def with_key(settings: Settings) -> Settings:
    """With the installation's own key: every process must come to the same one, or cannot read what another wrote.
    The embedded database's is that of its directory."""
    given = settings.secret_key.get_secret_value() if settings.database_url else ""
    if not given and settings.database_url and settings.secure_cookies:
        raise CommandError("没有设置 TIDU_SECRET_KEY：生产环境必须设置一个至少 32 字符的随机密钥。")
    key = given or secret_key(settings.data)
    if len(key) < SHORTEST_KEY:
        raise CommandError(f"密钥太短：TIDU_SECRET_KEY 至少 {SHORTEST_KEY} 个字符，请换成随机生成的。")
    return settings.model_copy(update={"secret_key": SecretStr(key)})


def keys_for(settings: Settings) -> Keys:
    """Asked for when something sealed is read or written, and not before: most commands do neither."""
    return lambda: vault_of(with_key(settings))


def has_key(settings: Settings) -> bool:
    """Whether there is one already. What is sealed under one that was only made for it, the site could not open."""
    given = settings.secret_key.get_secret_value() or settings.encryption_keys.get_secret_value()
    return bool(given) or not settings.database_url or (settings.data / "secret_key").exists()


def secret_key(data: Path) -> str:
    """The installation's own key, made once and readable by its owner only."""
    path = data / "secret_key"
    try:
        if not path.exists():
            data.mkdir(parents=True, exist_ok=True, mode=0o700)
            # Written aside and renamed: a kill in between must not leave an empty key to be used for ever.
            aside = path.with_suffix(".new")
            aside.touch(mode=0o600)
            aside.write_text(secrets.token_urlsafe(48))
            aside.replace(path)
        return path.read_text().strip()
    except OSError as error:
        raise CommandError(f"数据目录 {data} 不能用（{because(error)}），请检查权限，或用 --data 另选。") from error
