"""The papers of a visit or of a need over JSON: what was photographed on the spot."""

import uuid
from typing import Annotated

from fastapi import Depends, Form, Path, Response, UploadFile
from fastapi import File as FormFile

from app.access.terms import Permission, Viewer
from app.attachments.queries import attachments_on
from app.attachments.terms import ObjectKind
from app.db import Conn
from app.errors import NotFound
from app.web.api.answers import answer, part
from app.web.api.claim_schemas import PaperOut
from app.web.api.deeds import Deed, doing, once_only
from app.web.api.openapi import KEYED
from app.web.api.work_schemas import WorkFiles
from app.web.deps import ClockDep, ConnDep, FilesDep, SettingsDep, guard
from app.web.evidence import Hold, hold_on
from app.web.forms import clean_text
from app.web.taking import hang, must_change, take

router = part("走访与任务", "/firms/{uscc}/{kind}/{object_id}/files")
Reader = Annotated[Viewer, Depends(guard(Permission.FIRM_INTERNAL))]
Worker = Annotated[Deed, Depends(doing(Permission.FIRM_NOTE))]
Uscc = Annotated[str, Path(max_length=40, examples=["91440783M159083022"])]
Of = Annotated[str, Path(max_length=10, description="visits 走访、needs 诉求")]
_KINDS = {"visits": ObjectKind.VISIT, "needs": ObjectKind.NEED}


async def _hold(conn: Conn, uscc: str, kind: str, object_id: uuid.UUID, viewer: Viewer) -> Hold:
    if kind not in _KINDS:
        raise NotFound
    hold = await hold_on(conn, _KINDS[kind], object_id, viewer=viewer)
    if hold.target.label != uscc.upper():
        raise NotFound
    return hold


async def _files(conn: Conn, hold: Hold, *, status: int = 200) -> Response:
    items = [
        PaperOut(
            id=f.id,
            name=f.name,
            size=f.size,
            kind=f.kind.value,
            scan=f.scan.value,
            note=f.note,
            sent_at=f.created_at,
            sent_by=f.creator_name,
            verified=False,
            removable=hold.may_remove(f),
        )
        for f in await attachments_on(conn, hold.target.kind, hold.target.id)
    ]
    return answer(WorkFiles(items=items, next=None), status=status)


@router.get("", response_model=WorkFiles, summary="走访或诉求的附件")
async def read(uscc: Uscc, kind: Of, object_id: uuid.UUID, conn: ConnDep, viewer: Reader) -> Response:
    return await _files(conn, await _hold(conn, uscc, kind, object_id, viewer))


@router.post(
    "", response_model=WorkFiles, status_code=201, summary="附上照片或文件（multipart/form-data）", openapi_extra=KEYED
)
@once_only
async def send(
    uscc: Uscc,
    kind: Of,
    object_id: uuid.UUID,
    deed: Worker,
    files: FilesDep,
    settings: SettingsDep,
    clock: ClockDep,
    file: Annotated[UploadFile | None, FormFile(description="PDF、图片、.xlsx、.docx，不超过 10 MB")] = None,
    note: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    hold = await _hold(deed.conn, uscc, kind, object_id, deed.viewer)
    must_change(hold)
    words = clean_text("note", note, longest=200)
    taken = await take(file, files, settings)
    await hang(deed.conn, hold.target, taken, note=words, by=deed.by, clock=clock)
    return await _files(deed.conn, hold, status=201)
