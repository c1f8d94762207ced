"""Reminders: two workers that are killed at random, a mail server in bad moods, a database that is restarted.

After all that: every due reminder is in the ledger once and was delivered, and any repeat carries its Message-ID.
Takes less than four minutes.
"""

import argparse
import asyncio
import random
import signal
import time
from collections.abc import Awaitable, Callable
from datetime import date
from pathlib import Path
from typing import Any

from app.commands.grants import WORKER, give_roles
from app.commands.migrate import migrate
from app.config import ROOT, SEEDS
from app.db import Database
from app.embedded import Server
from app.filings.service import Revision, revise
from app.filings.terms import Dates, WindowChange
from app.firms.terms import ContactDetails
from app.outages import is_outage
from app.sealed import unseal
from app.seeding.load import load_seeds
from tests import factories
from tests.bench.ground import as_role, environment, free_port, keys
from tests.drill.ground import Ground, Hired, told
from tests.drill.judging import Happened, Row, Verdict, judge
from tests.drill.post import MOODS, NOBODY, Office, Post
from tests.harness import NOON

DUE, MOVED = date(2026, 12, 11), date(2027, 1, 15)
DRAIN_SECONDS = 75
_LEDGER = """SELECT r.id::text, f.uscc, u.code, r.step, r.anchor_on, r.state, m.state, m.payload ->> 'to'
FROM reminders r JOIN reminder_rules u ON u.id = r.rule_id JOIN firms f ON f.id = r.firm_id
LEFT JOIN outbox_messages m ON m.id = r.id"""
_WAITING = """SELECT (SELECT count(*) FROM outbox_messages WHERE state = 'pending' AND channel = 'email')
+ (SELECT count(*) FROM firms f WHERE NOT EXISTS (SELECT 1 FROM reminders r WHERE r.firm_id = f.id))"""


class Drill:
    def __init__(self, server: Server, directory: Path, rng: random.Random) -> None:
        self.server, self.ground, self.rng = server, Ground(server), rng
        self.post = Post(rng)
        self.office = Office(self.post, free_port())
        self.env = environment(as_role(server.url(), WORKER), directory / "house", free_port())
        self.env |= {"TIDU_SMTP_URL": f"smtp://127.0.0.1:{self.office.port}", "PYTHONPATH": str(ROOT)}
        self.workers = [Hired(f"worker-{n}", ["tests.drill.worker"], self.env, directory) for n in (1, 2)]
        self.firms: list[str] = []
        self.kills = self.restarts = 0
        self.window: Any = None

    async def write(self, work: Callable[[Any], Awaitable[None]]) -> None:
        """Done in the end, whatever happens to the database meanwhile."""
        for _ in range(60):
            database = Database(self.server.url(), pool_size=1, keys=keys)
            try:
                async with database.transaction() as conn:
                    await work(conn)
                return
            except Exception as error:
                if not is_outage(error):
                    raise
                await asyncio.sleep(0.5)
            finally:
                await database.dispose()
        raise RuntimeError("the database did not come back")

    async def prepare(self) -> None:
        database = Database(self.server.url(), pool_size=2, keys=keys)
        try:
            await migrate(database)
            await load_seeds(database, SEEDS / "kaiping", at=NOON)
        finally:
            await database.dispose()

        async def rules(conn: Any) -> None:
            self.window = await factories.window(conn, "hnte", 2027, 1, firm_due=DUE)
            await factories.window(conn, "tech_sme", 2027, 1, firm_due=DUE)
            for code in ("hnte_due", "tech_sme_due"):
                await factories.active_rule(conn, code)
            await give_roles(conn)

        await self.write(rules)

    async def found(self, count: int) -> None:
        """New firms: one in twenty has an address that no server takes."""
        made: list[str] = []

        async def firms(conn: Any) -> None:
            made.clear()
            for n in range(len(self.firms), len(self.firms) + count):
                name = f"{NOBODY if n % 20 == 7 else 'firm'}{n}@example.invalid"
                contacts = [ContactDetails("某人", "13800000000", "财务", name)]
                uscc = await factories.firm(conn, uscc=factories.code(n), contacts=contacts)
                for policy in ("hnte", "tech_sme"):
                    await factories.answer(conn, uscc, "met", policy=policy)
                made.append(uscc)

        await self.write(firms)
        self.firms += made

    async def move_the_date(self) -> None:
        async def extended(conn: Any) -> None:
            officer = await factories.person(conn, "officer")
            asked = Revision(WindowChange.EXTENDED, None, Dates(firm_due=MOVED), factories.NOTICE, "按延期通知")
            await revise(conn, self.window, asked, by=officer.actor, at=NOON)

        await self.write(extended)

    def kill_one(self) -> None:
        victim = self.rng.choice(self.workers)
        victim.kill()
        self.kills += 1
        victim.start()

    def restart_database(self) -> None:
        self.ground.strike(signal.SIGQUIT)
        self.ground.bring_back()
        self.restarts += 1

    async def trouble(self, seconds: float, firms: int) -> None:
        began, share = time.monotonic(), max(firms // 12, 1)
        restarts, moved = [seconds * 0.35, seconds * 0.7], False
        while (passed := time.monotonic() - began) < seconds:
            if len(self.firms) < firms:
                await self.found(min(share, firms - len(self.firms)))
            self.post.mood = self.rng.choice(MOODS)
            if self.rng.random() < 0.2:
                self.office.close()
                await asyncio.sleep(1.5)
            self.office.open()
            if self.rng.random() < 0.6:
                self.kill_one()
            if restarts and passed > restarts[0]:
                restarts.pop(0)
                await asyncio.to_thread(self.restart_database)
            if not moved and passed > seconds * 0.6:
                moved = True
                await self.move_the_date()
            await asyncio.sleep(self.rng.uniform(1.5, 4))
        if len(self.firms) < firms:
            await self.found(firms - len(self.firms))

    async def recover(self) -> float:
        """Everything is well again; until nothing waits any more."""
        self.post.mood = "well"
        self.office.open()
        began = time.monotonic()
        while time.monotonic() - began < DRAIN_SECONDS:
            await asyncio.sleep(1)
            if (await self.ground.ask(_WAITING))[0][0] == 0:
                await asyncio.sleep(5)  # a planner's turn and a delivery's: nothing may come after this
                break
        return time.monotonic() - began


async def run(args: argparse.Namespace, server: Server, directory: Path) -> bool:
    rng = random.Random(args.seed)
    drill = Drill(server, directory, rng)
    drill.office.open()
    told("准备数据库……")
    await drill.prepare()
    drill.env |= {"TIDU_DRILL_START": NOON.isoformat(), "TIDU_DRILL_BEGAN": str(time.time())}
    for worker in drill.workers:
        worker.start()
    try:
        told(f"两个后台进程，{args.seconds:.0f} 秒的麻烦：随机 kill -9，邮件服务器各种不肯，数据库重启两次……")
        await drill.trouble(args.seconds, args.firms)
        took = await drill.recover()
        told(f"麻烦过后 {took:.0f} 秒内恢复完毕。")
    finally:
        for worker in drill.workers:
            worker.dismiss()
        drill.office.close()
    vault = keys()
    rows = [Row(*row[:-1], unseal(vault, row[-1] or "")) for row in await drill.ground.ask(_LEDGER)]
    happened = Happened(drill.kills, drill.restarts, drill.post.unheard)
    verdict = judge(rows, drill.firms, drill.post.taken, happened, moved_to=MOVED)
    verdict.counts = {
        "kill -9": drill.kills,
        "database restarts": drill.restarts,
        "refused or cut": drill.post.refused,
        "taken, sender never heard": drill.post.unheard,
        **verdict.counts,
    }
    _print(verdict)
    return not verdict.faults


def _print(verdict: Verdict) -> None:
    width = max(map(len, verdict.counts))
    for name, count in verdict.counts.items():
        told(f"  {name:<{width}}  {count:>6}")
    for fault in verdict.faults:
        told(f"✗ {fault}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=float, default=90, help="提醒：麻烦持续多久")
    parser.add_argument("--firms", type=int, default=360, help="提醒：多少家企业")
