"""How the account that a program signs in with, or its firm's contact, wants to hear of each topic."""

from typing import Annotated, Any, Literal

from fastapi import Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from app.access.choosing import choice_of, choose
from app.access.terms import Actor, Permission
from app.config import Settings
from app.db import Conn
from app.errors import Invalid, NotFound
from app.outbox.terms import FIXED, PERSONAL, Topic
from app.web.api.answers import answer, part
from app.web.api.deeds import Deed, doing, once_only
from app.web.api.if_match import IfMatch, version_of
from app.web.api.openapi import KEYED
from app.web.api.schemas import Short
from app.web.deps import ConnDep, SettingsDep, acting

router = part("提醒")
Self = Annotated[Actor, Depends(acting(Permission.SELF))]
Chooser = Annotated[Deed, Depends(doing(Permission.SELF))]
Whose = Annotated[Literal["own", "firm"], Query(description="own 本人收到的；firm 发给企业联系人的")]
_CHOSEN: dict[str, Any] = {"choices": {"duty": ["inbox", "email"], "reminder": ["email"], "account": ["inbox"]}}


class ChannelsIn(BaseModel):
    choices: dict[Short, list[Short]] = Field(
        description="事项对应的方式：inbox、email、sms；空表为不收，没有写的事项不变", max_length=20
    )
    phone: Short | None = Field(None, description="收短信的手机号码；不写则不变")

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": _CHOSEN})


class ChannelsOut(BaseModel):
    choices: dict[str, list[str]]
    fixed: list[str] = Field(description="不能关闭的事项")
    ways: list[str]
    phone: str
    version: int

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                **_CHOSEN,
                "fixed": ["account", "duty"],
                "ways": ["inbox", "email"],
                "phone": "",
                "version": 1,
            }
        }
    )


async def _shown(conn: Conn, settings: Settings, actor: Actor, whose: str) -> Response:
    held = await choice_of(conn, actor, firm=whose == "firm", texts=bool(settings.sms_url))
    if held is None:
        raise NotFound("这个账号不代表企业。")
    body = ChannelsOut(
        choices={topic.value: sorted(c.value for c in channels) for topic, channels in held.chosen.items()},
        fixed=sorted(t.value for t in held.offered if t in FIXED),
        ways=[w.value for w in held.ways],
        phone=held.phone,
        version=held.version,
    )
    return answer(body, headers={"etag": f'"{held.version}"'})


@router.get("/account/notices", response_model=ChannelsOut, summary="通知方式")
async def read(conn: ConnDep, settings: SettingsDep, actor: Self, whose: Whose = "own") -> Response:
    return await _shown(conn, settings, actor, whose)


@router.put("/account/notices", response_model=ChannelsOut, summary="选择通知方式", openapi_extra=KEYED)
@once_only
async def write(
    body: ChannelsIn, deed: Chooser, settings: SettingsDep, whose: Whose = "own", if_match: IfMatch = None
) -> Response:
    firm, texts = whose == "firm", bool(settings.sms_url)
    held = await choice_of(deed.conn, deed.by, firm=firm, texts=texts)
    if held is None:
        raise NotFound("这个账号不代表企业。")
    chosen = {**held.chosen, **_read(body.choices)}
    phone = held.phone if body.phone is None else body.phone
    expected = version_of(if_match)
    await choose(deed.conn, chosen, phone, firm=firm, texts=texts, expected=expected, by=deed.by, at=deed.at)
    return await _shown(deed.conn, settings, deed.by, whose)


def _read(choices: dict[str, list[str]]) -> dict[Topic, frozenset[Any]]:
    topics, ways = {t.value: t for t in Topic}, {c.value: c for c in PERSONAL}
    wrong = {topic: "没有这个事项。" for topic in choices if topic not in topics}
    wrong |= {topic: "没有这种通知方式。" for topic, named in choices.items() if not set(named) <= ways.keys()}
    if wrong:
        raise Invalid(wrong)
    return {topics[topic]: frozenset(ways[name] for name in named) for topic, named in choices.items()}
