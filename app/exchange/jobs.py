"""Imports at work: what was uploaded is checked, what was confirmed is applied, what was asked back is undone."""

import asyncio
import logging
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from app.access.queries import user_by_id
from app.access.standing import still_opens
from app.access.terms import SYSTEM, Actor, Permission, Role, Viewer
from app.assessments.policies import load_policies
from app.clock import business_day
from app.db import Conn, Database
from app.errors import AppError, Conflict
from app.exchange import leases, service
from app.exchange.applying import CHUNK, alone, apply_batch
from app.exchange.columns import NAMES
from app.exchange.examining import Bureau, examine
from app.exchange.lines import World
from app.exchange.listing import LISTS, apply_list, in_chunks, read_list, undo_list
from app.exchange.naming import names_for
from app.exchange.queries import Batch, batch_by_id
from app.exchange.rosters import Roster, kept, understand
from app.exchange.terms import BatchState
from app.exchange.undoing import undo_batch
from app.files.store import Files
from app.firms.reference import load_reference
from app.firms.terms import MAIN_LADDER
from app.outages import is_outage
from app.pipeline.queries import load_ladders
from app.sheets import SheetError
from app.sheets.isolated import in_turn, read_isolated
from app.stopping import end
from app.workdays.queries import load_calendar

log = logging.getLogger("tidu.imports")
_TRIES = 3
_FAILED = {
    BatchState.APPLYING: "写入时出错，什么都没有导入；已记录，请稍后再确认一次。",
    BatchState.UNDOING: "撤销时出错，什么都没有改动；已记录，请稍后再试。",
}
_OURS = "系统检查这个文件时出错，已记录；请联系系统管理员，或换用模板重新填写。"


class _Now:
    """The moment a run was given, going on as long as the run does: leases need it, rules never see it."""

    def __init__(self, at: datetime) -> None:
        self._at, self._began = at, time.monotonic()

    def __call__(self) -> datetime:
        return self._at + timedelta(seconds=time.monotonic() - self._began)


async def run_waiting_imports(database: Database, files: Files, *, at: datetime) -> int:
    """Returns how many batches were worked on."""
    now, worked = _Now(at), 0
    while True:
        async with database.transaction() as conn:
            batch_id = await leases.claim(conn, at=now())
            batch = await batch_by_id(conn, batch_id, viewer=None) if batch_id else None
        if batch is None:
            return worked
        worked += 1
        if batch.state is BatchState.CHECKING:
            await check(database, files, batch.id, at=now())
        elif not await apply(database, batch.id, at=now(), state=batch.state):
            return worked


async def bureau_for(conn: Conn, viewer: Viewer) -> Bureau:
    reference = await load_reference(conn)
    ladder = (await load_ladders(conn))[MAIN_LADDER]
    names = names_for(reference, ladder, scope=viewer.scope)
    return Bureau(reference, ladder, await load_calendar(conn), await load_policies(conn), names)


async def actor_of(conn: Conn, batch: Batch, *, at: datetime) -> Actor:
    """Who uploaded it, or asked for its undoing, with the rights they have now. Raises Conflict when none are left."""
    undoing = batch.state is BatchState.UNDOING
    who, what, user_id = ("要求撤销的人", "撤销", batch.undone_by) if undoing else ("上传人", "导入", batch.created_by)
    if user_id is None and not undoing:
        return command_actor(batch.scope)
    user = await user_by_id(conn, user_id) if user_id else None
    if user is None or not still_opens(user, at):
        raise Conflict(f"{who}的账号已停用，这一批没有{what}。")
    viewer = Viewer(user["id"], user["login"], user["name"], Role(user["role"]), user["scope"], unit=user["unit"])
    asked = {Permission.FIRM_IMPORT, service.needed(batch.kind)}
    if not all(viewer.may(permission) for permission in asked):
        raise Conflict(f"{who}已没有导入{batch.kind.label}的权限，这一批没有{what}。")
    return Actor(viewer)


def command_actor(scope: str) -> Actor:
    viewer = SYSTEM.viewer
    return Actor(Viewer(id=viewer.id, login="", name=viewer.name, role=viewer.role, scope=scope))


async def check(
    database: Database, files: Files, batch_id: uuid.UUID, *, at: datetime, roster: Roster | None = None
) -> None:
    """Reads the file, unless its `roster` is given, and leaves a preview, or an unreadable batch with a sentence."""
    now = _Now(at)
    try:
        async with database.reading() as conn:
            batch = await batch_by_id(conn, batch_id, viewer=None)
            assert batch is not None
            actor = await actor_of(conn, batch, at=now())
            bureau = await bureau_for(conn, actor.viewer)
        if batch.kind in LISTS:
            await _check_list(database, files, batch, bureau, actor.viewer, now)
            return
        if roster is None:
            async with _still_there(database, batch_id, now):
                roster = await read_roster(files, batch, bureau)
        await _check_rows(database, batch, roster, bureau, actor.viewer, now)
    except (SheetError, AppError) as error:
        sentence = str(error)
    except Exception as error:
        if is_outage(error):
            raise  # the lease runs out, and the batch is taken up again
        log.exception("import %s could not be checked", batch_id)
        sentence = _OURS
    else:
        return
    async with database.transaction() as conn:
        await service.refuse(conn, batch_id, sentence)


@asynccontextmanager
async def _still_there(database: Database, batch_id: uuid.UUID, now: _Now) -> AsyncIterator[None]:
    """Renews the lease while a large file is being read, which says nothing of how far it is."""

    async def renew() -> None:
        while True:
            await asyncio.sleep(leases.LEASE.total_seconds() / 3)
            async with database.transaction() as conn:
                await leases.keep_lease(conn, batch_id, at=now())

    renewing = asyncio.create_task(renew())
    try:
        yield
    finally:
        await end(renewing)


async def read_roster(files: Files, batch: Batch, bureau: Bureau) -> Roster:
    """Raises SheetError."""
    async with files.on_disk(batch.sha256) as path:
        sheets = await in_turn(read_isolated, path, batch.filename, NAMES)
    return await asyncio.to_thread(understand, sheets, bureau.names)


async def _check_rows(
    database: Database, batch: Batch, roster: Roster, bureau: Bureau, viewer: Viewer, now: _Now
) -> None:
    async with database.transaction() as conn:
        await service.forget_preview(conn, batch.id)
    for start in range(0, len(roster.rows), CHUNK):
        chunk = roster.rows[start : start + CHUNK]
        async with database.transaction() as conn:
            examined = await examine(
                conn, chunk, bureau=bureau, viewer=viewer, filename=batch.filename, today=business_day(now())
            )
            await service.keep_rows(conn, batch.id, [kept(e) for e in examined])
            done = start + len(chunk)
            await leases.note_progress(conn, batch.id, done=done, total=len(roster.rows), at=now())
    async with database.transaction() as conn:
        await service.keep_preview(conn, batch.id, roster.read)


async def _check_list(
    database: Database, files: Files, batch: Batch, bureau: Bureau, viewer: Viewer, now: _Now
) -> None:
    kind = LISTS[batch.kind]
    async with _still_there(database, batch.id, now):
        async with files.on_disk(batch.sha256) as path:
            sheets = await in_turn(read_isolated, path, batch.filename, kind.names)
        read, lines = await asyncio.to_thread(read_list, kind, sheets, bureau.names)
    async with database.transaction() as conn:
        await service.forget_preview(conn, batch.id)
    done = 0
    for chunk in in_chunks(lines):
        async with database.transaction() as conn:
            world = World(bureau, viewer, batch.filename, business_day(now()))
            judged = await kind.judge(conn, chunk, world)
            await service.keep_rows(conn, batch.id, [one.kept() for one in judged])
            done += len(chunk)
            await leases.note_progress(conn, batch.id, done=done, total=read.total, at=now())
    async with database.transaction() as conn:
        await service.keep_preview(conn, batch.id, read)


async def apply(
    database: Database, batch_id: uuid.UUID, *, at: datetime, state: BatchState = BatchState.APPLYING
) -> bool:
    """Writes the batch, or takes it back when `state` is UNDOING. False when another was writing and it waits on."""
    now = _Now(at)
    for attempt in range(_TRIES):
        try:
            return await _write_once(database, batch_id, state, now)
        except AppError as error:
            # Somebody registered one of the codes meanwhile: nothing was written, and the next look sees it.
            sentence = str(error)
            if not isinstance(error, Conflict):
                break
        except Exception as error:
            if is_outage(error):
                raise
            log.exception("import %s: %s failed, attempt %s", batch_id, state.value, attempt + 1)
            sentence = _FAILED[state]
    async with database.transaction() as conn:
        await service.step_back(conn, batch_id, state, sentence)
    return True


async def _write_once(database: Database, batch_id: uuid.UUID, state: BatchState, now: _Now) -> bool:
    async with database.transaction() as conn:
        if not await alone(conn):
            waits = True
        else:
            waits = False
            batch = await batch_by_id(conn, batch_id, viewer=None)
            if batch is None or batch.state is not state:
                return True

            async def progress(done: int) -> None:
                # On a connection of its own: what the big transaction writes nobody else sees before its end.
                async with database.transaction() as other:
                    await leases.note_progress(other, batch_id, done=done, total=batch.total, at=now())

            actor = await actor_of(conn, batch, at=now())
            bureau = await bureau_for(conn, actor.viewer)
            if batch.kind in LISTS:
                act = undo_list if state is BatchState.UNDOING else apply_list
                await act(conn, batch, bureau=bureau, by=actor, at=now(), progress=progress)
            elif state is BatchState.UNDOING:
                await undo_batch(conn, batch_id, ladder=bureau.ladder, by=actor, at=now(), progress=progress)
            else:
                await apply_batch(conn, batch, bureau=bureau, by=actor, at=now(), progress=progress)
    if waits:
        async with database.transaction() as conn:
            await leases.try_again_soon(conn, batch_id, at=now())
    return not waits
