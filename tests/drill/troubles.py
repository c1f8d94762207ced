"""What befalls the house while people write: each kind seen to its end before the next."""

import asyncio
import os
import random
import signal
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress

import asyncpg
import httpx

from app.embedded import Server
from tests.drill.ground import Ground, Hired
from tests.drill.journal import Journal

DATABASE, SITE = "数据库恢复后", "网站重启后"
_SESSIONS = "SELECT pid FROM pg_stat_activity WHERE application_name = 'tidu' AND pid <> pg_backend_pid()"


class Scene:
    """Who plays in it."""

    server: Server
    ground: Ground
    rng: random.Random
    sites: Sequence[Hired]
    ports: Sequence[int]
    worker: Hired
    journal: Journal

    async def one_site_killed(self) -> None:
        n = self.rng.randrange(len(self.sites))
        self.sites[n].kill()
        await self._again(n)

    async def all_sites_killed(self) -> None:
        for site in self.sites:
            site.kill()
        began = time.monotonic()
        again = [asyncio.create_task(self._again(n)) for n in range(len(self.sites))]
        await asyncio.wait(again, return_when=asyncio.FIRST_COMPLETED)
        self.journal.gaps.setdefault(SITE, []).append(time.monotonic() - began)
        await asyncio.gather(*again)

    async def deployed(self) -> None:
        """One after the other, as an upgrade would: what is on its way is finished."""
        for n, site in enumerate(self.sites):
            await asyncio.to_thread(site.dismiss)
            await self._again(n)

    async def _again(self, n: int) -> None:
        self.sites[n].start()
        await served(f"http://127.0.0.1:{self.ports[n]}")

    async def site_frozen(self) -> None:
        site = self.rng.choice(self.sites)
        site.send(signal.SIGSTOP)
        await asyncio.sleep(3)
        site.send(signal.SIGCONT)

    async def worker_killed(self) -> None:
        self.worker.kill()
        self.worker.start()

    async def database_killed(self) -> None:
        await self._struck(signal.SIGKILL)

    async def database_reset(self) -> None:
        await self._struck(signal.SIGQUIT)

    async def database_away(self) -> None:
        await self._struck(signal.SIGQUIT, away=6)

    async def _struck(self, sign: signal.Signals, away: float = 0) -> None:
        self.ground.strike(sign)
        await asyncio.sleep(away)
        await asyncio.to_thread(self.ground.bring_back)
        self.journal.came_back(DATABASE)

    async def session_killed(self) -> None:
        """PostgreSQL then ends all the others, too, and recovers."""
        pids = [row.pid for row in await self.ground.ask(_SESSIONS)]
        if pids:
            with suppress(ProcessLookupError):
                os.kill(self.rng.choice(pids), signal.SIGKILL)
        await asyncio.sleep(0.05)
        await self.ground.until_it_answers()
        self.journal.came_back(DATABASE)

    async def database_silent(self) -> None:
        await asyncio.to_thread(self.ground.freeze, 12)
        self.journal.came_back(DATABASE)

    async def table_locked(self) -> None:
        connection = await self._connection()
        async with connection.transaction():
            await connection.execute("LOCK TABLE firms IN ACCESS EXCLUSIVE MODE")
            await asyncio.sleep(8)
        await connection.close()
        self.journal.came_back(DATABASE)

    async def connections_taken(self) -> None:
        """Somebody else's programs hold every connection that there is."""
        taken = []
        with suppress(asyncpg.PostgresError, OSError):
            taken.append(await self._connection())
            await taken[0].execute(_SESSIONS.replace("pid FROM", "pg_terminate_backend(pid) FROM"))
            while True:
                taken.append(await self._connection())
        await asyncio.sleep(4)
        for connection in taken:
            await connection.close()
        self.journal.came_back(DATABASE)

    async def _connection(self) -> asyncpg.Connection:
        return await asyncpg.connect(self.server.url().replace("+asyncpg", ""), timeout=5)


def troubles(scene: Scene) -> Mapping[str, Callable[[], Awaitable[None]]]:
    return {
        "kill -9 一个网站进程": scene.one_site_killed,
        "kill -9 全部网站进程": scene.all_sites_killed,
        "逐个重启网站进程（部署）": scene.deployed,
        "一个网站进程冻结 3 秒": scene.site_frozen,
        "kill -9 后台进程": scene.worker_killed,
        "kill -9 数据库": scene.database_killed,
        "数据库立即停止（等于断电重启）": scene.database_reset,
        "数据库停 6 秒": scene.database_away,
        "kill -9 一个数据库会话": scene.session_killed,
        "数据库 12 秒不回话": scene.database_silent,
        "企业表被锁 8 秒": scene.table_locked,
        "数据库连接被占满 4 秒": scene.connections_taken,
    }


async def served(address: str) -> None:
    async with asyncio.timeout(60), httpx.AsyncClient(base_url=address, trust_env=False) as client:
        while True:
            with suppress(httpx.TransportError):
                await client.get("/health/live")
                return
            await asyncio.sleep(0.05)
