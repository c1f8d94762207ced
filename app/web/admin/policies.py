"""政策: the versions of every policy, one version in full, two side by side, and the file it could have come from."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import Depends, Request, Response

from app.access.terms import Permission, Viewer
from app.assessments.impacts import answers_of, impact_of
from app.assessments.publishing import succession
from app.assessments.terms import VersionState
from app.assessments.versions import Edition, list_versions, pack_of, version_by_id
from app.audit.queries import events_of
from app.policy.differences import compare
from app.policy.field_words import grade_words
from app.policy.outline import conditions, lines, unconfirmed
from app.policy.writing import as_yaml
from app.web.admin.policy_acts import acts_for, entry, examples_of
from app.web.deps import ConnDep, TodayDep, guard
from app.web.downloads import YAML, attachment
from app.web.routing import Router
from app.web.templating import page

router = Router()
Reader = Annotated[Viewer, Depends(guard(Permission.POLICY_READ))]
_EVENTS = 30
_OPEN = (VersionState.DRAFT, VersionState.SUBMITTED)


@dataclass(frozen=True, slots=True)
class EditionView:
    """A version's line in a list."""

    href: str
    title: str
    policy: str
    version: str
    status: str
    tone: str
    document: str
    effective: str
    grade: str
    confirmed_by: str
    by: str
    at: date | None
    local: bool


def view(edition: Edition, today: date) -> EditionView:
    version, status = edition.version, edition.status(today)
    tone = {"现行有效": "good", "待发布": "warn", "草稿": "warn"}.get(status, "")
    return EditionView(
        href=f"/admin/policies/{edition.id}",
        title=edition.title,
        policy=edition.policy,
        version=version.version,
        status=status,
        tone=tone,
        document=version.document,
        effective=f"{version.effective_from} 至 {version.effective_to or '今'}",
        grade=grade_words(version.source.grade),
        confirmed_by=version.source.confirmed_by if version.source.confirmed else "",
        by=edition.publisher_name or edition.author_name,
        at=edition.published_at.date() if edition.published_at else None,
        local=not version.official,
    )


@router.get("/admin/policies")
async def list_page(request: Request, viewer: Reader, conn: ConnDep, today: TodayDep) -> Response:
    """Context: `waiting` and `others` [EditionView], `may_draft` bool."""
    editions = await list_versions(conn)
    context: dict[str, Any] = {
        "waiting": [view(e, today) for e in editions if e.state in _OPEN],
        "others": [view(e, today) for e in editions if e.state not in _OPEN],
        "may_draft": viewer.may(Permission.POLICY_ADMIN),
    }
    return page(request, "admin/policies/list.html", title="政策", **context)


@router.get("/admin/policies/{version_id}")
async def version_page(
    request: Request, version_id: uuid.UUID, viewer: Reader, conn: ConnDep, today: TodayDep
) -> Response:
    return await show(request, conn, await version_by_id(conn, version_id), viewer, today)


async def show(
    request: Request,
    conn: ConnDep,
    edition: Edition,
    viewer: Viewer,
    today: date,
    *,
    sentence: str = "",
    reasons: Sequence[str] = (),
    status: int = 200,
) -> Response:
    """Context: `edition`, `view` EditionView, `head` [Line], `conditions` [Condition], `doubts` [str], `examples`
    [ExampleView], `others` [(id, words)], `impact`, `stale`, `after` Succession,
    `ending` {Outcome: firms} that a retirement leaves without an answer, `eve` the day before it begins,
    `history` [Entry], `acts` Acts, and why the last act was refused: `sentence`, `reasons` [str].
    """
    all_of_it = await list_versions(conn, policy=edition.policy)
    others = [e for e in all_of_it if e.id != edition.id]
    impact = await impact_of(conn, edition.id)
    version = edition.version
    shown = [line for line in lines(version) if not line.key.startswith(("version", "label", "note", "examples"))]
    context: dict[str, Any] = {
        "edition": edition,
        "version": version,
        "view": view(edition, today),
        "head": shown,
        "conditions": conditions(version),
        "doubts": unconfirmed(version),
        "examples": examples_of(edition),
        "others": [(str(e.id), f"{e.version.version}（{e.status(today)}）") for e in others],
        "impact": impact,
        "stale": impact is not None and impact.text_hash != edition.text_hash,
        "after": succession(edition, others),
        "ending": await answers_of(conn, edition, viewer=viewer) if edition.retirement else {},
        "eve": version.effective_from - timedelta(days=1),
        "history": [entry(event) for event in await events_of(conn, "policy", str(edition.id), limit=_EVENTS)],
        "acts": acts_for(edition, viewer),
        "sentence": sentence,
        "reasons": list(reasons),
    }
    return page(request, "admin/policies/version.html", title=edition.name, status=status, **context)


@router.get("/admin/policies/{version_id}/compare")
async def compare_page(
    request: Request, version_id: uuid.UUID, _: Reader, conn: ConnDep, today: TodayDep, to: uuid.UUID | None = None
) -> Response:
    """From the version that `to` names to this one; without it, nothing differs."""
    after = await version_by_id(conn, version_id)
    before = await version_by_id(conn, to or version_id)
    context: dict[str, Any] = {
        "before": view(before, today),
        "after": view(after, today),
        "comparison": compare(before.version, after.version),
    }
    title = f"{after.name} 与 {before.version.version} 比较"
    return page(request, "admin/policies/compare.html", title=title, **context)


@router.get("/admin/policies/{version_id}/export.yaml")
async def export(version_id: uuid.UUID, _: Reader, conn: ConnDep) -> Response:
    edition = await version_by_id(conn, version_id)
    name = f"{edition.policy}-{edition.version.version}.yaml"
    return attachment(as_yaml(pack_of(edition, [edition.version])).encode(), name, YAML)
