"""A firm's accounts: who signs for it, handing that over, leaving, dismissing a colleague."""

import uuid
from datetime import datetime

from sqlalchemy import select, update

from app.access.models import User
from app.access.service import close_account, set_active
from app.access.terms import Actor, Role
from app.audit.service import event_row, record
from app.clerks.queries import clerks_of
from app.clerks.terms import Clerk
from app.db import Conn
from app.errors import NotFound, Refused
from app.firms.models import Firm
from app.outbox.writing import notice, post

_ONLY_SIGNATORY = "只有签字人能办这件事。"


async def is_signatory(conn: Conn, user_id: uuid.UUID) -> bool:
    query = select(User.signatory).where(User.id == user_id, User.active)
    return bool((await conn.execute(query)).scalar_one_or_none())


async def must_sign(conn: Conn, by: Actor) -> None:
    """Raises Refused for anybody but the firm's signatory."""
    if not await is_signatory(conn, by.viewer.id):
        raise Refused(_ONLY_SIGNATORY)


async def appoint(conn: Conn, firm_id: uuid.UUID, user_id: uuid.UUID, *, by: Actor, at: datetime) -> Clerk:
    """The one who signs from now on; whoever did before no longer does. Raises NotFound for an account elsewhere."""
    # Two appointments at once follow each other: the firm has one signatory at any moment.
    await conn.execute(select(Firm.id).where(Firm.id == firm_id).with_for_update())
    clerks = {clerk.id: clerk for clerk in await clerks_of(conn, firm_id)}
    if user_id not in clerks:
        raise NotFound("没有这个账号，或者它已停用。")
    firm = User.firm_id == firm_id
    await conn.execute(update(User).where(firm, User.signatory, User.id != user_id).values(signatory=False))
    await conn.execute(update(User).where(firm, User.id == user_id).values(signatory=True))
    chosen = clerks[user_id]
    appointed = event_row(
        "user:signatory:appointed", by=by, at=at, object_type="user", object_id=user_id, object_label=chosen.login
    )
    await record(conn, appointed)
    subject = f"{chosen.name} 成为本企业的签字人"
    key = f"{user_id}:{at.isoformat()}"
    told = [clerk for clerk in clerks if clerk != by.viewer.id]
    await post(conn, *(notice("signatory_changed", key, to=clerk, subject=subject, at=at) for clerk in told))
    return chosen


async def dismiss(conn: Conn, user_id: uuid.UUID, *, by: Actor, at: datetime) -> Clerk:
    """The signatory ends a colleague's account. Raises Refused, NotFound."""
    await must_sign(conn, by)
    if by.viewer.firm_id is None:
        raise NotFound
    clerks = {clerk.id: clerk for clerk in await clerks_of(conn, by.viewer.firm_id)}
    if user_id not in clerks:
        raise NotFound("没有这个账号，或者它已停用。")
    await set_active(conn, user_id, False, by=by, at=at)
    return clerks[user_id]


async def leave(conn: Conn, *, by: Actor, at: datetime) -> None:
    """Ends one's own account. Raises Refused for a signatory who leaves others without one."""
    if by.viewer.role is not Role.FIRM or by.viewer.firm_id is None:
        raise NotFound
    await conn.execute(select(Firm.id).where(Firm.id == by.viewer.firm_id).with_for_update())
    clerks = await clerks_of(conn, by.viewer.firm_id)
    if len(clerks) > 1 and await is_signatory(conn, by.viewer.id):
        raise Refused("您是本企业的签字人，请先把签字人移交给同事，再退出。")
    await close_account(conn, by=by, at=at)
    subject = f"{by.viewer.name} 退出了本企业的填报"
    told = [clerk.id for clerk in clerks if clerk.id != by.viewer.id]
    await post(conn, *(notice("clerk_left", str(by.viewer.id), to=c, subject=subject, at=at) for c in told))
