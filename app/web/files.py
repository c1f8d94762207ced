"""The one place where files come in and go out: looked at, kept, and only ever handed out as attachments."""

import uuid
from typing import Annotated, Any

from fastapi import Depends, Form, Request, Response, UploadFile
from fastapi import File as FormFile

from app.access.terms import Actor, Permission, Viewer
from app.attachments import service
from app.attachments.queries import attachments_on
from app.attachments.terms import ObjectKind, Target
from app.errors import Conflict, Invalid, NotFound
from app.files.terms import ACCEPT, MAX_FILE, MB, MEDIA, Scan
from app.web.deps import ClockDep, ConnDep, FilesDep, LookupDep, SettingsDep, acting, guard
from app.web.downloads import attachment
from app.web.evidence import Hold, file_in_sight, hold_on, must_belong, places_of
from app.web.forms import clean_text
from app.web.htmx import see_other
from app.web.routing import Router
from app.web.taking import hang, must_change, take, take_off
from app.web.templating import page

router = Router()
Reader = Annotated[Viewer, Depends(guard(Permission.SELF))]
Sender = Annotated[Actor, Depends(acting(Permission.SELF))]


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
    file = await file_in_sight(conn, attachment_id, viewer=actor.viewer)
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
    must_change(hold)
    form = lookup.forms.get(hold.form) if hold.form else None
    target = Target(hold.target.kind, object_id, hold.target.firm_id, hold.target.label, place)
    try:
        must_belong(target, form)
        words = clean_text("note", note, longest=200)
        taken = await take(photo if photo and photo.filename else file, files, settings)
        made = await hang(conn, target, taken, note=words, by=actor, clock=clock)
    except Invalid as error:
        return _refused(request, hold, target, note, error, places_of(form, [place]) if form else None)
    waits = "，查毒之后才能下载" if taken.scan is Scan.WAITING else ""
    waits += "，等专员核实" if hold.held else ""
    there = await attachments_on(conn, target.kind, target.id)
    known = next((one.name for one in there if one.id == made), taken.name)
    done = f"已上传 {taken.name}" if known == taken.name else f"与已有的 {known} 内容相同，没有再存一份"
    return see_other(request, hold.page, f"{done}{waits}")


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
    file = await file_in_sight(conn, attachment_id, viewer=actor.viewer, hold=True)
    hold = await take_off(conn, file, by=actor, clock=clock)
    return see_other(request, hold.page, f"已移除 {file.name}")
