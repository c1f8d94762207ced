"""What the import pages show of a batch and of its rows."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.exchange.queries import WARNED, Batch, BatchRow
from app.exchange.terms import BatchKind, BatchState, RowEnd, RowOutcome, Severity

_TONES = {
    BatchState.APPLIED: "good",
    BatchState.PREVIEW: "warn",
    BatchState.UNREADABLE: "bad",
}
_OUTCOME_TONES = {RowOutcome.CREATED: "good", RowOutcome.UPDATED: "warn", RowOutcome.REJECTED: "bad"}
_END_TONES = {RowEnd.BACK: "", RowEnd.LEFT: "warn"}


@dataclass(frozen=True, slots=True)
class BatchView:
    id: uuid.UUID
    href: str
    kind: BatchKind
    filename: str
    state: str
    state_label: str
    tone: str
    busy: bool
    creator_name: str
    created_at: datetime
    applied_at: datetime | None
    undone_at: datetime | None
    done: int
    total: int
    writes: int  # how many rows a confirmation would write
    rejected: int
    counts: Sequence[tuple[str, int]]
    sentence: str
    sheet: str
    header_row: int
    unknown: Sequence[str]
    doubled: Sequence[str]
    has_notes: bool


@dataclass(frozen=True, slots=True)
class TabView:
    label: str
    count: int
    href: str
    current: bool


@dataclass(frozen=True, slots=True)
class RowView:
    row_no: int
    outcome: str
    tone: str
    name: str
    uscc: str
    href: str
    differences: Sequence[tuple[str, str, str]]
    arrivals: Sequence[tuple[str, str]]  # what is said of a new firm
    errors: Sequence[str]
    warnings: Sequence[str]


def _standing(batch: Batch) -> tuple[str, str]:
    """A list in which there is nothing to write waits for nobody."""
    if batch.state is BatchState.PREVIEW and not batch.created + batch.updated:
        return "没有要写入的", "bad" if batch.rejected else ""
    return batch.state.label, _TONES.get(batch.state, "")


def outcome_said(batch: Batch) -> str:
    """What came of it, and what is still to be done, for whoever waited."""
    if batch.state is BatchState.PREVIEW:
        return f"检查完了：{_counted(batch)}"
    if batch.state is BatchState.APPLIED:
        again = "；有错的没有导入，改好红色的再传" if batch.rejected else ""
        return f"已导入：{_counted(batch)}{again}"
    return batch.state.label


def _counted(batch: Batch) -> str:
    return "，".join(f"{o.label} {getattr(batch, o.value)}" for o in RowOutcome if getattr(batch, o.value)) or "没有行"


def batch_view(batch: Batch) -> BatchView:
    label, tone = _standing(batch)
    counts = [(o.label, getattr(batch, o.value)) for o in RowOutcome]
    return BatchView(
        id=batch.id,
        href=f"/imports/{batch.id}",
        kind=batch.kind,
        filename=batch.filename,
        state=batch.state.value,
        state_label=label,
        tone=tone,
        busy=batch.state.busy,
        creator_name=batch.creator_name,
        created_at=batch.created_at,
        applied_at=batch.applied_at,
        undone_at=batch.undone_at,
        done=batch.done,
        total=batch.total,
        writes=batch.created + batch.updated,
        rejected=batch.rejected,
        counts=counts,
        sentence=batch.sentence or "",
        sheet=batch.sheet.get("name", ""),
        header_row=batch.sheet.get("header_row", 0),
        unknown=batch.sheet.get("unknown", []),
        doubled=batch.sheet.get("doubled", []),
        has_notes="header_row" in batch.sheet and batch.state is not BatchState.DISCARDED,
    )


def outcome_tabs(batch: Batch, chosen: str) -> list[TabView]:
    here = f"/imports/{batch.id}"
    tabs = [("", "全部", batch.total)]
    if batch.left is None:
        tabs += [(o.value, o.label, getattr(batch, o.value)) for o in RowOutcome]
    else:  # what was written is not there any more
        left, written = len(batch.left), batch.created + batch.updated
        tabs += [(RowEnd.BACK.value, RowEnd.BACK.label, written - left), (RowEnd.LEFT.value, RowEnd.LEFT.label, left)]
        tabs += [(o.value, o.label, getattr(batch, o.value)) for o in (RowOutcome.UNCHANGED, RowOutcome.REJECTED)]
    tabs.append((WARNED, Severity.WARNING.label, batch.warned))
    return [
        TabView(label, count, f"{here}?outcome={value}" if value else here, value == chosen)
        for value, label, count in tabs
    ]


def row_view(row: BatchRow, batch: Batch) -> RowView:
    end = batch.end_of(row)
    there = row.outcome is not RowOutcome.CREATED or batch.state is BatchState.APPLIED or end is RowEnd.LEFT
    known = row.firm_id is not None and there
    new = row.outcome is RowOutcome.CREATED
    return RowView(
        row_no=row.row_no,
        outcome=end.label if end else row.outcome.label,
        tone=_END_TONES[end] if end else _OUTCOME_TONES.get(row.outcome, ""),
        name=row.name,
        uscc=row.uscc,
        href=f"/firms/{row.uscc}" if known else "",
        differences=[] if new else [(c["label"], c["before"], c["after"]) for c in row.changes],
        arrivals=[(c["label"], c["after"]) for c in row.changes] if new else [],
        errors=[m["sentence"] for m in row.messages if m["severity"] == Severity.ERROR.value],
        warnings=[m["sentence"] for m in row.messages if m["severity"] == Severity.WARNING.value],
    )
