"""The one place where files come in and go out: looked at, kept, and only ever handed out as attachments."""

import asyncio
import logging
import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request, Response, UploadFile
from fastapi import File as FormFile

from app.access.terms import Actor, Permission, Viewer
from app.attachments import service
from app.attachments.queries import attachment_by_id, attachments_on
from app.attachments.terms import Attachment, ObjectKind, Taken, Target
from app.config import Settings
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.files.naming import clean_name
from app.files.scanning import Scanner, ScannerDown
from app.files.sniffing import sniffed
from app.files.store import FileStore
from app.files.terms import ACCEPT, MAX_FILE, MB, MEDIA, FileRefused, Scan
from app.web.deps import ClockDep, ConnDep, FilesDep, LookupDep, SettingsDep, acting, guard
from app.web.downloads import attachment
from app.web.evidence import Hold, hold_on, must_belong, places_of
from app.web.forms import clean_text
from app.web.htmx import see_other
from app.web.templating import page

router = APIRouter(include_in_schema=False)
Reader = Annotated[Viewer, Depends(guard(Permission.SELF))]
Sender = Annotated[Actor, Depends(acting(Permission.SELF))]
SCAN_SECONDS = 8.0
log = logging.getLogger("tidu.web")


async def take(upload: UploadFile | None, files: FileStore, settings: Settings) -> Taken:
    """Looks at a file and keeps it. Raises Invalid with a sentence beside the field."""
    if upload is None or not upload.filename:
        raise Invalid({"file": "请选择要上传的文件。"})
    name = clean_name(upload.filename)
    data = await upload.read(MAX_FILE + 1)
    try:
        kind = await asyncio.to_thread(sniffed, data, name)
    except FileRefused as error:
        raise Invalid({"file": str(error)}) from error
    scan = await _scanned(data, settings)
    return Taken(name, kind, len(data), await files.put(data), scan)


async def _scanned(data: bytes, settings: Settings) -> Scan:
    if not settings.clamd:
        return Scan.UNSCANNED
    try:
        verdict = await Scanner(settings.clamd, seconds=SCAN_SECONDS).scan(data)
    except ScannerDown as error:
        # It is kept and out of reach; the worker asks again.
        log.warning("the scanner did not answer: %s", error)
        return Scan.WAITING
    if not verdict.clean:
        log.warning("an upload was refused: %s", verdict.found)
        raise Invalid({"file": f"文件里查出病毒（{verdict.found}），没有保存。"})
    return Scan.CLEAN


@router.get("/files/on/{kind}/{object_id}")
async def files_page(request: Request, kind: str, object_id: uuid.UUID, viewer: Reader, conn: ConnDep) -> Response:
    hold = await hold_on(conn, _kind(kind), object_id, viewer=viewer)
    files = [f for f in await attachments_on(conn, hold.target.kind, object_id) if hold.shows(f)]
    context: dict[str, Any] = {"hold": hold, "files": files, "accept": ACCEPT, "most_mb": MAX_FILE // MB}
    return page(request, "files/on.html", title=hold.title, **context)


@router.get("/files/{attachment_id}")
async def download(
    attachment_id: uuid.UUID, actor: Sender, conn: ConnDep, files: FilesDep, settings: SettingsDep, clock: ClockDep
) -> Response:
    file = await attachment_by_id(conn, attachment_id)
    if file is None:
        raise NotFound
    hold = await hold_on(conn, file.object_kind, file.object_id, viewer=actor.viewer)
    if not hold.shows(file):
        raise NotFound
    if file.scan is Scan.INFECTED:
        raise Conflict(f"“{file.name}”查出病毒，已隔离，不能下载。")
    if file.scan is Scan.WAITING or (settings.clamd and file.scan is Scan.UNSCANNED):
        raise Conflict(f"“{file.name}”还在等待查毒，查完才能下载，请稍后再试。")
    data = await files.read(file.sha256)
    if data is None:
        raise NotFound(f"“{file.name}”的内容不在文件库里，请联系系统管理员。")
    await service.note_download(conn, hold.target, file, by=actor, at=clock.now())
    return attachment(data, file.name, MEDIA[file.kind])


def _kind(value: str) -> ObjectKind:
    if value not in {kind.value for kind in ObjectKind}:
        raise NotFound
    return ObjectKind(value)


@router.post("/files")
async def upload(
    request: Request,
    conn: ConnDep,
    files: FilesDep,
    clock: ClockDep,
    settings: SettingsDep,
    lookup: LookupDep,
    actor: Sender,
    object_id: Annotated[uuid.UUID, Form()],
    kind: Annotated[str, Form(max_length=20)] = "",
    place: Annotated[str, Form(max_length=80)] = "",
    note: Annotated[str, Form(max_length=500)] = "",
    file: Annotated[UploadFile | None, FormFile()] = None,
    photo: Annotated[UploadFile | None, FormFile()] = None,
) -> Response:
    hold = await hold_on(conn, _kind(kind), object_id, viewer=actor.viewer)
    _must_change(hold)
    form = lookup.forms.get(hold.form) if hold.form else None
    target = Target(hold.target.kind, object_id, hold.target.firm_id, hold.target.label, place)
    try:
        must_belong(target, form)
        words = clean_text("note", note, longest=200)
        taken = await take(photo if photo and photo.filename else file, files, settings)
        # Looked at again: it may have been handed in while the scanner read the file.
        _must_change(await hold_on(conn, target.kind, object_id, viewer=actor.viewer, lock=True))
        await service.attach(conn, target, taken, note=words, by=actor, at=clock.now())
    except Invalid as error:
        return _refused(request, hold, target, note, error, places_of(form, [place]) if form else None)
    waits = "，查毒之后才能下载" if taken.scan is Scan.WAITING else ""
    return see_other(request, hold.page, f"已上传 {taken.name}{waits}")


def _must_change(hold: Hold) -> None:
    if not hold.may_change:
        raise Forbidden("这里的文件现在不能由您改动。")


def _refused(
    request: Request, hold: Hold, target: Target, note: str, error: Invalid, places: list[tuple[str, str]] | None
) -> Response:
    context: dict[str, Any] = {"hold": hold, "target": target, "note": note, "faults": error.fields, "places": places}
    labels = {"file": ("file", "文件"), "note": ("file-note", "说明"), "place": ("file-place", "属于哪一项")}
    context["errors"] = [(*labels[field], sentence) for field, sentence in error.fields.items()]
    context |= {"accept": ACCEPT, "most_mb": MAX_FILE // MB}
    return page(request, "files/refused.html", title="文件没有上传", status=error.status, **context)


@router.post("/files/{attachment_id}/remove")
async def remove(request: Request, attachment_id: uuid.UUID, conn: ConnDep, clock: ClockDep, actor: Sender) -> Response:
    file: Attachment | None = await attachment_by_id(conn, attachment_id, hold=True)
    if file is None:
        raise NotFound
    hold = await hold_on(conn, file.object_kind, file.object_id, viewer=actor.viewer, lock=True)
    _must_change(hold)
    if not hold.may_remove(file):
        raise Conflict(f"“{file.name}”在提交或核实时已经看过，不能移除；可以再上传新的。")
    await service.remove(conn, hold.target, file, by=actor, at=clock.now())
    return see_other(request, hold.page, f"已移除 {file.name}")
