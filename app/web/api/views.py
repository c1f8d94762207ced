"""Saved views of the firms' list, and how the list looks to the account that a program signs in with."""

import uuid
from typing import Annotated, Any, Literal

from fastapi import Depends, Path, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.access.terms import Permission, Role, Viewer
from app.db import Conn
from app.errors import NotFound
from app.views.arranging import arrange, begin_role_with
from app.views.queries import desk_of, firsts_of_roles, view_by_id
from app.views.rules import ROLES_WITH_LIST
from app.views.service import ViewEntry, change_view, remove_view, save_view
from app.views.terms import Arrangement, ListColumn, RoleFirst, SavedList
from app.web.api.answers import answer, part
from app.web.api.deeds import Deed, doing, once_only
from app.web.api.if_match import IfMatch, version_needed, version_of
from app.web.api.openapi import KEYED
from app.web.api.schemas import Short
from app.web.deps import ConnDep, guard
from app.web.view_input import read_arrangement, read_query

router = part("列表视图")
Reader = Annotated[Viewer, Depends(guard(Permission.FIRM_LIST))]
Lister = Annotated[Deed, Depends(doing(Permission.FIRM_LIST))]
AdminReader = Annotated[Viewer, Depends(guard(Permission.SETTING_ADMIN))]
Administrator = Annotated[Deed, Depends(doing(Permission.SETTING_ADMIN))]
RoleName = Annotated[str, Path(max_length=20, examples=["town"])]
Query = Annotated[str, StringConstraints(max_length=2000)]
_ID = "019ab0e0-6f3c-7d1e-8a55-3f0f6d2c1b7a"
_SAID = {"name": "停滞的高企", "query": "tier=hnte&stale=1&sort=tier_since", "shared": True}
_VIEW = {"id": _ID, **_SAID, "mine": True, "owner": "王专员", "scope": "440783", "version": 1}
_LOOK = {"columns": ["region", "tier", "days"], "density": "dense", "page_size": 100, "first": _ID}


def _like(example: dict[str, Any], extra: Literal["forbid", "ignore"] = "ignore") -> ConfigDict:
    return ConfigDict(json_schema_extra={"example": example}, extra=extra)


class ViewIn(BaseModel):
    name: Short = Field(description="最多 30 字；一人之内不重名，标点和空格不算")
    query: Query = Field(description="企业列表地址里问号后面的部分；空为全部存续企业")
    shared: bool = Field(False, description="与本区划的人共用；各人打开只看到自己管辖的企业")
    model_config = _like(_SAID, extra="forbid")


class ViewPatch(BaseModel):
    """Fields left out stay as they are."""

    name: Short | None = None
    query: Query | None = None
    shared: bool | None = None
    model_config = _like({"name": "停滞三个月的高企"}, extra="forbid")


class ViewOut(BaseModel):
    id: uuid.UUID
    name: str
    query: str
    shared: bool
    mine: bool
    owner: str
    scope: str = Field(description="在哪个行政区划内共用；不共用的为空")
    version: int
    model_config = _like(_VIEW)


class ViewList(BaseModel):
    items: list[ViewOut]
    next: str | None
    model_config = _like({"items": [_VIEW], "next": None})


class ArrangementIn(BaseModel):
    columns: list[Short] = Field(description=f"显示的列：{'、'.join(ListColumn)}；企业名称总在", max_length=20)
    density: Short = Field("normal", description="normal 标准、dense 紧凑")
    page_size: int = Field(50, description="25、50、100")
    first: uuid.UUID | None = Field(None, description="打开企业库时先看的视图；null 用角色的")
    model_config = _like(_LOOK, extra="forbid")


class ArrangementOut(BaseModel):
    columns: list[str]
    density: str
    page_size: int
    first: uuid.UUID | None
    version: int
    model_config = _like({**_LOOK, "version": 1})


class RoleViewIn(BaseModel):
    view: uuid.UUID | None = Field(description="本区划共用的视图；null 为不指定")
    model_config = _like({"view": _ID}, extra="forbid")


class RoleViewOut(BaseModel):
    role: str
    view: uuid.UUID | None
    version: int
    model_config = _like({"role": "town", "view": _ID, "version": 1})


def _out(view: SavedList) -> ViewOut:
    return ViewOut(**{name: getattr(view, name) for name in SavedList.__dataclass_fields__})


async def _seen(conn: Conn, view_id: uuid.UUID, viewer: Viewer) -> SavedList:
    found = await view_by_id(conn, view_id, viewer=viewer)
    if found is None:
        raise NotFound("没有这个视图，或者它不再与您共用。")
    return found


async def _shown(conn: Conn, view_id: uuid.UUID, viewer: Viewer, *, status: int = 200) -> Response:
    found = await _seen(conn, view_id, viewer)
    headers = {"etag": f'"{found.version}"'}
    if status == 201:
        headers["location"] = f"/api/v1/views/{view_id}"
    return answer(_out(found), status=status, headers=headers)


@router.get("/views", response_model=ViewList, summary="本人能打开的视图，自己的在前")
async def list_views(conn: ConnDep, viewer: Reader) -> Response:
    return answer(ViewList(items=[_out(v) for v in (await desk_of(conn, viewer)).views], next=None))


@router.post("/views", response_model=ViewOut, status_code=201, summary="保存视图", openapi_extra=KEYED)
@once_only
async def save(body: ViewIn, deed: Lister) -> Response:
    entry = ViewEntry(body.name, read_query(body.query, deed.viewer), body.shared)
    made = await save_view(deed.conn, entry, by=deed.by, at=deed.at)
    return await _shown(deed.conn, made, deed.viewer, status=201)


@router.get("/views/{view_id}", response_model=ViewOut, summary="一个视图")
async def read(view_id: uuid.UUID, conn: ConnDep, viewer: Reader) -> Response:
    return await _shown(conn, view_id, viewer)


@router.patch("/views/{view_id}", response_model=ViewOut, summary="修改自己的视图", openapi_extra=KEYED)
@once_only
async def change(view_id: uuid.UUID, body: ViewPatch, deed: Lister, if_match: IfMatch = None) -> Response:
    await _seen(deed.conn, view_id, deed.viewer)  # out of sight comes before what is wrong with the request
    expected = version_needed(if_match)
    query = None if body.query is None else read_query(body.query, deed.viewer)
    entry = ViewEntry(body.name, query, body.shared)
    await change_view(deed.conn, view_id, entry, expected=expected, by=deed.by, at=deed.at)
    return await _shown(deed.conn, view_id, deed.viewer)


@router.delete("/views/{view_id}", response_model=ViewOut, summary="删除视图，回答删掉的", openapi_extra=KEYED)
@once_only
async def remove(view_id: uuid.UUID, deed: Lister, if_match: IfMatch = None) -> Response:
    held = await _seen(deed.conn, view_id, deed.viewer)
    await remove_view(deed.conn, view_id, expected=version_needed(if_match), by=deed.by, at=deed.at)
    return answer(_out(held))


def _arranged(held: Arrangement) -> Response:
    columns = [column.value for column in ListColumn if column.value not in held.hidden]
    body = ArrangementOut(
        columns=columns,
        density=held.density.value,
        page_size=held.page_size,
        first=held.first,
        version=held.version,
    )
    return answer(body, headers={"etag": f'"{held.version}"'})


@router.get("/account/list", response_model=ArrangementOut, summary="列表的显示方式和本人的默认视图")
async def arrangement(conn: ConnDep, viewer: Reader) -> Response:
    return _arranged((await desk_of(conn, viewer)).arrangement)


@router.put("/account/list", response_model=ArrangementOut, summary="选择列表的显示方式", openapi_extra=KEYED)
@once_only
async def choose(body: ArrangementIn, deed: Lister, if_match: IfMatch = None) -> Response:
    wanted = read_arrangement(body.columns, body.density, body.page_size, body.first)
    await arrange(deed.conn, wanted, expected=version_of(if_match), by=deed.by, at=deed.at)
    return _arranged((await desk_of(deed.conn, deed.viewer)).arrangement)


async def _of_role(conn: Conn, role: str, viewer: Viewer) -> Response:
    if role not in set(ROLES_WITH_LIST):
        raise NotFound("这个角色没有企业库列表。")
    first = (await firsts_of_roles(conn, viewer)).get(Role(role), RoleFirst(None))
    body = RoleViewOut(role=role, view=first.view.id if first.view else None, version=first.version)
    return answer(body, headers={"etag": f'"{first.version}"'})


@router.get("/role-views/{role}", response_model=RoleViewOut, summary="本区划一个角色的默认视图")
async def of_role(role: RoleName, conn: ConnDep, viewer: AdminReader) -> Response:
    return await _of_role(conn, role, viewer)


@router.put("/role-views/{role}", response_model=RoleViewOut, summary="指定角色的默认视图", openapi_extra=KEYED)
@once_only
async def begin_role(role: RoleName, body: RoleViewIn, deed: Administrator, if_match: IfMatch = None) -> Response:
    await _of_role(deed.conn, role, deed.viewer)
    await begin_role_with(deed.conn, Role(role), body.view, expected=version_of(if_match), by=deed.by, at=deed.at)
    return await _of_role(deed.conn, role, deed.viewer)
