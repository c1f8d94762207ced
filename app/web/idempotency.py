"""The same key twice is one act: the first answer is kept with it, in the act's own transaction."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request, Response
from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError
from starlette.datastructures import UploadFile

from app.access.models import IdempotencyKey
from app.access.terms import Viewer
from app.db import Conn
from app.errors import AppError, Invalid
from app.statements import Kept

_LONGEST = 255
_KEPT_HEADERS = ("location", "etag", "hx-trigger", "hx-redirect")


class KeyReused(Invalid):
    """The key stands for another request, which keeps it."""


@dataclass(frozen=True, slots=True)
class RequestKey:
    value: str
    fingerprint: bytes


async def key_of(request: Request) -> RequestKey:
    """From the header, or a form's hidden field; the fingerprint is what was asked, so that a key is not reused."""
    value = request.headers.get("idempotency-key", "")
    if "form" in request.headers.get("content-type", ""):
        form = await request.form()
        value = value or str(form.get("idempotency_key", ""))
        fields = [(k, await _said(v) if value else "") for k, v in form.multi_items() if k != "csrf_token"]
        body = repr(sorted(fields)).encode()
    else:
        body = await request.body()
    if len(value) > _LONGEST:
        raise Invalid({"Idempotency-Key": f"最多 {_LONGEST} 个字符。"})
    asked = f"{request.url.path}?{request.url.query}"
    material = request.method.encode() + asked.encode() + b"\0" + body
    return RequestKey(value, hashlib.sha256(material).digest())


async def _said(part: str | UploadFile) -> str:
    """A file is what is in it: another of the same name and size is another request."""
    if isinstance(part, str):
        return part
    digest = hashlib.sha256(await part.read()).hexdigest()
    await part.seek(0)
    return f"{part.filename} {digest}"


KeyDep = Annotated[RequestKey, Depends(key_of)]


@dataclass(slots=True)
class Slot:
    replayed: Response | None = None
    kept: Response | None = None

    def keep(self, response: Response) -> Response:
        self.kept = response
        return response


_CLAIM = Kept(
    insert(IdempotencyKey)
    .values(
        user_id=bindparam("my_id"),
        key=bindparam("my_key"),
        fingerprint=bindparam("asked"),
        created_at=bindparam("claimed_at"),
    )
    .on_conflict_do_nothing()
    .returning(IdempotencyKey.key)
)
_MINE = (IdempotencyKey.user_id == bindparam("my_id")) & (IdempotencyKey.key == bindparam("my_key"))
_EARLIER = select(IdempotencyKey.__table__).where(_MINE)
_RELEASE = delete(IdempotencyKey).where(_MINE)
_KEEP = Kept(
    update(IdempotencyKey)
    .where(_MINE)
    .values(status=bindparam("kept_status"), body=bindparam("kept_body"), headers=bindparam("kept_headers"))
)


@asynccontextmanager
async def once(conn: Conn, key: RequestKey, *, viewer: Viewer, at: datetime) -> AsyncIterator[Slot]:
    """Claims the key; a second request with it waits for the first to end and gets the same answer.

    Raises KeyReused when it came before with another. A request that fails leaves no key behind, nor does one that is
    refused and answered with its form: a refusal comes before anything is written, and the mended form may come with
    the same key.
    """
    if not key.value:
        yield Slot()
        return
    mine = {"my_id": viewer.id, "my_key": key.value}
    claim = {**mine, "asked": key.fingerprint, "claimed_at": at}
    if (await conn.execute(_CLAIM, claim)).one_or_none() is None:
        earlier = (await conn.execute(_EARLIER, mine)).mappings().one()
        if bytes(earlier["fingerprint"]) != key.fingerprint:
            raise KeyReused({"Idempotency-Key": "这个幂等键已用于另一个请求，请换一个。"}, "幂等键被重复使用。")
        sealed = earlier["body"]
        body = conn.vault.open(bytes(sealed), about=_about(viewer, key)) if sealed is not None else b""
        yield Slot(replayed=_replay(earlier["status"], body, earlier["headers"] or {}))
        return
    slot = Slot()
    try:
        yield slot
    except AppError:
        with suppress(SQLAlchemyError):  # of a transaction that is broken already, nothing will stay
            await conn.execute(_RELEASE, mine)
        raise
    if slot.kept is not None:
        headers = {k: v for k, v in slot.kept.headers.items() if k in (*_KEPT_HEADERS, "content-type")}
        # Sealed: an answer may hold all that its reader may see of a firm's people.
        body = conn.vault.seal(bytes(slot.kept.body), about=_about(viewer, key))
        kept = {"kept_status": slot.kept.status_code, "kept_body": body, "kept_headers": headers}
        await conn.execute(_KEEP, {**mine, **kept})


def _about(viewer: Viewer, key: RequestKey) -> str:
    return f"idempotency_keys:{viewer.id}:{key.value}"


def _replay(status: int, body: bytes, headers: dict[str, str]) -> Response:
    return Response(body or b"", status_code=status, headers={**headers, "idempotent-replay": "true"})
