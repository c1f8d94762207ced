"""Weekly digests over JSON: the archive, and one week's as known then or now."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from app.access.terms import Permission, Viewer
from app.digests.composing import value_of
from app.digests.queries import KeptDigest, archive, scope_for
from app.digests.reading import read_digest
from app.errors import Invalid
from app.web.api.answers import answer, part
from app.web.deps import ClockDep, ConnDep, guard
from app.web.digest_input import parse_week
from app.web.forms import clean_text

router = part("周报", "/digests")
Reader = Annotated[Viewer, Depends(guard(Permission.DIGEST_READ))]
_SHA = "9f2c6f0d5a3c4f4f8f1d3a5b7c9e0f1a2b3c4d5e6f708192a3b4c5d6e7f80912"
_HEAD: dict[str, Any] = {
    "week": "2026-W47",
    "label": "2026年第47周（11月16日至11月22日）",
    "scope": "440783",
    "scope_name": "开平市",
    "day": "2026-11-23",
    "known_at": "2026-11-23T08:30:00+08:00",
}
_SUMMARY = {**_HEAD, "sha256": _SHA, "moved_up": 5, "moved_down": 1}
_LINE = {
    "uscc": "91440783M159083022",
    "name": "开平市示例0077号科技有限公司",
    "region": "月山镇",
    "said": "科技型小微企业 → 雏鹰企业（2026-11-18）；营收同比增长；演示镇街专员",
    "href": "/moves/019ab0e0-6f3c-7d1e-8a55-3f0f6d2c1b7a/receipt",
}
_LIST = {
    "key": "moved-up",
    "label": "上移",
    "value": 5,
    "before": 3,
    "good": True,
    "live": "",
    "md5": "b1946ac92492d2347c6235b4d2611184",
    "towns": [["440783109", "月山镇", 3], ["440783117", "水口镇", 2]],
    "lines": [_LINE],
}
_DIGEST = {
    **_HEAD,
    "form": 1,
    "from": "2026-11-16",
    "to": "2026-11-22",
    "since": "2026-11-16T08:30:00+08:00",
    "afterwards": False,
    "kept": True,
    "sha256": _SHA,
    "sections": [{"code": "moved", "title": "谁动了", "note": "", "lists": [_LIST]}],
    "corrections_since": {"value": 1, "lines": [{k: v for k, v in _LINE.items() if k != "href"}]},
}


class DigestSummary(BaseModel):
    week: str = Field(description="ISO 周，如 2026-W47")
    label: str
    scope: str = Field(description="行政区划代码")
    scope_name: str
    day: date = Field(description="编制的那一天")
    known_at: datetime = Field(description="只用了这一刻以前记录的数据")
    sha256: str
    moved_up: int | None
    moved_down: int | None

    model_config = ConfigDict(json_schema_extra={"example": _SUMMARY})


class DigestList(BaseModel):
    items: list[DigestSummary]
    next: str | None

    model_config = ConfigDict(json_schema_extra={"example": {"items": [_SUMMARY], "next": None}})


class DigestLine(BaseModel):
    uscc: str | None = Field(description="不是企业的（如申报窗口）没有")
    name: str
    region: str
    said: str
    href: str = ""


class DigestNumber(BaseModel):
    key: str = Field(description="名单的代号；/digests/{week}/lists/{key} 是名单")
    label: str
    value: int = Field(description="名单有多少行")
    before: int | None = Field(description="上周的周报里是多少；上周没有编制的为 null")
    good: bool | None
    live: str = Field(description="今天的同一问题在哪里看")
    md5: str | None = Field(description="保存着的整张名单的校验和")
    towns: list[tuple[str, str, int]] = Field(description="最多的几个镇街：代码、名称、行数")
    lines: list[DigestLine]


class DigestSection(BaseModel):
    code: str
    title: str
    note: str = Field(description="这一部分说不出来时，为什么")
    lists: list[DigestNumber]


class Corrections(BaseModel):
    value: int
    lines: list[DigestLine]


class DigestOut(BaseModel):
    form: int
    week: str
    label: str
    from_: date = Field(alias="from")
    to: date
    scope: str
    scope_name: str
    day: date
    known_at: datetime
    since: datetime = Field(description="上一份周报知道到哪一刻")
    afterwards: bool = Field(description="不是到期当时编制的；不留历史的部分说不出来")
    kept: bool = Field(description="保存着的那一份，一字未改")
    sha256: str | None
    sections: list[DigestSection]
    corrections_since: Corrections = Field(description="编制以后才记录的、生效在这一周的移动和更正")

    model_config = ConfigDict(json_schema_extra={"example": _DIGEST}, populate_by_name=True)


def _summary(digest: KeptDigest) -> DigestSummary:
    d = digest.document
    return DigestSummary(
        week=str(digest.week),
        label=d["label"],
        scope=digest.scope,
        scope_name=d["scope_name"],
        day=digest.day,
        known_at=d["known_at"],
        sha256=digest.sha256,
        moved_up=value_of(d, "moved-up"),
        moved_down=value_of(d, "moved-down"),
    )


@router.get("", response_model=DigestList, summary="周报存档")
async def digests(
    conn: ConnDep,
    viewer: Reader,
    scope: Annotated[str, Query(max_length=12, description="行政区划代码；缺省为看得到的全部")] = "",
    q: Annotated[str, Query(max_length=60, description="周报里出现的字")] = "",
    cursor: Annotated[str, Query(max_length=24)] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 26,
) -> Response:
    before, words = None, clean_text("q", q, longest=60)
    if cursor:
        week, _, after = cursor.partition(".")
        if not after:
            raise Invalid({"cursor": "翻页位置无效，请从第一页重新开始。"})
        before = week, after
    found = await archive(conn, viewer=viewer, scope=scope, q=words, before=before, limit=limit)
    last = found[limit - 1] if len(found) > limit else None
    following = f"{last.week}.{last.scope}" if last else None
    return answer(DigestList(items=[_summary(d) for d in found[:limit]], next=following))


@router.get("/{week}", response_model=DigestOut, summary="一周的周报")
async def digest(
    week: str,
    conn: ConnDep,
    clock: ClockDep,
    viewer: Reader,
    scope: Annotated[str, Query(max_length=12, description="行政区划代码；缺省为自己的")] = "",
    known: Annotated[Literal["then", "now"], Query(description="then 当时所知，now 现在所知")] = "then",
) -> Response:
    """当时编制并保存的，原样给出；没有编制过的，按到期那一刻所知编制，不留历史的部分为空并说明。"""
    wanted = await scope_for(conn, scope, viewer)
    shown = await read_digest(conn, parse_week(week), wanted, now=known == "now", at=clock.now())
    headers = {"etag": f'"{shown.kept.sha256[:32]}"'} if shown.kept else {}
    return answer(DigestOut(**shown.to_json()), headers=headers)
