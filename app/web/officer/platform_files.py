"""The register as a file, out and in; and the coverage of the firms above designated size."""

import tempfile
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response, UploadFile

from app.access.sight import SeenBy
from app.access.terms import Actor, Permission
from app.audit.service import event_row, record
from app.db import Database
from app.errors import Invalid
from app.firms import cursors
from app.firms.terms import Sort
from app.plans.institutions import LARGE, coverage, listed
from app.plans.terms import Scope
from app.platforms.importing import Line, Outcome, Result, bring
from app.platforms.queries import list_platforms
from app.sheets import MAX_FILE, Broken, Formula, SheetError, find_table
from app.sheets.isolated import in_turn, read_isolated
from app.text import key as key_of
from app.units import show_wan
from app.web.deps import ClockDep, ConnDep, DatabaseDep, LookupDep, TodayDep, acting
from app.web.later import Later
from app.web.lookups import Lookup
from app.web.officer.platforms import Filters, Formed, Keeper, Reader
from app.web.platform_input import read_platform
from app.web.routing import Router
from app.web.tables import Ending, file_of
from app.web.templating import page

router = Router()
Exporter = Annotated[Actor, Depends(acting(Permission.FIRM_EXPORT))]
_COLUMNS = {
    "name": ("平台名称", "名称"),
    "kind": ("平台类型", "类型"),
    "level": ("级别", "平台级别"),
    "host": ("依托单位", "依托企业", "企业名称"),
    "uscc": ("统一社会信用代码", "信用代码", "社会信用代码"),
    "region_code": ("所属镇街", "镇街", "镇(街)"),
    "number": ("编号", "证书编号", "文号"),
    "recognised_on": ("认定日期", "认定时间"),
    "valid_to": ("有效期止", "有效期至"),
    "ended_on": ("撤销日期",),
    "source": ("来源", "备注"),
}
_NAMES = {key_of(word): field for field, words in _COLUMNS.items() for word in words}
_TITLES = tuple(words[0] for words in _COLUMNS.values())
_MOST = 2_000
SHOWS = {
    "rest": "没有研发机构",
    "part": "有研发机构",
    "whole": "全部规上工业",
    "large": "营收 5 亿元以上却没有",
    "unknown": "行业未填",
}


@router.post("/platforms/export.{form}")
async def export(
    form: Ending, conn: ConnDep, lookup: LookupDep, clock: ClockDep, today: TodayDep, actor: Exporter, filters: Filters
) -> Response:
    found = await list_platforms(conn, filters, viewer=actor.viewer, today=today, limit=None)
    rows = [
        (
            p.name,
            p.kind.label,
            p.level.label,
            p.host,
            p.uscc,
            lookup.reference.region(p.region_code),
            p.number,
            *(d.isoformat() if d else "" for d in (p.recognised_on, p.valid_to, p.ended_on)),
            p.source,
        )
        for p in found
    ]
    await _note(conn, "exported", {"count": len(rows), "form": form}, by=actor, at=clock.now())
    return file_of(form, f"创新平台-{today}", "创新平台", _TITLES, rows)


@router.get("/platforms/template.xlsx")
async def template(_: Formed) -> Response:
    return file_of("xlsx", "创新平台模板", "创新平台", _TITLES, ())


@router.get("/platforms/import")
async def import_form(request: Request, _: Formed) -> Response:
    return page(request, "officer/platforms/import.html", title="导入创新平台", results=None, errors=[], counts={})


@router.post("/platforms/import")
async def bring_in(
    request: Request,
    database: DatabaseDep,
    lookup: LookupDep,
    clock: ClockDep,
    actor: Keeper,
    file: UploadFile,
) -> Response:
    """With `act=check` everything is done and undone again, so that the preview says what would really happen."""
    data, name, at = await file.read(MAX_FILE + 1), file.filename or "", clock.now()
    check = str((await request.form()).get("act", "")) != "import"

    async def work() -> Response:
        try:
            rows = await in_turn(_read, data, name)
        except (SheetError, Invalid) as error:
            errors = [str(error) if isinstance(error, SheetError) else "".join(error.fields.values())]
            return _answer(request, [], errors, check=check)
        results = await _bring(database, rows, lookup, actor, at=at, check=check)
        return _answer(request, results, [], check=check)

    return Later(work)


async def _bring(
    database: Database,
    rows: list[tuple[int, dict[str, Any]]],
    lookup: Lookup,
    actor: Actor,
    *,
    at: datetime,
    check: bool,
) -> list[Result]:
    house = SeenBy(database, actor.viewer)
    way = house.rehearsal() if check else house.transaction()
    results: list[Result] = []
    async with way as conn:
        lines = []
        for number, raw in rows:
            said = str(raw.get("name") or "")[:100]
            try:
                lines.append(Line(number, said, await read_platform(conn, raw, lookup, actor.viewer)))
            except Invalid as error:
                lines.append(Line(number, said, None, "".join(error.fields.values())))
        results = await bring(conn, lines, by=actor, at=at)
        if not check:
            counts = Counter(str(r.outcome.value) for r in results)
            await _note(conn, "imported", dict(counts), by=actor, at=at)
    return results


async def _note(conn: Any, verb: str, said: dict[str, Any], *, by: Actor, at: datetime) -> None:
    done = event_row(
        f"platform:list:{verb}",
        by=by,
        at=at,
        object_type="platform",
        object_id="list",
        object_label="创新平台",
        after=said,
    )
    await record(conn, done)


def _read(data: bytes, name: str) -> list[tuple[int, dict[str, Any]]]:
    with tempfile.NamedTemporaryFile() as kept:
        kept.write(data)
        kept.flush()
        sheets = read_isolated(Path(kept.name), name, list(_NAMES))
    table = find_table(sheets, _NAMES, required=("name", "kind", "level", "recognised_on"), ignored=frozenset())
    found = []
    for index in range(table.header_index + 1, len(table.sheet.rows)):
        row = table.sheet.rows[index]
        raw = {field: _plain(row[at]) if at < len(row) else None for field, at in table.columns.items()}
        if any(value not in (None, "") for value in raw.values()):
            found.append((table.sheet.number(index), raw))
    if len(found) > _MOST:
        raise SheetError(f"一次最多 {_MOST:,} 行，请分成几个文件。")
    return found


def _plain(cell: Any) -> Any:
    if isinstance(cell, Formula):
        return cell.result
    return cell.text if isinstance(cell, Broken) else cell


def _answer(request: Request, results: list[Result], errors: list[str], *, check: bool) -> Response:
    counts = Counter(r.outcome for r in results)
    context: dict[str, Any] = {
        "results": results if not errors else None,
        "errors": errors,
        "check": check,
        "counts": {o.label: counts[o] for o in Outcome},
    }
    status = 422 if errors else 200
    return page(request, "officer/platforms/import.html", title="导入创新平台", status=status, **context)


@router.get("/platforms/coverage")
async def coverage_page(
    request: Request,
    conn: ConnDep,
    lookup: LookupDep,
    today: TodayDep,
    viewer: Reader,
    show: Annotated[str, Query(max_length=10)] = "rest",
    cursor: Annotated[str, Query(max_length=400)] = "",
) -> Response:
    show = show if show in SHOWS else "rest"
    scope = Scope(viewer.scope)
    after = cursors.decode(cursor, Sort.NAME) if cursor else None
    found = await coverage(conn, viewer=viewer, scope=scope, today=today)
    rows = await listed(conn, show, viewer=viewer, scope=scope, today=today, after=after)
    here = f"/platforms/coverage?show={show}"
    numbers = {
        "rest": found.whole - found.part,
        "part": found.part,
        "whole": found.whole,
        "large": found.large,
        "unknown": found.unknown,
    }
    context: dict[str, Any] = {
        "coverage": found,
        "large": show_wan(LARGE),
        "tabs": [(word, numbers[s], f"/platforms/coverage?show={s}", s == show) for s, word in SHOWS.items()],
        "show": show,
        "found": rows,
        "region": lookup.reference.region,
        "tier": lookup.main.tier,
        "next_href": f"{here}&cursor={cursors.encode(*rows.after)}" if rows.after else None,
        "prev_href": here if cursor else None,
        "can_keep": viewer.may(Permission.PLATFORM_KEEP),
    }
    return page(request, "officer/platforms/coverage.html", title="研发机构覆盖率", **context)
