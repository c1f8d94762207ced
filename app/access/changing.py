"""One's own password, changed."""

from datetime import datetime

from sqlalchemy import update

from app.access.models import User
from app.access.passwords import hash_password
from app.access.proving import must_know_password
from app.access.rules import password_faults
from app.access.service import end_access
from app.access.terms import Actor
from app.audit.service import event_row, record
from app.db import Conn
from app.errors import Invalid


async def change_password(
    conn: Conn, *, current: str, new: str, keep_token: str, by: Actor, at: datetime, cheap: bool = False
) -> None:
    """Ends every other session and every token of the account. Raises Invalid, as `must_know_password` does."""
    await must_know_password(conn, current, field="current", by=by, at=at, cheap=cheap)
    if new == current:
        raise Invalid({"new": "新口令不能与现在的相同。"})
    if faults := password_faults(new, login=by.viewer.login):
        raise Invalid({"new": "".join(faults)})
    hashed = await hash_password(new, cheap=cheap)
    await conn.execute(
        update(User)
        .where(User.id == by.viewer.id)
        .values(password_hash=hashed, must_change_password=False, password_expires_at=None)
    )
    await end_access(conn, by.viewer.id, at=at, except_token=keep_token)
    await record(conn, event_row("user:password:changed", by=by, at=at, object_type="user", object_id=by.viewer.id))
