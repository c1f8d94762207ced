"""Group robots and web hooks under the administrator's hands. A secret is taken and never shown again."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy import insert, select, update

from app.db import Conn, new_id
from app.errors import Conflict, Invalid, NotFound
from app.outbox.models import OutboxMessage, Outlet
from app.outbox.robots import address_problem
from app.outbox.terms import OUTLETS, Channel

SHORTEST_SECRET = 16


@dataclass(frozen=True, slots=True)
class OutletRow:
    id: uuid.UUID
    channel: Channel
    title: str
    host: str  # the rest of an address is as good as a password
    signed: bool
    active: bool


async def outlets(conn: Conn) -> list[OutletRow]:
    o = Outlet
    query = select(o.id, o.channel, o.title, o.address, o.secret != "", o.active).order_by(o.created_at, o.id)
    return [
        OutletRow(i, Channel(channel), title, urlsplit(address).hostname or "", signed, active)
        for i, channel, title, address, signed, active in await conn.execute(query)
    ]


async def add_outlet(conn: Conn, *, channel: str, title: str, address: str, secret: str, at: datetime) -> OutletRow:
    """Raises Invalid by field."""
    wrong: dict[str, str] = {}
    if channel not in {c.value for c in OUTLETS}:
        raise Invalid({"channel": "请选择种类。"})
    kind = Channel(channel)
    if not title:
        wrong["title"] = "请填写名称，如 科技股工作群。"
    if problem := address_problem(kind, address):
        wrong["address"] = problem
    if kind is Channel.WEBHOOK and len(secret) < SHORTEST_SECRET:
        wrong["secret"] = f"回调要签名，请填至少 {SHORTEST_SECRET} 个字符的密钥，并交给对方核对。"
    if wrong:
        raise Invalid(wrong)
    row = {"id": new_id(), "channel": kind.value, "title": title, "address": address, "secret": secret}
    await conn.execute(insert(Outlet).values(**row, next_free_at=at, created_at=at))
    return next(one for one in await outlets(conn) if one.id == row["id"])


async def set_active(conn: Conn, outlet_id: uuid.UUID, *, active: bool) -> OutletRow:
    await conn.execute(update(Outlet).where(Outlet.id == outlet_id).values(active=active))
    return await _one(conn, outlet_id)


async def send_test(conn: Conn, outlet_id: uuid.UUID, *, at: datetime) -> OutletRow:
    """Through the same outbox as everything else, so that the delivery log shows what came of it."""
    outlet = await _one(conn, outlet_id)
    if not outlet.active:
        raise Conflict("已停用，请先启用再测试。")
    message = new_id()
    await conn.execute(
        insert(OutboxMessage).values(
            id=message,
            dedup_key=f"outlet_test:{message}",
            kind="outlet_test",
            channel=outlet.channel.value,
            payload={"outlet": str(outlet_id), "subject": "【提醒】这是一条测试消息，收到即说明群机器人设置正确。"},
            next_attempt_at=at,
            created_at=at,
        )
    )
    return outlet


async def _one(conn: Conn, outlet_id: uuid.UUID) -> OutletRow:
    found = next((one for one in await outlets(conn) if one.id == outlet_id), None)
    if found is None:
        raise NotFound("没有这个群机器人或回调。")
    return found
