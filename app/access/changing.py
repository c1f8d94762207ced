"""One's own password, changed."""

from datetime import datetime

from app.access.proving import must_know_password
from app.access.queries import user_by_id
from app.access.service import end_access
from app.access.setting_password import faults_of, set_password
from app.access.terms import Actor
from app.audit.service import event_row, record
from app.db import Conn
from app.errors import Invalid


async def change_password(
    conn: Conn,
    *,
    current: str,
    new: str,
    keep_token: str,
    by: Actor,
    at: datetime,
    device: str = "",
    cheap: bool = False,
) -> None:
    """Ends every other session and every token of the account. Raises Invalid, as `must_know_password` does."""
    await must_know_password(conn, current, field="current", by=by, at=at, device=device, cheap=cheap)
    if new == current:
        raise Invalid({"new": "新口令不能与现在的相同。"})
    if fault := await faults_of(conn, new, login=by.viewer.login, user_id=by.viewer.id, cheap=cheap):
        raise Invalid({"new": fault})
    await set_password(conn, await user_by_id(conn, by.viewer.id), new, at=at, cheap=cheap)
    await end_access(conn, by.viewer.id, at=at, except_token=keep_token)
    await record(conn, event_row("user:password:changed", by=by, at=at, object_type="user", object_id=by.viewer.id))
