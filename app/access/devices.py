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
# As browsers name themselves. Each names those that it is like as well, so the order counts.
_BROWSERS = (
    ("MicroMessenger/", "微信"),
    ("wxwork/", "企业微信"),
    ("DingTalk/", "钉钉"),
    ("Edg/", "Edge"),
    ("HuaweiBrowser/", "华为浏览器"),
    ("QQBrowser/", "QQ 浏览器"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("HarmonyOS", "鸿蒙"),
    ("OpenHarmony", "鸿蒙"),
    ("Android", "安卓"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "苹果电脑"),
    ("Linux", "Linux"),
)


def device_words(user_agent: str) -> str:
    """What people call it: the browser and what it runs on; of what is neither, its own words. "" of nothing."""
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    if browser and system:
        return f"{browser}（{system}）"
    return browser or system or user_agent[:80]


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
    where = device_words(user_agent) or "一个没有说明的程序"
    await tell_owner(conn, user_id, f"您的账号在一台新设备上登录了：{where}", by=by, at=at)
    return True


async def forget_devices(conn: Conn, *, at: datetime) -> int:
    return (await conn.execute(delete(KnownDevice).where(KnownDevice.last_at < at - REMEMBERED))).rowcount
