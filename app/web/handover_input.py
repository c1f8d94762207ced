"""Between whom work is handed over, as a form and a program say it."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from app.access.queries import user_by_id
from app.access.signing import shut
from app.access.terms import Role, Viewer
from app.db import Conn
from app.errors import Invalid
from app.work.handover import Person

_WHOSE = "请选择要移交谁的工作；只有局领导可以移交别人的。"


def named_in(known: Sequence[Person], giver: str, taker: str, viewer: Viewer) -> tuple[Person, Person | None]:
    """For a list: whose work, by default one's own, and who shall have it, if that is said. Raises Invalid."""
    if taker:
        return pair_of(known, {"giver": giver or str(viewer.id), "taker": taker}, viewer)
    found = next((p for p in known if str(p.id) == (giver or str(viewer.id))), None)
    if found is None or (viewer.role is not Role.MANAGER and found.id != viewer.id):
        raise Invalid({"giver": _WHOSE})
    return found, None


def pair_of(known: Sequence[Person], raw: Mapping[str, str], viewer: Viewer) -> tuple[Person, Person]:
    """Raises Invalid. A manager hands over anybody's work of the division, everybody else their own."""
    faults: dict[str, str] = {}
    giver = next((p for p in known if str(p.id) == raw.get("giver")), None)
    taker = next((p for p in known if str(p.id) == raw.get("taker") and p.active), None)
    if giver is None or (viewer.role is not Role.MANAGER and giver.id != viewer.id):
        faults["giver"] = _WHOSE
    if taker is None or (giver is not None and taker.id == giver.id):
        faults["taker"] = "请选择另一位在用账号的人接手。"
    if faults or giver is None or taker is None:
        raise Invalid(faults)
    return giver, taker


async def caution_of(conn: Conn, taker: Person, *, at: datetime) -> str:
    """What to know before work goes to somebody who may not see it; "" when there is nothing."""
    user = await user_by_id(conn, taker.id)
    why, _ = shut(user, at)
    if why:
        return f"{taker.name} 现在登录不了：{why}。"
    return "" if user["last_sign_in_at"] else f"{taker.name} 还没有登录过本系统，移交的消息不一定看得到。"
