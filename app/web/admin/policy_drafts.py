"""Drafts under the administrator's hands: a copy or a file becomes one; its head and its conditions are forms."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from fastapi import Depends, File, Form, Request, Response, UploadFile
from pydantic import BaseModel
from starlette.datastructures import FormData

from app.access.terms import Actor, Permission, Viewer
from app.assessments import drafting
from app.assessments.versions import Edition, version_by_id
from app.errors import AppError, Conflict, Invalid, Refused, Stale
from app.policy import places
from app.policy.filling import Filled, filled, read
from app.policy.packs import PackError, Version, read_pack
from app.web.admin.policies import show
from app.web.admin.policy_forms import fields_for, rearranged, said_in, summary, without_empty_rows
from app.web.deps import ClockDep, ConnDep, TodayDep, acting, guard
from app.web.htmx import see_other
from app.web.routing import Router
from app.web.templating import page

router = Router()
Editor = Annotated[Actor, Depends(acting(Permission.POLICY_ADMIN))]
Looker = Annotated[Viewer, Depends(guard(Permission.POLICY_ADMIN))]
RowVersion = Annotated[int, Form(ge=0, le=1 << 30)]
_LARGEST_FILE = 512 << 10
_HEAD_ONLY = frozenset({"examples"})


@router.post("/admin/policies/{version_id}/copy")
async def copy(request: Request, version_id: uuid.UUID, conn: ConnDep, clock: ClockDep, actor: Editor) -> Response:
    draft = await drafting.copy(conn, version_id, by=actor, at=clock.now())
    return see_other(request, f"/admin/policies/{draft}", "已复制为草稿，先改文号和有效期")


@router.post("/admin/policies/{version_id}/discard")
async def discard(
    request: Request,
    version_id: uuid.UUID,
    conn: ConnDep,
    clock: ClockDep,
    today: TodayDep,
    actor: Editor,
    row_version: RowVersion = 0,
) -> Response:
    try:
        edition = await drafting.discard(conn, version_id, row_version=row_version, by=actor, at=clock.now())
    except (Refused, Conflict) as error:
        return await refused(request, conn, version_id, actor.viewer, today, error)
    return see_other(request, "/admin/policies", f"已放弃草稿 {edition.name}")


async def refused(
    request: Request, conn: ConnDep, version_id: uuid.UUID, viewer: Viewer, today: date, error: AppError
) -> Response:
    """The version as it stands now, with why the act was not done."""
    edition = await version_by_id(conn, version_id)
    reasons = error.reasons if isinstance(error, Refused) else []
    sentence = error.sentence
    if isinstance(error, Invalid):
        reasons, sentence = list(error.fields.values()), "改后的内容不成立："
    return await show(request, conn, edition, viewer, today, sentence=sentence, reasons=reasons, status=error.status)


@router.get("/admin/policies/upload")
async def upload_page(request: Request, _: Looker) -> Response:
    return _upload_page(request)


def _upload_page(request: Request, *, sentence: str = "", reasons: Any = (), status: int = 200) -> Response:
    context: dict[str, Any] = {"sentence": sentence, "reasons": list(reasons), "max_kb": _LARGEST_FILE >> 10}
    return page(request, "admin/policies/upload.html", title="上传政策文件", status=status, **context)


@router.post("/admin/policies/upload")
async def upload(
    request: Request,
    conn: ConnDep,
    clock: ClockDep,
    actor: Editor,
    file: Annotated[UploadFile | None, File()] = None,
) -> Response:
    if file is None or not file.filename:
        return _upload_page(request, sentence="请选择要上传的文件。", status=422)
    data = await file.read(_LARGEST_FILE + 1)
    try:
        if len(data) > _LARGEST_FILE:
            raise PackError(f"文件太大：最多 {_LARGEST_FILE >> 10} KB。")
        pack = read_pack(data.decode("utf-8-sig"), file.filename[-60:])
        async with conn.begin_nested():
            written = await drafting.bring(conn, pack, by=actor, at=clock.now())
    except (PackError, UnicodeDecodeError) as error:
        sentence = str(error) if isinstance(error, PackError) else "文件不是 UTF-8 编码的文字。"
        return _upload_page(request, sentence=sentence, status=422)
    except Refused as error:
        return _upload_page(request, sentence=error.sentence, reasons=error.reasons, status=409)
    except Invalid as error:
        return _upload_page(request, sentence="文件没有载入。", reasons=error.fields.values(), status=422)
    if not written:
        return see_other(request, "/admin/policies", "文件里的版本和系统里的一样，没有改动")
    return see_other(request, f"/admin/policies/{written[0].id}", f"已载入 {len(written)} 份草稿")


@dataclass(frozen=True, slots=True)
class Sheet:
    """One form of a draft: what it edits, and how what it says becomes the whole version again."""

    title: str
    action: str
    model: type[BaseModel]
    was: Filled
    merge: Callable[[dict[str, Any]], Version]
    leave_out: frozenset[str] = frozenset()
    anchor: str = ""
    note: str = ""


def draft_page(
    request: Request,
    edition: Edition,
    sheet: Sheet,
    said: Filled,
    *,
    faults: Mapping[str, str] | None = None,
    sentence: str = "",
    row_version: int | None = None,
    unsaved: bool = False,
    status: int = 200,
) -> Response:
    """Context: `form` [FieldView], `errors` for the summary, `sheet`, `row_version`, `unsaved`, `back`."""
    faults = faults or {}
    form = fields_for(sheet.model, said, faults, leave_out=sheet.leave_out)
    back = f"/admin/policies/{edition.id}"
    context: dict[str, Any] = {
        "sheet": sheet,
        "form": form,
        "errors": summary(form, faults),
        "sentence": sentence,
        "row_version": edition.row_version if row_version is None else row_version,
        "unsaved": unsaved or bool(faults),
        "back": f"{back}#{sheet.anchor}" if sheet.anchor else back,
    }
    return page(request, "admin/policies/form.html", title=f"{edition.name}：{sheet.title}", status=status, **context)


async def take(
    request: Request, conn: ConnDep, edition: Edition, sheet: Sheet, actor: Actor, clock: ClockDep
) -> Response:
    """One press of a button: a row comes, goes or moves on the page, or the form is read and the draft saved."""
    said, form = await said_in(request, sheet.model)
    row_version = _number(form)
    do = str(form.get("do", ""))
    if do and rearranged(said, do):
        return draft_page(request, edition, sheet, said, row_version=row_version, unsaved=True)
    said = without_empty_rows(said)
    reading = read(sheet.model, said, was=sheet.was)
    try:
        if reading.faults:
            raise Invalid(reading.faults)
        version = sheet.merge(reading.data)
        async with conn.begin_nested():
            changed = await drafting.save(conn, edition.id, version, row_version=row_version, by=actor, at=clock.now())
    except Invalid as error:
        return draft_page(request, edition, sheet, said, faults=error.fields, row_version=row_version, status=422)
    except Stale as error:
        now = await version_by_id(conn, edition.id)
        return draft_page(
            request,
            now,
            sheet,
            said,
            sentence=f"{error.sentence}您填写的还在下面；再保存一次就以您填写的为准。",
            unsaved=True,
            status=409,
        )
    back = f"/admin/policies/{edition.id}" + (f"#{sheet.anchor}" if sheet.anchor else "")
    return see_other(request, back, "已保存" if changed else "没有改动")


def _number(form: FormData) -> int:
    said = str(form.get("row_version", ""))
    return int(said) if said.isascii() and said.isdigit() and len(said) < 10 else 0


async def draft_of(conn: ConnDep, version_id: uuid.UUID) -> Edition:
    """Raises Conflict for what is no longer a draft."""
    return drafting.still_draft(await version_by_id(conn, version_id))


def _head(edition: Edition) -> Sheet:
    version = edition.version
    leave_out = _HEAD_ONLY | (frozenset() if version.deduction else frozenset({"deduction"}))
    said = {name: value for name, value in filled(version).items() if name not in leave_out}
    kept = {"criteria": version.criteria, "examples": version.examples}

    def merge(data: dict[str, Any]) -> Version:
        return places.made_version({**data, **kept})

    return Sheet("文件和来源", f"/admin/policies/{edition.id}/head", Version, said, merge, leave_out)


@router.get("/admin/policies/{version_id}/head")
async def head_form(request: Request, version_id: uuid.UUID, _: Looker, conn: ConnDep) -> Response:
    edition = await draft_of(conn, version_id)
    sheet = _head(edition)
    return draft_page(request, edition, sheet, sheet.was)


@router.post("/admin/policies/{version_id}/head")
async def save_head(request: Request, version_id: uuid.UUID, conn: ConnDep, clock: ClockDep, actor: Editor) -> Response:
    edition = await draft_of(conn, version_id)
    return await take(request, conn, edition, _head(edition), actor, clock)
