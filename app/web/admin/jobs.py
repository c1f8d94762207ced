"""后台任务: when each job last ran, what the runs did and how long they took, and whether the worker lives."""

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Query, Request, Response

from app.access.terms import Permission, Viewer
from app.audit.paging import decode, encode
from app.outbox.runs import JOB_WORDS, LEADER, PAGE, WORKER, heartbeats, marks, runs
from app.web.deps import ClockDep, ConnDep, guard
from app.web.health import WORKER_LATE
from app.web.routing import Router
from app.web.templating import page

router = Router()
# What a run's counts are called.
_COUNTS = {"planned": "应办", "created": "新增", "skipped": "跳过", "sent": "发出", "failed": "失败"}


@router.get("/admin/jobs")
async def jobs_page(
    request: Request,
    conn: ConnDep,
    clock: ClockDep,
    _: Annotated[Viewer, Depends(guard(Permission.SETTING_ADMIN))],
    job: Annotated[str, Query(max_length=40)] = "",
    cursor: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """Context: `beats` [(words, when, whether late)], `jobs` [(code, label, how often, last turn)], `runs`."""
    found = await runs(conn, job=job, after=decode(cursor) if cursor else None)
    shown = found[:PAGE]
    now, beats, last = clock.now(), await heartbeats(conn), await marks(conn)
    more = {"job": job} if job else {}
    context: dict[str, Any] = {
        "beats": [
            (words, beats.get(name), name not in beats or now - beats[name] > WORKER_LATE)
            for name, words in ((WORKER, "后台进程"), (LEADER, "定时的主进程"))
        ],
        "jobs": [(code, label, often, last.get(code)) for code, (label, often) in JOB_WORDS.items() if code in last],
        "runs": [(run, _said(run.detail)) for run in shown],
        "choices": [("", "全部任务"), *((code, label) for code, (label, _often) in JOB_WORDS.items())],
        "job": job,
        "next_href": f"/admin/jobs?{urlencode(more | {'cursor': encode(shown[-1])})}" if len(found) > PAGE else None,
    }
    return page(request, "admin/jobs.html", title="后台任务", **context)


def _said(detail: Any) -> str:
    counts = [f"{word} {detail[name]}" for name, word in _COUNTS.items() if detail.get(name)]
    if error := detail.get("error"):
        return str(error)
    if due := detail.get("due"):
        return f"应在 {due}"
    return "，".join(counts) or "没有要办的"
