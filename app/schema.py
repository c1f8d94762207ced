"""Which migration the database is at, and which this release wants."""

import re
from functools import cache

from sqlalchemy import text

from app.config import MIGRATIONS
from app.db import Conn

# Alembic would import every migration for it, and brings a good part of a site's start with it.
_NAMES = re.compile(r"^(down_)?revision\b(.*)$", re.MULTILINE)


@cache
def schema_head() -> str | None:
    """The newest migration of this release: the one that none comes after."""
    known: dict[str, set[str]] = {"": set(), "down_": set()}
    for path in (MIGRATIONS / "versions").glob("*.py"):
        for which, told in _NAMES.findall(path.read_text("utf-8")):
            known[which].update(re.findall(r'"(\w+)"', told))
    return next(iter(known[""] - known["down_"]), None)


async def schema_version(conn: Conn) -> str | None:
    """The migration that the database is at; None when it has none."""
    if (await conn.execute(text("SELECT to_regclass('alembic_version')"))).scalar_one() is None:
        return None
    version: str | None = (await conn.execute(text("SELECT version_num FROM alembic_version"))).scalar_one_or_none()
    return version
