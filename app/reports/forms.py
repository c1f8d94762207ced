"""Form versions in the database: brought once, never changed, and read by everybody as parsed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from app.db import Conn
from app.errors import Refused
from app.reports.catalogue import Body, Form, form_of
from app.reports.models import FormVersion
from app.reports.terms import ANNUAL

Forms = Mapping[tuple[str, int], Form]


async def bring_forms(conn: Conn, bodies: Sequence[Body], *, at: datetime) -> int:
    """How many were new. Raises Refused for a body that differs from what its version already stands for."""
    known = {
        (f, v): body
        for f, v, body in await conn.execute(select(FormVersion.form, FormVersion.version, FormVersion.body))
    }
    new = [body for body in bodies if (body["form"], body["version"]) not in known]
    for body in bodies:
        before = known.get((body["form"], body["version"]))
        if before is not None and before != body:
            raise Refused(
                f"表单 {body['form']} 第 {body['version']} 版已经在用，内容不能改；请另立一个版本（version 加一）。"
            )
    rows = [
        {"form": b["form"], "version": b["version"], "title": b["title"], "body": dict(b), "created_at": at}
        for b in new
    ]
    if rows:
        await conn.execute(insert(FormVersion).on_conflict_do_nothing(), rows)
    return len(rows)


async def load_forms(conn: Conn) -> Forms:
    query = select(FormVersion.form, FormVersion.version, FormVersion.body)
    return {(code, version): _parsed(orjson.dumps(body)) for code, version, body in await conn.execute(query)}


@lru_cache(maxsize=32)
def _parsed(body: bytes) -> Form:
    read: dict[str, Any] = orjson.loads(body)
    return form_of(read)


def newest(forms: Forms, code: str = ANNUAL) -> Form | None:
    versions = [version for form, version in forms if form == code]
    return forms[code, max(versions)] if versions else None


def current(forms: Forms) -> list[Form]:
    """The newest version of each, the yearly one first."""
    codes = sorted({code for code, _ in forms}, key=lambda code: (code != ANNUAL, code))
    return [form for code in codes if (form := newest(forms, code)) is not None]
