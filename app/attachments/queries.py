"""Files of objects. Who may see an object is decided by whoever knows it, before anything is read here."""

import uuid
from collections.abc import Callable, Collection
from typing import Any

from sqlalchemy import any_, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Uuid

from app.attachments.models import AttachmentRow
from app.attachments.terms import Attachment, ObjectKind, Target
from app.db import Conn
from app.files.models import StoredFile
from app.files.terms import FileKind, Scan

_A, _F = AttachmentRow, StoredFile
_OF_FILE = ("name", "size", "kind", "scan")
_COLUMNS: tuple[Any, ...] = tuple(getattr(_F if f in _OF_FILE else _A, f) for f in Attachment.__dataclass_fields__)


def _attachments() -> Any:
    return select(*_COLUMNS).join(_F, _F.id == _A.file_id)


def _attachment(row: Any) -> Attachment:
    named = dict(zip(Attachment.__dataclass_fields__, row, strict=True))
    kinds = {"object_kind": ObjectKind(named["object_kind"]), "kind": FileKind(named["kind"])}
    return Attachment(**{**named, **kinds, "scan": Scan(named["scan"])})


async def attachments_of(conn: Conn, kind: ObjectKind, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, list[Attachment]]:
    """What hangs on each of them now, oldest first."""
    if not ids:
        return {}
    mine = (_A.object_kind == kind.value, _A.object_id == any_(bindparam("ids", type_=ARRAY(Uuid()))))
    query = _attachments().where(*mine, _A.removed_at.is_(None)).order_by(_A.created_at, _A.id)
    found: dict[uuid.UUID, list[Attachment]] = {}
    for row in await conn.execute(query, {"ids": list(ids)}):
        one = _attachment(row)
        found.setdefault(one.object_id, []).append(one)
    return found


async def attachments_on(conn: Conn, kind: ObjectKind, object_id: uuid.UUID) -> list[Attachment]:
    return (await attachments_of(conn, kind, [object_id])).get(object_id, [])


async def attachment_by_id(
    conn: Conn, attachment_id: uuid.UUID, *, on: Callable[[Any], Any], hold: bool = False
) -> Attachment | None:
    """`on`: of the object that it hangs on, whether the caller may know of it."""
    query = _attachments().where(_A.id == attachment_id, on(_A.object_id))
    row = (await conn.execute(query.with_for_update(of=_A.__table__) if hold else query)).one_or_none()
    return _attachment(row) if row else None


async def hangs(conn: Conn, target: Target, sha256: str) -> uuid.UUID | None:
    """The same file at the same place."""
    same = (_A.object_kind == target.kind.value, _A.object_id == target.id, _A.place == target.place)
    query = select(_A.id).where(*same, _A.sha256 == sha256, _A.removed_at.is_(None))
    found: uuid.UUID | None = (await conn.execute(query)).scalar_one_or_none()
    return found


async def counts_at(conn: Conn, kind: ObjectKind, object_id: uuid.UUID, place: str) -> tuple[int, int]:
    """How many hang on the object, and at that place of it."""
    here = func.count().filter(_A.place == place)
    query = select(func.count(), here).where(
        _A.object_kind == kind.value, _A.object_id == object_id, _A.removed_at.is_(None)
    )
    whole, at_place = (await conn.execute(query)).one()
    return whole, at_place
