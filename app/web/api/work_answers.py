"""Visits, tasks and needs in the API's words."""

from app.web.api.work_schemas import FollowUpOut, NeedOut, TaskOut, VisitOut
from app.work.terms import Need, Task, Visit


def visit_out(v: Visit) -> VisitOut:
    return VisitOut(
        id=v.id,
        visited_on=v.visited_on,
        kind=v.kind.value,
        people=v.people,
        summary=v.summary,
        next_touch_on=v.next_touch_on,
        visitor=v.visitor_name,
        logged_at=v.logged_at,
        struck_at=v.struck_at,
        strike_reason=v.strike_reason,
    )


def task_out(t: Task) -> TaskOut:
    return TaskOut(
        id=t.id,
        title=t.title,
        due_on=t.due_on,
        owner=t.owner.value,
        officer_id=t.officer_id,
        officer=t.officer_name,
        visit_id=t.visit_id,
        state=t.state.value,
        author=t.author_name,
        created_at=t.created_at,
        closed_at=t.closed_at,
        version=t.version,
    )


def need_out(n: Need) -> NeedOut:
    return NeedOut(
        id=n.id,
        kind=n.kind.value,
        body=n.body,
        raised_on=n.raised_on,
        due_on=n.due_on,
        officer_id=n.officer_id,
        officer=n.officer_name,
        visit_id=n.visit_id,
        state=n.state.value,
        answer=n.answer,
        author=n.author_name,
        logged_at=n.logged_at,
        closed_at=n.closed_at,
        version=n.version,
        follow_ups=[FollowUpOut(at=f.at, author=f.author_name, body=f.body) for f in n.follow_ups],
    )
