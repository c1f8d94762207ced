"""A line about a firm, which is a contact with it: the stale count begins anew."""

from datetime import datetime

from app.access.terms import Actor
from app.db import Conn
from app.firms.service import add_note
from app.firms.terms import FirmDetail
from app.pipeline.service import touch
from app.pipeline.terms import Ladder
from app.work.mentions import mention
from app.work.terms import Written
from app.workdays.rules import Calendar


async def note(
    conn: Conn, firm: FirmDetail, body: str, *, ladder: Ladder, calendar: Calendar, by: Actor, at: datetime
) -> Written:
    note_id = await add_note(conn, firm, body, by=by, at=at)
    await touch(conn, firm.id, ladder=ladder, calendar=calendar, at=at)
    page = f"/firms/{firm.uscc}#timeline"
    return Written(note_id, await mention(conn, firm, body, what="记录", key=note_id, page=page, by=by, at=at))
