"""Published lists of who passed: brought in, settled line by line, entered, taken back."""

import tempfile
import uuid
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, File, Query, Request, Response, UploadFile

from app.access.sight import SeenBy
from app.access.terms import Actor, Permission, Viewer
from app.assessments.policies import load_policies
from app.db import Conn
from app.errors import AppError, Conflict, Invalid, NotFound, Refused, Stale
from app.filings.queries import window_by_id
from app.filings.terms import Window, WindowState
from app.results import service
from app.results.applying import Rules, apply
from app.results.queries import OPEN, list_by_id, lists_of, not_named, rows_of
from app.results.rules import COLUMNS, NAMES, lines_of_sheets, lines_of_text
from app.results.terms import Line, ListKind, ListState, Match, Outcome, ResultList
from app.results.undoing import undo
from app.sheets import MAX_FILE, SheetError
from app.sheets.isolated import in_turn, read_isolated
from app.web.certificate_input import read_reason
from app.web.deps import ClockDep, ConnDep, DatabaseDep, LookupDep, acting, guard
from app.web.htmx import see_other
from app.web.idempotency import KeyDep, once
from app.web.later import Later
from app.web.lookups import Lookup
from app.web.results_input import LABELS, NOBODY, ROW, UNDECIDED, read_list, read_rows
from app.web.routing import Router
from app.web.templating import page

router = Router()
Reader = Annotated[Viewer, Depends(guard(Permission.FILING_KEEP))]
Keeper = Annotated[Actor, Depends(acting(Permission.FILING_KEEP))]
_PASTED = "粘贴"
_LONGEST_TEXT = 60_000
_TONES = {"exact": "good", "similar": "warn", "done": "good", "failed": "bad", "left": "warn"}


async def _window(conn: Conn, window_id: uuid.UUID, viewer: Viewer) -> Window:
    window = await window_by_id(conn, window_id, viewer=viewer)
    if window is None:
        raise NotFound
    return window


@router.get("/filings/{window_id}/results")
async def lists_page(request: Request, window_id: uuid.UUID, conn: ConnDep, viewer: Reader) -> Response:
    return await _lists(request, conn, await _window(conn, window_id, viewer), viewer, {}, uuid.uuid4().hex)


async def _lists(
    request: Request,
    conn: Conn,
    window: Window,
    viewer: Viewer,
    values: Mapping[str, str],
    key: str,
    error: AppError | None = None,
) -> Response:
    faults = error.fields if isinstance(error, Invalid) else {}
    context: dict[str, Any] = {
        "window": window,
        "ready": window.state is not WindowState.REFERENCE,
        "lists": await lists_of(conn, window.id, viewer=viewer),
        "kinds": ListKind.options(),
        "columns": "、".join(words[0] for words in COLUMNS.values()),
        "values": {field: values.get(field, "") for field in LABELS} | {"kind": values.get("kind", "announcement")},
        "faults": faults,
        "errors": [(field, LABELS.get(field, ""), said) for field, said in faults.items()],
        "sentence": error.sentence if error and not faults else "",
        "idempotency_key": key,
        "max_mb": MAX_FILE >> 20,
    }
    title = f"结果名单 {window.name}"
    return page(request, "officer/results/lists.html", title=title, status=error.status if error else 200, **context)


@router.post("/filings/{window_id}/results")
async def bring(
    request: Request,
    window_id: uuid.UUID,
    database: DatabaseDep,
    clock: ClockDep,
    actor: Keeper,
    key: KeyDep,
    file: Annotated[UploadFile | None, File()] = None,
) -> Response:
    raw, at = await _raw(request), clock.now()
    data = await file.read(MAX_FILE + 1) if file and file.filename else b""
    name = file.filename or "" if file else ""

    async def work() -> Response:
        try:
            new = read_list(raw, source=name[:200] if data else _PASTED)
            lines = await _lines(data, name, raw.get("text", ""))
            async with (
                SeenBy(database, actor.viewer).transaction() as conn,
                once(conn, key, viewer=actor.viewer, at=at) as slot,
            ):
                if slot.replayed is not None:
                    return slot.replayed
                made = await service.bring(conn, window_id, new, lines, by=actor, at=at)
                return slot.keep(see_other(request, f"/filings/results/{made}", f"已读入 {len(lines)} 行，请逐行核对"))
        except (Invalid, Refused) as error:
            async with SeenBy(database, actor.viewer).reading() as conn:
                window = await _window(conn, window_id, actor.viewer)
                return await _lists(request, conn, window, actor.viewer, raw, key.value, error)

    return Later(work)


async def _lines(data: bytes, name: str, text: str) -> list[Line]:
    field = "file" if data else "text"
    try:
        if data:
            return lines_of_sheets(await in_turn(_sheets, data, name))
        if not text.strip():
            raise Invalid({"file": "请选择名单文件，或在下面粘贴名单。"})
        return lines_of_text(text[:_LONGEST_TEXT])
    except SheetError as error:
        raise Invalid({field: str(error)}) from error


def _sheets(data: bytes, name: str) -> Any:
    with tempfile.NamedTemporaryFile() as kept:
        kept.write(data)
        kept.flush()
        return read_isolated(Path(kept.name), name, list(NAMES))


async def _raw(request: Request) -> dict[str, str]:
    form = await request.form()
    return {k: v for k, v in form.items() if isinstance(v, str)}


async def _list(conn: Conn, list_id: uuid.UUID, viewer: Viewer) -> ResultList:
    found = await list_by_id(conn, list_id, viewer=viewer)
    if found is None:
        raise NotFound
    return found


@router.get("/filings/results/{list_id}")
async def list_page(
    request: Request,
    list_id: uuid.UUID,
    conn: ConnDep,
    lookup: LookupDep,
    viewer: Reader,
    only: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    return await _page(request, conn, lookup, await _list(conn, list_id, viewer), viewer, only=only)


async def _page(
    request: Request,
    conn: Conn,
    lookup: Lookup,
    held: ResultList,
    viewer: Viewer,
    *,
    only: str = "",
    raw: Mapping[str, str] | None = None,
    error: AppError | None = None,
) -> Response:
    faults = error.fields if isinstance(error, Invalid) else {}
    rows = await rows_of(conn, held.id, viewer=viewer, only=only)
    words: list[tuple[str, str]] = [("", "全部"), *Match.options()]
    words += [(OPEN, "还没有核对")] if held.state is ListState.PREVIEW else Outcome.options()
    total = sum(held.counts.get(m.value, 0) for m in Match)
    counted = [(w, label, held.counts.get(w, 0) if w else total) for w, label in words]
    picked = {row.line.row_no: row.chosen or NOBODY if row.settled else UNDECIDED for row in rows}
    context: dict[str, Any] = {
        "list": held,
        "window": await _window(conn, held.window_id, viewer),
        "rows": rows,
        "only": only,
        "tabs": [
            (f"/filings/results/{held.id}?only={w}", label, n, w == only) for w, label, n in counted if n or not w
        ],
        "picked": picked,
        "not_named": await not_named(conn, held, viewer=viewer) if held.kind is ListKind.ANNOUNCEMENT else [],
        "typed": raw or {},
        "open": held.counts.get(OPEN, 0),
        "name_of": lookup.reference.region,
        "tones": _TONES,
        "faults": faults,
        "errors": [_shown(field, said) for field, said in faults.items()],
        "sentence": error.sentence if error and not faults else "",
    }
    status = error.status if error else 200
    return page(request, "officer/results/list.html", title=held.document, status=status, **context)


def _shown(field: str, said: str) -> tuple[str, str, str]:
    """A fault with where to find it: a line's, or the form's that takes everything back."""
    if field.startswith(ROW):
        return field, f"第 {field.removeprefix(ROW)} 行", said
    return "undo-reason", LABELS["reason"], said


async def _answered(
    request: Request,
    conn: Conn,
    lookup: Lookup,
    list_id: uuid.UUID,
    viewer: Viewer,
    done: Callable[[dict[str, str], int | None], Awaitable[str]],
) -> Response:
    """Does what a form of the page asks for; what is wrong with it comes back on the page."""
    await _list(conn, list_id, viewer)
    raw = await _raw(request)
    expected = int(raw["expected"]) if raw.get("expected", "").isdecimal() and len(raw["expected"]) < 10 else None
    try:
        said = await done(raw, expected)
    except (Invalid, Refused, Stale, Conflict) as error:
        held = await _list(conn, list_id, viewer)
        only = raw.get("only", "")[:20]
        return await _page(request, conn, lookup, held, viewer, only=only, raw=raw, error=error)
    return see_other(request, f"/filings/results/{list_id}", said)


@router.post("/filings/results/{list_id}/settle")
async def settle(
    request: Request, list_id: uuid.UUID, conn: ConnDep, lookup: LookupDep, clock: ClockDep, actor: Keeper
) -> Response:
    async def done(raw: dict[str, str], expected: int | None) -> str:
        await service.settle(conn, list_id, read_rows(raw), expected=expected, by=actor, at=clock.now())
        return "核对已保存"

    return await _answered(request, conn, lookup, list_id, actor.viewer, done)


@router.post("/filings/results/{list_id}/apply")
async def enter(
    request: Request, list_id: uuid.UUID, conn: ConnDep, lookup: LookupDep, clock: ClockDep, actor: Keeper
) -> Response:
    async def done(_: dict[str, str], expected: int | None) -> str:
        # What is kept in memory may be a minute old; a gate judges by what counts now.
        rules = Rules(lookup.main, await load_policies(conn, lookup.policies), lookup.calendar)
        counts = await apply(conn, list_id, expected=expected, rules=rules, by=actor, at=clock.now())
        failed = f"，{counts['failed']} 家没有登记，原因见各行" if counts["failed"] else ""
        return f"已登记 {counts['done']} 家{failed}"

    return await _answered(request, conn, lookup, list_id, actor.viewer, done)


@router.post("/filings/results/{list_id}/undo")
async def take_back(
    request: Request, list_id: uuid.UUID, conn: ConnDep, lookup: LookupDep, clock: ClockDep, actor: Keeper
) -> Response:
    async def done(raw: dict[str, str], expected: int | None) -> str:
        counts = await undo(conn, list_id, expected=expected, reason=read_reason(raw), by=actor, at=clock.now())
        left = f"，{counts['left']} 家没有撤销，原因见各行" if counts["left"] else ""
        return f"已撤销 {counts['taken_back']} 家{left}"

    return await _answered(request, conn, lookup, list_id, actor.viewer, done)


@router.post("/filings/results/{list_id}/discard")
async def discard(
    request: Request, list_id: uuid.UUID, conn: ConnDep, lookup: LookupDep, clock: ClockDep, actor: Keeper
) -> Response:
    async def done(_: dict[str, str], expected: int | None) -> str:
        await service.discard(conn, list_id, expected=expected, by=actor, at=clock.now())
        return "已放弃，什么也没有登记"

    return await _answered(request, conn, lookup, list_id, actor.viewer, done)
