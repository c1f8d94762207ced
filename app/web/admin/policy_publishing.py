"""From a draft to what counts: submitted, looked at with what it would change, published or sent back, retired."""

import uuid
from collections.abc import Awaitable
from datetime import date
from typing import Annotated, Any

from fastapi import Depends, Form, Request, Response

from app.access.terms import Actor, Permission, Viewer
from app.assessments import publishing, retiring
from app.assessments.impacts import LISTED, Impact, ask_impact, firms_changed, impact_of
from app.assessments.terms import VersionState
from app.assessments.versions import Edition, version_by_id
from app.audit.service import record
from app.errors import Conflict, Forbidden, Invalid, NotFound, Refused
from app.text import DateError, parse_date
from app.web.admin.policies import Reader
from app.web.admin.policy_drafts import Editor, RowVersion, refused
from app.web.deps import CHANGES_LOOKUPS, ClockDep, ConnDep, TodayDep, acting, guard
from app.web.forms import clean_text
from app.web.htmx import see_other
from app.web.routing import Router
from app.web.tables import file_of
from app.web.templating import fragment, page

router = Router()
Approver = Annotated[Actor, Depends(acting(Permission.POLICY_APPROVE))]
Exporter = Annotated[Actor, Depends(acting(Permission.FIRM_EXPORT))]
Assessor = Annotated[Viewer, Depends(guard(Permission.ASSESSMENT_READ))]
Said = Annotated[str, Form(max_length=2000)]
_UNPUBLISHED = (VersionState.DRAFT, VersionState.SUBMITTED)


async def _done(
    request: Request,
    conn: ConnDep,
    version_id: uuid.UUID,
    actor: Actor,
    today: date,
    step: Awaitable[Edition],
    sentence: str,
) -> Response:
    """The step and its sentence, or the page with why it was not done; then nothing of it stays."""
    try:
        async with conn.begin_nested():
            edition = await step
    except (Refused, Conflict, Invalid, Forbidden) as error:
        return await refused(request, conn, version_id, actor.viewer, today, error)
    return see_other(request, f"/admin/policies/{version_id}", f"{sentence} {edition.name}")


@router.post("/admin/policies/{version_id}/submit")
async def submit(
    request: Request,
    version_id: uuid.UUID,
    conn: ConnDep,
    clock: ClockDep,
    today: TodayDep,
    actor: Editor,
    row_version: RowVersion = 0,
) -> Response:
    step = publishing.submit(conn, version_id, row_version=row_version, by=actor, at=clock.now(), today=today)
    return await _done(request, conn, version_id, actor, today, step, "已提交，等待局领导发布：")


@router.post("/admin/policies/{version_id}/withdraw")
async def withdraw(
    request: Request, version_id: uuid.UUID, conn: ConnDep, clock: ClockDep, today: TodayDep, actor: Editor
) -> Response:
    step = publishing.withdraw(conn, version_id, by=actor, at=clock.now())
    return await _done(request, conn, version_id, actor, today, step, "已撤回为草稿：")


@router.post("/admin/policies/{version_id}/publish", dependencies=[CHANGES_LOOKUPS])
async def publish(
    request: Request,
    version_id: uuid.UUID,
    conn: ConnDep,
    clock: ClockDep,
    today: TodayDep,
    actor: Approver,
) -> Response:
    step = publishing.publish(conn, version_id, by=actor, at=clock.now(), today=today)
    return await _done(request, conn, version_id, actor, today, step, "已发布")


@router.post("/admin/policies/{version_id}/return")
async def send_back(
    request: Request,
    version_id: uuid.UUID,
    conn: ConnDep,
    clock: ClockDep,
    today: TodayDep,
    actor: Approver,
    reason: Said = "",
) -> Response:
    step = publishing.send_back(conn, version_id, reason=_reason(reason), by=actor, at=clock.now())
    return await _done(request, conn, version_id, actor, today, step, "已退回")


@router.post("/admin/policies/{version_id}/retirement")
async def ask_retirement(
    request: Request,
    version_id: uuid.UUID,
    conn: ConnDep,
    clock: ClockDep,
    today: TodayDep,
    actor: Editor,
    on: Annotated[str, Form(max_length=40)] = "",
    reason: Said = "",
) -> Response:
    try:
        day = parse_date(on)
    except DateError as error:
        return await refused(request, conn, version_id, actor.viewer, today, Invalid({"on": str(error)}))
    step = retiring.ask_retirement(
        conn, version_id, on=day, reason=_reason(reason), by=actor, at=clock.now(), today=today
    )
    return await _done(request, conn, version_id, actor, today, step, "已申请停用，等待局领导同意：")


@router.post("/admin/policies/{version_id}/retirement/{answer}", dependencies=[CHANGES_LOOKUPS])
async def decide_retirement(
    request: Request,
    version_id: uuid.UUID,
    answer: str,
    conn: ConnDep,
    clock: ClockDep,
    today: TodayDep,
    actor: Approver,
) -> Response:
    """`agree` or `refuse`."""
    if answer not in ("agree", "refuse"):
        raise NotFound
    agreed = answer == "agree"
    step = retiring.retire(conn, version_id, agreed=agreed, by=actor, at=clock.now(), today=today)
    return await _done(request, conn, version_id, actor, today, step, "已停用" if agreed else "不停用")


def _reason(said: str) -> str:
    return clean_text("reason", said, longest=500)


@router.post("/admin/policies/{version_id}/impact")
async def count_impact(
    request: Request, version_id: uuid.UUID, conn: ConnDep, clock: ClockDep, today: TodayDep, actor: Editor
) -> Response:
    edition = await version_by_id(conn, version_id, lock=True)
    if edition.state not in _UNPUBLISHED:
        error = Conflict("影响只在发布之前计算。")
        return await refused(request, conn, version_id, actor.viewer, today, error)
    await ask_impact(conn, edition, at=clock.now(), today=today)
    return see_other(request, f"/admin/policies/{version_id}/impact")


async def _counted(conn: ConnDep, version_id: uuid.UUID) -> tuple[Edition, Impact]:
    edition = await version_by_id(conn, version_id)
    impact = await impact_of(conn, version_id)
    if impact is None:
        raise NotFound("这个版本的影响还没有计算过。")
    return edition, impact


@router.get("/admin/policies/{version_id}/impact")
async def impact_page(request: Request, version_id: uuid.UUID, viewer: Reader, conn: ConnDep) -> Response:
    """Context: `edition`, `impact` Impact, `stale` bool, `firms` [ChangedAnswer] for whom may see answers, `more`."""
    edition, impact = await _counted(conn, version_id)
    firms = []
    if viewer.may(Permission.ASSESSMENT_READ):
        firms = await firms_changed(conn, version_id, viewer=viewer, most=LISTED + 1)
    context: dict[str, Any] = {
        "edition": edition,
        "impact": impact,
        "stale": impact.text_hash != edition.text_hash,
        "firms": firms[:LISTED],
        "more": len(firms) > LISTED,
        "may_list": viewer.may(Permission.ASSESSMENT_READ),
        "may_export": viewer.may(Permission.FIRM_EXPORT),
        "may_count": viewer.may(Permission.POLICY_ADMIN) and edition.state in _UNPUBLISHED,
    }
    return page(request, "admin/policies/impact.html", title=f"{edition.name} 的影响", **context)


@router.get("/admin/policies/{version_id}/impact/progress")
async def impact_progress(request: Request, version_id: uuid.UUID, _: Reader, conn: ConnDep) -> Response:
    edition, impact = await _counted(conn, version_id)
    over = impact.finished_at is not None
    headers = {"hx-redirect": f"/admin/policies/{version_id}/impact"} if over else {}
    return fragment(
        request, "admin/policies/_progress.html", headers=headers, impact=impact, here=f"/admin/policies/{edition.id}"
    )


@router.post("/admin/policies/{version_id}/impact.csv")
async def impact_file(version_id: uuid.UUID, conn: ConnDep, clock: ClockDep, actor: Exporter) -> Response:
    edition, _ = await _counted(conn, version_id)
    firms = await firms_changed(conn, version_id, viewer=actor.viewer)
    taken = publishing.event_of(
        "policy:impact:exported", edition, by=actor, at=clock.now(), after={"firms": len(firms)}
    )
    await record(conn, taken)
    rows = ((f.uscc, f.name, f.before.label, f.after.label) for f in firms)
    titles = ("统一社会信用代码", "企业名称", "现在", "发布后")
    return file_of("csv", f"{edition.policy}-{edition.version.version}-影响", "影响", titles, rows)
