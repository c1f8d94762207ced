"""Reads of applications: who is in a window and how far, who might be, and what happened to one."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, func, select

from app.access.models import User
from app.access.terms import Viewer
from app.db import Conn
from app.filings.models import ApplicationEventRow, ApplicationRow, FilingWindow, ProgrammeRow
from app.filings.stages import Application, ApplicationEvent, FieldCheck, Happening, Stage
from app.firms.filtering import visible_to
from app.firms.models import Firm

_A = ApplicationRow
_APPLICATION: tuple[Any, ...] = (
    _A.id,
    _A.window_id,
    _A.firm_id,
    Firm.uscc,
    Firm.name.label("firm_name"),
    Firm.region_code,
    _A.stage,
    _A.officer_id,
    User.name.label("officer_name"),
    _A.version,
    _A.submitted_on,
    _A.ready,
    _A.check_reasons,
    _A.check,
    _A.updated_at,
)


@dataclass(frozen=True, slots=True)
class TownCount:
    region_code: str
    counts: dict[Stage, int]

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def applications() -> Select[Any]:
    return select(*_APPLICATION).join(Firm, Firm.id == _A.firm_id).outerjoin(User, User.id == _A.officer_id)


def application_of(row: Any) -> Application:
    check = row.check
    return Application(
        id=row.id,
        window_id=row.window_id,
        firm_id=row.firm_id,
        uscc=row.uscc,
        firm_name=row.firm_name,
        region_code=row.region_code,
        stage=Stage(row.stage),
        officer_id=row.officer_id,
        officer_name=row.officer_name,
        version=row.version,
        submitted_on=row.submitted_on,
        ready=frozenset(row.ready),
        check_reasons=frozenset(row.check_reasons),
        check=FieldCheck(date.fromisoformat(check["on"]), check["found"], check["passed"], check["by"])
        if check
        else None,
        updated_at=row.updated_at,
    )


async def application_by_id(conn: Conn, application_id: uuid.UUID, *, viewer: Viewer) -> Application | None:
    query = applications().where(_A.id == application_id, visible_to(viewer))
    row = (await conn.execute(query)).one_or_none()
    return application_of(row) if row else None


async def in_window(
    conn: Conn,
    window_id: uuid.UUID,
    *,
    viewer: Viewer,
    stage: str = "",
    region: str = "",
    after: uuid.UUID | None = None,
    limit: int = 100,
) -> list[Application]:
    """In the order in which they were listed."""
    query = applications().where(_A.window_id == window_id, visible_to(viewer))
    if stage:
        query = query.where(_A.stage == stage)
    if region:
        query = query.where(Firm.region_code == region)
    if after:
        query = query.where(_A.id > after)
    return [application_of(row) for row in await conn.execute(query.order_by(_A.id).limit(limit))]


async def by_stage(conn: Conn, window_id: uuid.UUID, *, viewer: Viewer, limit: int) -> dict[Stage, list[Application]]:
    """The first of each stage, for the board: those that have waited longest."""
    number = func.row_number().over(partition_by=_A.stage, order_by=(_A.updated_at, _A.id)).label("number")
    ranked = applications().add_columns(number).where(_A.window_id == window_id, visible_to(viewer)).subquery()
    query = select(ranked).where(ranked.c.number <= limit).order_by(ranked.c.number)
    found: dict[Stage, list[Application]] = {stage: [] for stage in Stage}
    for row in await conn.execute(query):
        found[Stage(row.stage)].append(application_of(row))
    return found


async def by_town(conn: Conn, window_id: uuid.UUID, *, viewer: Viewer) -> list[TownCount]:
    """How far each town's firms are: who has not yet begun stands under 目标."""
    query = (
        select(Firm.region_code, _A.stage, func.count())
        .join(Firm, Firm.id == _A.firm_id)
        .where(_A.window_id == window_id, visible_to(viewer))
        .group_by(Firm.region_code, _A.stage)
        .order_by(Firm.region_code)
    )
    towns: dict[str, dict[Stage, int]] = {}
    for region, stage, count in await conn.execute(query):
        towns.setdefault(region, {})[Stage(stage)] = count
    return [TownCount(region, counts) for region, counts in towns.items()]


async def events_of(conn: Conn, application_id: uuid.UUID) -> list[ApplicationEvent]:
    """Newest first."""
    e = ApplicationEventRow
    query = (
        select(e.kind, e.from_stage, e.to_stage, e.at, e.actor_name, e.reason, e.detail)
        .where(e.application_id == application_id)
        .order_by(e.at.desc(), e.id.desc())
    )
    rows: Sequence[Any] = (await conn.execute(query)).all()
    return [
        ApplicationEvent(
            Happening(r[0]), Stage(r[1]) if r[1] else None, Stage(r[2]) if r[2] else None, r[3], r[4], r[5], r[6]
        )
        for r in rows
    ]


@dataclass(frozen=True, slots=True)
class Underway:
    """An application that a firm has not yet filed, and the papers it still lacks."""

    id: uuid.UUID
    window: str
    firm_due: date | None
    lacking: Sequence[str]


async def underway(conn: Conn, firm_id: uuid.UUID) -> list[Underway]:
    """The caller has looked the firm up in its viewer's sight."""
    query = (
        select(_A.id, ProgrammeRow.short, FilingWindow.label, FilingWindow.firm_due, ProgrammeRow.materials, _A.ready)
        .join(FilingWindow, FilingWindow.id == _A.window_id)
        .join(ProgrammeRow, ProgrammeRow.code == FilingWindow.programme)
        .where(_A.firm_id == firm_id, _A.stage.in_([Stage.TARGET.value, Stage.PREPARING.value]))
        .order_by(FilingWindow.firm_due.nulls_last(), _A.id)
    )
    return [
        Underway(i, f"{short}{label}", due, [str(m["label"]) for m in materials if m["code"] not in ready])
        for i, short, label, due, materials, ready in await conn.execute(query)
    ]
