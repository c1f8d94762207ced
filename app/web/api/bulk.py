"""Bulk acts over JSON: prepared and looked at, confirmed, taken back."""

import uuid
from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from app.access.terms import Permission, Viewer
from app.bulk import queries, service
from app.bulk.queries import Act
from app.bulk.terms import MOST_PICKED, BulkKind, LineOutcome
from app.db import Conn
from app.errors import Invalid, NotFound
from app.web.api.answers import answer, part
from app.web.api.deeds import Deed, doing, once_only
from app.web.api.openapi import KEYED
from app.web.api.schemas import Long, Short
from app.web.bulk_input import kit_of, read_change, read_choice, said_of
from app.web.deps import ConnDep, LookupDep, guard
from app.web.lookups import Lookup

router = part("批量办理", "/bulk")
Reader = Annotated[Viewer, Depends(guard(Permission.FIRM_BULK))]
Doer = Annotated[Deed, Depends(doing(Permission.FIRM_BULK))]
_ID = "019ab0e0-6f3c-7d1e-8a55-3f0f6d2c1b7a"
_FILTER = {"region": "440783117", "tier": "none"}
_CHANGE = {"kind": "tag_add", "tag": "重点培育"}
_ACT = {
    "id": _ID,
    "kind": "tag_add",
    "said": "加标签“重点培育”",
    "query": "region=440783117",
    "state": "preview",
    "creator": "王专员",
    "created_at": "2026-11-23T10:20:00+08:00",
    "done_at": None,
    "undone_at": None,
    "total": 412,
    "missing": 0,
    "counts": {"changes": 409, "same": 3},
    "sentence": "",
}
_LINE = {
    "uscc": "91440783M159083022",
    "name": "开平市长兴卫浴有限公司",
    "outcome": "left",
    "reason": "预览之后有人改过这家企业的资料。",
}


def _like(example: dict[str, Any], extra: Literal["forbid", "ignore"] = "ignore") -> ConfigDict:
    return ConfigDict(json_schema_extra={"example": example}, extra=extra)


class BulkIn(BaseModel):
    """Either `filter` or `usccs`; of the rest what the kind asks for."""

    kind: Short = Field(description=f"{'、'.join(BulkKind)} 之一")
    filter: dict[str, Short] | None = Field(None, description="筛选条件，名称与 GET /firms 的相同；{} 为全部存续企业")
    usccs: list[Short] = Field([], max_length=MOST_PICKED, description="逐家指定")
    officer: Short = Field("", description="kind=officer：责任专员的编号；none 为取消")
    tag: Short = Field("", description="kind=tag_add、tag_remove：一个标签")
    next_touch_on: Short = Field("", description="kind=next_touch：日期；空为清空")
    title: Short = Field("", description="kind=task：做什么")
    due_on: Short = Field("", description="kind=task：期限")
    officer_id: Short = Field("", description="kind=task：由谁办；空为各企业的责任专员")
    to: Short = Field("", description="kind=tier：梯队代码；exit 为移出梯队")
    effective_on: Short = Field("", description="kind=tier：生效日期")
    reason: Long = Field("", description="kind=tier：理由")
    model_config = _like({**_CHANGE, "filter": _FILTER}, extra="forbid")


class BulkOut(BaseModel):
    id: uuid.UUID
    kind: str
    said: str
    query: str
    state: str
    creator: str
    created_at: datetime
    done_at: datetime | None
    undone_at: datetime | None
    total: int
    missing: int = Field(description="指定了、但不在管辖范围内或不在库里的家数")
    counts: dict[str, int] = Field(description=f"按结果计的家数：{'、'.join(LineOutcome)}")
    sentence: str
    model_config = _like(_ACT)


class BulkList(BaseModel):
    items: list[BulkOut]
    next: uuid.UUID | None
    model_config = _like({"items": [_ACT], "next": None})


class BulkLineOut(BaseModel):
    uscc: str
    name: str
    outcome: str
    reason: str
    model_config = _like(_LINE)


class BulkLines(BaseModel):
    items: list[BulkLineOut]
    next: uuid.UUID | None
    model_config = _like({"items": [_LINE], "next": None})


async def _out(conn: Conn, act: Act, lookup: Lookup) -> BulkOut:
    names = ("id", "query", "created_at", "done_at", "undone_at", "total", "missing", "sentence")
    counts = {outcome.value: n for outcome, n in (await queries.counts_of(conn, act.id)).items()}
    words = {
        "kind": act.kind.value,
        "said": said_of(act.change, lookup),
        "state": act.state.value,
        "creator": act.creator_name,
    }
    return BulkOut(**{name: getattr(act, name) for name in names}, **words, counts=counts)


async def _seen(conn: Conn, act_id: uuid.UUID, viewer: Viewer) -> Act:
    act = await queries.act_by_id(conn, act_id, viewer=viewer)
    if act is None:
        raise NotFound
    return act


@router.get("", response_model=BulkList, summary="批量办理的记录，最近的在前")
async def list_acts(
    conn: ConnDep,
    lookup: LookupDep,
    viewer: Reader,
    cursor: uuid.UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    found = await queries.list_acts(conn, viewer=viewer, before=cursor, limit=limit + 1)
    more = found[limit - 1].id if len(found) > limit else None
    return answer(BulkList(items=[await _out(conn, act, lookup) for act in found[:limit]], next=more))


@router.post("", response_model=BulkOut, status_code=201, summary="准备一次批量办理，先看结果", openapi_extra=KEYED)
@once_only
async def prepare(body: BulkIn, deed: Doer, lookup: LookupDep) -> Response:
    """企业多的由后台核对，state 为 checking；到 preview 再确认。什么也还没有改。"""
    if (body.filter is None) == (not body.usccs):
        raise Invalid({"filter": "filter 与 usccs 须有且只有一个。"})
    change = read_change(body.model_dump(), lookup, deed.viewer, today=deed.today)
    choice = read_choice(urlencode(body.filter or {}), body.usccs, body.filter is not None, deed.viewer)
    kit = await kit_of(deed.conn, lookup)
    made = await service.prepare(deed.conn, choice, change, kit=kit, by=deed.by, today=deed.today, at=deed.at)
    act = await _seen(deed.conn, made, deed.viewer)
    return answer(await _out(deed.conn, act, lookup), status=201, headers={"location": f"/api/v1/bulk/{made}"})


@router.get("/{act_id}", response_model=BulkOut, summary="一次批量办理")
async def read(act_id: uuid.UUID, conn: ConnDep, lookup: LookupDep, viewer: Reader) -> Response:
    return answer(await _out(conn, await _seen(conn, act_id, viewer), lookup))


@router.get("/{act_id}/firms", response_model=BulkLines, summary="逐家的结果")
async def lines(
    act_id: uuid.UUID,
    conn: ConnDep,
    viewer: Reader,
    outcome: Annotated[str, Query(max_length=20)] = "",
    cursor: uuid.UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    act = await _seen(conn, act_id, viewer)
    found = await queries.lines_of(conn, act.id, viewer=viewer, outcome=outcome, after=cursor, limit=limit + 1)
    items = [BulkLineOut(uscc=f.uscc, name=f.name, outcome=f.outcome.value, reason=f.reason) for f in found[:limit]]
    return answer(BulkLines(items=items, next=found[limit - 1].firm_id if len(found) > limit else None))


@router.post("/{act_id}/confirm", response_model=BulkOut, summary="确认办理", openapi_extra=KEYED)
@once_only
async def confirm(act_id: uuid.UUID, deed: Doer, lookup: LookupDep) -> Response:
    """企业多的由后台办理，state 为 applying。"""
    kit = await kit_of(deed.conn, lookup)
    act = await service.confirm(deed.conn, act_id, kit=kit, by=deed.by, at=deed.at)
    return answer(await _out(deed.conn, act, lookup))


@router.post("/{act_id}/discard", response_model=BulkOut, summary="放弃，什么也不改", openapi_extra=KEYED)
@once_only
async def discard(act_id: uuid.UUID, deed: Doer, lookup: LookupDep) -> Response:
    await service.discard(deed.conn, act_id, by=deed.by, at=deed.at)
    return answer(await _out(deed.conn, await _seen(deed.conn, act_id, deed.viewer), lookup))


@router.post("/{act_id}/undo", response_model=BulkOut, summary="整批撤销", openapi_extra=KEYED)
@once_only
async def undo(act_id: uuid.UUID, deed: Doer, lookup: LookupDep) -> Response:
    """办理之后又被改动的不动，在逐家结果里。"""
    kit = await kit_of(deed.conn, lookup)
    act = await service.ask_undo(deed.conn, act_id, kit=kit, by=deed.by, at=deed.at)
    return answer(await _out(deed.conn, act, lookup))
