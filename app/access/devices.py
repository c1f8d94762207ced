"""Browsers that somebody has signed in from before: whoever signs in from another one is told of it elsewhere."""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, literal_column, select
from sqlalchemy.dialects.postgresql import insert

from app.access.models import KnownDevice
from app.access.noticing import tell_owner
from app.access.rules import token_hash
from app.access.terms import Actor
from app.db import Conn

REMEMBERED = timedelta(days=400)  # the longest that browsers keep a cookie


async def note_device(conn: Conn, device: str, *, user_agent: str, by: Actor, at: datetime) -> bool:
    """True when the account was never signed in from there; its first browser of all is no news."""
    d, user_id = KnownDevice, by.viewer.id
    row = {"user_id": user_id, "token_hash": token_hash(device), "first_at": at, "last_at": at}
    write = insert(d).values(row)
    write = write.on_conflict_do_update(index_elements=["user_id", "token_hash"], set_={"last_at": at})
    others = select(func.count()).where(d.user_id == user_id).scalar_subquery()
    is_new, known = (await conn.execute(write.returning(literal_column("xmax = 0"), others))).one()
    if not is_new or not known:
        return False
    where = f"“{user_agent[:80]}”" if user_agent else "一个没有说明的程序"
    await tell_owner(conn, user_id, f"您的账号在一台新设备上登录了：{where}", by=by, at=at)
    return True


async def forget_devices(conn: Conn, *, at: datetime) -> int:
    return (await conn.execute(delete(KnownDevice).where(KnownDevice.last_at < at - REMEMBERED))).rowcount
