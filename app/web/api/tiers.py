"""梯队期限 over JSON: the days of every tier, whom other days would concern, and the change itself."""

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Depends, Response
from pydantic import BaseModel, ConfigDict, Field

from app.access.terms import Permission, Viewer
from app.db import Conn
from app.errors import Stale
from app.firms.terms import MAIN_LADDER
from app.pipeline.queries import load_ladders
from app.pipeline.settings import Patience, outlook, set_patience
from app.pipeline.terms import Tier
from app.web.api.answers import answer, part
from app.web.api.deeds import Deed, doing, once_only
from app.web.api.if_match import IfMatch, version_needed
from app.web.api.openapi import KEYED
from app.web.deps import CHANGES_LOOKUPS, ConnDep, TodayDep, guard
from app.work.hearing import newly_told
from app.workdays.queries import load_calendar

router = part("梯队期限")
Reader = Annotated[Viewer, Depends(guard(Permission.SETTING_ADMIN))]
Keeper = Annotated[Deed, Depends(doing(Permission.SETTING_ADMIN))]
_DAYS: dict[str, Any] = {"stale_days": 60, "escalate_days": 10, "expected_months": 24}
_WANTED: dict[str, Any] = {"tiers": {"eaglet": _DAYS}}
_FOUND: dict[str, Any] = {"tier": "eaglet", "label": "雏鹰企业", "standing": 16, "would": 21}


class DaysIn(BaseModel):
    """null: never."""

    stale_days: int | None = Field(description="多少个工作日没有联系算停滞")
    escalate_days: int | None = Field(description="再过多少个工作日告诉局领导")
    expected_months: int | None = Field(description="到下一级预计用多少个月")
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": _DAYS})


class TierDaysIn(BaseModel):
    tiers: dict[str, DaysIn] = Field(description="按梯队代码；没有写的不变", max_length=20)
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": _WANTED})


class TierDaysOut(BaseModel):
    tier: str
    label: str
    stale_days: int | None
    escalate_days: int | None
    expected_months: int | None


class TierDaysList(BaseModel):
    items: list[TierDaysOut]
    next: None = None
    model_config = ConfigDict(
        json_schema_extra={"example": {"items": [{"tier": "eaglet", "label": "雏鹰企业", **_DAYS}], "next": None}}
    )


class StandingOut(BaseModel):
    tier: str
    label: str
    standing: int = Field(description="现在停滞的家数")
    would: int = Field(description="改了以后的")


class HearerOut(BaseModel):
    name: str
    firms: int


class DaysPreview(BaseModel):
    standing: list[StandingOut] = Field(description="停滞天数要变的梯队")
    told_of: int = Field(description="下一个早上会因此告诉局领导和责任专员的家数")
    told: list[HearerOut]
    model_config = ConfigDict(
        json_schema_extra={"example": {"standing": [_FOUND], "told_of": 5, "told": [{"name": "陈局", "firms": 5}]}}
    )


def _tag(tiers: Mapping[str, Tier]) -> int:
    said = ";".join(f"{code}:{Patience.of(tier).to_json()}" for code, tier in sorted(tiers.items()))
    return int.from_bytes(hashlib.sha256(said.encode()).digest()[:4]) % 10**9


async def _tiers(conn: Conn) -> dict[str, Tier]:
    ladder = (await load_ladders(conn)).get(MAIN_LADDER)
    return {tier.code: tier for tier in ladder.tiers} if ladder else {}


def _wanted(body: TierDaysIn) -> dict[str, Patience]:
    return {code: Patience(d.stale_days, d.escalate_days, d.expected_months) for code, d in body.tiers.items()}


async def _all(conn: Conn) -> Response:
    tiers = await _tiers(conn)
    items = [TierDaysOut(tier=t.code, label=t.label, **Patience.of(t).to_json()) for t in tiers.values()]
    return answer(TierDaysList(items=items), headers={"etag": f'"{_tag(tiers)}"'})


@router.get("/tiers", response_model=TierDaysList, summary="各梯队的停滞和培育期限")
async def read(conn: ConnDep, _: Reader) -> Response:
    return await _all(conn)


@router.post("/tiers/what-if", response_model=DaysPreview, summary="改了以后谁停滞、谁会收到消息；什么也不改")
async def preview(body: TierDaysIn, conn: ConnDep, viewer: Reader, today: TodayDep) -> Response:
    wanted, tiers = _wanted(body), await _tiers(conn)
    seen = {code: Patience.of(tier) for code, tier in tiers.items()}
    found = await outlook(conn, wanted, seen=seen, viewer=viewer, today=today)
    ladder, calendar = (await load_ladders(conn))[MAIN_LADDER], await load_calendar(conn)
    told = await newly_told(conn, wanted, ladder=ladder, calendar=calendar, viewer=viewer, today=today)
    standing = [StandingOut(tier=o.tier.code, label=o.tier.label, standing=o.standing, would=o.would) for o in found]
    people = [HearerOut(name=name, firms=n) for name, n in told.people]
    return answer(DaysPreview(standing=standing, told_of=told.firms, told=people))


_CHANGES: Any = [CHANGES_LOOKUPS]


@router.put(
    "/tiers",
    response_model=TierDaysList,
    summary="更改停滞和培育期限",
    openapi_extra=KEYED,
    dependencies=_CHANGES,
)
@once_only
async def change(body: TierDaysIn, deed: Keeper, if_match: IfMatch = None) -> Response:
    expected, tiers = version_needed(if_match), await _tiers(deed.conn)
    if expected != _tag(tiers):
        raise Stale("梯队的天数刚被别人改过，请重新读取后再改。")
    seen = {code: Patience.of(tier) for code, tier in tiers.items()}
    await set_patience(deed.conn, _wanted(body), seen=seen, by=deed.by, today=deed.today, at=deed.at)
    return await _all(deed.conn)
