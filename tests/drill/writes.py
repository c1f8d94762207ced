"""Writes: clients that move firms, sign figures, upload papers and let rooms, while everything under them is killed.

After all that: what was acknowledged is there once and as it was sent, what was refused is not, each is once in a trail
that is whole, and after every return of the database somebody was served within five seconds.
"""

import argparse
import asyncio
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import httpx
import orjson
from sqlalchemy import update

from app.access.models import User
from app.clock import SystemClock, business_day
from app.commands.grants import WEB, WORKER, give_roles
from app.commands.migrate import migrate
from app.config import ROOT, SEEDS
from app.db import Conn, Database
from app.embedded import Server
from app.reports.terms import asked_years
from app.seeding.load import load_seeds
from tests import factories
from tests.bench.ground import as_role, environment, free_port, keys
from tests.drill.asking import Client, Refused
from tests.drill.ground import Ground, Hired, told
from tests.drill.journal import Journal, Outcome
from tests.drill.kept import BESIDES, kept, spoilt, trail
from tests.drill.lives import Firm, House, Life, Room, lives
from tests.drill.reckoning import reckon
from tests.drill.reporting import told_of
from tests.drill.restoring import differences
from tests.drill.troubles import Scene, served, troubles

OFFICERS, SITES = 6, 2
_SEAL_SECONDS = 60
_CARRIER = {"name": "演练孵化器", "kind": "incubator", "level": "municipal", "region_code": factories.TOWN}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--county", type=int, default=260, help="写入：多少家企业，每家约 45 次写入")
    parser.add_argument("--clients", type=int, default=12, help="写入：同时多少个客户端")


class Drill(Scene):
    def __init__(self, server: Server, directory: Path, rng: random.Random) -> None:
        self.server, self.ground, self.rng = server, Ground(server), rng
        self.env = self._env(server.url(), directory)
        web, worker = (self._env(as_role(server.url(), role), directory) for role in (WEB, WORKER))
        self.store = directory / "house" / "files"
        self.ports = [free_port() for _ in range(SITES)]
        self.sites = [
            Hired(f"site-{n}", ["app.cli", "serve", "--port", str(port)], web, directory)
            for n, port in enumerate(self.ports, 1)
        ]
        self.worker = Hired("worker", ["app.cli", "worker"], worker, directory)
        self.journal = Journal(directory / "journal.jsonl")
        self.befell: Counter[str] = Counter()
        self.over = False

    @staticmethod
    def _env(url: str, directory: Path) -> Mapping[str, str]:
        return environment(url, directory / "house", free_port()) | {"PYTHONPATH": str(ROOT)}

    async def prepare(self, count: int) -> House:
        at = SystemClock().now()
        database = Database(self.server.url(), pool_size=2, keys=keys)
        try:
            await migrate(database)
            await load_seeds(database, SEEDS / "kaiping", at=at)
            async with database.transaction() as conn:
                officers = [await factories.person(conn, f"officer-{n}") for n in range(OFFICERS)]
                tokens = [await factories.token_of(conn, one, at=at) for one in officers]
                firms = [await _firm(conn, n, officers[n % OFFICERS], at) for n in range(count)]
                await give_roles(conn)
        finally:
            await database.dispose()
        self.start()
        rooms = await self._rooms(tokens[0], max(2, count // 4))
        return House(business_day(at), asked_years(business_day(at)), tokens, firms, rooms)

    def start(self) -> None:
        for process in (*self.sites, self.worker):
            process.start()

    async def _rooms(self, token: str, count: int) -> list[Room]:
        address = f"http://127.0.0.1:{self.ports[0]}"
        await served(address)
        async with httpx.AsyncClient(base_url=address, headers={"authorization": f"Bearer {token}"}) as client:
            carrier = (await client.post("/api/v1/carriers", json=_CARRIER)).json()["id"]
            rooms = []
            for n in range(count):
                space = {"room": f"{n}", "area": "20", "exclusive": bool(n % 2)}
                made = await client.post(f"/api/v1/carriers/{carrier}/spaces", json=space)
                rooms.append(Room(made.json()["id"], carrier, bool(n % 2)))
        return rooms

    async def live(self, given: list[Life], clients: int) -> None:
        """Until every life is over."""
        waiting = iter(given)

        async def one(n: int) -> None:
            rng = random.Random(self.rng.random())
            client = Client(self.ports, self.journal, rng)
            try:
                for life in waiting:
                    with suppress(Refused):
                        await life(client, rng)
            finally:
                await client.aclose()

        async with asyncio.TaskGroup() as group:
            for n in range(clients):
                group.create_task(one(n))

    async def trouble(self) -> None:
        """Each kind in turn, in another order each time; the last one is seen to its end."""
        kinds = troubles(self)
        began = time.monotonic()
        while True:
            for name in self.rng.sample(sorted(kinds), len(kinds)):
                await asyncio.sleep(self.rng.uniform(0.5, 2))
                if self.over:
                    return
                told(f"  {time.monotonic() - began:5.0f} 秒  已确认 {self.journal.done:>6,}  {name}")
                self.befell[name] += 1
                await kinds[name]()

    async def sealed(self) -> str:
        """What the verifier says when the worker has sealed the last event."""
        command = [sys.executable, "-m", "app.cli", "audit", "verify", "--json"]
        began = time.monotonic()
        while True:
            done = await asyncio.to_thread(subprocess.run, command, env=self.env, cwd=ROOT, capture_output=True)
            said = orjson.loads(done.stdout or b"{}")
            if not said.get("whole"):
                return f"the trail is not whole: {said or done.stderr[-300:]}"
            if not said["open_events"]:
                return ""
            if time.monotonic() - began > _SEAL_SECONDS:
                return f"{said['open_events']} events are not sealed after {_SEAL_SECONDS} s"
            await asyncio.sleep(1)

    async def found(self) -> list[str]:
        """What is wrong besides the writes themselves."""
        faults = [await self.sealed()]
        for sentence, query in BESIDES.items():
            if count := (await self.ground.ask(query))[0][0]:
                faults.append(f"{count} {sentence}")
        uploads = [write for write in self.journal.writes if write.kind == "upload"]
        kept_ones = {write.mark for write in uploads if write.outcome is Outcome.DONE}
        faults += spoilt(self.store, kept_ones, {write.mark for write in uploads})
        return [fault for fault in faults if fault]

    def dismiss(self) -> None:
        for process in (*self.sites, self.worker):
            process.dismiss()


async def _firm(conn: Conn, n: int, officer: factories.Person, at: datetime) -> Firm:
    uscc = await factories.firm(conn, uscc=factories.code(n), officer_id=officer.id, at=at)
    firm_id = await factories.id_of(conn, uscc)
    clerk = await factories.person(conn, f"firm-{n}", firm_id=firm_id)
    await conn.execute(update(User).where(User.id == clerk.id).values(signatory=True))
    return Firm(str(firm_id), uscc, await factories.token_of(conn, clerk, at=at))


async def run(args: argparse.Namespace, server: Server, directory: Path) -> bool:
    drill = Drill(server, directory, random.Random(args.seed))
    journal = drill.journal
    told("准备数据库……")
    try:
        house = await drill.prepare(args.county)
        given = lives(house)
        drill.rng.shuffle(given)
        told(f"{len(given)} 段办事，{args.clients} 个客户端，{SITES} 个网站进程，一个后台进程：")
        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            group.create_task(drill.trouble())
            await drill.live(given, args.clients)
            took, drill.over = time.monotonic() - began, True
        journal.faults += await drill.found()
        drill.dismiss()  # what beats its heart meanwhile is not what was saved
        journal.faults += await differences(server, directory)
        tallies = reckon(journal.writes, await kept(drill.ground), await trail(drill.ground))
    finally:
        drill.dismiss()
        journal.close()
    return told_of(journal, tallies, drill.befell, took)
