"""The demo's figures, rights and statements go in as rows: there is no form yet that a firm would report them on."""

import uuid
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import insert

from app.access.terms import Viewer
from app.clock import BUSINESS_ZONE
from app.db import Conn, new_id
from app.recognitions.models import IpRightRow
from app.reports.models import FirmStatement, YearlyReport
from app.seeding.acts import Survey, Tell
from app.seeding.books import Report
from app.seeding.county import DemoFirm
from app.seeding.holdings import Right

SOURCE = "演示数据"
Row = dict[str, Any]


async def record_survey(conn: Conn, act: Survey, ids: Mapping[str, uuid.UUID], *, by: Viewer) -> None:
    known = {"source": SOURCE, "recorded_at": act.at, "recorded_by": by.id}
    rights: list[Row] = []
    statements: list[Row] = []
    for firm, books in act.found:
        whose = {**known, "firm_id": ids[firm.uscc]}
        rights += [{**whose, **_right(right)} for right in books.rights]
        statements += [
            {**whose, "kind": said.kind.value, "body": said.body, "true_on": said.true_on} for said in books.statements
        ]
    if rights:
        await conn.execute(insert(IpRightRow), rights)
    if statements:
        await conn.execute(insert(FirmStatement), statements)


def _right(right: Right) -> Row:
    return {
        "id": new_id(),
        "kind": right.kind.value,
        "number": right.number,
        "name": right.name,
        "obtained_by": right.obtained_by.value,
        "granted_on": right.granted_on,
        "in_force": right.in_force,
        "used_in_hnte_year": right.used_in_hnte_year,
    }


async def record_reports(conn: Conn, act: Tell, ids: Mapping[str, uuid.UUID], *, by: Viewer) -> None:
    rows = [{"firm_id": ids[firm.uscc], **_report(firm, report, act.at, by)} for firm, report in act.told]
    await conn.execute(insert(YearlyReport), rows)


def _report(firm: DemoFirm, report: Report, at: datetime, by: Viewer) -> Row:
    submitted, decided = _moment(report.submitted_on), _moment(report.decided_on)
    contacts = firm.entry.contacts or ()
    return {
        "id": new_id(),
        "year": report.year,
        "version": report.version,
        "state": report.state.value,
        "figures": report.figures,
        "source": SOURCE,
        "created_at": submitted or at,
        "submitted_at": submitted,
        "submitter_name": contacts[-1].name if submitted and contacts else "",
        "decided_at": decided,
        "decided_by": by.id if decided else None,
        "decider_name": by.name if decided else "",
    }


def _moment(day: date | None) -> datetime | None:
    return datetime.combine(day, time(16, 20), BUSINESS_ZONE) if day else None
