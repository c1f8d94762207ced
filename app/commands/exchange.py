"""`tidu import firms FILE`, `tidu import undo BATCH`, `tidu export firms -o FILE`."""

import argparse
import asyncio
import sys
import tempfile
import uuid
from collections import Counter
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import orjson

from app.access.terms import Actor
from app.clock import SystemClock, business_day
from app.commands.context import CommandError, add_data_option, opened
from app.config import Settings
from app.db import Database
from app.errors import because
from app.exchange import jobs, service
from app.exchange.applying import CHUNK
from app.exchange.columns import NAMES
from app.exchange.examining import Bureau, Examined, examine
from app.exchange.exporting import csv_stream, note_export, statement, write_xlsx
from app.exchange.listing import LISTS, undo_list
from app.exchange.queries import Batch, Said, batch_by_id, said_of
from app.exchange.reporting import notes_for
from app.exchange.rosters import Roster, understand
from app.exchange.terms import BatchKind, BatchState, RowOutcome
from app.exchange.undoing import undo_batch
from app.files.opening import open_store
from app.firms.reference import bureau_scope
from app.firms.terms import FirmFilter
from app.sheets import MAX_FILE, SheetError
from app.sheets.annotating import Notes
from app.sheets.isolated import annotate_isolated, in_turn, read_isolated

_PATIENCE = 240  # half seconds that another import may take before this one gives up


def add_parser(subparsers: Any) -> None:
    parser: argparse.ArgumentParser = subparsers.add_parser("import", help="导入名册，或撤销一次导入")
    kinds = parser.add_subparsers(dest="what", metavar="对象", required=True)
    firms = kinds.add_parser("firms", help="导入企业名册（.xlsx、.xls、.csv）")
    firms.add_argument("file", type=Path, metavar="FILE")
    firms.add_argument("--dry-run", action="store_true", help="只检查，不写入")
    firms.add_argument("--report", type=Path, metavar="OUT.xlsx", help="把标出错误和原因的工作簿写到这里")
    firms.add_argument("--json", action="store_true", help="只输出一行 JSON，不逐行说明")
    add_data_option(firms)
    firms.set_defaults(run=run_import)
    for kind in LISTS:
        listed = kinds.add_parser(kind.value, help=f"导入{kind.label}（.xlsx、.xls、.csv）；企业须已在库里")
        listed.add_argument("file", type=Path, metavar="FILE")
        listed.add_argument("--dry-run", action="store_true", help="只检查，不写入")
        listed.add_argument("--report", type=Path, metavar="OUT.xlsx", help="把标出错误和原因的工作簿写到这里")
        listed.add_argument("--json", action="store_true", help="只输出一行 JSON，不逐行说明")
        add_data_option(listed)
        listed.set_defaults(run=run_list, kind=kind)
    undo = kinds.add_parser("undo", help="撤销一次导入")
    undo.add_argument("batch", metavar="BATCH")
    add_data_option(undo)
    undo.set_defaults(run=run_undo)
    export: argparse.ArgumentParser = subparsers.add_parser("export", help="导出企业")
    exported = export.add_subparsers(dest="what", metavar="对象", required=True)
    out = exported.add_parser("firms", help="导出企业名册（.xlsx、.csv）")
    out.add_argument("-o", "--output", type=Path, metavar="FILE", required=True)
    out.add_argument("--tier", default="", metavar="T", help="梯队代码，none 为未入梯队")
    out.add_argument("--region", default="", metavar="CODE", help="行政区划代码")
    add_data_option(out)
    out.set_defaults(run=run_export)


async def run_import(args: argparse.Namespace) -> int:
    path: Path = args.file
    _readable(path)
    async with opened(args) as (settings, database):
        async with database.reading() as conn:
            actor = jobs.command_actor(await bureau_scope(conn))
            bureau = await jobs.bureau_for(conn, actor.viewer)
        try:
            sheets = await in_turn(read_isolated, path, path.name, NAMES)
            roster = await asyncio.to_thread(understand, sheets, bureau.names)
        except SheetError as error:
            raise CommandError(str(error), exit_code=2) from error
        for title in roster.unknown:
            print(f"不认识的列“{title}”，没有导入。", file=sys.stderr)
        if args.dry_run:
            return await _dry_run(database, path, roster, bureau, actor, args)
        return await _import(database, settings, path, roster, actor, args)


async def run_list(args: argparse.Namespace) -> int:
    """The same as a roster; what is only checked is discarded, and leaves the upload in the trail."""
    path: Path = args.file
    _readable(path)
    async with opened(args) as (settings, database):
        async with database.reading() as conn:
            actor = jobs.command_actor(await bureau_scope(conn))
        return await _import(database, settings, path, None, actor, args)


def _readable(path: Path) -> None:
    try:
        size = path.stat().st_size
        with path.open("rb"):
            pass
    except OSError as error:
        raise CommandError(f"读不到文件 {path}：{because(error)}。", exit_code=2) from error
    if size > MAX_FILE:
        raise CommandError(f"文件有 {size >> 20} MB，最多 {MAX_FILE >> 20} MB，没有读取。", exit_code=2)


async def _dry_run(
    database: Database, path: Path, roster: Roster, bureau: Bureau, actor: Actor, args: argparse.Namespace
) -> int:
    today = business_day(SystemClock().now())
    examined: list[Examined] = []
    async with database.reading() as conn:
        for start in range(0, len(roster.rows), CHUNK):
            chunk = roster.rows[start : start + CHUNK]
            examined += await examine(conn, chunk, bureau=bureau, viewer=actor.viewer, filename=path.name, today=today)
    counts = Counter(e.outcome.value for e in examined)
    summary = {o.value: counts[o.value] for o in RowOutcome} | {"warned": sum(e.warned for e in examined)}
    said = [Said(e.row.row_no, e.row.name, [m.to_json() for m in e.messages]) for e in examined if e.messages]
    if args.report:
        notes = notes_for(roster.sheet, roster.header_row, roster.columns, {s.row_no: s.messages for s in said})
        await _report(args.report, path, path.name, notes)
    return _say(args, summary, None, said)


async def _import(
    database: Database, settings: Settings, path: Path, roster: Roster | None, actor: Actor, args: argparse.Namespace
) -> int:
    files, clock = open_store(settings), SystemClock()
    data = await asyncio.to_thread(path.read_bytes)
    sha256 = await files.put(data)
    async with database.transaction() as conn:
        # Held by this process from the start, so that a worker beside it does not take it up.
        batch_id = await service.upload(
            conn,
            sha256=sha256,
            size=len(data),
            filename=path.name,
            by=actor,
            at=clock.now(),
            kind=args.kind if roster is None else BatchKind.FIRMS,
            state=BatchState.CHECKING,
        )
    await jobs.check(database, files, batch_id, at=clock.now(), roster=roster)
    previewed = await _in_state(database, batch_id, BatchState.PREVIEW, exit_code=2)
    if args.dry_run:
        return await _only_checked(database, previewed, actor, args)
    async with database.transaction() as conn:
        await service.confirm(conn, batch_id, by=actor, at=clock.now(), state=BatchState.APPLYING)
    for _ in range(_PATIENCE):
        if await jobs.apply(database, batch_id, at=clock.now()):
            break
        await asyncio.sleep(0.5)
    batch = await _in_state(database, batch_id, BatchState.APPLIED, exit_code=1)
    return _say(args, batch.counts, batch_id, await _told(database, batch, args))


async def _only_checked(database: Database, batch: Batch, actor: Actor, args: argparse.Namespace) -> int:
    said = await _told(database, batch, args)
    async with database.transaction() as conn:
        await service.discard(conn, batch.id, by=actor, at=SystemClock().now())
    return _say(args, batch.counts, None, said)


async def _told(database: Database, batch: Batch, args: argparse.Namespace) -> list[Said]:
    async with database.reading() as conn:
        said = await said_of(conn, batch.id)
    if args.report:
        messages = {s.row_no: s.messages for s in said}
        names = LISTS[batch.kind].names if batch.kind in LISTS else NAMES
        notes = notes_for(batch.sheet["name"], batch.sheet["header_row"], batch.sheet["columns"], messages, names)
        await _report(args.report, args.file, batch.filename, notes)
    return said


async def _in_state(database: Database, batch_id: uuid.UUID, state: BatchState, *, exit_code: int) -> Batch:
    async with database.reading() as conn:
        batch = await batch_by_id(conn, batch_id, viewer=None)
    if batch is None or batch.state is not state:
        raise CommandError(batch.sentence if batch and batch.sentence else "没有完成导入。", exit_code=exit_code)
    return batch


async def _report(report: Path, path: Path, name: str, notes: Notes) -> None:
    try:
        annotated = await in_turn(annotate_isolated, path, name, notes)
        await asyncio.to_thread(report.write_bytes, annotated)
    except (SheetError, OSError) as error:
        # The import is done; only its report is not, and the rows are listed on this terminal.
        print(f"报告没有写出：{error}", file=sys.stderr)


def _say(args: argparse.Namespace, counts: dict[str, int], batch_id: uuid.UUID | None, said: Sequence[Said]) -> int:
    """What programs read goes out, what people read beside it."""
    names = ("created", "updated", "unchanged", "warned", "rejected")
    answer: dict[str, Any] = {n: counts[n] for n in names} | {"batch": str(batch_id) if batch_id else None}
    for row in said if not args.json else ():
        for message in row.messages:
            print(f"第 {row.row_no} 行 {row.name}：{message['sentence']}", file=sys.stderr)
    print(orjson.dumps(answer).decode())
    return 1 if counts["rejected"] else 0


async def run_undo(args: argparse.Namespace) -> int:
    try:
        batch_id = uuid.UUID(args.batch)
    except ValueError as error:
        raise CommandError(f"“{args.batch}”不是批次号；批次号在导入时的输出里（batch）。", exit_code=2) from error
    async with opened(args) as (_, database), database.transaction() as conn:
        actor = jobs.command_actor(await bureau_scope(conn))
        bureau = await jobs.bureau_for(conn, actor.viewer)
        batch, at = await batch_by_id(conn, batch_id, viewer=actor.viewer), SystemClock().now()
        if batch is not None and batch.kind in LISTS:
            done = await undo_list(conn, batch, bureau=bureau, by=actor, at=at)
        else:
            done = await undo_batch(conn, batch_id, ladder=bureau.ladder, by=actor, at=at)
    for row in done.left:
        print(f"导入之后又有变动，没有撤销：{row}", file=sys.stderr)
    print(
        orjson.dumps(
            {"restored": done.restored, "left": [str(row) for row in done.left], "batch": str(batch_id)}
        ).decode()
    )
    return 1 if done.left else 0


async def run_export(args: argparse.Namespace) -> int:
    output: Path = args.output
    if output.suffix.lower() not in (".xlsx", ".csv"):
        raise CommandError("输出文件要以 .xlsx 或 .csv 结尾。", exit_code=2)
    at = SystemClock().now()
    async with opened(args) as (_, database):
        async with database.transaction() as conn:
            actor = jobs.command_actor(await bureau_scope(conn))
            bureau = await jobs.bureau_for(conn, actor.viewer)
            filters = _filter(args, bureau)
            count = await note_export(
                conn, filters, form=output.suffix.lower()[1:], by=actor, today=business_day(at), at=at
            )
        await _write_out(database, filters, actor, business_day(at), output)
    print(f"已导出 {count} 家企业到 {output}。")
    return 0


def _filter(args: argparse.Namespace, bureau: Bureau) -> FirmFilter:
    known = [t.code for t in bureau.ladder.tiers]
    if args.tier and args.tier not in (*known, "none"):
        raise CommandError(f"没有梯队“{args.tier}”；可用：{'、'.join(known)}、none。", exit_code=2)
    if args.region and not any(code.startswith(args.region) for code in bureau.reference.regions):
        raise CommandError(f"没有行政区划“{args.region}”。", exit_code=2)
    return FirmFilter(tier=args.tier, region=args.region)


async def _write_out(database: Database, filters: FirmFilter, actor: Actor, today: date, output: Path) -> None:
    """Into a folder beside the target first, so that a file of that name is always a whole one."""
    csv = output.suffix.lower() == ".csv"
    async with database.reading() as conn:
        vault = conn.vault
    query = statement(filters, viewer=actor.viewer, vault=vault, today=today, sort="-updated", escaped=csv)
    try:
        with tempfile.TemporaryDirectory(prefix=".tidu-export-", dir=output.parent) as folder:
            made = Path(folder) / f"export{output.suffix.lower()}"
            if csv:
                with made.open("wb") as out:
                    async for chunk in csv_stream(database, query):
                        out.write(chunk)
            else:
                await write_xlsx(database, query, made)
            made.replace(output)
    except OSError as error:
        raise CommandError(f"写不了 {output}：{because(error)}。", exit_code=2) from error
