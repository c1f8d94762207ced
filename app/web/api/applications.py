"""Applications over JSON: who is in a window, and the steps of one."""

import uuid
from typing import Annotated

from fastapi import Depends, Query, Response

from app.access.terms import Permission, Viewer
from app.assessments.proposing import proposals
from app.errors import NotFound
from app.filings import applications
from app.filings.applying import advance, list_firms
from app.filings.queries import programme_by_code, window_by_id
from app.filings.stages import Application
from app.filings.terms import Window
from app.text import halve
from app.web.api.answers import answer, part
from app.web.api.deeds import Deed, doing, once_only
from app.web.api.filing_schemas import (
    ApplicationIn,
    ApplicationList,
    ApplicationOut,
    StepIn,
    WindowProposalList,
    WindowProposalOut,
)
from app.web.api.if_match import IfMatch, version_needed
from app.web.api.openapi import KEYED
from app.web.application_input import read_step
from app.web.deps import ConnDep, guard

router = part("申报")
Reader = Annotated[Viewer, Depends(guard(Permission.FIRM_INTERNAL))]
Worker = Annotated[Deed, Depends(doing(Permission.FILING_WORK))]


def _out(a: Application) -> ApplicationOut:
    return ApplicationOut(
        id=a.id,
        window_id=a.window_id,
        uscc=a.uscc,
        name=a.firm_name,
        region_code=a.region_code,
        stage=a.stage.value,
        officer=a.officer_name,
        submitted_on=a.submitted_on,
        materials_ready=sorted(a.ready),
        check_reasons=sorted(a.check_reasons),
        check_passed=a.check.passed if a.check else None,
        version=a.version,
        updated_at=a.updated_at,
    )


async def _window(conn: ConnDep, window_id: uuid.UUID, viewer: Viewer) -> Window:
    window = await window_by_id(conn, window_id, viewer=viewer)
    if window is None:
        raise NotFound
    return window


async def _one(conn: ConnDep, application_id: uuid.UUID, viewer: Viewer) -> Application:
    found = await applications.application_by_id(conn, application_id, viewer=viewer)
    if found is None:
        raise NotFound
    return found


def _shown(a: Application, *, status: int = 200) -> Response:
    headers = {"etag": f'"{a.version}"'}
    if status == 201:
        headers["location"] = f"/api/v1/applications/{a.id}"
    return answer(_out(a), status=status, headers=headers)


@router.get("/windows/{window_id}/applications", response_model=ApplicationList, summary="窗口里的企业")
async def listed(
    window_id: uuid.UUID,
    conn: ConnDep,
    viewer: Reader,
    stage: Annotated[str, Query(max_length=20)] = "",
    region: Annotated[str, Query(max_length=12)] = "",
    cursor: uuid.UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 100,
) -> Response:
    await _window(conn, window_id, viewer)
    found = await applications.in_window(
        conn, window_id, viewer=viewer, stage=stage, region=region, after=cursor, limit=limit + 1
    )
    shown = found[:limit]
    following = str(shown[-1].id) if len(found) > limit else None
    return answer(ApplicationList(items=[_out(a) for a in shown], next=following))


@router.get("/windows/{window_id}/proposals", response_model=WindowProposalList, summary="建议列入的企业")
async def proposed(
    window_id: uuid.UUID, conn: ConnDep, viewer: Annotated[Viewer, Depends(guard(Permission.FILING_WORK))]
) -> Response:
    window = await _window(conn, window_id, viewer)
    found = await proposals(conn, window, await programme_by_code(conn, window.programme), viewer=viewer)
    items = [
        WindowProposalOut(
            uscc=p.uscc, name=p.firm_name, region_code=p.region_code, ground=p.ground.value, words=p.words
        )
        for p in found
    ]
    return answer(WindowProposalList(items=items, next=None))


@router.post(
    "/windows/{window_id}/applications",
    response_model=ApplicationOut,
    status_code=201,
    summary="列入企业",
    openapi_extra=KEYED,
)
@once_only
async def add(window_id: uuid.UUID, body: ApplicationIn, deed: Worker) -> Response:
    (made,) = await list_firms(deed.conn, window_id, [halve(body.uscc).upper()], by=deed.by, at=deed.at)
    return _shown(await _one(deed.conn, made, deed.viewer), status=201)


@router.get("/applications/{application_id}", response_model=ApplicationOut, summary="一项申报")
async def read(application_id: uuid.UUID, conn: ConnDep, viewer: Reader) -> Response:
    return _shown(await _one(conn, application_id, viewer))


@router.post(
    "/applications/{application_id}/advance", response_model=ApplicationOut, summary="推进申报", openapi_extra=KEYED
)
@once_only
async def step(application_id: uuid.UUID, body: StepIn, deed: Worker, if_match: IfMatch = None) -> Response:
    kind = await _certificate(deed.conn, application_id, deed.viewer)
    asked = read_step(body.model_dump(), certificate=kind, expected=version_needed(if_match), today=deed.today)
    await advance(deed.conn, application_id, asked, by=deed.by, at=deed.at)
    return _shown(await _one(deed.conn, application_id, deed.viewer))


async def _certificate(conn: ConnDep, application_id: uuid.UUID, viewer: Viewer) -> str | None:
    """The kind that the programme issues; out of sight comes before what is wrong with the body."""
    found = await _one(conn, application_id, viewer)
    window = await _window(conn, found.window_id, viewer)
    return (await programme_by_code(conn, window.programme)).certificate
