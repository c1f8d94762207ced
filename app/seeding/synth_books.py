"""The rows of a synthetic firm's books, for COPY."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson

from app.seeding.books import Books

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "yearly_reports": (
        *("id", "firm_id", "year", "version", "state", "figures", "source", "created_at", "submitted_at"),
        *("submitter_name", "decided_at", "decided_by", "decider_name"),
    ),
    "ip_rights": (
        *("id", "firm_id", "kind", "number", "name", "obtained_by", "granted_on", "in_force", "used_in_hnte_year"),
        *("source", "recorded_at"),
    ),
    "firm_statements": ("firm_id", "kind", "body", "true_on", "source", "recorded_at"),
}
Rows = dict[str, list[tuple[Any, ...]]]


def write_books(
    rows: Rows,
    books: Books,
    firm_id: str,
    *,
    source: str,
    clerk: str,
    officer: tuple[UUID, str],
    known_at: datetime,
    new_id: Callable[[], str],
    moment: Callable[[date], datetime],
) -> None:
    """`known_at`: when the firm came into the registry; its rights came with it."""
    for report in books.reports:
        submitted = moment(report.submitted_on) if report.submitted_on else None
        decided = max(moment(report.decided_on), submitted) if report.decided_on and submitted else None
        rows["yearly_reports"].append(
            (
                *(new_id(), firm_id, report.year, report.version, report.state, _json(report.figures), source),
                *(submitted or known_at, submitted, clerk if submitted else ""),
                *((decided, *officer) if decided else (None, None, "")),
            )
        )
    rows["ip_rights"] += [
        (
            *(new_id(), firm_id, right.kind, right.number, right.name, right.obtained_by, right.granted_on),
            *(right.in_force, right.used_in_hnte_year, source, known_at),
        )
        for right in books.rights
    ]
    rows["firm_statements"] += [
        (firm_id, said.kind, _json(said.body), said.true_on, source, moment(said.true_on)) for said in books.statements
    ]


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
