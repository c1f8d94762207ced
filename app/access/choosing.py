"""How an account, or its firm's contact, wants to hear: read and chosen."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from app.access.models import User
from app.access.terms import Actor, Role
from app.audit.service import event_row, record
from app.db import Conn, new_id
from app.errors import Invalid, Stale
from app.outbox.models import ChannelChoice
from app.outbox.rules import (
    DEFAULT,
    DEFAULT_OF_FIRM,
    OF_FIRM,
    WAYS_OF_FIRM,
    Chosen,
    choice_problems,
    read_choices,
)
from app.outbox.terms import PERSONAL, Channel, Topic
from app.sealed import UNREADABLE, seal, shown

_PHONE = "channel_choices.phone"
_OFFICERS = (
    *(Topic.DUTY, Topic.REMINDER, Topic.MOVE, Topic.WORK, Topic.FOLLOW),
    *(Topic.REPORT, Topic.TENANCY, Topic.POLICY),
)
# What a role hears of at all.
OFFERED: dict[Role, tuple[Topic, ...]] = {
    Role.FIRM: (Topic.DUTY, Topic.REMINDER, Topic.REPORT, Topic.TENANCY, Topic.ACCOUNT),
    Role.CARRIER: (Topic.TENANCY, Topic.ACCOUNT),
    Role.TOWN: (*_OFFICERS[:-1], Topic.ACCOUNT),
    Role.OFFICER: (*_OFFICERS, Topic.ACCOUNT),
    Role.MANAGER: (Topic.DUTY, Topic.REMINDER, Topic.MOVE, Topic.WORK, Topic.FOLLOW, Topic.POLICY, Topic.ACCOUNT),
    Role.ADMIN: (Topic.POLICY, Topic.ACCOUNT),
    Role.AUDITOR: (Topic.ACCOUNT,),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """`version` 0: nothing was chosen yet."""

    offered: tuple[Topic, ...]
    ways: tuple[Channel, ...]
    chosen: Chosen
    phone: str
    version: int
    changed_at: datetime | None
    changer_name: str


async def choice_of(conn: Conn, by: Actor, *, firm: bool, texts: bool) -> Choice | None:
    """The account's own, or that of its firm's contact; None when it stands for none. `texts`: there is a gateway."""
    if firm and by.viewer.firm_id is None:
        return None
    offered = OF_FIRM if firm else OFFERED[by.viewer.role]
    ways = tuple(w for w in (WAYS_OF_FIRM if firm else PERSONAL) if texts or w is not Channel.SMS)
    c = ChannelChoice
    query = select(c.choices, c.phone, c.version, c.changed_at, c.changer_name).where(_whose(by, firm=firm))
    row = (await conn.execute(query)).one_or_none()
    house = DEFAULT_OF_FIRM if firm else DEFAULT
    if row is None:
        return Choice(offered, ways, read_choices({}, offered, house), "", 0, None, "")
    phone = shown(conn.vault, row.phone, column=_PHONE, row=by.viewer.id)
    return Choice(offered, ways, read_choices(row.choices, offered, house), phone, *row[2:])


def _whose(by: Actor, *, firm: bool) -> Any:
    return ChannelChoice.firm_id == by.viewer.firm_id if firm else ChannelChoice.user_id == by.viewer.id


async def choose(
    conn: Conn, chosen: Chosen, phone: str, *, firm: bool, texts: bool, expected: int | None, by: Actor, at: datetime
) -> None:
    """Raises Invalid by topic, Stale when it was chosen otherwise meanwhile; `expected` None: whatever was chosen."""
    held = await choice_of(conn, by, firm=firm, texts=texts)
    if held is None:
        raise Invalid({}, "这个账号不代表企业。")
    email = firm or bool((await conn.execute(select(User.email).where(User.id == by.viewer.id))).scalar_one())
    expected = held.version if expected is None else expected
    if phone == UNREADABLE:
        raise Invalid({"phone": "号码用现在的密钥打不开，请重新填写。"})
    if wrong := choice_problems(chosen, offered=held.offered, ways=held.ways, phone=phone, email=email):
        raise Invalid(wrong)
    said = {topic.value: sorted(channel.value for channel in channels) for topic, channels in chosen.items()}
    row: dict[str, Any] = {
        "id": new_id(),
        "firm_id" if firm else "user_id": by.viewer.firm_id if firm else by.viewer.id,
        "choices": said,
        "phone": "" if firm else seal(conn.vault, _PHONE, by.viewer.id, phone),
        "changed_at": at,
        "changer_name": by.viewer.name,
    }
    write = insert(ChannelChoice).values(row)
    changed = {name: write.excluded[name] for name in ("choices", "phone", "changed_at", "changer_name")}
    written = write.on_conflict_do_update(
        index_elements=["firm_id" if firm else "user_id"],
        set_={**changed, "version": ChannelChoice.version + 1},
        where=ChannelChoice.version == expected,
    ).returning(ChannelChoice.version)
    version = (await conn.execute(written)).scalar_one_or_none()
    if version is None or version != expected + 1:
        raise Stale("通知方式刚被改过；您的修改没有保存，请看过再改。")
    await _record(conn, held, said, firm=firm, by=by, at=at)


async def _record(conn: Conn, held: Choice, said: dict[str, list[str]], *, firm: bool, by: Actor, at: datetime) -> None:
    subject: uuid.UUID | str = (by.viewer.firm_id or "") if firm else by.viewer.id
    before = {topic.value: sorted(c.value for c in channels) for topic, channels in held.chosen.items()}
    done = event_row(
        "notice:channels:chosen",
        by=by,
        at=at,
        object_type="firm" if firm else "user",
        object_id=subject,
        object_label="企业联系人的通知方式" if firm else by.viewer.name,
        before=before,
        after=said,
    )
    await record(conn, done)
