"""A synthetic county of any size, by COPY and in constant memory.

It leaves what the services leave: search documents and grams, pinyin, placements, moves, notes, up to four years of
figures with rights and records, carriers with their rooms and tenancies, and, through the triggers, the board's
counters and every firm in line to be assessed.
It leaves no audit rows and no messages for its moves: nobody made them.
"""

import asyncio
import multiprocessing
import os
import secrets
from collections import deque
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import AsyncExitStack, contextmanager
from datetime import datetime

from sqlalchemy import func, select

from app.access.models import User
from app.access.queries import user_by_login
from app.access.service import Account, add_user
from app.access.terms import SYSTEM, Role
from app.assessments.policies import load_policies
from app.audit.service import event_row, record
from app.carriers.queries import stays
from app.db import Conn, Database
from app.errors import Refused
from app.firms.models import Firm
from app.firms.terms import MAIN_LADDER
from app.locks import Lock, hold
from app.pipeline.board import fold_counts
from app.pipeline.queries import load_ladders
from app.seeding.bulk import copy, driver_of, indexes_built_last, tidy
from app.seeding.first_admin import COUNTY
from app.seeding.invented import MARK, synthetic_code
from app.seeding.synth_rows import COLUMNS, Recipe, render
from app.text import pinyin
from app.workdays.queries import load_calendar

SPAN = 2000  # firms in one COPY
_SHARED_FROM = 10_000  # below this, starting more processes takes longer than they save
_OFFICERS = 12
LARGEST_SEED = 31**3 - 1


async def load_county(
    database: Database, *, firms: int, seed: int = 1, at: datetime, force: bool = False, cheap: bool = False
) -> None:
    """Adds `firms` synthetic firms, all or none. The same seed and moment make the same county.

    Raises Refused for a registry that holds real firms (unless `force`) or this seed's county already.
    """
    async with database.transaction() as conn:
        await _refuse_real(conn, seed, force=force)
        recipe = await recipe_for(conn, seed, at=at, cheap=cheap)
        driver = await driver_of(conn)
        async with AsyncExitStack() as stack:
            if firms >= await _standing(conn):
                await stack.enter_async_context(indexes_built_last(driver, tuple(COLUMNS)))
            async for texts in texts_of(recipe, firms):
                for table, columns in COLUMNS.items():
                    await copy(driver, table, columns, texts[table])
        await fold_counts(conn)
        after = {"firms": firms, "seed": seed}
        await record(
            conn,
            event_row(
                "setting:county:synthesised", by=SYSTEM, at=at, object_type="seeds", object_id=str(seed), after=after
            ),
        )
    async with database.reading() as conn:
        await tidy(await driver_of(conn), (*COLUMNS, "tier_counts", "tier_count_deltas"))


async def _refuse_real(conn: Conn, seed: int, *, force: bool) -> None:
    await hold(conn, Lock.INVENTION)
    real = await conn.execute(select(Firm.id).where(~Firm.uscc.startswith(MARK)).limit(1))
    if real.first() is not None and not force:
        raise Refused("企业库里有真实企业，不能掺入合成数据；请换一个数据库，确要这样做时加 --force。")
    known = await conn.execute(select(Firm.id).where(Firm.uscc == synthetic_code(seed, 0)))
    if known.first() is not None:
        raise Refused(f"种子 {seed} 的合成县已经载入；要再加一批请换一个 --seed。")


async def _standing(conn: Conn) -> int:
    return int((await conn.execute(select(func.count()).select_from(Firm))).scalar_one())


async def recipe_for(conn: Conn, seed: int, *, at: datetime, cheap: bool) -> Recipe:
    logins = [f"synth{n:02d}" for n in range(1, _OFFICERS + 1)]
    for n, login in enumerate(logins, 1):
        if await user_by_login(conn, login) is None:
            account = Account(login, f"合成专员{n:02d}", Role.OFFICER, COUNTY, "合成数据")
            await add_user(conn, account, password=f"Td-{secrets.token_urlsafe(24)}9", at=at, cheap=cheap)
    rows = await conn.execute(select(User.id, User.name).where(User.login.in_(logins)).order_by(User.login))
    ladders = await load_ladders(conn)
    if MAIN_LADDER not in ladders:
        raise Refused("梯队还没有载入，请先运行 tidu seed。")
    officers = tuple((user_id, name) for user_id, name in rows.all())
    # Only the gate that the invented lives go through: the recipe is sent to another process with every span.
    gates = (await load_policies(conn)).only("hnte_certificate")
    return Recipe(
        seed, at, officers, ladders[MAIN_LADDER], gates, await load_calendar(conn), await stays(conn), conn.vault
    )


async def texts_of(
    recipe: Recipe, firms: int, *, span: int = SPAN, shared_from: int = _SHARED_FROM
) -> AsyncIterator[dict[str, bytes]]:
    """The county's spans in order, a few made ahead by as many processes as there are cores."""
    spans = [(start, min(span, firms - start)) for start in range(0, firms, span)]
    if firms < shared_from:
        for start, count in spans:
            yield render(recipe, start, count)
        return
    with _workers() as (pool, width):
        ahead: deque[Future[dict[str, bytes]]] = deque()
        for start, count in spans:
            ahead.append(pool.submit(render, recipe, start, count))
            if len(ahead) > 2 * width:
                yield await asyncio.wrap_future(ahead.popleft())
        while ahead:
            yield await asyncio.wrap_future(ahead.popleft())


@contextmanager
def _workers() -> Iterator[tuple[ProcessPoolExecutor, int]]:
    width = os.cpu_count() or 1
    # Spawned, not forked: a fork would take the event loop and the open connections along.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(width, mp_context=context, initializer=pinyin, initargs=("热身",)) as pool:
        yield pool, width
