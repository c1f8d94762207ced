"""The demo's visits, and how what was promised and asked there came to an end."""

from app.access.terms import Actor
from app.db import Conn
from app.firms.terms import FirmDetail
from app.pipeline.terms import Ladder
from app.seeding import phrases
from app.seeding.acts import Call
from app.work.needs import close_need, follow_need
from app.work.queries import needs_of, tasks_of
from app.work.tasks import mark_task
from app.work.terms import NeedState, TaskState
from app.work.visits import log_visit, set_next_touch
from app.workdays.rules import Calendar


async def visit(conn: Conn, firm: FirmDetail, act: Call, *, ladder: Ladder, calendar: Calendar, by: Actor) -> None:
    made = await log_visit(conn, firm, act.entry, ladder=ladder, calendar=calendar, by=by, at=act.at)
    turn = len(firm.name) % 2
    if act.entry.need and act.followed:
        (need,) = [n for n in await needs_of(conn, firm.id) if n.visit_id == made.id]
        said, due = phrases.STEPS[turn], act.entry.next_touch_on
        await follow_need(conn, firm, need.id, body=said, officer_id=None, due_on=due, by=by, at=act.followed)
        if act.settled:
            state, answer = (NeedState.SOLVED, NeedState.ANSWERED)[turn], phrases.ANSWERS[turn]
            await close_need(conn, firm, need.id, state=state, answer=answer, version=2, by=by, at=act.settled)
    if act.settled:
        for task in await tasks_of(conn, firm.id):
            if task.visit_id == made.id:
                await mark_task(conn, firm, task.id, TaskState.DONE, by=by, at=act.settled)
        await set_next_touch(conn, firm, None, by=by, at=act.settled)
