"""Two records of one firm made one, over JSON."""

import uuid
from typing import Annotated

from fastapi import Depends, Path, Query, Response

from app.access.terms import Permission, Viewer
from app.errors import Invalid, NotFound
from app.firms.apart import ask_again, tell_apart
from app.firms.duplicates import alike, twins
from app.firms.queries import firm_by_uscc
from app.firms.terms import FirmDetail
from app.web.api.answers import answer, part
from app.web.api.deeds import Deed, doing, once_only
from app.web.api.merge_schemas import (
    AlikeList,
    AlikeOut,
    ApartIn,
    ApartOut,
    MergeField,
    MergeIn,
    MergeList,
    MergeLook,
    MergeOut,
    MergeRecord,
    MergeShare,
    TwinList,
    TwinOut,
)
from app.web.api.openapi import KEYED
from app.web.deps import ConnDep, LookupDep, guard
from app.web.merge_input import differing, taken_from
from app.work.merges import recent_merges
from app.work.merging import merge, shares, undo_merge
from app.work.terms import MergeState

router = part("合并")
Reader = Annotated[Viewer, Depends(guard(Permission.FIRM_MERGE))]
Editor = Annotated[Viewer, Depends(guard(Permission.FIRM_EDIT))]
Merger = Annotated[Deed, Depends(doing(Permission.FIRM_MERGE))]
Uscc = Annotated[str, Path(max_length=40, examples=["91440783M159083022"])]


async def _firm(conn: ConnDep, uscc: str, viewer: Viewer) -> FirmDetail:
    firm = await firm_by_uscc(conn, uscc.upper(), viewer=viewer)
    if firm is None:
        raise NotFound
    return firm


@router.get("/duplicates", response_model=TwinList, summary="可能重复的企业，最多 100 对")
async def list_twins(conn: ConnDep, viewer: Reader) -> Response:
    pairs = await twins(conn, viewer=viewer)
    items = [
        TwinOut(uscc=t.one[0], name=t.one[1], other_uscc=t.other[0], other_name=t.other[1], why=t.why) for t in pairs
    ]
    return answer(TwinList(items=items, next=None))


@router.get("/alike", response_model=AlikeList, summary="登记之前：名称或代码与库里哪些企业相同、相近")
async def list_alike(
    conn: ConnDep,
    viewer: Editor,
    name: Annotated[str, Query(max_length=200)] = "",
    uscc: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    found = await alike(conn, name=name, uscc=uscc.strip().upper(), viewer=viewer) if len(name.strip()) >= 2 else []
    items = [AlikeOut(uscc=a.uscc, name=a.name, region_code=a.region_code, status=a.status, why=a.why) for a in found]
    return answer(AlikeList(items=items, next=None))


@router.put(
    "/duplicates/apart", response_model=ApartOut, summary="认定两条记录不是同一家，不再列出", openapi_extra=KEYED
)
@once_only
async def set_apart(body: ApartIn, deed: Merger) -> Response:
    one, other = await _firm(deed.conn, body.uscc, deed.viewer), await _firm(deed.conn, body.other_uscc, deed.viewer)
    await (tell_apart if body.apart else ask_again)(deed.conn, one, other, by=deed.by, at=deed.at)
    return answer(ApartOut(uscc=one.uscc, other_uscc=other.uscc, apart=body.apart))


@router.get("/merges", response_model=MergeList, summary="最近的合并，最多 30 次")
async def list_merges(conn: ConnDep, viewer: Reader) -> Response:
    items = [
        MergeRecord(
            id=m.id,
            state=m.state.value,
            uscc=m.kept[0],
            name=m.kept[1],
            gone=m.gone[0],
            gone_name=m.gone[1],
            merged_at=m.merged_at,
            merged_by=m.merger_name,
            undone_at=m.undone_at,
            undone_by=m.undoer_name,
        )
        for m in await recent_merges(conn, viewer=viewer)
    ]
    return answer(MergeList(items=items, next=None))


@router.get("/firms/{uscc}/merge/{other}", response_model=MergeLook, summary="合并之前：不同的字段和要移过来的内容")
async def look(
    uscc: Uscc, other: Annotated[str, Path(max_length=40)], conn: ConnDep, viewer: Reader, lookup: LookupDep
) -> Response:
    kept, gone = await _firm(conn, uscc, viewer), await _firm(conn, other.strip(), viewer)
    if kept.id == gone.id:
        raise Invalid({"other": "这是同一条记录，请填另一家的信用代码。"})
    found = MergeLook(
        uscc=kept.uscc,
        name=kept.name,
        version=kept.version,
        gone=gone.uscc,
        gone_name=gone.name,
        gone_version=gone.version,
        fields=[MergeField(name=n, label=w, kept=k, gone=g) for n, w, k, g in differing(kept, gone, lookup)],
        shares=[MergeShare(label=s.label, moves=s.moves, stays=s.stays) for s in await shares(conn, kept, gone)],
    )
    return answer(found)


@router.post(
    "/firms/{uscc}/merge", response_model=MergeOut, status_code=201, summary="把另一条记录并入", openapi_extra=KEYED
)
@once_only
async def make_one(uscc: Uscc, body: MergeIn, deed: Merger) -> Response:
    kept, gone = await _firm(deed.conn, uscc, deed.viewer), await _firm(deed.conn, body.gone, deed.viewer)
    taken, versions = taken_from(gone, body.take), (body.version, body.gone_version)
    made = await merge(deed.conn, kept.id, gone.id, taken=taken, versions=versions, by=deed.by, at=deed.at)
    out = MergeOut(id=made, state=MergeState.DONE.value, uscc=kept.uscc, gone=gone.uscc)
    return answer(out, status=201)


@router.post("/merges/{merge_id}/undo", response_model=MergeOut, summary="撤销合并", openapi_extra=KEYED)
@once_only
async def take_back(merge_id: uuid.UUID, deed: Merger) -> Response:
    kept, gone = await undo_merge(deed.conn, merge_id, by=deed.by, at=deed.at)
    out = MergeOut(id=merge_id, state=MergeState.UNDONE.value, uscc=kept.uscc, gone=gone.uscc)
    return answer(out)
